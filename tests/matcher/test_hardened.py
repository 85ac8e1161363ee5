"""Hardened images of Docker say that they are Alpine or Debian: their packages are its own, and only it speaks of them."""

from pathlib import Path

import pytest

from tests.advisories import Record, build_store, record
from tests.images import apk, dpkg
from tests.matcher.test_embedded import run, uncovered

# As `n8nio/n8n:latest` of 2026 and the images of dhi.io have it.
ALPINE = (
    'NAME="Docker Hardened Images (Alpine)"\nID=alpine\nVERSION_ID=3.24\n'
    'PRETTY_NAME="Docker Hardened Images/Alpine Linux v3.24"\n'
)
DEBIAN = (
    'NAME="Docker Hardened Images (Debian)"\nID=debian\nVERSION_ID=13\nVERSION_CODENAME=trixie\n'
    'PRETTY_NAME="Docker Hardened Images/Debian GNU/Linux 13 (trixie)"\n'
)


def records(ecosystem: str, name: str, fixed: str) -> dict[str, list[Record]]:
    many = [record(f"PAD-{number}", ecosystem, f"nobody-has-{number}", "1") for number in range(200)]
    return {ecosystem.partition(":")[0]: [record("DHI-1", ecosystem, name, fixed, upstream=["CVE-2026-1"]), *many]}


@pytest.mark.parametrize(
    ("files", "own", "other", "name", "fixed"),
    [
        (
            {"etc/os-release": ALPINE, "lib/apk/db/installed": apk(("nodejs-26", "26.7.0-r0"))},
            "Docker Hardened Images:Alpine:3.24", "Alpine:v3.24", "nodejs-26", "26.7.1-r0",
        ),
        (
            {"etc/os-release": DEBIAN, "var/lib/dpkg/status": dpkg(("coreutils", "9.7-3+dhi3"))},
            "Docker Hardened Images:Debian:13", "Debian:13", "coreutils", "9.7-3+dhi4",
        ),
    ],
)  # fmt: skip
def test_only_what_docker_says_covers_them(
    tmp_path: Path, files: dict[str, str], own: str, other: str, name: str, fixed: str
) -> None:
    report = run(tmp_path, files, build_store(tmp_path / "own.db", records(own, name, fixed)))
    assert [(finding.id, finding.fixed_in) for finding in report.findings] == [("CVE-2026-1", (fixed,))]
    assert [found for found, _ in uncovered(report)] == ["ok"]
    report = run(tmp_path, files, build_store(tmp_path / "other.db", records(other, name, fixed)))
    assert report.findings == ()
    assert [found for found, _ in uncovered(report)] == ["fail"]
