"""The decision: a pure function of what was scanned, the policy and the clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imagegate.model.image import Evidence
from imagegate.model.scan import EMBEDDED, BackendRun, Finding, ScanReport
from imagegate.model.severity import WORDS, Severity, of_score, of_word
from imagegate.model.verdict import (
    CheckedEvidence,
    JudgedFinding,
    PolicyIdentity,
    RuleOutcome,
    Verdict,
    WaiverOutcome,
)
from imagegate.policy.conditions import Subject, is_at, is_package, unmet
from imagegate.policy.document import Policy, Waiver
from imagegate.text import clean

_RANK = {"ok": 0, "warn": 1, "fail": 2}
_CEILING = {"ignore": "ok", "warn": "warn", "fail": "fail"}
_SKEW = 3600  # seconds by which clocks may differ
_MODERN = ("CVSS_V3", "CVSS_V4")


def evaluate(report: ScanReport, policy: Policy, clock: datetime, *, report_only: bool = False) -> Verdict:
    """Return the verdict; the same arguments give the same value, whenever and wherever."""
    subjects = [_subject(finding, policy) for finding in report.findings]
    waived, waivers = _waive(report.findings, policy.waivers, clock)
    tests = [unmet(rule.match) for rule in policy.rules]
    matched = [{} if _is_deferred(subject.finding, policy) else _matched(subject, tests) for subject in subjects]
    rules = tuple(_outcome(number, policy, matched, waived, report.findings) for number in range(len(policy.rules)))
    findings = tuple(
        _judged(subject, matched[index], rules, waived.get(index), _is_deferred(subject.finding, policy))
        for index, subject in enumerate(subjects)
    )
    evidence = tuple(
        _checked(item, policy) for item in (*report.evidence, *_clocked(report, policy, clock), *_missing(report, policy))
    )
    status, exit_code, reasons = _verdict(rules, evidence, report_only)
    return Verdict(
        status=status,
        exit_code=exit_code,
        reasons=reasons,
        report_only=report_only,
        created=clock.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        scan=report,
        policy=PolicyIdentity(policy.reference, policy.digest),
        findings=findings,
        evidence=evidence,
        rules=rules,
        waivers=waivers,
    )


def best_score(finding: Finding) -> float | None:
    """Return the highest CVSS base score of version 3 or 4; version 2 counts only where there is no newer one."""
    modern = [score.score for score in finding.scores if score.type in _MODERN]
    return max(modern or [score.score for score in finding.scores], default=None)


def _subject(finding: Finding, policy: Policy) -> Subject:
    score = best_score(finding)
    vendor = of_word(finding.raw_severity)
    cvss = Severity.UNKNOWN if score is None else of_score(score)
    said = {"vendor": vendor, "cvss": cvss, "highest": max(vendor, cvss)}
    severity = next((said[source] for source in policy.sources if said[source]), Severity.UNKNOWN)
    return Subject(finding, severity, severity or WORDS[policy.unknown], score)


def _matched(subject: Subject, tests: list[Callable[[Subject], list[str] | None]]) -> dict[int, list[str]]:
    """Return the numbers of the rules that match, each with the values that it asked for and that are unknown."""
    return {number: unknown for number, test in enumerate(tests) if (unknown := test(subject)) is not None}


def _waive(
    findings: tuple[Finding, ...], waivers: tuple[Waiver, ...], clock: datetime
) -> tuple[dict[int, int], tuple[WaiverOutcome, ...]]:
    """Return which finding is covered by which waiver, and what became of every waiver."""
    today = clock.astimezone(UTC).date()
    covered: dict[int, int] = {}
    outcomes = []
    named: dict[str, list[int]] = {}
    for index, finding in enumerate(findings if waivers else ()):
        for name in {name.upper() for name in finding.names}:
            named.setdefault(name, []).append(index)
    for number, waiver in enumerate(waivers):
        fitting = [index for index in named.get(waiver.id.upper(), ()) if _fits(waiver, findings[index])]
        expired = waiver.expires is not None and waiver.expires < today
        if not expired:
            for index in fitting:
                covered.setdefault(index, number)
        outcomes.append(
            WaiverOutcome(
                id=waiver.id,
                package=clean(", ".join(waiver.package)),
                path=clean(", ".join(waiver.path)),
                reason=waiver.reason,
                owner=waiver.owner,
                expires=waiver.expires.isoformat() if waiver.expires else "",
                status="expired" if expired else "used" if fitting else "unused",
                findings=tuple(fitting),
            )
        )
    return covered, tuple(outcomes)


def _fits(waiver: Waiver, finding: Finding) -> bool:
    return (not waiver.package or is_package(finding, waiver.package)) and (not waiver.path or is_at(finding, waiver.path))


def _outcome(
    number: int, policy: Policy, matched: list[dict[int, list[str]]], waived: dict[int, int], findings: tuple[Finding, ...]
) -> RuleOutcome:
    rule = policy.rules[number]
    hits = tuple(index for index, rules in enumerate(matched) if number in rules and index not in waived)
    count = len({(findings[index].id, findings[index].package.purl) for index in hits})
    broken = count > rule.maximum
    status = "holds" if not broken else "violated" if rule.action == "fail" else "warns"
    return RuleOutcome(rule.id, rule.action, _words(rule.match, rule.maximum), status, count, hits)


def _words(match: Mapping[str, Any], maximum: int) -> str:
    """Say the condition of a rule in one line: `severity >=high, fix available, at most 5`."""
    parts = []
    for key, value in match.items():
        words = [
            str(word).lower() if isinstance(word, bool) else str(word) for word in (value if isinstance(value, list) else [value])
        ]
        parts.append(f"{key} {' or '.join(words)}")
    return clean(", ".join([*parts, f"at most {maximum}"] if maximum else parts))


def _is_deferred(finding: Finding, policy: Policy) -> bool:
    return finding.deferrable and policy.owned == "defer"


def _judged(
    subject: Subject, matched: dict[int, list[str]], rules: tuple[RuleOutcome, ...], waiver: int | None, deferred: bool
) -> JudgedFinding:
    broken = {rules[number].status for number in matched}
    if waiver is not None:
        status = "waived"
    elif deferred:
        status = "deferred"
    else:
        status = "violates" if "violated" in broken else "warns" if "warns" in broken else "accepted"
    unknowns = tuple(sorted({key for keys in matched.values() for key in keys}))
    names_of_rules = tuple(rules[number].id for number in matched)
    return JudgedFinding(
        subject.finding, subject.severity, subject.counts_as, subject.score, status, names_of_rules, waiver, unknowns
    )


def _checked(item: Evidence, policy: Policy) -> CheckedEvidence:
    ceiling = _CEILING[policy.evidence.get(item.kind, "fail")]
    status = min(item.found, ceiling, key=_RANK.__getitem__)
    return CheckedEvidence(item.kind, status, item.found, item.detail)


def _clocked(report: ScanReport, policy: Policy, clock: datetime) -> list[Evidence]:
    """What depends on the clock: the age of the advisories, the end of a release."""
    found = [_age(backend, policy, clock) for backend in report.backends if backend.database or report.packages]
    distribution = report.distribution
    if distribution is not None:
        name = f"{distribution.id} {distribution.version}".rstrip()
        end = distribution.end_of_life
        if end is None:
            found.append(Evidence("end_of_life", "ok", f"{name}: no end of support is known"))
        elif is_over(end, clock):
            found.append(Evidence("end_of_life", "fail", f"{name} is not supported any more: its last day was {end}"))
        else:
            found.append(Evidence("end_of_life", "ok", f"{name} is supported until {end}"))
    return found


def is_over(end: str, clock: datetime) -> bool:
    """Return whether the last day (YYYY-MM-DD) has passed."""
    return clock.astimezone(UTC).date().isoformat() > end


@dataclass(frozen=True, slots=True)
class _Age:
    """An age in the unit that people read."""

    seconds: float

    def __str__(self) -> str:
        days = self.seconds / 86400
        return f"{days:.0f} days" if days >= 2 else f"{self.seconds / 3600:.0f} hours"


def _age(backend: BackendRun, policy: Policy, clock: datetime) -> Evidence:
    limit = _Age(policy.max_age.total_seconds())
    if backend.database is None and backend.name == EMBEDDED:
        return Evidence("stale_database", "fail", f"{backend.name} looked into no advisories that we know of")
    if backend.database is None:  # a server of the user's own, which some policies want to be asked
        found = "fail" if policy.asks_age else "warn"
        return Evidence("stale_database", found, f"{backend.name} does not tell how old its advisories are")
    confirmed = backend.database.confirmed
    try:
        moment = datetime.fromisoformat(confirmed)
    except ValueError:
        return Evidence("stale_database", "fail", "the age of the advisories is not known")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (clock - moment).total_seconds()
    if seconds < -_SKEW:
        detail = f"the advisories were confirmed {confirmed}, after the time of this verdict: is the clock right?"
        return Evidence("stale_database", "warn", detail)
    age = _Age(max(0.0, seconds))
    found = "fail" if age.seconds > limit.seconds else "ok"
    return Evidence("stale_database", found, f"the advisories are {age} old (confirmed {confirmed}); {limit} are allowed")


def _missing(report: ScanReport, policy: Policy) -> list[Evidence]:
    """Rules that ask for data which is missing as a whole."""
    databases = [backend.database for backend in report.backends if backend.database is not None]
    asked = {key: rule.id for rule in reversed(policy.rules) for key in rule.match}
    found = []
    listed = any(database.exploited for database in databases) or not databases
    if "known_exploited" in asked and (not listed or any(finding.known_exploited is None for finding in report.findings)):
        detail = f"rule {asked['known_exploited']} asks for known_exploited, but there is no list of exploited vulnerabilities"
        found.append(Evidence("missing_data", "fail", detail))
    if "cvss" in asked and databases and not any(database.scores for database in databases):
        found.append(Evidence("missing_data", "fail", f"rule {asked['cvss']} asks for cvss, but there are no scores"))
    return found


def _verdict(
    rules: tuple[RuleOutcome, ...], evidence: tuple[CheckedEvidence, ...], report_only: bool
) -> tuple[str, int, tuple[str, ...]]:
    broken = [rule for rule in rules if rule.status == "violated"]
    missing = [item for item in evidence if item.status == "fail"]
    reasons = [f"rule {rule.id} is violated: {rule.count} × {rule.condition}" for rule in broken]
    reasons += [f"{item.kind}: {item.detail}" for item in missing]
    # --report-only forgives the violation, and nothing else: missing evidence stays missing.
    if broken and not report_only:
        return "fail", 10, tuple(reasons)
    if missing:
        return "fail" if broken else "none", 4, tuple(reasons)
    return "fail" if broken else "pass", 0, tuple(reasons)
