"""Where matching distribution packages against OSV records goes wrong elsewhere: real records, cut to what matters."""

from pathlib import Path
from typing import Any

import pytest

from imagegate.advisory.osv import parse
from imagegate.matcher.match import Matches
from imagegate.version import dpkg
from imagegate.version.ranges import affecting
from tests.advisories import bounds, entry, record
from tests.matcher.scan import installed, scan


def ids(matches: Matches) -> list[str]:
    return [finding.id for finding in matches.findings]


def test_an_advisory_of_five_vulnerabilities_is_five_findings(tmp_path: Path) -> None:
    cves = [f"CVE-2014-{number}" for number in ("3505", "3506", "3507", "3508", "3509")]
    upstream = [name for cve in cves for name in (f"DEBIAN-{cve}", cve)]
    dsa = record("DSA-2998-1", "Debian:7", "openssl", "1.0.1e-2+deb7u12", upstream=upstream)
    matches = scan(tmp_path, "debian 7", [installed("openssl", "1.0.1e-2+deb7u11")], [dsa])
    assert ids(matches) == cves
    assert all("DSA-2998-1" in finding.aliases for finding in matches.findings)


def test_one_vulnerability_fixed_twice_is_one_finding_and_only_the_highest_fix_has_all(tmp_path: Path) -> None:
    first = record("DLA-0003-1", "Debian:6.0", "openssl", "0.9.8o-4squeeze15", upstream=["CVE-2014-0224", "CVE-2014-0195"])
    second = record("DLA-0008-1", "Debian:6.0", "openssl", "0.9.8o-4squeeze16", upstream=["CVE-2012-4929", "CVE-2014-0224"])
    for number, records in enumerate(([first, second], [second, first])):
        folder = tmp_path / str(number)
        folder.mkdir()
        matches = scan(folder, "debian 6", [installed("openssl", "0.9.8o-4squeeze14")], records)
        fixes = {finding.id: finding.fixed_in for finding in matches.findings}
        assert fixes == {
            "CVE-2012-4929": ("0.9.8o-4squeeze16",),
            "CVE-2014-0195": ("0.9.8o-4squeeze15",),
            "CVE-2014-0224": ("0.9.8o-4squeeze16",),
        }


def test_records_of_one_vulnerability_under_several_names_are_one_finding(tmp_path: Path) -> None:
    records = [
        record("DEBIAN-CVE-2024-1", "Debian:12", "curl", "8", upstream=["CVE-2024-1"]),
        record("DSA-5000-1", "Debian:12", "curl", "8", upstream=["CVE-2024-1", "DEBIAN-CVE-2024-1"]),
        record("GHSA-aaaa-bbbb-cccc", "Debian:12", "curl", "8", aliases=["CVE-2024-1"]),
    ]
    (finding,) = scan(tmp_path, "debian 12", [installed("libcurl4", "7", "curl")], records).findings
    assert finding.id == "CVE-2024-1"
    assert set(finding.advisories) == {"DEBIAN-CVE-2024-1", "DSA-5000-1", "GHSA-aaaa-bbbb-cccc"}
    assert set(finding.advisories) <= set(finding.aliases)


def test_an_advisory_and_a_cve_record_of_one_of_its_vulnerabilities_meet(tmp_path: Path) -> None:
    records = [
        record("USN-1-1", "Ubuntu:22.04:LTS", "curl", "8", upstream=["UBUNTU-CVE-2024-1", "UBUNTU-CVE-2024-2"]),
        record("UBUNTU-CVE-2024-1", "Ubuntu:22.04:LTS", "curl", "8", upstream=["CVE-2024-1"], related=["USN-1-1"]),
    ]
    matches = scan(tmp_path, "ubuntu 22.04", [installed("curl", "7")], records)
    assert ids(matches) == ["CVE-2024-1", "CVE-2024-2"]


def test_a_binary_build_counts_by_the_version_of_its_source(tmp_path: Path) -> None:
    records = [record("DSA-1", "Debian:8", "bash", "4.3-11+b0"), record("DSA-2", "Debian:8", "lvm2", "2.02.111-2.2")]
    packages = [installed("bash", "4.3-11+b1", "bash", "4.3-11"), installed("dmsetup", "2:1.02.90-2.2", "lvm2", "2.02.111-2.1")]
    matches = scan(tmp_path, "debian 8", packages, records)
    assert [(finding.package.name, finding.id) for finding in matches.findings] == [("bash", "DSA-1"), ("dmsetup", "DSA-2")]


def test_a_record_that_names_the_binary_package_counts_by_the_version_of_the_binary(tmp_path: Path) -> None:
    records = [record("DSA-1", "Debian:8", "dmsetup", "2:1.02.90-2.3"), record("DSA-2", "Debian:8", "dmsetup", "2:1.02.90-2.2")]
    matches = scan(tmp_path, "debian 8", [installed("dmsetup", "2:1.02.90-2.2", "lvm2", "2.02.111-2.2")], records)
    assert ids(matches) == ["DSA-1"]


