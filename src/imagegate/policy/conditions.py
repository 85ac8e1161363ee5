"""What a rule's `match` means for one finding: true, false, or not known."""

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any
from urllib.parse import unquote

from imagegate.model.scan import Finding
from imagegate.model.severity import WORDS, Severity

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt, "": eq}
# Nothing counts as unknown: the policy says what it counts as.
_NEVER = ((">", "critical"), ("<", "unknown"), ("<=", "unknown"), ("<", "negligible"))
_COMPARISON = re.compile(r"(>=|<=|>|<|)\s*(.+)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Subject:
    """A finding as the policy sees it: its severity by the policy's sources, what that counts as, its best score."""

    finding: Finding
    severity: Severity
    counts_as: Severity
    score: float | None


Test = Callable[[Subject], bool | None]


def unmet(match: Mapping[str, Any]) -> Callable[[Subject], list[str] | None]:
    """Return the test of a rule, which is made once for all findings.

    It returns None when the rule does not match, else the keys whose value is unknown for this finding: what is unknown
    matches, so that a rule never gets weaker for lack of data.
    """
    tests = [(key, _TESTS[key](wanted if isinstance(wanted, list) else [wanted])) for key, wanted in match.items()]

    def test(subject: Subject) -> list[str] | None:
        unknown = []
        for key, holds in tests:
            result = holds(subject)
            if result is False:
                return None
            if result is None:
                unknown.append(key)
        return unknown

    return test


def impossible(key: str, wanted: Any) -> str:
    """Return why no finding can ever meet the condition, or ""."""
    for value in wanted if isinstance(wanted, list) else [wanted]:
        operator, word = _parts(str(value))
        if key == "severity" and (operator, word) in _NEVER:
            return f"nothing is {operator} {word}" + (
                "" if word == "critical" else "; for what is unknown write `severity: unknown`"
            )
        if key == "cvss" and ((operator == ">" and float(word) >= 10) or (operator == "<" and float(word) <= 0)):
            return f"no score is {operator} {word}"
    return ""


def _parts(text: str) -> tuple[str, str]:
    match = _COMPARISON.match(text)
    return (match[1], match[2].strip()) if match else ("", text)


def _severity(wanted: list[Any]) -> Test:
    parts = [_parts(value) for value in wanted]
    unknown = ("", "unknown") in parts  # what is unknown, whatever it counts as
    others = [(_OPERATORS[operator], WORDS[word]) for operator, word in parts if (operator, word) != ("", "unknown")]
    steps = {step for step in Severity for compare, limit in others if compare(step, limit)}
    return lambda subject: subject.counts_as in steps or (unknown and not subject.severity)


def _fix(wanted: list[Any]) -> Test:
    known = {"fixed": "available" in wanted, "unknown": None}
    other = "none" in wanted
    return lambda subject: known.get(subject.finding.fix_state, other)


def _known_exploited(wanted: list[Any]) -> Test:
    # Unknown means that there is no list, which is evidence of its own (missing_data).
    return lambda subject: bool(subject.finding.known_exploited) in wanted


def _cvss(wanted: list[Any]) -> Test:
    parts = [(_OPERATORS[operator], float(number)) for operator, number in map(_parts, map(str, wanted))]

    def test(subject: Subject) -> bool | None:
        return None if subject.score is None else any(compare(subject.score, number) for compare, number in parts)

    return test


def _id(wanted: list[Any]) -> Test:
    patterns = [pattern.upper() for pattern in wanted]  # nobody tells `cve-2024-1` from `CVE-2024-1`

    def test(subject: Subject) -> bool:
        for name in subject.finding.names:
            known = name.upper()
            for pattern in patterns:
                if is_like(known, pattern):
                    return True
        return False

    return test


def _package(wanted: list[Any]) -> Test:
    return lambda subject: is_package(subject.finding, wanted)


def is_package(finding: Finding, patterns: list[str] | tuple[str, ...]) -> bool:
    """Return whether a pattern names the package: by its name or that of its source, or by its package URL.

    A URL without a version means every version; what it says of version and qualifiers must be met.
    """
    package = finding.package
    return any(
        _is_url(package.purl, pattern)
        if pattern.startswith("pkg:")
        else is_like(package.name, pattern) or is_like(package.source_name, pattern)
        for pattern in patterns
    )


def _is_url(purl: str, pattern: str) -> bool:
    """`?` before `key=value` begins the qualifiers, as in package URLs; anywhere else it stands for one character."""
    url, _, said = purl.partition("?")
    named, mark, asked = pattern.rpartition("?")
    if not mark or "=" not in asked:
        named, asked = pattern, ""
    known = [unquote(qualifier) for qualifier in said.split("&")]
    wanted = [unquote(qualifier) for qualifier in asked.split("&") if qualifier]
    versionless = unquote(url.partition("@")[0])
    return any(is_like(text, unquote(named)) for text in (unquote(url), versionless)) and all(
        any(is_like(qualifier, part) for qualifier in known) for part in wanted
    )


def _type(wanted: list[Any]) -> Test:
    return lambda subject: any(is_like(subject.finding.package.type, pattern) for pattern in wanted)


def _path(wanted: list[Any]) -> Test:
    return lambda subject: is_at(subject.finding, wanted)


def is_at(finding: Finding, patterns: list[str] | tuple[str, ...]) -> bool:
    """Return whether a pattern names the place of the finding; a leading slash does not matter."""
    return any(_is_path(finding.location.path, pattern.lstrip("/")) for pattern in patterns)


def is_like(text: str, pattern: str) -> bool:
    """Return whether the text fits a pattern with * and ?."""
    return text == pattern or bool(_name_pattern(pattern).match(text))


@lru_cache(maxsize=1024)
def _name_pattern(pattern: str) -> re.Pattern[str]:
    escaped = pattern.replace("[", "[[]")  # only * and ? are special
    return re.compile(fnmatch.translate(re.sub(r"\*+", "*", escaped)))


def _is_path(path: str, pattern: str) -> bool:
    """`*` and `?` stay within a folder, `**` crosses them; the time is bounded by the product of both lengths."""
    steps = path.split("/")
    reached = {0}
    for part in pattern.split("/"):
        if part == "**":
            reached = set(range(min(reached, default=len(steps) + 1), len(steps) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(steps) and is_like(steps[at], part)}
    return len(steps) in reached


_TESTS: dict[str, Callable[[list[Any]], Test]] = {
    "severity": _severity,
    "fix": _fix,
    "known_exploited": _known_exploited,
    "cvss": _cvss,
    "id": _id,
    "package": _package,
    "type": _type,
    "path": _path,
}
