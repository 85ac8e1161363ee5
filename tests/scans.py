"""Scan reports made in code: packages, findings, and what a backend answered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from imagegate.model.image import Evidence, Image, Layer
from imagegate.model.inventory import Distribution, Location, Package
from imagegate.model.scan import BackendRun, Database, Finding, ScanReport, Score
from imagegate.model.verdict import Verdict
from imagegate.policy.document import Policy
from imagegate.policy.evaluate import evaluate
from imagegate.policy.load import load

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()
STATUS = "var/lib/dpkg/status"
DEBIAN = Distribution("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)", "2028-06-30")


def package(name: str = "openssl", version: str = "3.0.1-1", **facts: Any) -> Package:
    known = {
        "type": "deb",
        "purl": f"pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-12",
        "locations": (Location(STATUS, 0),),
        "source_name": name,
        "source_version": version,
    }
    return Package(**{**known, **facts}, name=name, version=version)


def scores(*pairs: tuple[str, float]) -> tuple[Score, ...]:
    return tuple(Score(kind, score, f"{kind}/vector", "nvd") for kind, score in pairs)


def finding(identity: str = "CVE-2026-0001", of: Package | None = None, severity: str = "high", **facts: Any) -> Finding:
    found = of or package()
    known: dict[str, Any] = {
        "aliases": (),
        "scores": (),
        "fixed_in": (),
        "fix_state": "not-fixed",
        "published": "2026-01-01T00:00:00Z",
        "known_exploited": False,
        "title": "A weakness",
        "url": f"https://security.example.org/{identity}",
        "location": found.locations[0],
        "advisories": (f"DEBIAN-{identity}",),
    }
    if "fixed_in" in facts:
        known["fix_state"] = "fixed"
    return Finding(id=identity, raw_severity=severity, package=found, **{**known, **facts})


def database(confirmed: str = "2026-11-22T06:00:00Z", **facts: Any) -> Database:
    known = {
        "digest": "sha256:" + "d" * 64,
        "built": confirmed,
        "newest": confirmed,
        "records": 50_000,
        "scores": 9000,
        "exploited": 1500,
    }
    return Database(**{**known, **facts}, confirmed=confirmed)


def image(
    reference: str = "registry.example.org/team/app:1.0", layers: int = 2, created_by: str = "RUN apt-get install"
) -> Image:
    return Image(
        reference,
        "docker-archive",
        "sha256:" + "a" * 64,
        "sha256:" + "b" * 64,
        "linux/amd64",
        (("maintainer", "team"),),
        tuple(Layer(index, "sha256:" + "1" * 64, "sha256:" + "2" * 64, 1000, created_by) for index in range(layers)),
    )


def scan(
    findings: Sequence[Finding] = (),
    evidence: Sequence[Evidence] = (),
    *,
    distribution: Distribution | None = DEBIAN,
    packages: Sequence[Package] | None = None,
    of: Image | None = None,
    data: Database | None = None,
) -> ScanReport:
    if packages is None:
        packages = tuple(dict.fromkeys([one.package for one in findings] or [package()]))
    return ScanReport(
        image=of or image(),
        backends=(BackendRun("embedded", "0.1.0", data or database()),),
        distribution=distribution,
        packages=tuple(packages),
        findings=tuple(findings),
        evidence=tuple(evidence),
    )


def policy(text: str, today: date = TODAY) -> Policy:
    """Load a policy through a real file, as users do; `version: 1` is added."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "imagegate.yaml"
        path.write_text(f"version: 1\n{text}", encoding="utf-8")
        return replace(load(str(path), today), reference="imagegate.yaml")


def rule(match: str, action: str = "fail", more: str = "") -> Policy:
    """A policy of one rule, called `it`."""
    return policy(f"rules:\n  - {{id: it, match: {match}, action: {action}{more}}}\n")


def judged(report: ScanReport, by: Policy | str = "recommended", clock: datetime = NOW, **options: bool) -> Verdict:
    return evaluate(report, load(by, TODAY) if isinstance(by, str) else by, clock, **options)


def matches(match: str, one: Finding) -> bool:
    """Return whether a rule with this condition is violated by the finding."""
    return judged(scan([one]), rule(match)).rules[0].status == "violated"


def busy() -> Verdict:
    """A verdict with something of everything: violations, warnings, a waiver of each kind, missing evidence."""
    own = policy(
        """
extends: [recommended]
rules:
  - {id: any-low, match: {severity: low}, action: warn}
  - {id: few-medium, match: {severity: medium}, max: 3, action: fail}
evidence: {unreadable: warn, uncovered: ignore}
waivers:
  list:
    - {id: CVE-2026-0003, package: zlib1g, reason: not reachable, owner: payments, expires: 2026-11-30}
    - {id: CVE-2026-0002, reason: was fine, owner: payments, expires: 2026-11-01}
    - {id: CVE-1999-0001, reason: gone, owner: payments, expires: 2026-12-01}
"""
    )
    zlib = package("zlib1g", "1:1.2.13", source_name="zlib", locations=(Location(STATUS, 1),))
    both = finding("CVE-2026-0001", fixed_in=("3.0.2-1",), scores=scores(("CVSS_V3", 9.8)), aliases=("GHSA-aaaa-bbbb-cccc",))
    return judged(
        scan(
            [
                both,
                finding("CVE-2026-0002", severity="critical", known_exploited=True),
                finding("CVE-2026-0003", zlib, "critical", fixed_in=("1:1.2.14",)),
                finding("CVE-2026-0004", zlib, "low"),
                finding("CVE-2026-0005", zlib, "medium"),
                finding("CVE-2026-0006", zlib, "", fix_state="unknown"),
            ],
            [
                Evidence("unreadable", "fail", "var/lib/rpm/Packages: not understood"),
                Evidence("uncovered", "fail", "nothing for debian 12"),
                Evidence("skipped_layer", "fail", "layer 1 was not looked at"),
                Evidence("no_packages", "ok", "2 packages"),
            ],
        ),
        own,
    )
