"""Databases written so that a vulnerable package is not recognised; each stands beside its clean twin."""

from functools import partial
from pathlib import Path

import pytest

from imagegate.cataloger.stanzas import Allowance
from tests.cataloger.inventories import OS_RELEASE, STATUS, debian, failing, inventory, names
from tests.images import ALPINE_3_11, DEBIAN_11, dpkg, file, folder

APK = "lib/apk/db/installed"
DEBIAN = {OS_RELEASE: DEBIAN_11, STATUS: dpkg(("bash", "5"))}


def alpine(path: Path, database: str) -> tuple[list[tuple[str, str]], list[str]]:
    found = inventory(path, {OS_RELEASE: ALPINE_3_11, APK: database})
    return [(package.name, package.source_name) for package in found.packages], failing(found)


@pytest.mark.parametrize(
    "name", ["openssl foo", "openssl\u00a0", "open\u200bssl", "\u043epenssl", "openssl\0", "-x", "a/b", "\u212a"]
)
def test_a_name_that_no_package_has_is_evidence_and_listed(tmp_path: Path, name: str) -> None:
    found = debian(tmp_path, f"Package: {name}\nVersion: 1\n")
    assert len(found.packages) == 1
    assert "is not the name of a package" in failing(found)[0]


@pytest.mark.parametrize(
    ("written", "meant"), [("OpenSSL", "openssl"), ("openssl:amd64", "openssl"), ("g++-12.1", "g++-12.1"), ("0ad", "0ad")]
)
def test_a_name_is_read_as_dpkg_reads_it(tmp_path: Path, written: str, meant: str) -> None:
    found = debian(tmp_path, f"Package: {written}\nVersion: 1\n")
    assert [(package.name, package.source_name) for package in found.packages] == [(meant, meant)]
    assert failing(found) == []


@pytest.mark.parametrize(
    "line",
    [
        "Source: openssl(1.0)",
        "Source: OpenSSL (1.0)",
        "Source : openssl (1.0)",
        "Source\t:openssl\t(1.0)",
        "\rSource: openssl (1.0)",
    ],
)
def test_a_source_is_recognised_in_odd_forms(tmp_path: Path, line: str) -> None:
    found = debian(tmp_path, f"Package: libssl3\n{line}\nVersion: 3.0\n")
    assert [(package.source_name, package.source_version) for package in found.packages] == [("openssl", "1.0")]
    assert failing(found) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Source: openssl ( 1.0 )", "its source"),
        ("Source: open\u200bssl", "its source"),
        ("Source: openssl bash", "its source"),
        ("Source:", "its Source is empty"),
        ("Source:\n openssl", "its Source is empty"),
        ("Source: bash\n openssl", "its Source goes on in the next line"),
    ],
)
def test_a_source_that_hides_is_evidence(tmp_path: Path, line: str, reason: str) -> None:
    found = debian(tmp_path, f"Package: libssl3\n{line}\nVersion: 3.0\n")
    assert names(found) == ["libssl3 3.0"]
    assert reason in failing(found)[0]


@pytest.mark.parametrize(
    "status",
    ["config-files", "not-installed", "install ok installed config-files", "gone ok not-installed", "install maybe config-files"],
)
def test_a_state_that_dpkg_does_not_write_takes_no_package_away(tmp_path: Path, status: str) -> None:
    found = debian(tmp_path, dpkg(("openssl", "1"), status=status))
    assert names(found) == ["openssl 1"]
    assert [item.found for item in found.evidence] == ["warn"]


def test_one_package_of_two_sources_counts_for_both(tmp_path: Path) -> None:
    one = "Package: libssl3\nArchitecture: amd64\nVersion: 1\n"
    found = debian(tmp_path, f"{one}Source: openssl\n\n{one}\n{one}")
    assert [package.source_name for package in found.packages] == ["openssl", "libssl3"]
    assert names(debian(tmp_path, f"{one}\n{one}")) == ["libssl3 1"]
    assert alpine(tmp_path, "P:a\nV:1\no:x\n\nP:a\nV:1\no:y\n") == ([("a", "x"), ("a", "y")], [])
    assert alpine(tmp_path, "P:a\nV:1\no:x\n\nP:a\nV:1\no:x\n") == ([("a", "x")], [])


@pytest.mark.parametrize(
    "stanza", ["P:open ssl\nV:1\n", "P:openssl\0\nV:1\n", "P:a\nV:1\no:o\u200bpenssl\n", "P:a\nV:1\no:\n", "P:a\n b\nV:1\n"]
)
def test_a_name_that_apk_does_not_write_is_evidence_and_listed(tmp_path: Path, stanza: str) -> None:
    found, fails = alpine(tmp_path, stanza)
    assert len(found) == 1
    assert len(fails) == 1


