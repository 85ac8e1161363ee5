"""What can not be compared is told, and never makes a package look fixed."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from imagegate.advisory.store import Store
from imagegate.matcher.match import Matches, match
from tests.advisories import Record, bounds, build_store, entry, record
from tests.matcher.scan import affected, installed, inventory, language, look_up, scan


def told(matches: Matches) -> list[tuple[str, str]]:
    return [(note.found, note.detail) for note in matches.evidence]


@pytest.mark.parametrize(
    ("events", "version"),
    [
        ([("introduced", "0"), ("fixed", "§")], "9"),
        ([("introduced", "0"), ("last_affected", "§")], "9"),
        ([("introduced", "0"), ("fixed", "1"), ("introduced", "§"), ("fixed", "2")], "1.5"),
        ([("introduced", "0"), ("limit", "§")], "1.5"),
        ([("introduced", "0"), ("fixed", "")], "1.5"),
    ],
)
def test_a_bound_that_cannot_be_read_ends_nothing(tmp_path: Path, events: Sequence[tuple[str, str]], version: str) -> None:
    matches = scan(tmp_path, "debian 12", [installed("a", version)], [record("DSA-1", "Debian:12", "a", events)])
    assert [(finding.id, finding.fixed_in) for finding in matches.findings] == [("DSA-1", ())]
    ((status, detail),) = told(matches)
    assert status == "warn"
    assert "DSA-1" in detail
    assert "cannot be compared" in detail


def test_beside_a_bound_that_cannot_be_read_the_list_decides(tmp_path: Path) -> None:
    odd = [("introduced", "0"), ("fixed", "0.2.0-n653")]  # PYSEC-2021-371; the list is made here
    listed = entry("PyPI", "binderhub", odd, versions=["0.1.0"])
    advisory = record("PYSEC-2021-371", "PyPI", "binderhub", affected=[listed])
    assert affected(tmp_path, "pypi", "binderhub", ["0.1.0", "0.2.0"], advisory) == ["0.1.0"]
    (tmp_path / "unlisted").mkdir()
    advisory = record("PYSEC-2021-371", "PyPI", "binderhub", odd)
    assert affected(tmp_path / "unlisted", "pypi", "binderhub", ["0.1.0", "0.2.0"], advisory) == ["0.1.0", "0.2.0"]


def test_a_beginning_that_cannot_be_read_is_the_first_version_and_the_end_holds(tmp_path: Path) -> None:
    nightly = record(
        "BIT-mastodon-2026-47777", "Bitnami", "mastodon", [("introduced", "nightly.2026-03-10.0"), ("fixed", "4.6.0")]
    )
    assert affected(tmp_path, "bitnami", "mastodon", ["4.5.9", "4.6.0"], nightly) == ["4.5.9"]


def test_a_record_that_speaks_of_commits_only_counts_for_every_version(tmp_path: Path) -> None:
    commits = bounds([("introduced", "0"), ("fixed", "db4f9717c41bccc3ce10099ab61996b246099892")], "GIT")
    advisory = record("PYSEC-1", "PyPI", "a", affected=[entry("PyPI", "a", ranges=[commits])])
    matches = look_up(tmp_path, [language("pypi", "a", "1.0")], [advisory])
    assert [finding.id for finding in matches.findings] == ["PYSEC-1"]
    assert "commits only" in matches.evidence[0].detail


def test_a_fix_beside_a_range_that_cannot_be_read_is_not_promised(tmp_path: Path) -> None:
    both: list[dict[str, Any]] = [bounds("2"), bounds("§")]
    records = [
        record("DSA-1", "Debian:12", "a", affected=[entry("Debian:12", "a", ranges=both)]),
        record("DSA-2", "Debian:12", "a", "3"),
    ]
    (finding, other) = scan(tmp_path, "debian 12", [installed("a", "1")], records).findings
    assert (finding.fixed_in, other.fixed_in) == ((), ("3",))


def test_many_odd_records_are_one_note(tmp_path: Path) -> None:
    events = [("introduced", "8u372_p7-r0"), ("fixed", "8u392_p9-r1")]
    records: list[Record] = [
        record(f"BELL-CVE-2023-{number}", "Alpaquita:23", "openjdk8", events) for number in range(2000, 2200)
    ]
    path = build_store(tmp_path / "s.db", {"Alpaquita": records})
    with closing(Store(str(path))) as store:
        matches = match(inventory("alpaquita 23", [installed("openjdk8", "8.412.08-r0")]), store, covered=True)
    ((status, detail),) = told(matches)
    assert status == "warn"
    assert "and 199 more like it" in detail
