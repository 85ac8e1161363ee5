"""Packages of dpkg: states, sources, one file for each package, and databases that somebody damaged."""

from pathlib import Path

import pytest

from tests.cataloger.inventories import OS_RELEASE, STATUS, debian, failing, inventory, names
from tests.images import DEBIAN_11, dpkg, file, folder, symlink, whiteout


@pytest.mark.parametrize(
    ("state", "there"),
    [
        ("install ok installed", True),
        ("hold ok installed", True),
        ("deinstall ok installed", True),
        ("purge ok installed", True),
        ("install ok unpacked", True),
        ("install reinstreq half-installed", True),
        ("install ok half-configured", True),
        ("install ok triggers-awaited", True),
        ("install ok triggers-pending", True),
        ("deinstall ok config-files", False),
        ("purge ok not-installed", False),
    ],
)
def test_what_is_on_disk_counts_whatever_its_state(tmp_path: Path, state: str, there: bool) -> None:
    found = debian(tmp_path, dpkg(("libc6", "2.31")) + "\n" + dpkg(("openssl", "1.1.1"), status=state))
    assert names(found) == ["libc6 2.31", *(["openssl 1.1.1"] if there else [])]
    assert failing(found) == []


@pytest.mark.parametrize(
    ("source", "name", "version"),
    [
        ("", "libssl1.1", "1.1.1n-0"),
        ("Source: openssl\n", "openssl", "1.1.1n-0"),
        ("Source: openssl (1:1.1.1)\n", "openssl", "1:1.1.1"),
        ("source:   openssl   (1.1.1+b1)  \n", "openssl", "1.1.1+b1"),
    ],
)
def test_the_source_has_a_name_and_a_version_of_its_own(tmp_path: Path, source: str, name: str, version: str) -> None:
    stanza = f"Package: libssl1.1\nStatus: install ok installed\n{source}Architecture: amd64\nVersion: 1.1.1n-0\n"
    found = debian(tmp_path, stanza)
    assert [(package.source_name, package.source_version) for package in found.packages] == [(name, version)]
    assert found.packages[0].purl == "pkg:deb/debian/libssl1.1@1.1.1n-0?arch=amd64&distro=debian-11"
    assert failing(found) == []


def test_a_source_that_can_not_be_read_is_evidence(tmp_path: Path) -> None:
    found = debian(tmp_path, "Package: a\nVersion: 1\nSource: b (1) (2)\n")
    assert names(found) == ["a 1"]
    assert "its source 'b (1) (2)' cannot be read" in failing(found)[0]


GOOD = dpkg(("before", "1")), dpkg(("after", "2"))


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        ("Package: bad\nStatus: install ok installed\n", "without a version (bad)"),
        ("Status: install ok installed\nVersion: 1\n", "without a name"),
        ("Package: bad\nVersion: " + "9" * 5000 + "\n", "its Version has 5,000 characters"),
        ("Package: bad\nVersion: 1\nVersion: 2\n", "its Version is there twice"),
        ("\x00\x01\x02 binary\xff\n", "without a name"),
        ("nonsense without a colon\n", "without a name"),
    ],
)
def test_a_damaged_stanza_is_reported_and_keeps_its_neighbours(tmp_path: Path, damaged: str, reason: str) -> None:
    found = debian(tmp_path, f"{GOOD[0]}\n{damaged}\n{GOOD[1]}")
    assert {"before 1", "after 2"} <= set(names(found))
    assert len(failing(found)) == 1
    assert f"unreadable: {STATUS}:7: " in failing(found)[0]
    assert reason in failing(found)[0]


@pytest.mark.parametrize(
    "line", ["Description: " + "x" * 300_000, "x" * 300_000, " " + "x" * 300_000, "Conffiles:" + "\n /etc/x" * 9999]
)
def test_a_very_long_field_costs_nothing(tmp_path: Path, line: str) -> None:
    found = debian(tmp_path, f"{GOOD[0]}{line}\n\n{GOOD[1]}")
    assert names(found) == ["after 2", "before 1"]
    assert failing(found) == []


def test_a_missing_blank_line_is_reported_and_loses_no_package(tmp_path: Path) -> None:
    found = debian(tmp_path, GOOD[0] + GOOD[1])
    assert names(found) == ["after 2", "before 1"]
    assert "a blank line is missing" in failing(found)[0]


