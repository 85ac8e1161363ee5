"""Which layer a package has been there since."""

from pathlib import Path

import pytest

from tests.cataloger.inventories import OS_RELEASE, STATUS, failing, inventory
from tests.images import ALPINE_3_11, DEBIAN_11, apk, dpkg, file, symlink, whiteout

STATES = [
    [("kept", "1"), ("upgraded", "1"), ("back", "1"), ("gone", "1")],
    [("kept", "1"), ("upgraded", "2"), ("gone", "1")],
    [("kept", "1"), ("upgraded", "2"), ("back", "1"), ("new", "1")],
]
EXPECTED = {"kept": 0, "upgraded": 1, "back": 2, "new": 2}


@pytest.mark.parametrize("kind", ["deb", "apk"])
def test_a_package_belongs_to_the_layer_that_it_is_there_since(tmp_path: Path, kind: str) -> None:
    path, write, release = (STATUS, dpkg, DEBIAN_11) if kind == "deb" else ("lib/apk/db/installed", apk, ALPINE_3_11)
    layers = [{path: write(*state)} for state in STATES]
    layers.insert(1, {"usr/bin/other": "x"})
    found = inventory(tmp_path, {OS_RELEASE: release}, *layers)
    shift = {0: 1, 1: 3, 2: 4}
    assert {package.name: package.locations[0].layer for package in found.packages} == {
        name: shift[number] for name, number in EXPECTED.items()
    }
    assert {package.locations[0].path for package in found.packages} == {path}
    assert failing(found) == []


def test_a_database_that_is_written_again_unchanged_changes_nothing(tmp_path: Path) -> None:
    same = {STATUS: dpkg(("a", "1"))}
    found = inventory(tmp_path, {OS_RELEASE: DEBIAN_11} | same, same, same)
    assert found.packages[0].locations[0].layer == 0


def test_a_database_that_was_removed_and_written_again_brings_its_packages_anew(tmp_path: Path) -> None:
    same = {STATUS: dpkg(("a", "1"))}
    found = inventory(tmp_path, {OS_RELEASE: DEBIAN_11} | same, [whiteout(STATUS)], same)
    assert found.packages[0].locations[0].layer == 2
    assert failing(found) == []


def test_a_database_that_moved_behind_a_link_keeps_its_packages(tmp_path: Path) -> None:
    old = [file(OS_RELEASE, DEBIAN_11), file(STATUS, dpkg(("a", "1")))]
    new = [
        whiteout("var/lib/dpkg"),
        symlink("var/lib/dpkg", "/usr/lib/dpkg"),
        file("usr/lib/dpkg/status", dpkg(("a", "1"), ("b", "1"))),
    ]
    found = inventory(tmp_path, old, new)
    assert [(package.name, package.locations[0].layer) for package in found.packages] == [("a", 0), ("b", 1)]
    assert found.packages[0].locations[0].path == "usr/lib/dpkg/status"
    assert failing(found) == []


def test_an_apk_database_that_moved_to_usr_is_counted_once(tmp_path: Path) -> None:
    old = [file(OS_RELEASE, ALPINE_3_11), file("lib/apk/db/installed", apk(("a", "1")))]
    new = [whiteout("lib"), symlink("lib", "usr/lib"), file("usr/lib/apk/db/installed", apk(("a", "1"), ("b", "1")))]
    found = inventory(tmp_path, old, new)
    assert [(package.name, package.locations[0].layer) for package in found.packages] == [("a", 0), ("b", 1)]
    assert failing(found) == []


def test_a_later_layer_that_writes_through_merged_usr_updates_the_database(tmp_path: Path) -> None:
    base = [file(OS_RELEASE, ALPINE_3_11), symlink("lib", "usr/lib"), file("usr/lib/apk/db/installed", apk(("a", "1")))]
    found = inventory(tmp_path, base, {"lib/apk/db/installed": apk(("a", "2"))})
    assert [(package.version, package.locations[0].layer) for package in found.packages] == [("2", 1)]