@pytest.mark.parametrize(
    ("events", "version", "state", "fixed"),
    [
        ("5", "4", "fixed", ("5",)),
        (None, "4", "not-fixed", ()),
        ([("introduced", "0"), ("last_affected", "4")], "4", "unknown", ()),
        ([("introduced", "0"), ("fixed", "2"), ("introduced", "3"), ("fixed", "5")], "4", "fixed", ("5",)),
    ],
)
def test_what_is_known_of_a_fix(tmp_path: Path, events: Any, version: str, state: str, fixed: tuple[str, ...]) -> None:
    (finding,) = scan(tmp_path, "debian 12", [installed("a", version)], [record("CVE-2024-1", "Debian:12", "a", events)]).findings
    assert (finding.fix_state, finding.fixed_in) == (state, fixed)


def test_a_version_that_is_listed_is_affected_without_a_range(tmp_path: Path) -> None:
    listed = record("CVE-2024-1", "Debian:12", "a", affected=[entry("Debian:12", "a", versions=["4"], ranges=[])])
    (finding,) = scan(tmp_path, "debian 12", [installed("a", "4"), installed("a", "4.0")], [listed]).findings
    assert (finding.package.version, finding.fix_state) == ("4", "unknown")


def test_a_false_positive_of_wolfi_is_none(tmp_path: Path) -> None:
    events = [("introduced", "0"), ("fixed", "0")]
    false = record("CGA-5vfg-gqch-hcj5", "Wolfi", "glibc", events, upstream=["CVE-2010-4756", "GHSA-x2r9-jfjp-jvp9"])
    assert ids(scan(tmp_path, "wolfi 20230201", [installed("glibc", "2.38-r0")], [false])) == []


def test_what_was_withdrawn_or_only_informs_is_no_finding(tmp_path: Path) -> None:
    gone = record("UBUNTU-CVE-2013-2208", "Ubuntu:14.04:LTS", "tpp", withdrawn="2025-07-18T16:42:51Z")
    told = record(
        "NOTE-1",
        "Ubuntu:14.04:LTS",
        "tpp",
        affected=[entry("Ubuntu:14.04:LTS", "tpp", database_specific={"informational": "notice"})],
    )
    assert ids(scan(tmp_path, "ubuntu 14.04", [installed("tpp", "1")], [gone, told])) == []


@pytest.mark.parametrize("ecosystem", ["Ubuntu:22.04:LTS", "Ubuntu:22.04"])
def test_ubuntu_is_spelled_with_and_without_lts(tmp_path: Path, ecosystem: str) -> None:
    assert ids(scan(tmp_path, "ubuntu 22.04", [installed("a", "1")], [record("CVE-2024-1", ecosystem, "a")])) == ["CVE-2024-1"]


PRO = "Ubuntu:Pro:22.04:LTS"


def test_a_fix_that_only_subscribers_get_is_none_for_others(tmp_path: Path) -> None:
    paid = record("CVE-2024-2", PRO, "a", "1-0ubuntu1+esm2")
    found = scan(tmp_path, "ubuntu 22.04", [installed("a", "1-0ubuntu1")], [paid]).findings
    assert [(finding.id, finding.fix_state, finding.fixed_in) for finding in found] == [("CVE-2024-2", "not-fixed", ())]
    subscribed = scan(tmp_path, "ubuntu 22.04", [installed("a", "1-0ubuntu1+esm1")], [paid]).findings
    assert [(finding.id, finding.fixed_in) for finding in subscribed] == [("CVE-2024-2", ("1-0ubuntu1+esm2",))]
    assert ids(scan(tmp_path, "ubuntu 22.04", [installed("a", "1-0ubuntu1+esm2")], [paid])) == []


def test_what_a_record_says_to_everybody_counts_more_than_what_it_says_to_subscribers(tmp_path: Path) -> None:
    both = [entry("Ubuntu:22.04:LTS", "a", "1-0ubuntu2"), entry(PRO, "a", "1-0ubuntu3+esm1")]
    told = record("CVE-2024-3", "Ubuntu:22.04:LTS", "a", affected=both)
    assert ids(scan(tmp_path, "ubuntu 22.04", [installed("a", "1-0ubuntu2")], [told])) == []
    assert ids(scan(tmp_path, "ubuntu 22.04", [installed("a", "1-0ubuntu1")], [told])) == ["CVE-2024-3"]


def test_alpine_counts_by_origin_and_release(tmp_path: Path) -> None:
    records = [
        record("ALPINE-CVE-2019-1549", "Alpine:v3.9", "openssl", "1.1.1d-r0", upstream=["CVE-2019-1549"]),
        record("ALPINE-CVE-2019-1551", "Alpine:v3.10", "openssl", "1.1.1d-r2", upstream=["CVE-2019-1551"]),
        record("ALPINE-CVE-2018-1", "Alpine:v3.1", "openssl", "9", upstream=["CVE-2018-1"]),
    ]
    packages = [installed("libssl1.1", "1.1.1c-r0", "openssl"), installed("ssl_client", "1.30.1-r2", "busybox")]
    assert ids(scan(tmp_path, "alpine 3.10", packages, records)) == ["CVE-2019-1551"]


