"""JUnit XML, as Jenkins, GitLab and others read it; built with the junit-xml package.

A case for every rule and every evidence check, so that a clean image has passing ones; a failure for every finding
that violates a rule; skipped for what is waived; an error for what kept the gate from a verdict. What only warns
passes, with its text: a failure would turn the build unstable.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar
from xml.etree import ElementTree

from junit_xml import TestCase, TestSuite

from imagegate.model.verdict import Failure, JudgedFinding, Outcome, Verdict
from imagegate.report import wording
from imagegate.text import LONGEST, clean

_BRACKETS = re.compile(r"\[(?=\[)")
Named = TypeVar("Named", TestCase, TestSuite)


class Junit:
    """See interface.Report."""

    name = "junit"

    def render(self, outcomes: Sequence[Outcome]) -> str:
        """See Report.render."""
        suites = []
        references = [_reference(outcome) for outcome in outcomes]
        for reference, outcome in zip(references, outcomes, strict=True):
            cases = list(_verdict_cases(outcome) if isinstance(outcome, Verdict) else _failure_cases(wording.tidy(outcome)))
            several = references.count(reference) > 1  # platforms of one image
            platform = f" ({outcome.scan.image.platform})" if several and isinstance(outcome, Verdict) else ""
            suites.append(TestSuite(_text(f"imagegate {reference}{platform}"), _unique(cases), timestamp=outcome.created[:19]))
        _unique(suites)
        root = ElementTree.Element("testsuites")
        for suite in suites:
            element = suite.build_xml_doc()
            del element.attrib["disabled"]  # no schema of JUnit knows what junit-xml writes there
            root.append(element)
        for count in ("tests", "failures", "errors"):
            root.set(count, str(sum(int(element.get(count, 0)) for element in root)))
        ElementTree.indent(root, " ")
        return ElementTree.tostring(root, encoding="unicode", xml_declaration=False).join(
            ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
        )


def _reference(outcome: Outcome) -> str:
    return outcome.scan.image.reference if isinstance(outcome, Verdict) else outcome.reference


def _failure_cases(failure: Failure) -> Iterator[TestCase]:
    case = _case("no verdict", "imagegate")
    case.add_error_info(_text(failure.message), _text(f"{failure.message}\n{failure.hint}"), f"exit {failure.exit_code}")
    yield case


def _verdict_cases(verdict: Verdict) -> Iterator[TestCase]:
    if verdict.report_only:
        yield _case("violations are only reported (--report-only)", "imagegate", f"exit {verdict.exit_code}")
    for rule in verdict.rules:
        group = f"imagegate.rule.{rule.id}"
        findings = wording.worst_first(verdict.findings[index] for index in rule.findings)
        if rule.status == "violated":
            for judged in findings:
                case = _case(_name(judged), group)
                message = f"{wording.package(judged)}: {judged.finding.id} ({wording.severity(judged)}), {wording.fix(judged)}"
                case.add_failure_info(_text(message), _text(_story(judged, verdict)), judged.counts_as.word)
                yield case
            continue
        told = "".join(f"{_name(judged)}: {wording.fix(judged)}\n" for judged in findings)
        said = f"{rule.action} rule: {rule.condition}\n" + (
            f"warning, not a failure:\n{told}" if rule.status == "warns" else told
        )
        yield _case(f"rule {rule.id} holds" if rule.status == "holds" else f"rule {rule.id} warns ({rule.count})", group, said)
    for judged in wording.worst_first(judged for judged in verdict.findings if judged.status == "waived"):
        waiver = verdict.waivers[judged.waiver or 0]
        case = _case(_name(judged), "imagegate.waived")
        end = f" until {waiver.expires}" if waiver.expires else ""
        case.add_skipped_info(
            _text(f"waived by {waiver.owner or 'nobody'}{end}: {waiver.reason or 'no reason'}"), _text(_story(judged, verdict))
        )
        yield case
    for number, item in enumerate(verdict.evidence):
        case = _case(f"{item.kind} {number}", "imagegate.evidence", f"{item.status}: {item.detail}")
        if item.status == "fail":
            case.add_error_info(
                _text(f"{item.kind}: {item.detail}"), _text(f"{item.detail}\n{wording.advice(item.kind)}"), _text(item.kind)
            )
        yield case
    for waiver in verdict.waivers:
        if waiver.status != "used":
            yield _case(f"waiver {waiver.id} {waiver.package} is {waiver.status}", "imagegate.waivers", waiver.reason)


def _name(judged: JudgedFinding) -> str:
    return f"{judged.finding.id} in {wording.package(judged)}"


def _story(judged: JudgedFinding, verdict: Verdict) -> str:
    finding = judged.finding
    lines = [
        finding.title,
        f"package:  {finding.package.purl}",
        f"advisory: {finding.id}" + (f" ({wording.names(judged)})" if finding.aliases else ""),
        f"severity: {wording.severity(judged)}" + ("" if judged.score is None else f", CVSS {judged.score:.1f}"),
        f"fix:      {wording.fix(judged)}",
        f"where:    {finding.location.path}, {wording.layer(judged, verdict)}",
        f"rule:     {wording.rules(judged)}",
        finding.url,
    ]
    return "\n".join(line for line in lines if line)


def _case(name: str, group: str, told: str = "") -> TestCase:
    return TestCase(_text(name), group, 0, stdout=_text(told) or None)


def _text(text: str) -> str:
    """GitLab turns `[[ATTACHMENT|path]]` in a case's output into a link; XML knows no control characters."""
    if len(text) > 2 * LONGEST or not (text.isascii() and text.replace("\n", "").isprintable()):
        text = "\n".join(clean(line, 2 * LONGEST) for line in text.split("\n"))
    return _BRACKETS.sub("[ ", text) if "[[" in text else text


def _unique(named: list[Named]) -> list[Named]:
    """GitLab knows a case by suite, class and name: equal ones would hide each other."""
    seen: set[tuple[str, str]] = set()
    numbers: dict[tuple[str, str], int] = {}
    for item in named:
        group, name = getattr(item, "classname", ""), item.name
        while (group, item.name) in seen:
            numbers[group, name] = numbers.get((group, name), 1) + 1
            item.name = f"{name} #{numbers[group, name]}"
        seen.add((group, item.name))
    return named
