"""Packages of rpm: the same ones from each kind of database, as rpm itself tells them, with sources, layers and owners."""

from pathlib import Path

import pytest
from packageurl import PackageURL

from imagegate.cataloger.distribution import detect
from imagegate.cataloger.rpm import Rpm
from tests.cataloger.rpms import (
    BDB,
    DATA,
    NDB,
    OS_RELEASE,
    ROCKY,
    SQLITE,
    catalog,
    failing,
    header,
    names,
    opened,
    sample,
    sqlite,
)
from tests.images import file, folder, symlink, whiteout

SAMPLES = [
    (SQLITE, "rpmdb.sqlite"),
    (NDB, "Packages.db"),
    (BDB, "Packages"),
    (BDB, "Packages.big-endian"),
    (BDB, "Packages.inline"),
    ("usr/lib/sysimage/rpm/rpmdb.sqlite", "rpmdb.sqlite"),
    ("usr/share/rpm/rpmdb.sqlite", "rpmdb.sqlite"),
]


@pytest.mark.parametrize(("path", "name"), SAMPLES)
def test_every_kind_of_database_tells_what_rpm_tells(tmp_path: Path, path: str, name: str) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, path: sample(name)})
    expected = []
    for line in (DATA / "rpm-qa.txt").read_text().splitlines():
        package, epoch, version, *_ = line.split(" ")
        expected.append(f"{package} {version}" if epoch == "0" else f"{package} {epoch}:{version}")
    assert names(found) == sorted(expected)
    assert (found.evidence, found.databases) == ([], 1)
    assert {(location.path, location.layer) for package in found.packages for location in package.locations} == {(path, 0)}


def test_the_package_url_names_architecture_epoch_and_module(tmp_path: Path) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sample("rpmdb.sqlite")})
    modular = next(package for package in found.packages if package.name == "modular")
    assert modular.purl == (
        "pkg:rpm/rocky/modular@16.20.2-1.module%2Bel9.4.0%2B20787%2B4c237fd3"
        "?arch=x86_64&distro=rocky-9&epoch=1&rpmmod=nodejs:16:9040020230302:ad008a3a"
    )
    assert all(PackageURL.from_string(package.purl).to_string() == package.purl for package in found.packages)


def test_a_source_has_the_epoch_of_those_that_have_its_version(tmp_path: Path) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sample("rpmdb.sqlite")})
    sources = {package.name: (package.source_name, package.source_version) for package in found.packages}
    assert sources["epochal-libs"] == ("epochal", "4:5.26.3-416.el9")
    assert sources["perl-epochal-Sub"] == ("epochal", "4:5.26.3-416.el9")
    assert sources["plain-libs"] == ("plain", "1.2.3-4.el9")


@pytest.mark.parametrize("source", ["", "(none)", "x.src.rpm", "x-1.src.rpm", "a-1-1.x86_64"])
def test_a_package_without_a_source_is_its_own(tmp_path: Path, source: str) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sqlite(header("a", epoch=2, t1044=source))})
    assert [(package.source_name, package.source_version) for package in found.packages] == [("a", "2:1-1")]


def test_an_epoch_of_zero_is_none_and_a_key_is_no_package(tmp_path: Path) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sqlite(header("a", epoch=0), header("gpg-pubkey", "8ae1c5b"))})
    assert (names(found), failing(found)) == (["a 1-1"], [])


@pytest.mark.parametrize(
    ("identity", "namespace"),
    [("rhel", "redhat"), ("sles", "suse"), ("opensuse-leap", "opensuse"), ("amzn", "amzn"), ("debian", "")],
)
def test_the_namespace_is_the_publishers(tmp_path: Path, identity: str, namespace: str) -> None:
    found = catalog(tmp_path, {OS_RELEASE: f"ID={identity}\nVERSION_ID=12.3\n".encode(), SQLITE: sqlite(header("a"))})
    assert PackageURL.from_string(found.packages[0].purl).namespace == (namespace or None)


def test_each_package_is_of_the_layer_that_it_is_there_since(tmp_path: Path) -> None:
    first, second, third = (sqlite(*(header(name) for name in text)) for text in ("ab", "abc", "bcd"))
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: first}, {SQLITE: second}, {"x": b"y"}, {SQLITE: third})
    assert {package.name: package.locations[0].layer for package in found.packages} == {"b": 0, "c": 1, "d": 3}
    assert found.evidence == []


def test_a_folder_that_is_a_link_to_the_other_one_is_read_once(tmp_path: Path) -> None:
    real = "usr/lib/sysimage/rpm/rpmdb.sqlite"
    link = symlink("var/lib/rpm", "../../usr/lib/sysimage/rpm")
    found = catalog(
        tmp_path, [file(OS_RELEASE, ROCKY), link, file(real, sqlite(header("a")))], {real: sqlite(*map(header, "ab"))}
    )
    assert [(package.name, package.locations[0].path, package.locations[0].layer) for package in found.packages] == [
        ("a", real, 0),
        ("b", real, 1),
    ]
    assert (found.evidence, found.databases) == ([], 1)


