"""The JSON result: valid by its published schema, and enough to reach the same verdict again."""

import json
from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from imagegate.backend import stored
from imagegate.errors import BackendError
from imagegate.model.image import Evidence
from imagegate.model.scan import BackendRun, ScanReport
from imagegate.model.verdict import Failure, Outcome, PolicyIdentity, Verdict
from imagegate.policy.evaluate import evaluate
from imagegate.report.document import overall
from imagegate.report.json import Json
from imagegate.schema import load
from tests.scans import NOW, busy, finding, image, judged, policy, scan

CHECKER = jsonschema.Draft202012Validator(load("report", "result.schema.json"), format_checker=jsonschema.FormatChecker())
FAILURE = Failure(
    "app:2",
    3,
    "app:2: no such image",
    "Was it built?",
    "2026-11-22T12:00:00Z",
    PolicyIdentity("recommended", "sha256:" + "e" * 64),
)
SCRATCH = replace(
    scan([], [Evidence("no_packages", "fail", "none")], packages=[], distribution=None),
    backends=(BackendRun("embedded", "1", None),),
)
ELSEWHERE = judged(replace(scan(of=image(layers=0), packages=[]), image=replace(image(layers=0), id="", digest=None)))
OUTCOMES: dict[str, list[Outcome]] = {
    "pass": [judged(scan([finding(severity="low")]))],
    "fail": [judged(scan([finding(severity="critical")]))],
    "everything": [busy()],
    "no evidence": [judged(SCRATCH)],
    "another platform": [ELSEWHERE],
    "only reported": [judged(scan([finding(severity="critical")]), report_only=True)],
    "no verdict": [FAILURE],
    "no policy": [replace(FAILURE, policy=None, exit_code=2, hint="")],
    "interrupted": [replace(FAILURE, exit_code=130)],
    "several": [judged(scan()), busy(), FAILURE],
    "none": [],
}


def rendered(*outcomes: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Json().render(outcomes))
    return found


def again(text: str, verdict: Verdict) -> Verdict:
    """Read a stored result, and judge it by the policy of `verdict` at the same time."""
    (report,) = stored.read(text.encode(), "result.json")
    assert isinstance(report, ScanReport)
    return evaluate(report, OWN, NOW, report_only=verdict.report_only)


OWN = policy(
    "extends: [recommended]\nrules: [{id: low, match: {severity: low, fix: none}, action: warn}]\nevidence: {unreadable: warn}\n"
)


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_outcome_is_valid(name: str) -> None:
    CHECKER.validate(rendered(*OUTCOMES[name]))


@pytest.mark.parametrize("name", ["pass", "fail", "everything", "no evidence", "only reported"])
def test_a_stored_result_gives_the_same_verdict_again_and_again(name: str) -> None:
    (first,) = OUTCOMES[name]
    assert isinstance(first, Verdict)
    start = evaluate(first.scan, OWN, NOW, report_only=first.report_only)
    one = Json().render([start])
    two = Json().render([again(one, start)])
    three = Json().render([again(two, start)])

    assert two == three
    before, after = json.loads(one), json.loads(two)
    note = [item for item in after["evidence"] if item not in before["evidence"]]
    assert [item["status"] for item in note] == ["ok"]
    assert "nobody has authenticated" in note[0]["detail"]
    after["evidence"].remove(note[0])
    assert json.dumps(before) == json.dumps(after)


@pytest.mark.parametrize(
    ("codes", "code"),
    [([0, 0], 0), ([0, 4], 4), ([4, 3], 3), ([3, 10], 10), ([10, 2], 2), ([2, 1], 1), ([1, 130], 130), ([143, 10], 143), ([], 3)],
)
def test_the_worst_of_several_counts(codes: list[int], code: int) -> None:
    outcomes = [replace(FAILURE, exit_code=one) for one in codes]

    assert overall(outcomes) == code
    assert rendered(*outcomes)["verdict"]["status"] == "none"


def test_several_images_come_in_an_envelope() -> None:
    found = rendered(*OUTCOMES["several"])

    assert found["schema"] == "imagegate/results/1"
    assert found["verdict"]["status"] == "fail"
    assert found["verdict"]["exit_code"] == 10
    assert found["verdict"]["reasons"][-2:] == ["app:2: app:2: no such image", "app:2: Was it built?"]


def test_an_envelope_is_read_with_the_failures_in_their_places() -> None:
    text = Json().render(OUTCOMES["several"])
    found = stored.read(text.encode(), "r.json")

    assert [type(one) for one in found] == [ScanReport, ScanReport, BackendError]
    assert "no such image" in str(found[2])


def test_a_result_without_a_scan_gives_no_verdict() -> None:
    (found,) = stored.read(Json().render([FAILURE]).encode(), "r.json")

    assert isinstance(found, BackendError)


def test_the_document_says_what_was_decided_and_why() -> None:
    found = json.loads(Json().render([busy()]))

    assert {one["id"]: one["status"] for one in found["findings"]} == {
        "CVE-2026-0001": "violates",
        "CVE-2026-0002": "violates",
        "CVE-2026-0003": "waived",
        "CVE-2026-0004": "warns",
        "CVE-2026-0005": "accepted",
        "CVE-2026-0006": "violates",
    }
    assert [waiver["status"] for waiver in found["waivers"]] == ["used", "expired", "unused"]
    assert [one["status"] for one in found["evidence"] if one["kind"] == "uncovered"] == ["ok"]
    assert [one["found"] for one in found["evidence"] if one["kind"] == "uncovered"] == ["fail"]
