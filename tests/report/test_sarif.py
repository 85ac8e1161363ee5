"""The SARIF report: valid for OASIS and Microsoft's validator, and within what GitHub takes."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from imagegate.model.inventory import Location
from imagegate.model.verdict import Outcome
from imagegate.report.sarif import Sarif
from tests.ci.tools import require, run
from tests.scans import busy, finding, image, judged, package, scan

from .hostile import CORPUS, hostile
from .test_document import OUTCOMES

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
OASIS = jsonschema.Draft4Validator(SCHEMA)
BANDS = {"critical": (9.0, 10.0), "high": (7.0, 8.9), "medium": (4.0, 6.9), "low": (0.1, 3.9)}
LOGS: dict[str, list[Any]] = {**OUTCOMES, **{f"hostile {name}": hostile(text) for name, text in CORPUS.items()}}


def log(*outcomes: Outcome) -> Any:
    return json.loads(Sarif().render(outcomes))


def results(*outcomes: Outcome) -> list[Any]:
    return [result for run_ in log(*outcomes)["runs"] for result in run_["results"]]


def prints(*outcomes: Outcome) -> list[str]:
    return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results(*outcomes)]


@pytest.mark.parametrize("name", LOGS)
def test_every_outcome_is_valid(name: str) -> None:
    OASIS.validate(log(*LOGS[name]))


@pytest.mark.parametrize("name", LOGS)
def test_every_outcome_is_what_github_takes(name: str) -> None:
    for run_ in log(*LOGS[name])["runs"]:
        rules = run_["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        assert run_["automationDetails"]["id"].endswith("/")
        for rule in rules:
            assert 0 < len(rule["shortDescription"]["text"]) <= 1024
            assert 0 < len(rule["fullDescription"]["text"]) <= 1024
            assert rule["help"]["text"]
            assert len(rule["name"]) <= 255
            assert len(rule["properties"]["tags"]) <= 10
            assert re.fullmatch(r"[0-9]+\.[0-9]", rule["properties"]["security-severity"])
        for result in run_["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            (location,) = result["locations"]
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"(?!/)(?!.*(^|/)\.\.?(/|$))([A-Za-z0-9/._~-]|%[0-9A-F]{2})+", uri)
            assert result["message"]["text"]
        unique = Counter(result["partialFingerprints"]["primaryLocationLineHash"] for result in run_["results"])
        assert not [one for one, count in unique.items() if count > 1]


@pytest.mark.parametrize(
    "name", ["everything", "fail", "no verdict", "several", "hostile markdown", "hostile github v1", "hostile xml"]
)
def test_microsofts_validator_has_nothing_to_say(name: str, tmp_path: Path) -> None:
    tool = require("Sarif.Multitool")
    (tmp_path / "f.sarif").write_text(Sarif().render(LOGS[name]), encoding="utf-8")

    done = run(
        tool,
        "validate",
        tmp_path / "f.sarif",
        "--rule-kind",
        "Sarif;Ghas",
        "--level",
        "Error;Warning",
        "-o",
        tmp_path / "v.sarif",
    )

    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads((tmp_path / "v.sarif").read_text(encoding="utf-8-sig"))
    assert [result for one in said["runs"] for result in one.get("results", ())] == []


def test_microsofts_validator_sees_a_mistake(tmp_path: Path) -> None:
    tool = require("Sarif.Multitool")
    broken = log(busy())
    del broken["runs"][0]["tool"]["driver"]["rules"][0]["help"]
    (tmp_path / "f.sarif").write_text(json.dumps(broken), encoding="utf-8")

    run(
        tool,
        "validate",
        tmp_path / "f.sarif",
        "--rule-kind",
        "Sarif;Ghas",
        "--level",
        "Error;Warning",
        "-o",
        tmp_path / "v.sarif",
    )

    said = json.loads((tmp_path / "v.sarif").read_text(encoding="utf-8-sig"))
    assert "GH2012" in [result["ruleId"].split("/")[0] for one in said["runs"] for result in one["results"]]


@pytest.mark.parametrize("severity", BANDS)
def test_github_sees_the_severity_that_counts(severity: str) -> None:
    (rule,) = log(judged(scan([finding(severity=severity)])))["runs"][0]["tool"]["driver"]["rules"]
    low, high = BANDS[severity]

    assert low <= float(rule["properties"]["security-severity"]) <= high


def test_an_unknown_severity_is_shown_as_what_it_counts_as() -> None:
    (rule,) = log(judged(scan([finding(severity="")])))["runs"][0]["tool"]["driver"]["rules"]

    assert rule["properties"]["security-severity"] == "8.0"


def test_what_became_of_a_finding_is_its_level() -> None:
    found = {result["ruleId"]: result for result in results(busy())}

    assert found["CVE-2026-0001"]["level"] == "error"
    assert found["CVE-2026-0004"]["level"] == "warning"
    assert found["CVE-2026-0005"]["level"] == "note"
    (suppression,) = found["CVE-2026-0003"]["suppressions"]
    assert (suppression["status"], suppression["justification"]) == ("accepted", "not reachable (payments until 2026-11-30)")
    assert not [result for name, result in found.items() if "suppressions" in result and name != "CVE-2026-0003"]


@pytest.mark.parametrize(
    "reference",
    [
        "registry.example.org/team/app:2.0",
        "registry.example.org/team/app@sha256:" + "0" * 64,
        "registry.example.org/team/app:1@sha256:" + "0" * 64,
    ],
)
def test_a_finding_keeps_its_fingerprint_across_versions_and_tags(reference: str) -> None:
    before = prints(judged(scan([finding()])))
    after = prints(judged(scan([finding(of=package(version="3.0.1-2"))], of=image(reference))))

    assert before == after
    assert prints(judged(scan([finding("CVE-2")]))) != before
    assert prints(judged(scan([finding()], of=image("registry.example.org/team/other:1.0")))) != before


def test_a_category_is_one_for_each_image_and_platform() -> None:
    ids = {
        log(judged(scan(of=replace(image(reference), platform=platform))))["runs"][0]["automationDetails"]["id"]
        for reference in ("app:1", "app:2", "other:1", "localhost:5000/app:1")
        for platform in ("linux/amd64", "linux/arm64")
    }

    assert len(ids) == 6


def test_two_versions_of_a_package_in_one_place_have_their_own_fingerprints() -> None:
    place = (Location("opt/app.jar", 1),)
    both = [finding(of=package(version=version, locations=place), severity="critical") for version in ("1", "2")]

    assert len(set(prints(judged(scan(both))))) == 2


def test_more_results_than_github_takes_are_cut_from_the_end() -> None:
    low = [finding(f"CVE-1-{number}", severity="low") for number in range(25_000)]
    worst = [finding("CVE-2-1", severity="critical"), finding("CVE-2-2", fixed_in=("2",))]

    (run_,) = log(judged(scan([*low, *worst])))["runs"]

    assert len(run_["results"]) == len(run_["tool"]["driver"]["rules"]) == 25_000
    assert {"CVE-2-1", "CVE-2-2"} <= {result["ruleId"] for result in run_["results"][:2]}
    notes = [note["message"]["text"] for note in run_["invocations"][0]["toolExecutionNotifications"]]
    assert "only 25000 of 25002 findings fit; the JSON report has all" in notes


def test_a_run_without_a_verdict_did_not_succeed() -> None:
    for name in ("no verdict", "no evidence"):
        (invocation,) = log(*OUTCOMES[name])["runs"][0]["invocations"]

        assert invocation["executionSuccessful"] is False
        assert "error" in {note["level"] for note in invocation["toolExecutionNotifications"]}
