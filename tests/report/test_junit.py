"""The JUnit report: valid for Jenkins, and read back by others as it was meant."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import junitparser
import pytest
from lxml import etree

from imagegate.model.inventory import Location
from imagegate.model.verdict import Outcome
from imagegate.report.junit import Junit
from tests.scans import busy, finding, judged, package, scan

from .test_document import FAILURE, OUTCOMES

XSD = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "junit-10.xsd"))


def suites(*outcomes: Outcome) -> list[Any]:
    return list(junitparser.JUnitXml.fromstring(Junit().render(outcomes).encode()))


def cases(*outcomes: Outcome) -> dict[tuple[str, str], Any]:
    return {(case.classname, case.name): case for suite in suites(*outcomes) for case in suite}


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_outcome_is_valid(name: str) -> None:
    root = etree.fromstring(Junit().render(OUTCOMES[name]).encode())

    XSD.assertValid(root)
    allowed = {"name", "classname", "time", "type", "message", "tests", "failures", "errors", "skipped", "timestamp"}
    assert {key for element in root.iter() for key in element.attrib} <= allowed  # what not every reader knows


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_counts_are_those_of_the_cases(name: str) -> None:
    for suite in suites(*OUTCOMES[name]):
        results = [type(result).__name__ for case in suite for result in case.result]

        assert suite.tests == len(list(suite)) > 0
        assert (suite.failures, suite.errors, suite.skipped) == tuple(
            results.count(kind) for kind in ("Failure", "Error", "Skipped")
        )
        assert all(len(case.result) <= 1 for case in suite)


def test_a_verdict_is_told_case_by_case() -> None:
    told = {key: [type(result).__name__ for result in case.result] for key, case in cases(busy()).items()}

    assert told[("imagegate.rule.malicious", "rule malicious holds")] == []
    assert told[("imagegate.rule.any-low", "rule any-low warns (1)")] == []
    assert told[("imagegate.rule.few-medium", "rule few-medium holds")] == []
    assert told[("imagegate.rule.fixable-high", "CVE-2026-0001 in openssl 3.0.1-1")] == ["Failure"]
    assert told[("imagegate.waived", "CVE-2026-0003 in zlib1g 1:1.2.13")] == ["Skipped"]
    assert told[("imagegate.evidence", "skipped_layer 2")] == ["Error"]
    assert told[("imagegate.evidence", "unreadable 0")] == []
    assert ("imagegate.waivers", "waiver CVE-1999-0001  is unused") in told


def test_a_failure_says_all_that_is_needed() -> None:
    (result,) = cases(busy())[("imagegate.rule.fixable-high", "CVE-2026-0001 in openssl 3.0.1-1")].result

    for word in ("openssl", "3.0.1-1", "CVE-2026-0001", "high", "upgrade to 3.0.2-1"):
        assert word in result.message
    for word in (
        "GHSA-aaaa-bbbb-cccc",
        "layer 0",
        "RUN apt-get install",
        "fixable-high",
        "pkg:deb/debian/openssl",
        "https://",
        "9.8",
    ):
        assert word in result.text


def test_what_is_waived_says_by_whom_until_when_and_why() -> None:
    (result,) = cases(busy())[("imagegate.waived", "CVE-2026-0003 in zlib1g 1:1.2.13")].result

    assert result.message == "waived by payments until 2026-11-30: not reachable"


def test_a_run_without_a_verdict_is_an_error_and_never_empty() -> None:
    (suite,) = suites(*OUTCOMES["no verdict"])

    assert (suite.tests, suite.errors) == (1, 1)
    assert "no such image" in next(iter(suite)).result[0].message


def test_a_clean_image_has_a_passing_case_for_every_rule() -> None:
    names = [name for group, name in cases(judged(scan())) if group.startswith("imagegate.rule.")]

    assert names == ["rule malicious holds", "rule exploited holds", "rule no-critical holds", "rule fixable-high holds"]


def test_a_verdict_that_is_not_enforced_says_so() -> None:
    (outcome,) = OUTCOMES["only reported"]

    assert ("imagegate", "violations are only reported (--report-only)") in cases(outcome)


def test_names_are_unique_whatever_the_data() -> None:
    place = Location("opt/x", 1)
    same = [finding(f"CVE-2026-0001{suffix}", severity="critical") for suffix in ("", "", "")]
    other = finding("CVE-2026-0001", package("openssl", "3.0.1-1 #2", locations=(place,)), "critical")
    verdict = judged(scan([*same, other]))
    twice = suites(verdict, verdict, replace(FAILURE, reference=verdict.scan.image.reference))

    assert len({suite.name for suite in twice}) == 3
    for suite in twice:
        names = [(case.classname, case.name) for case in suite]
        assert len(set(names)) == len(names)