def test_names_of_apk_keep_their_case_and_blanks_before_the_colon_count(tmp_path: Path) -> None:
    text = "P:.build-deps\nV:20240101.120000\n\nP:a\nV:1\no : openssl\n\nP:py3-PyX@edge\nV:1\n"
    expected = [(".build-deps", ".build-deps"), ("a", "openssl"), ("py3-PyX@edge", "py3-PyX@edge")]
    assert alpine(tmp_path, text) == (expected, [])


def test_the_journal_of_dpkg_is_evidence(tmp_path: Path) -> None:
    assert failing(inventory(tmp_path, [*(file(*item) for item in DEBIAN.items()), folder("var/lib/dpkg/updates")])) == []
    assert failing(inventory(tmp_path, DEBIAN | {"var/lib/dpkg/updates/tmp.i": "x"})) == []
    found = inventory(tmp_path, DEBIAN | {"var/lib/dpkg/updates/0001": dpkg(("openssl", "1"))})
    assert "dpkg was interrupted" in failing(found)[0]


def test_a_package_called_a_list_of_checksums_is_evidence(tmp_path: Path) -> None:
    path = "var/lib/dpkg/status.d/openssl"
    single = {OS_RELEASE: DEBIAN_11, path: dpkg(("openssl", "3"))}
    sums = "d41d8cd98f00b204e9800998ecf8427e  usr/share/Package: x\n"
    assert failing(inventory(tmp_path, single | {path + ".md5sums": sums})) == []
    assert "names a package" in failing(inventory(tmp_path, single | {path + ".md5sums": sums + "package : openssl\n"}))[0]
    assert failing(inventory(tmp_path, single, [folder(path + ".md5sums")])) != []


def test_a_second_database_of_apk_that_can_not_be_read_is_evidence_without_a_first(tmp_path: Path) -> None:
    files = [file(*item) for item in DEBIAN.items()]
    assert failing(inventory(tmp_path, [*files, folder("usr/lib/apk/db")])) == []
    found = inventory(tmp_path, [*files, folder("usr/lib/apk/db/installed")])
    assert "unreadable: usr/lib/apk/db/installed is there, but is not a file that can be read" in failing(found)


@pytest.mark.parametrize("blank", ["\n", " \n", "\r\n", "\n\n\n \t"])
def test_millions_of_blank_lines_cost_little(tmp_path: Path, blank: str) -> None:
    found = debian(tmp_path, dpkg(("a", "1")) + blank * 3_000_000 + "\n" + dpkg(("b", "1")))
    assert names(found) == ["a 1", "b 1"]
    assert failing(found) == []


def test_limits_of_a_database_are_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = dpkg(("a", "1"), ("b", "1"), ("c", "1"))
    monkeypatch.setattr("imagegate.cataloger.stanzas.MOST", 3)
    assert failing(debian(tmp_path, text)) == []
    monkeypatch.setattr("imagegate.cataloger.stanzas.MOST", 2)
    assert "more package entries than are read" in failing(debian(tmp_path, text))[0]
    assert "too many" in failing(debian(tmp_path, dpkg(("a", "1")) + " " * (64 << 20)))[0]


def test_the_work_over_all_layers_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [DEBIAN, {STATUS: dpkg(("bash", "6"))}, {STATUS: dpkg(("bash", "6"))}, {STATUS: dpkg(("bash", "7"))}]
    for most, seen in ((3, ["bash 7"]), (2, [])):
        monkeypatch.setattr("imagegate.cataloger.stanzas.Allowance", partial(Allowance, stanzas=most))
        found = inventory(tmp_path, *layers)
        assert names(found) == seen
        assert (failing(found) == []) == bool(seen)
    monkeypatch.setattr("imagegate.cataloger.stanzas.Allowance", partial(Allowance, size=200))
    assert "the layers hold more of it than is read" in failing(inventory(tmp_path, *layers))[0]


def test_a_flood_of_damage_is_told_in_short(tmp_path: Path) -> None:
    found = debian(tmp_path, "Package: a\n\n" * 5000)
    assert len(found.evidence) < 1100
    assert any("more is damaged than is listed" in text for text in failing(found))
    found = debian(tmp_path, "Package: a\nVersion: 1\nStatus: x\n\n" * 5000)
    assert any("more is damaged than is listed" in text for text in failing(found))