def test_versions_that_are_not_quite_versions_are_compared_and_noted(tmp_path: Path) -> None:
    jdk = record("BELL-CVE-2023-22067", "Alpaquita:23", "openjdk8", [("introduced", "8u372_p7-r0"), ("fixed", "8u392_p9-r1")])
    for number, (version, found) in enumerate([("8u372_p7-r0", 1), ("8u382_p1-r0", 1), ("8u392_p9-r1", 0), ("8u362_p1-r0", 0)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        matches = scan(folder, "alpaquita 23", [installed("openjdk8", version)], [jdk])
        assert len(matches.findings) == found
        assert {(note.kind, note.found) for note in matches.evidence} == {("unreadable", "warn")}


def test_a_dot_that_should_be_a_dash_hides_nothing(tmp_path: Path) -> None:
    irssi = record("ALPINE-CVE-2017-10965", "Alpine:v3.7", "irssi", "0.8.21.r2", upstream=["CVE-2017-10965"])
    packages = [installed("irssi", f"0.8.21-r{number}") for number in range(4)]
    matches = scan(tmp_path, "alpine 3.7", packages, [irssi])
    assert [finding.package.version for finding in matches.findings] == ["0.8.21-r0", "0.8.21-r1"]
    assert all("ALPINE-CVE-2017-10965" in note.detail for note in matches.evidence)


def test_a_version_that_cannot_be_compared_is_not_taken_for_clean(tmp_path: Path) -> None:
    packages = [installed("a", "one\x1b[2Jtwo"), installed("unheard-of", "§")]
    (note,) = scan(tmp_path, "debian 12", packages, [record("CVE-2024-1", "Debian:12", "a", "0.1")]).evidence
    assert (note.kind, note.found) == ("unreadable", "fail")
    assert "\x1b" not in note.detail


def test_a_record_is_found_by_the_ecosystem_of_its_entry_not_of_its_archive(tmp_path: Path) -> None:
    foreign = record("CVE-2024-1", "PyPI", "a", affected=[entry("PyPI", "a"), entry("Debian:12", "a", "5")])
    assert ids(scan(tmp_path, "debian 12", [installed("a", "1")], [foreign])) == ["CVE-2024-1"]


def test_several_entries_for_one_package_are_a_union(tmp_path: Path) -> None:
    branches = [("introduced", "2.0"), ("fixed", "2.6.7")], [("introduced", "2.7"), ("fixed", "2.7.9")]
    both = record(
        "CVE-2018-7489", "Debian:12", "jackson", affected=[entry("Debian:12", "jackson", events) for events in branches]
    )
    packages = [installed("jackson", version) for version in ("1.9", "2.6.6", "2.6.8", "2.7.8", "2.7.9")]
    matches = scan(tmp_path, "debian 12", packages, [both])
    assert [(found.package.version, found.fixed_in) for found in matches.findings] == [
        ("2.6.6", ("2.6.7",)),
        ("2.7.8", ("2.7.9",)),
    ]


def judged(ranges: list[dict[str, Any]], version: str) -> bool:
    """Judge a record of another ecosystem whose versions are plain numbers, which dpkg orders alike."""
    (affected,) = parse(record("X-1", "npm", "x", affected=[entry("npm", "x", ranges=ranges)])).affected
    return bool(affecting(version, affected.ranges, dpkg.compare))


@pytest.mark.parametrize(
    ("name", "events", "inside", "outside"),
    [
        ("GHSA-fhjf-83wg-r2j9", "i0 i2.0.0 f2.0.1 f1.3.2", ["1.3.1", "2.0.0"], ["1.3.2", "2.0.1"]),
        ("x_NSWG-ECO-450", "i3.7.2 l3.7.2", ["3.7.2"], ["3.7.1", "3.7.3"]),
        ("PYSEC-2022-236", "i0 f3.1.1 i3.2.0 f3.2.2 i3.1.1 f3.1.3", ["3.1.1", "3.1.2", "3.2.1"], ["3.1.3", "3.2.2"]),
        ("PYSEC-2022-42972", "i0.13.0 f0.14.0~rc1 i0.12.2 f0.13.0", ["0.12.2", "0.13.0", "0.13.1"], ["0.12.1", "0.14.0"]),
    ],
)
def test_records_with_unsorted_touching_and_single_intervals(
    name: str, events: str, inside: list[str], outside: list[str]
) -> None:
    kinds = {"i": "introduced", "f": "fixed", "l": "last_affected"}
    ranges = [bounds([(kinds[event[0]], event[1:]) for event in events.split()])]
    assert [version for version in inside + outside if judged(ranges, version)] == inside, name


def test_a_range_of_commits_is_skipped_and_the_next_one_counts() -> None:
    commits = bounds([("introduced", "0"), ("fixed", "db4f9717c41bccc3ce10099ab61996b246099892")], "GIT")  # PYSEC-2019-227
    ranges = [commits, bounds([("introduced", "1.0.0"), ("fixed", "1.15.0")])]
    assert [version for version in ("0.9", "1.0.0", "1.14", "1.15.0") if judged(ranges, version)] == ["1.0.0", "1.14"]