@pytest.mark.parametrize("gone", [SQLITE, "var/lib/rpm", "var"])
def test_a_database_that_a_later_layer_removed_is_evidence(tmp_path: Path, gone: str) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sqlite(header("a"))}, [whiteout(gone)])
    assert failing(found) == [f"{SQLITE}: the package database was removed in layer 1"]
    assert found.databases == 1


def test_a_database_that_was_converted_is_said_and_costs_nothing(tmp_path: Path) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, BDB: sample("Packages")}, [whiteout(BDB), file(SQLITE, sample("rpmdb.sqlite"))])
    assert (len(found.packages), failing(found)) == (14, [])
    assert [item.detail for item in found.evidence] == [f"{BDB}: the package database was removed in layer 1"]


@pytest.mark.parametrize("name", ["Name", "__db.001", "Index.db", "rpmdb.sqlite-wal", "alternatives", ".rpm.lock"])
def test_indexes_without_the_packages_are_evidence(tmp_path: Path, name: str) -> None:
    found = catalog(tmp_path, [file(OS_RELEASE, ROCKY), file(f"var/lib/rpm/{name}", "x")])
    harmless = name in ("alternatives", ".rpm.lock")
    assert (len(failing(found)), found.databases) == ((0, 0) if harmless else (1, 1))


@pytest.mark.parametrize("entry", [folder(SQLITE), symlink(SQLITE, "nowhere"), symlink(SQLITE, "rpmdb.sqlite")])
def test_a_database_that_is_no_file_is_evidence(tmp_path: Path, entry: object) -> None:
    found = catalog(tmp_path, [file(OS_RELEASE, ROCKY), entry])  # type: ignore[list-item]
    assert failing(found) == [f"{SQLITE} is there, but is not a file that can be read"]


@pytest.mark.parametrize(("path", "name"), SAMPLES)
def test_files_have_the_owner_that_rpm_names(tmp_path: Path, path: str, name: str) -> None:
    files = opened(tmp_path, {OS_RELEASE: ROCKY, path: sample(name)}).files
    place = "usr/lib/python3.9/site-packages"
    paths = (f"{place}/plain-1.dist-info/METADATA", f"{place}/foreign-1.dist-info/METADATA")
    wanted = frozenset((*paths, "usr/lib/plain/f2", "usr/lib/plain/f9", "METADATA", f"{place}/other-1.dist-info/METADATA"))
    assert Rpm().owners(files, wanted, detect(files)[0]) == {
        paths[0]: ("plain", True),
        paths[1]: ("foreign", False),
        "usr/lib/plain/f2": ("plain-libs", True),  # which it lists as /lib/plain/f2
    }
    assert Rpm().owners(files, frozenset(paths), None) == {paths[0]: ("plain", False), paths[1]: ("foreign", False)}


def test_only_what_databases_are_made_of_is_wanted() -> None:
    wanted = ("var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/rpmdb.sqlite-wal", "a/b/Packages", "a/Packages.db")
    assert all(Rpm().wants(path) for path in wanted)
    assert not any(Rpm().wants(path) for path in ("var/lib/rpm/Name", "rpmdb", "Packages/x", "var/lib/rpm/rpmdb.sqlite-shm"))


MARINER = b'NAME="CBL-Mariner"\nID=mariner\nVERSION_ID="2.0"\n'
MANIFEST = "var/lib/rpmmanifest/container-manifest-2"
LINE = (
    b"openssl-libs\t1.1.1k-15.cm2\t1653816591\t1653752950\tMicrosoft Corporation\t2\t580\tx86_64\t2\t"
    b"openssl-1.1.1k-15.cm2.src.rpm\n"
)


def test_a_list_of_packages_stands_for_a_database(tmp_path: Path) -> None:
    found = catalog(tmp_path, {OS_RELEASE: MARINER, MANIFEST: LINE})
    (package,) = found.packages
    assert (package.version, package.source_name, package.source_version) == ("2:1.1.1k-15.cm2", "openssl", "2:1.1.1k-15.cm2")
    assert package.purl == "pkg:rpm/mariner/openssl-libs@1.1.1k-15.cm2?arch=x86_64&distro=mariner-2&epoch=2"
    assert (found.evidence, found.databases) == ([], 1)


@pytest.mark.parametrize(
    "line", [b"<html>", b"a\t1-1", LINE.replace(b"k-15.cm2\t", b"k\t"), LINE.replace(b"\t2\to", b"\tx\to"), LINE[:-1] + b"\tx"]
)
def test_a_line_that_is_no_package_is_evidence_and_keeps_its_neighbours(tmp_path: Path, line: bytes) -> None:
    found = catalog(tmp_path, {OS_RELEASE: MARINER, MANIFEST: LINE + line + b"\n" + LINE.replace(b"-libs", b"")})
    assert len(found.packages) == 2
    assert failing(found) == [f"{MANIFEST}: its line 2 is not a package"]
