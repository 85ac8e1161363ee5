"""Where matching packages of languages goes wrong elsewhere: real records, cut to what matters, and real versions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.advisories import Record, bounds, entry, record
from tests.matcher.scan import affected, language, look_up

KINDS = {"i": "introduced", "f": "fixed", "l": "last_affected"}


def told(ecosystem: str, package: str, identity: str, *ranges: str, versions: tuple[str, ...] = (), **more: Any) -> Record:
    """Return a record; a range is written as `i0 f1.2 i2.0 l2.3`, and each has an entry of its own."""
    read = [[(KINDS[event[0]], event[1:]) for event in events.split()] for events in ranges]
    entries = [entry(ecosystem, package, events) for events in read]
    if versions:
        entries = [*entries, {"package": {"ecosystem": ecosystem, "name": package}, "versions": list(versions)}]
    return record(identity, ecosystem, package, affected=entries, **more)


def go(identity: str, package: str, *ranges: str) -> Record:
    return told("Go", package, identity, *ranges)


CASES: list[tuple[str, str, Record, list[str], list[str]]] = [
    # 8: releases and prereleases of Go; "-0" is before the first prerelease
    ("golang", "stdlib", go("GO-2023-1987", "stdlib", "i0 f1.19.12 i1.20.0-0 f1.20.7 i1.21.0-0 f1.21.0-rc.4"),
     ["1.14.0", "1.19.8", "1.20.0-rc.1", "1.21.0-rc.2"], ["1.19.12", "1.20.7", "1.21.0-rc.4", "1.21.0"]),
    ("golang", "stdlib", go("GO-2021-0068", "toolchain", "i0 f1.14.14 i1.15.0-0 f1.15.7"), [], ["1.14.0"]),
    # 9: versions made from commits
    ("golang", "golang.org/x/crypto", go("GO-2022-0968", "golang.org/x/crypto", "i0 f0.0.0-20211202192323-5770296d904e"),
     ["v0.0.0-20210616213533-5ff15b29337e"], ["v0.0.0-20211202192323-5770296d904e", "v0.1.0"]),
    # 10: +incompatible is part of the version's spelling, not of its place
    ("golang", "github.com/docker/distribution",
     go("GO-2021-0072", "github.com/docker/distribution", "i0 f2.7.0-rc.0+incompatible"),
     ["v2.6.0-rc.1.0.20170321190500-2ccd7f4f0e2c+incompatible", "v2.6.2+incompatible"],
     ["v2.7.0-rc.0+incompatible", "v2.7.1+incompatible", "v2.8.0"]),
    # 12: a list of versions without ranges, judged by membership
    ("maven", "org.springframework:spring-web",
     told("Maven", "org.springframework:spring-web", "x_PROJECTKB-CVE-2013-6429", versions=("3.0.5.RELEASE", "3.1.4.RELEASE")),
     ["3.1.4.RELEASE", "3.1.4"], ["2.5", "3.1.3.RELEASE", "4.0.0.RELEASE"]),
    # 13: the last affected version is affected
    ("npm", "eslint-scope", told("npm", "eslint-scope", "x_NSWG-ECO-450", "i3.7.2 l3.7.2"), ["3.7.2"], ["3.7.1", "3.7.3"]),
    # 14: events out of order
    ("npm", "mixin-deep", told("npm", "mixin-deep", "GHSA-fhjf-83wg-r2j9", "i0 i2.0.0 f2.0.1 f1.3.2"),
     ["1.3.1", "2.0.0"], ["1.3.2", "2.0.1"]),
    ("gem", "passenger", told("RubyGems", "passenger", "GHSA-9qj7-jvg4-qr2x", "i0 i4.0.1 f4.0.5 f3.0.21"),
     ["3.0.20", "4.0.1", "4.0.4"], ["3.0.21", "4.0.0.rc6", "4.0.5"]),
    # 15: intervals that touch
    ("pypi", "pyspark", told("PyPI", "pyspark", "PYSEC-2022-236", "i0 f3.1.1 i3.2.0 f3.2.2 i3.1.1 f3.1.3"),
     ["3.1.0", "3.1.1", "3.1.2", "3.2.1"], ["3.1.3", "3.2.2"]),
    ("pypi", "apache-iotdb", told("PyPI", "apache-iotdb", "PYSEC-2022-42972", "i0.13.0 f0.14.0rc1 i0.12.2 f0.13.0"),
     ["0.12.2", "0.13.0", "0.13.1"], ["0.12.1", "0.14.0rc1", "0.14.0"]),
    # 17: one entry for each branch
    ("maven", "com.fasterxml.jackson.core:jackson-databind",
     told("Maven", "com.fasterxml.jackson.core:jackson-databind", "GHSA-h592-38cm-4ggp",
          "i2.8.0 f2.8.11", "i2.9.0 f2.9.4", "i2.0.0 f2.6.7.3", "i2.7.0 f2.7.9.2"),
     ["2.6.7.2", "2.7.9.1", "2.8.10", "2.9.0", "2.9.3"], ["1.9.13", "2.6.7.3", "2.7.9.2", "2.8.11", "2.9.4"]),
    # 18: names of PyPI are normalised on both sides
    ("pypi", "jw-util", told("PyPI", "jw.util", "PYSEC-2020-341", "i0 f2.3"), ["2.2"], ["2.3"]),
    ("pypi", "Jw_Util", told("PyPI", "jw.util", "PYSEC-2020-341", "i0 f2.3"), ["2.2"], ["2.3"]),
    ("npm", "Express", told("npm", "express", "x_NSWG-ECO-8", "i0 f3.11.0-0"), [], ["3.10.0"]),
    # 19: prereleases, zeros at the end and local versions of Python
    ("pypi", "a",
     told("PyPI", "a", "PYSEC-1", "i0 f0.14.0"), ["0.14.0rc1", "0.14.0.dev3", "0.13"], ["0.14", "0.14.0+local", "0.14.post1"]),
    # 20: a letter makes a prerelease of a gem
    ("gem", "rdoc",
     told("RubyGems", "rdoc", "x_RUBYSEC-rdoc-CVE-2021-31799", "i3.11.0 f6.1.2.1 i6.1.3.a f6.2.1.1 i6.2.2.a f6.3.1"),
     ["6.1.2", "6.1.3.a", "6.1.3", "6.2.1", "6.3.0"], ["6.1.2.1", "6.2.1.1", "6.3.1"]),
    # 22: qualifiers of Maven
    ("maven", "dom4j:dom4j",
     told("Maven", "dom4j:dom4j", "GHSA-6pcc-3rfx-4gpm", "i0 l1.6.1"), ["1.6", "1.6.1"], ["1.6.1-hudson-3"]),
    ("maven", "io.netty:netty-codec-http",
     told("Maven", "io.netty:netty-codec-http", "GHSA-5mcr-gq6c-3hq2", "i4.0.0 f4.1.59.Final"),
     ["4.0.0.Final", "4.1.48.Final"], ["4.1.59.Final", "4.1.59", "4.0.0.Beta1"]),
    ("maven", "com.google.guava:guava", told("Maven", "com.google.guava:guava", "GHSA-5mg8-w23w-74h3", "i0 f32.0.0-android"),
     ["r06", "24.1.1-jre", "31.1-android"], ["32.0.0-android", "32.0.0-jre"]),
    # 23: never by the artifact alone
    ("maven", "org.hudsonci.lib.guava:guava",
     told("Maven", "com.google.guava:guava", "GHSA-5mg8-w23w-74h3", "i0 f32.0.0-android"),
     [], ["14.0.1-h-3"]),
    # 24: a bound before the first prerelease; versions in SemVer's order
    ("npm", "express", told("npm", "express", "x_NSWG-ECO-8", "i0 f3.11.0-0 i4.0.0 f4.5.0-0"),
     ["3.10.5", "4.0.0", "4.4.5"], ["3.11.0-beta", "3.11.0", "4.0.0-rc4", "4.5.0-0"]),
    # 31: the same name in another ecosystem
    ("npm", "cookie", told("crates.io", "cookie", "RUSTSEC-2017-0005", "i0.6.0 f0.6.2 i0.7.0-0 f0.7.6"), [], ["0.6.1", "0.7.0"]),
    ("cargo", "cookie", told("crates.io", "cookie", "RUSTSEC-2017-0005", "i0.6.0 f0.6.2 i0.7.0-0 f0.7.6"),
     ["0.6.1", "0.7.0"], ["0.5.0", "0.6.2", "0.7.6"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "advisory", "inside", "outside"), CASES, ids=lambda value: str(value)[:40])
def test_a_version_is_judged_as_its_record_means_it(
    tmp_path: Path, kind: str, name: str, advisory: Record, inside: list[str], outside: list[str]
) -> None:
    assert affected(tmp_path, kind, name, inside + outside, advisory) == inside


def test_a_range_of_commits_does_not_end_the_search(tmp_path: Path) -> None:  # 16
    commits = bounds([("introduced", "0"), ("fixed", "db4f9717c41bccc3ce10099ab61996b246099892")], "GIT")
    both = [commits, bounds([("introduced", "1.0.0"), ("fixed", "1.15.0")])]
    advisory = record("PYSEC-2019-227", "PyPI", "tensorflow-cpu", affected=[entry("PyPI", "tensorflow-cpu", ranges=both)])
    assert affected(tmp_path, "pypi", "tensorflow-cpu", ["1.0.0", "1.14.0", "1.15.0"], advisory) == ["1.0.0", "1.14.0"]


def test_an_unreadable_version_of_python_is_told_and_no_crash(tmp_path: Path) -> None:  # 19
    matches = look_up(tmp_path, [language("pypi", "a", "0.0.0-DEVELOPMENT")], [told("PyPI", "a", "PYSEC-1", "i0 f1.0")])
    assert [(note.kind, note.found) for note in matches.evidence] == [("unreadable", "fail")]
    assert [finding.id for finding in matches.findings] == ["PYSEC-1"]


def test_what_was_withdrawn_is_no_finding(tmp_path: Path) -> None:  # 27
    gone = told("PyPI", "arrayfire", "PYSEC-2019-144", "i0 f3.6.0", withdrawn="2022-09-09T05:28:00Z")
    assert affected(tmp_path, "pypi", "arrayfire", ["3.2.20151224"], gone) == []


def test_without_a_fix_it_is_still_affected(tmp_path: Path) -> None:  # 28
    netty = told("Maven", "io.netty:netty", "GHSA-5mcr-gq6c-3hq2", "i0")
    (finding,) = look_up(tmp_path, [language("maven", "io.netty:netty", "3.10.6.Final")], [netty]).findings
    assert (finding.fix_state, finding.fixed_in) == ("not-fixed", ())


def test_three_records_of_one_vulnerability_are_one_finding(tmp_path: Path) -> None:  # 29
    name = "commons-beanutils:commons-beanutils"
    records = [
        told("Maven", name, "GHSA-p66x-2cv9-qq3v", "i1.8.0 f1.9.4", aliases=["CVE-2014-0114"]),
        told("Maven", name, "x_PROJECTKB-CVE-2014-0114", versions=("1.8.2", "1.8.3"), aliases=["CVE-2014-0114"]),
        told("Maven", name, "x_VICTIMS-CVE-2014-0114", "i0 l1.9.1", aliases=["CVE-2014-0114"]),
    ]
    (finding,) = look_up(tmp_path, [language("maven", name, "1.8.3")], records).findings
    assert (finding.id, finding.fixed_in, len(finding.advisories)) == ("CVE-2014-0114", ("1.9.4",), 3)


def test_records_that_are_only_related_are_two_findings(tmp_path: Path) -> None:  # 29
    records = [
        told("PyPI", "a", "PYSEC-1", "i0 f2", aliases=["CVE-2020-1"], related=["CVE-2020-2"]),
        told("PyPI", "a", "PYSEC-2", "i0 f2", aliases=["CVE-2020-2"]),
    ]
    found = look_up(tmp_path, [language("pypi", "a", "1")], records).findings
    assert [finding.id for finding in found] == ["CVE-2020-1", "CVE-2020-2"]


def test_a_record_is_filed_by_its_entries_not_by_its_archive(tmp_path: Path) -> None:  # 30
    protobuf = record(
        "GHSA-77rm-9x9h-xj3g",
        "Maven",
        "x",
        affected=[entry("NuGet", "Google.Protobuf", "3.15.0"), entry("Packagist", "google/protobuf", "3.15.0")],
    )
    packages = [language("nuget", "Google.Protobuf", "3.14.0"), language("composer", "google/protobuf", "v3.14.0")]
    found = look_up(tmp_path, packages, [protobuf]).findings
    assert {finding.package.type for finding in found} == {"nuget", "composer"}


def test_a_notice_is_no_vulnerability(tmp_path: Path) -> None:  # 32
    notice = told("crates.io", "libusb", "RUSTSEC-2016-0004", "i0.0.0-0 f0.3.1-0")
    notice["affected"][0]["database_specific"] = {"informational": "unmaintained"}
    assert affected(tmp_path, "cargo", "libusb", ["0.3.0"], notice) == []


def test_a_fix_that_was_fixed_again_is_not_the_fix(tmp_path: Path) -> None:
    fixes = {"1.19.8": ("1.20.12",), "1.20.11": ("1.20.12",), "1.21.3": ("1.21.5",), "1.21.4": ("1.21.5",)}
    ranges = "i0 f1.20.11 i1.21.0-0 f1.21.4", "i1.20.11 f1.20.12 i1.21.4 f1.21.5"
    packages = [language("golang", "stdlib", version) for version in (*fixes, "1.20.12", "1.21.5")]
    found = look_up(tmp_path, packages, [go("GO-2023-2185", "stdlib", *ranges)]).findings
    assert {finding.package.version: finding.fixed_in for finding in found} == fixes


def test_ranges_that_touch_without_end_promise_no_fix(tmp_path: Path) -> None:
    endless = told("npm", "a", "X-1", "i0 f1.0.0", "i1.0.0")
    (finding,) = look_up(tmp_path, [language("npm", "a", "0.1.0")], [endless]).findings
    assert (finding.fix_state, finding.fixed_in) == ("not-fixed", ())


def test_names_that_differ_in_their_letters_do_not_share_an_answer(tmp_path: Path) -> None:
    weak = told("npm", "moment", "GHSA-8hfj-j24r-96c4", "i0 f2.29.2")
    packages = [language("npm", name, "2.18.0", f"srv/{name}") for name in ("Moment", "moment")]
    packages = [replace(package, purl="pkg:npm/moment@2.18.0") for package in packages]
    assert [finding.package.name for finding in look_up(tmp_path, packages, [weak]).findings] == ["moment"]
