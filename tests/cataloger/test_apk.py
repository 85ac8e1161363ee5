"""Packages of apk, in both places where its database may lie."""

from pathlib import Path

import pytest

from tests.cataloger.inventories import OS_RELEASE, failing, inventory, names
from tests.images import ALPINE_3_11, apk, file, folder, symlink, whiteout

OLD, NEW = "lib/apk/db/installed", "usr/lib/apk/db/installed"


@pytest.mark.parametrize("path", [OLD, NEW])
def test_the_database_is_read_in_both_places(tmp_path: Path, path: str) -> None:
    found = inventory(
        tmp_path, {OS_RELEASE: ALPINE_3_11, path: apk(("libssl1.1", "1.1.1g-r0", "openssl"), ("musl", "1.1.24-r2"))}
    )
    assert names(found) == ["libssl1.1 1.1.1g-r0", "musl 1.1.24-r2"]
    assert [(package.source_name, package.source_version) for package in found.packages] == [
        ("openssl", "1.1.1g-r0"),
        ("musl", "1.1.24-r2"),
    ]
    assert found.packages[0].purl == "pkg:apk/alpine/libssl1.1@1.1.1g-r0?arch=x86_64&distro=alpine-3.11"
    assert found.packages[0].locations[0].path == path
    assert failing(found) == []


def test_two_databases_are_both_read(tmp_path: Path) -> None:
    found = inventory(tmp_path, {OS_RELEASE: ALPINE_3_11, OLD: apk(("a", "1")), NEW: apk(("b", "1"))})
    assert names(found) == ["a 1", "b 1"]
    assert failing(found) == []
    found = inventory(tmp_path, {OS_RELEASE: ALPINE_3_11, OLD: "", NEW: apk(("b", "1"))})
    assert failing(found) == [f"unreadable: {OLD}: the package database names no package"]


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        ("P:bad\n", "without a version (bad)"),
        ("V:1\n", "without a name"),
        ("P:bad\nV:" + "9" * 5000 + "\n", "its version has 5,000 characters"),
        ("P:bad\nV:1\nV:2\n", "its version is there twice"),
        ("binary \x00\x01\n", "without a name"),
    ],
)
def test_a_damaged_stanza_is_reported_and_keeps_its_neighbours(tmp_path: Path, damaged: str, reason: str) -> None:
    database = f"{apk(('before', '1'))}\n{damaged}\n{apk(('after', '2'))}"
    found = inventory(tmp_path, {OS_RELEASE: ALPINE_3_11, OLD: database})
    assert {"before 1", "after 2"} <= set(names(found))
    assert len(failing(found)) == 1
    assert reason in failing(found)[0]


def test_a_missing_blank_line_is_reported_and_loses_no_package(tmp_path: Path) -> None:
    found = inventory(tmp_path, {OS_RELEASE: ALPINE_3_11, OLD: "P:a\nV:1\nP:b\nV:2\n"})
    assert names(found) == ["a 1", "b 2"]
    assert "a blank line is missing" in failing(found)[0]


def test_fields_that_differ_only_in_case_are_others(tmp_path: Path) -> None:
    stanza = "C:Q1\nP:a\nV:1\nA:x86_64\nv:9\nO:other\no:origin\np:so:libssl.so\na:0:0:755\n"
    found = inventory(tmp_path, {OS_RELEASE: ALPINE_3_11, OLD: stanza})
    assert [(package.name, package.version, package.source_name) for package in found.packages] == [("a", "1", "origin")]
    assert failing(found) == []


@pytest.mark.parametrize("line", ["T:" + "x" * 300_000, "x" * 300_000, "D:" + "so:lib.so.1 " * 30_000])
def test_a_very_long_field_costs_nothing(tmp_path: Path, line: str) -> None:
    found = inventory(tmp_path, {OS_RELEASE: ALPINE_3_11, OLD: f"P:a\n{line}\nV:1\n\nP:b\nV:2\n"})
    assert names(found) == ["a 1", "b 2"]
    assert failing(found) == []


@pytest.mark.parametrize(
    "entries", [[file(OLD)], [folder(OLD)], [symlink(OLD, "nowhere")], [file(OLD, apk(("a", "1"))), whiteout("lib")], []]
)
def test_a_database_that_gives_nothing_is_evidence(tmp_path: Path, entries: list) -> None:  # type: ignore[type-arg]
    found = inventory(tmp_path, {OS_RELEASE: ALPINE_3_11}, entries[:1], entries[1:])
    assert any(text.startswith("unreadable: ") for text in failing(found))
    assert any(text.startswith("no_packages: ") for text in failing(found))