@pytest.mark.parametrize("change", ["\n->\r\n", "\n\n->\n \t\n", "\n\n->\n\n\n\n", "Package:->PACKAGE:", "Version: ->version:"])
def test_other_spellings_of_the_same_file_are_read_alike(tmp_path: Path, change: str) -> None:
    old, new = change.split("->")
    found = debian(tmp_path, f"{GOOD[0]}\n{GOOD[1]}".replace(old, new))
    assert names(found) == ["after 2", "before 1"]
    assert failing(found) == []


def test_text_that_deceives_a_reader_becomes_visible(tmp_path: Path) -> None:
    found = debian(tmp_path, "Package: a\u202eb\x1b[31m\nVersion: 1\x07\n".encode())
    assert names(found) == ["a\\u202eb\\u001b[31m 1\\u0007"]


@pytest.mark.parametrize("status", ["", "\n\n", dpkg(("a", "1"), status="purge ok not-installed")])
def test_a_database_without_packages_is_evidence(tmp_path: Path, status: str) -> None:
    found = debian(tmp_path, status)
    assert f"unreadable: {STATUS}: the package database names no package" in failing(found)


@pytest.mark.parametrize("entry", [folder(STATUS), symlink(STATUS, "nowhere"), symlink(STATUS, "status")])
def test_a_database_that_is_no_file_is_evidence(tmp_path: Path, entry: object) -> None:
    found = inventory(tmp_path, [file(OS_RELEASE, DEBIAN_11), entry])  # type: ignore[list-item]
    assert any("is there, but is not a file" in text for text in failing(found))


@pytest.mark.parametrize("gone", [STATUS, "var/lib/dpkg", "var"])
def test_a_database_that_a_later_layer_removed_is_evidence(tmp_path: Path, gone: str) -> None:
    first = {OS_RELEASE: DEBIAN_11, STATUS: dpkg(("a", "1"))}
    assert failing(inventory(tmp_path, first)) == []
    found = inventory(tmp_path, first, [whiteout(gone)])
    assert f"unreadable: {STATUS}: the package database was removed in layer 1" in failing(found)
    found = inventory(tmp_path, first, [whiteout(gone), file("var/lib/dpkg/status.d/b", dpkg(("b", "1")))])
    assert names(found) == ["b 1"]
    assert f"unreadable: {STATUS}: the package database was removed in layer 1" in failing(found)


def test_a_file_for_each_package_is_read_as_distroless_images_have_it(tmp_path: Path) -> None:
    single = "var/lib/dpkg/status.d/"
    first = {OS_RELEASE: DEBIAN_11, single + "base": "Package: base-files\nVersion: 11\n", single + "base.md5sums": "0 etc/x\n"}
    found = inventory(tmp_path, first, {single + "ssl": "Package: libssl\nVersion: 1\nSource: openssl\n"})
    assert [(package.name, package.locations[0].path, package.locations[0].layer) for package in found.packages] == [
        ("base-files", single + "base", 0),
        ("libssl", single + "ssl", 1),
    ]
    assert failing(found) == []
    found = inventory(tmp_path, first, {single + "bad": "nothing\n"})
    assert f"unreadable: {single}bad:1: a package entry without a name" in failing(found)
    assert any("names no package" in text for text in failing(inventory(tmp_path, first, {single + "bad": ""})))
    found = inventory(tmp_path, first, [symlink(single + "bad", "nowhere")])
    assert any("not a file that can be read" in text for text in failing(found))


def test_too_many_files_of_single_packages_are_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagegate.cataloger.dpkg._MOST", 3)
    files = {f"var/lib/dpkg/status.d/{number}": f"Package: p{number}\nVersion: 1\n" for number in range(4)}
    assert "only 3 of its 4 files were read" in failing(inventory(tmp_path, files | {OS_RELEASE: DEBIAN_11}))[0]


def test_a_package_of_several_architectures_is_there_for_each(tmp_path: Path) -> None:
    found = debian(tmp_path, "Package: a\nArchitecture: amd64\nVersion: 1\n\nPackage: a\nArchitecture: i386\nVersion: 1\n")
    assert [package.purl.partition("?")[2] for package in found.packages] == [
        "arch=amd64&distro=debian-11",
        "arch=i386&distro=debian-11",
    ]


def test_a_database_too_large_to_be_read_is_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagegate.source.limits.FILE", 100)
    assert any("more than is read of one file" in text for text in failing(debian(tmp_path, dpkg(("a", "1"), ("b", "2")))))
