"""Where matching the packages of rpm distributions goes wrong elsewhere, and what catalogers must hand to the matcher."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.java import Java
from imagegate.cataloger.ruby import Ruby
from imagegate.model.inventory import Package
from tests.advisories import Record, entry, record
from tests.cataloger.contents import look
from tests.cataloger.jars import CODE, jar, library
from tests.matcher.scan import installed, language, look_up, scan

HOOK = "1:0.1.15-2.git2d0b8a3.module_el8"
HOOKS = (f"{HOOK}.5.0+119+9a9ec082", f"{HOOK}.4.0+2496+12421f43", f"{HOOK}.3.0+2044+12421f43")


def rpm(folder: Path, packages: Iterable[Package], *records: Record) -> list[tuple[str, str]]:
    folder.mkdir(exist_ok=True)
    found = scan(folder, "almalinux 8", packages, records).findings
    return [(finding.package.version, finding.id) for finding in found]


def test_the_epoch_counts_before_all_else(tmp_path: Path) -> None:  # 4
    debian = record("DSA-1", "Debian:12", "zlib", "1.3.1-1")
    assert scan(tmp_path, "debian 12", [installed("zlib1g", "1:1.2.13.dfsg-1", "zlib")], [debian]).findings == ()
    alma = record("ALSA-1", "AlmaLinux:8", "vim-minimal", "2:8.0.1763-15.el8")
    packages = [installed("vim-minimal", version) for version in ("9.0.0-1.el8", "2:8.0.1763-14.el8", "2:8.0.1763-15.el8")]
    assert rpm(tmp_path / "rpm", packages, alma) == [("2:8.0.1763-14.el8", "ALSA-1"), ("9.0.0-1.el8", "ALSA-1")]


def test_of_one_build_for_three_minor_releases_the_lowest_has_the_fix(tmp_path: Path) -> None:  # 25
    entries = [entry("AlmaLinux:8", "oci-systemd-hook", fixed) for fixed in HOOKS]  # ALBA-2019:0973, as a security advisory
    told = record("ALSA-2019:0973", "AlmaLinux:8", "oci-systemd-hook", affected=entries)
    older = "1:0.1.15-1.git2d0b8a3.module_el8.3.0+1+12421f43"
    packages = [installed("oci-systemd-hook", version) for version in (*HOOKS, older)]
    assert rpm(tmp_path, packages, told) == [(older, "ALSA-2019:0973")]


def test_a_module_is_not_compared_with_what_is_none(tmp_path: Path) -> None:  # 25
    told = record("ALSA-1", "AlmaLinux:8", "perl-CPAN", "2.18-499.module_el8.6.0+2811+fe6c84b0")
    assert rpm(tmp_path, [installed("perl-CPAN", "2.18-397.el8")], told) == []
    module = "2.18-398.module_el8.6.0+1+fe6c84b0"
    assert rpm(tmp_path / "module", [installed("perl-CPAN", module)], told) == [(module, "ALSA-1")]


def test_one_vulnerability_fixed_twice_needs_the_second_fix(tmp_path: Path) -> None:  # 25
    records = [
        record("ALSA-2024:8922", "AlmaLinux:8", "bzip2-libs", "1.0.6-27.el8_10", related=["CVE-2019-12900"]),
        record("ALSA-2025:0733", "AlmaLinux:8", "bzip2-libs", "1.0.6-28.el8_10", related=["CVE-2019-12900"]),
    ]
    packages = [installed("bzip2-libs", f"1.0.6-{build}.el8_10") for build in (26, 27, 28)]
    found = scan(tmp_path, "almalinux 8", packages, records).findings
    assert [(finding.package.version, finding.id, finding.fixed_in) for finding in found] == [
        ("1.0.6-26.el8_10", "CVE-2019-12900", ("1.0.6-28.el8_10",)),
        ("1.0.6-27.el8_10", "CVE-2019-12900", ("1.0.6-28.el8_10",)),
    ]


def test_bug_fixes_and_enhancements_are_no_vulnerabilities(tmp_path: Path) -> None:  # 32
    records = [record(name, "AlmaLinux:8", "a", "2-1.el8", related=["CVE-2020-1"]) for name in ("ALBA-2020:1", "ALEA-2020:1")]
    assert rpm(tmp_path, [installed("a", "1-1.el8")], *records) == []


def packages_of(seen: Sightings) -> list[Package]:
    return [language(one.type, one.name, one.version, basis=one.basis) for one in seen.packages]


@pytest.mark.parametrize("platform", ["", "-x86_64-linux-gnu", "-java"])
def test_the_platform_of_a_gem_is_not_in_its_version(tmp_path: Path, platform: str) -> None:  # 21
    name = f"nokogiri-1.18.9{platform}"
    text = f"# stub: nokogiri 1.18.9 {platform.removeprefix('-') or 'ruby'} lib\n"
    seen = look(Ruby(), f"usr/lib/ruby/gems/3.1.0/specifications/{name}.gemspec", text)
    fixed = record("GHSA-353f-x4gh-cqq8", "RubyGems", "nokogiri", "1.18.9")
    matches = look_up(tmp_path, packages_of(seen), [fixed])
    assert (len(seen.packages), matches.findings, matches.evidence) == (1, (), ())


def test_two_libraries_of_one_name_are_told_apart_by_their_group(tmp_path: Path) -> None:  # 23
    told = record("GHSA-5mcr-gq6c-3hq2", "Maven", "io.netty:netty")
    for group, found in (("io.netty", 1), ("org.jboss.netty", 0)):
        (tmp_path / group).mkdir()
        seen = look(Java(), "app/netty-3.10.6.jar", library(group, "netty", "3.10.6.Final"))
        assert len(look_up(tmp_path / group, packages_of(seen), [told]).findings) == found
    guessed = look(Java(), "app/netty-3.10.6.jar", jar(CODE))
    assert all(package.basis == "guessed" for package in guessed.packages)
    assert guessed.packages or guessed.problems
