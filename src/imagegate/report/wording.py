"""The sentences that all reports share."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from imagegate.model.severity import Severity
from imagegate.model.verdict import Failure, JudgedFinding, Verdict
from imagegate.text import clean


def tidy(failure: Failure) -> Failure:
    """Return the failure with its texts made harmless: they quote command lines and whatever a server said."""
    facts = (clean(failure.reference, 1000), clean(failure.message, 4000), clean(failure.hint, 4000))
    return replace(failure, reference=facts[0], message=facts[1], hint=facts[2])


def package(judged: JudgedFinding) -> str:
    """Return name and installed version."""
    return f"{judged.finding.package.name} {judged.finding.package.version}"


def severity(judged: JudgedFinding) -> str:
    """Return the severity; an unknown one says what it counts as."""
    return judged.severity.word if judged.severity else f"unknown (counts as {judged.counts_as.word})"


def fix(judged: JudgedFinding) -> str:
    """Return what to do about it."""
    finding = judged.finding
    if finding.fixed_in:
        origin = finding.package.source_name
        of = f" (source {origin})" if origin and origin != finding.package.name else ""
        return f"upgrade to {' or '.join(finding.fixed_in)}{of}"
    return "no fix yet" if finding.fix_state == "not-fixed" else "no fix is known"


def layer(judged: JudgedFinding, verdict: Verdict) -> str:
    """Return which layer brought the package, and the command that made it."""
    index = judged.finding.location.layer
    layers = verdict.scan.image.layers
    command = layers[index].created_by if index < len(layers) else ""
    return f"layer {index}" + (f" ({command})" if command else "")


def names(judged: JudgedFinding) -> str:
    """Return the other names of the vulnerability."""
    return ", ".join(judged.finding.aliases)


def tally(findings: Iterable[JudgedFinding]) -> dict[Severity, int]:
    """Return how many distinct vulnerabilities in packages there are of each severity, the worst first."""
    distinct = {(judged.finding.id, judged.finding.package.purl): judged.severity for judged in findings}
    return dict(sorted(Counter(distinct.values()).items(), reverse=True))


def counts(findings: Iterable[JudgedFinding]) -> str:
    """Return "2 critical, 1 high", as `tally` counts them."""
    return ", ".join(f"{number} {step.word}" for step, number in tally(findings).items())


def rules(judged: JudgedFinding) -> str:
    """Return the rules that matched, and which of their values nobody knows."""
    text = ", ".join(judged.rules)
    return text + (f" (unknown, so it counts: {', '.join(judged.unknowns)})" if judged.unknowns else "")


def worst_first(findings: Iterable[JudgedFinding]) -> list[JudgedFinding]:
    """Return the findings by what they count as, exploited ones before others."""
    return sorted(
        findings,
        key=lambda judged: (
            -judged.counts_as,
            not judged.finding.known_exploited,
            -(judged.score or 0),
            judged.finding.id,
            judged.finding.package.purl,
            judged.finding.location.path,
        ),
    )


def headline(verdict: Verdict) -> str:
    """Return the verdict in one sentence."""
    broken = [rule for rule in verdict.rules if rule.status == "violated"]
    missing = [item for item in verdict.evidence if item.status == "fail"]
    parts = []
    if broken:
        parts.append(
            f"{len(broken)} of {len(verdict.rules)} rules violated: " + ", ".join(f"{rule.id} ({rule.count})" for rule in broken)
        )
    if missing:
        parts.append("evidence is missing: " + ", ".join(dict.fromkeys(item.kind for item in missing)))
    if verdict.report_only and broken:
        parts.append("only reported, not enforced (--report-only)")
    return "; ".join(parts) or f"all {len(verdict.rules)} rules hold on complete evidence"


_ADVICE = {
    "no_packages": "Is it the right image? For one that has no packages on purpose, set `evidence: {no_packages: warn}`.",
    "unreadable": "Look at that file in the image; rebuild it if it is damaged.",
    "unknown_distro": "Build on a distribution that is known, or set `evidence: {unknown_distro: warn}` and look yourself.",
    "uncovered": "Fetch its advisories with `imagegate db update`; where nobody publishes any, use a covered release.",
    "end_of_life": "Move to a supported release of the distribution.",
    "stale_database": "Run `imagegate db update`, or import a newer store; `evidence: {database_max_age: …}` allows more.",
    "missing_platform": "Choose one that is there with --platform, or build the one that is missing.",
    "skipped_layer": "Build the image without foreign or encrypted layers, or check it where they can be read.",
    "missing_data": "Fetch it with `imagegate db update`, or take the condition out of the rule.",
    "backend": "See the scanner's own log; with `evidence: {backend: warn}` its word is taken.",
}


def advice(kind: str) -> str:
    """Return what to try where a check of the evidence fails."""
    return _ADVICE.get(kind, "")
