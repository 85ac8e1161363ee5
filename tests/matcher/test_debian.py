"""Real package lists against real advisories, and what dpkg says of every one of them."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ci.tools import require
from tests.matcher.scan import installed, scan

REAL = json.loads((Path(__file__).parent / "data" / "debian.json").read_text(encoding="utf-8"))
PACKAGES: dict[str, list[list[str]]] = REAL["lists"]
# Debian 11 as it was before its security updates: +deb11u3 and the like is what they add.
EARLIER = [[re.sub(r"\+deb11u\d+$", "", text) for text in package] for package in PACKAGES["11"]]
RECORDS: list[dict[str, Any]] = REAL["records"]


def expected(release: str, packages: list[list[str]]) -> set[tuple[str, str]]:
    """Return (package, record) wherever dpkg says that the source is older than the fix, or there is no fix."""
    dpkg = require("dpkg")
    found = set()
    for package, _, source, version in packages:
        for record in RECORDS:
            for affected in record["affected"]:
                if affected["package"] != {"ecosystem": f"Debian:{release}", "name": source}:
                    continue
                (bounds,) = affected["ranges"]
                fixed = [event["fixed"] for event in bounds["events"] if "fixed" in event]
                if (
                    not fixed
                    or subprocess.run([dpkg, "--compare-versions", version, "lt", fixed[0]], check=False).returncode == 0
                ):
                    found.add((package, record["id"]))
    return found


def vulnerabilities(record: dict[str, Any]) -> set[str]:
    return {name for name in record.get("upstream", []) if name.startswith("CVE-")} or {record["id"]}


@pytest.mark.parametrize(
    ("release", "packages", "at_least"),
    [("8", PACKAGES["8"], 150), ("9", PACKAGES["9"], 50), ("11", PACKAGES["11"], 0), ("11", EARLIER, 10)],
    ids=["8", "9", "11 with every update", "11 without updates"],
)
def test_a_real_list_has_exactly_the_findings_that_dpkg_would_give(
    tmp_path: Path, release: str, packages: list[list[str]], at_least: int
) -> None:
    findings = scan(tmp_path, f"debian {release}", [installed(*package) for package in packages], RECORDS).findings
    wanted = expected(release, packages)
    assert {(finding.package.name, record) for finding in findings for record in finding.advisories} == wanted
    records = {record["id"]: record for record in RECORDS}
    ids = {(package, cve) for package, record in wanted for cve in vulnerabilities(records[record])}
    assert {(finding.package.name, finding.id) for finding in findings} == ids
    assert len(ids) == len(findings), "one vulnerability in one package is one finding"
    assert len(findings) >= at_least


def test_the_source_counts_with_its_own_name_and_version(tmp_path: Path) -> None:
    findings = scan(tmp_path, "debian 8", [installed(*package) for package in PACKAGES["8"]], RECORDS).findings
    by_package = {finding.package.name for finding in findings}
    assert {"libssl1.0.0", "libc6", "libc-bin", "libcurl3", "perl-base"} <= by_package  # no record has these names


def test_two_releases_never_mix(tmp_path: Path) -> None:
    nobody = scan(tmp_path, "debian 10", [installed(*package) for package in PACKAGES["8"]], RECORDS).findings
    assert nobody == ()


def test_a_package_of_another_publisher_does_not_match_by_half_its_name(tmp_path: Path) -> None:
    findings = scan(tmp_path, "debian 9", [installed(*package) for package in PACKAGES["9"]], RECORDS).findings
    assert "postgresql-13" not in {finding.package.name for finding in findings}
