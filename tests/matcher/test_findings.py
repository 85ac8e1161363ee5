"""What a finding says of itself: severity words and bands, and the identity that outlives a rebuild."""

from dataclasses import replace
from pathlib import Path

import pytest

from imagegate.model.severity import Severity, of_score, of_word
from tests.advisories import record
from tests.matcher.scan import installed, scan


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("High", Severity.HIGH),
        (" IMPORTANT ", Severity.HIGH),
        ("moderate", Severity.MEDIUM),
        ("low", Severity.LOW),
        ("unimportant", Severity.NEGLIGIBLE),
        ("", Severity.UNKNOWN),
        ("untriaged", Severity.UNKNOWN),
        ("9.8", Severity.UNKNOWN),
    ],
)
def test_the_words_of_vendors(word: str, severity: Severity) -> None:
    assert of_word(word) is severity


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (10.0, "critical"),
        (9.0, "critical"),
        (8.9, "high"),
        (7.0, "high"),
        (6.9, "medium"),
        (4.0, "medium"),
        (3.9, "low"),
        (0.1, "low"),
    ],
)
def test_the_bands_of_scores(score: float, word: str) -> None:
    assert of_score(score).word == word
    assert of_score(0.0) < Severity.LOW


def test_a_fingerprint_outlives_an_upgrade_but_tells_packages_places_and_vulnerabilities_apart(tmp_path: Path) -> None:
    records = [record("CVE-2024-1", "Debian:12", "a", "9"), record("CVE-2024-2", "Debian:12", "a", "9")]
    found = scan(tmp_path, "debian 12", [installed("a", "1"), installed("a", "2"), installed("b", "1", "a")], records).findings
    prints = {(finding.id, finding.package.name): finding.fingerprint for finding in found}
    assert len(found) == 6
    assert len(set(prints.values())) == len(prints) == 4
    assert {finding.fingerprint for finding in found} == set(prints.values())
    moved = replace(found[0], location=replace(found[0].location, path="elsewhere"))
    assert moved.fingerprint != found[0].fingerprint


def test_the_vendor_word_of_the_package_wins_over_that_of_the_record(tmp_path: Path) -> None:
    made = record("CVE-2024-1", "Debian:12", "a", database_specific={"severity": "LOW"})
    made["affected"][0]["ecosystem_specific"] = {"urgency": "high"}
    (finding,) = scan(tmp_path, "debian 12", [installed("a", "1")], [made]).findings
    assert finding.raw_severity == "high"


@pytest.mark.parametrize("word", ["not yet assigned", "end-of-life"])
def test_a_word_that_is_no_severity_is_none(tmp_path: Path, word: str) -> None:
    made = record("CVE-2024-1", "Debian:12", "a")
    made["affected"][0]["ecosystem_specific"] = {"urgency": word}
    (finding,) = scan(tmp_path, "debian 12", [installed("a", "1")], [made]).findings
    assert finding.raw_severity == ""
