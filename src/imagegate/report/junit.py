"""JUnit XML, as Jenkins, GitLab and others read it.

A case for every rule and every evidence check, so that a clean image has passing ones; a failure for every finding
that violates a rule; skipped for what is waived; an error for what kept the gate from a verdict. What only warns
passes, with its text: a failure would turn the build unstable.

It is written as text: the elements of ten thousand cases would take three times as long.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from imagegate.model.verdict import Failure, JudgedFinding, Outcome, Verdict
from imagegate.report import wording
from imagegate.text import LONGEST, clean

_BRACKETS = re.compile(r"\[(?=\[)")


@dataclass(slots=True)
class _Case:
    """A test case; `kind` is "failure", "error", "skipped", or "" for one that passed; `content` what it holds, as XML."""

    name: str
    group: str
    kind: str
    content: str


class Junit:
    """See interface.Report."""

    name = "junit"

    def render(self, outcomes: Sequence[Outcome]) -> str:
        """See Report.render."""
        suites, counts = [], Counter[str]()
        for name, outcome in zip(_unique([("", name) for name in _names(outcomes)]), outcomes, strict=True):
            cases = list(_verdict_cases(outcome) if isinstance(outcome, Verdict) else _failure_cases(wording.tidy(outcome)))
            kinds = Counter(case.kind for case in cases)
            counts.update(kinds)
            facts = {
                "errors": str(kinds["error"]),
                "failures": str(kinds["failure"]),
                "name": name,
                "skipped": str(kinds["skipped"]),
                "tests": str(len(cases)),
                "time": "0",
                "timestamp": outcome.created[:19],
            }
            suites.append(f" {_element('testsuite', facts, _written(cases))}\n")
        all_of_them = {"tests": str(counts.total()), "failures": str(counts["failure"]), "errors": str(counts["error"])}
        inner = "".join(("\n", *suites)) if suites else ""
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{_element("testsuites", all_of_them, inner)}\n'


def _names(outcomes: Sequence[Outcome]) -> Iterator[str]:
    references = [_reference(outcome) for outcome in outcomes]
    for reference, outcome in zip(references, outcomes, strict=True):
        several = references.count(reference) > 1  # platforms of one image
        platform = f" ({outcome.scan.image.platform})" if several and isinstance(outcome, Verdict) else ""
        yield _text(f"imagegate {reference}{platform}")


def _written(cases: list[_Case]) -> str:
    pieces = ["\n"] if cases else []
    for name, case in zip(_unique([(case.group, case.name) for case in cases]), cases, strict=True):
        pieces.append(f"  {_element('testcase', {'name': name, 'classname': case.group}, case.content)}\n")
    return "".join((*pieces, " ")) if cases else ""


def _element(name: str, facts: dict[str, str], content: str) -> str:
    """Return an element with these attributes; what it holds is XML already."""
    start = name + "".join([f' {key}="{_value(value)}"' for key, value in facts.items()])
    return f"<{start}>{content}</{name}>" if content else f"<{start} />"


def _value(text: str) -> str:
    """A reader turns line breaks of an attribute into blanks unless they are written as numbers (XML 1.0, 3.3.3)."""
    return escape(text, quote=False).replace('"', "&quot;").replace("\n", "&#10;")


def _reference(outcome: Outcome) -> str:
    return outcome.scan.image.reference if isinstance(outcome, Verdict) else outcome.reference


def _failure_cases(failure: Failure) -> Iterator[_Case]:
    said = f"{failure.message}\n{failure.hint}"
    yield _case("no verdict", "imagegate", "", "error", failure.message, said, f"exit {failure.exit_code}")


def _verdict_cases(verdict: Verdict) -> Iterator[_Case]:
    if verdict.report_only:
        yield _case("violations are only reported (--report-only)", "imagegate", f"exit {verdict.exit_code}")
    for rule in verdict.rules:
        group = f"imagegate.rule.{rule.id}"
        findings = wording.worst_first(verdict.findings[index] for index in rule.findings)
        if rule.status == "violated":
            for judged in findings:
                message = f"{wording.package(judged)}: {judged.finding.id} ({wording.severity(judged)}), {wording.fix(judged)}"
                yield _case(_name(judged), group, "", "failure", message, _story(judged, verdict), judged.counts_as.word)
            continue
        told = "".join(f"{_name(judged)}: {wording.fix(judged)}\n" for judged in findings)
        said = f"{rule.action} rule: {rule.condition}\n" + (
            f"warning, not a failure:\n{told}" if rule.status == "warns" else told
        )
        yield _case(f"rule {rule.id} holds" if rule.status == "holds" else f"rule {rule.id} warns ({rule.count})", group, said)
    for judged in wording.worst_first(judged for judged in verdict.findings if judged.status == "waived"):
        waiver = verdict.waivers[judged.waiver or 0]
        end = f" until {waiver.expires}" if waiver.expires else ""
        message = f"waived by {waiver.owner or 'nobody'}{end}: {waiver.reason or 'no reason'}"
        yield _case(_name(judged), "imagegate.waived", "", "skipped", message, _story(judged, verdict), "skipped")
    for number, item in enumerate(verdict.evidence):
        name, told = f"{item.kind} {number}", f"{item.status}: {item.detail}"
        if item.status == "fail":
            said = f"{item.detail}\n{wording.advice(item.kind)}"
            yield _case(name, "imagegate.evidence", told, "error", f"{item.kind}: {item.detail}", said, item.kind)
        else:
            yield _case(name, "imagegate.evidence", told)
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
    return "\n".join(filter(None, lines))


def _case(name: str, group: str, told: str, kind: str = "", message: str = "", said: str = "", word: str = "") -> _Case:
    """`told` is the output of the case; the rest is what kept it from passing: message, text, and a word for its type."""
    content = ""
    if kind:
        facts = {"type": _text(word), "message": _text(message)}
        content = f"\n   {_element(kind, facts, escape(_text(said), quote=False))}"
    if told:
        content += f"\n   {_element('system-out', {}, escape(_text(told), quote=False))}"
    return _Case(_text(name), group, kind, content and content + "\n  ")


def _text(text: str) -> str:
    """GitLab turns `[[ATTACHMENT|path]]` in a case's output into a link; XML knows no control characters."""
    if len(text) > 2 * LONGEST or not (text.isascii() and text.replace("\n", "").isprintable()):
        text = "\n".join(clean(line, 2 * LONGEST) for line in text.split("\n"))
    return _BRACKETS.sub("[ ", text) if "[[" in text else text


def _unique(named: list[tuple[str, str]]) -> list[str]:
    """GitLab knows a case by suite, class and name: equal ones would hide each other."""
    seen: set[tuple[str, str]] = set()
    numbers: dict[tuple[str, str], int] = {}
    names = []
    for group, name in named:
        unique = name
        while (group, unique) in seen:
            numbers[group, name] = numbers.get((group, name), 1) + 1
            unique = f"{name} #{numbers[group, name]}"
        seen.add((group, unique))
        names.append(unique)
    return names
