"""What must hold for every scan and every policy."""

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.model.scan import Finding, ScanReport
from imagegate.model.verdict import Verdict
from imagegate.policy.document import Policy, Rule, Waiver
from imagegate.policy.load import load
from tests.scans import NOW, TODAY, finding, judged, package, scan, scores

WORDS = ["", "negligible", "low", "medium", "high", "critical"]
PACKAGES = [package("openssl"), package("zlib1g", source_name="zlib"), package("curl", "7.0")]
IDS = ["CVE-2026-1", "CVE-2026-2", "GHSA-1"]
OPERATORS = [">=", ">"]  # rules that grow with the severity

FINDINGS: st.SearchStrategy[Finding] = st.builds(
    lambda identity, of, severity, state, exploited, score, aliases: finding(
        identity,
        of,
        severity,
        fix_state=state,
        known_exploited=exploited,
        scores=scores(("CVSS_V3", score)) if score is not None else (),
        aliases=tuple(aliases),
    ),
    st.sampled_from(IDS),
    st.sampled_from(PACKAGES),
    st.sampled_from(WORDS),
    st.sampled_from(["fixed", "not-fixed", "unknown"]),
    st.booleans(),
    st.none() | st.sampled_from([0.0, 3.9, 4.0, 7.0, 9.0, 10.0]),
    st.lists(st.sampled_from(IDS), max_size=2, unique=True),
)
SCANS: st.SearchStrategy[ScanReport] = st.lists(FINDINGS, max_size=5).map(scan)
MATCHES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "severity": st.builds("{}{}".format, st.sampled_from(OPERATORS), st.sampled_from(WORDS[1:-1])),
        "cvss": st.builds("{}{}".format, st.sampled_from(OPERATORS), st.sampled_from(["0.1", "4.0", "9.0"])),
        "fix": st.sampled_from(["available", "none"]),
        "known_exploited": st.just(True),
        "package": st.sampled_from(["openssl", "zlib", "*", "pkg:deb/debian/curl"]),
        "id": st.sampled_from(["CVE-*", "GHSA-1"]),
    },
).filter(bool)
RULES = st.builds(Rule, st.uuids().map(str), MATCHES, st.sampled_from(["fail", "warn"]), st.integers(0, 2))
POLICIES: st.SearchStrategy[Policy] = st.builds(
    lambda rules, sources, unknown: replace(load("recommended", TODAY), rules=tuple(rules), sources=sources, unknown=unknown),
    st.lists(RULES, min_size=1, max_size=4),
    st.sampled_from([("vendor", "cvss"), ("cvss", "vendor"), ("highest",), ("vendor",), ("cvss",)]),
    st.sampled_from(WORDS[1:]),
)
WAIVERS = st.builds(
    Waiver,
    st.sampled_from(IDS),
    st.sampled_from([(), ("openssl",), ("pkg:deb/debian/zlib1g",)]),
    st.sampled_from([(), ("/var/**",)]),
    expires=st.none() | st.sampled_from([date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23)]),
)
many = settings(max_examples=150, deadline=None)


def broken(verdict: Verdict) -> set[str]:
    return {rule.id for rule in verdict.rules if rule.status == "violated"}


@many
@given(SCANS, POLICIES, st.lists(WAIVERS, max_size=2), WAIVERS)
def test_another_waiver_never_adds_a_violation(report: ScanReport, by: Policy, waivers: list[Waiver], more: Waiver) -> None:
    before = judged(report, replace(by, waivers=tuple(waivers)))
    after = judged(report, replace(by, waivers=(*waivers, more)))

    assert broken(after) <= broken(before)
    assert sum(one.status == "violates" for one in after.findings) <= sum(one.status == "violates" for one in before.findings)


@many
@given(SCANS, POLICIES, RULES)
def test_another_rule_never_turns_fail_into_pass(report: ScanReport, by: Policy, more: Rule) -> None:
    before, after = judged(report, by), judged(report, replace(by, rules=(*by.rules, more)))

    assert broken(before) <= broken(after)
    assert before.exit_code == 0 or after.exit_code != 0


@many
@given(SCANS.filter(lambda report: bool(report.findings)), POLICIES, st.data())
def test_a_higher_severity_never_turns_fail_into_pass(report: ScanReport, by: Policy, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(report.findings) - 1))
    old = report.findings[index]
    before = judged(report, by)
    # Above what it counts as: an unknown severity may count as more than a known one.
    higher = data.draw(st.sampled_from(WORDS[max(before.findings[index].counts_as, 1) :]))
    raised = replace(old, raw_severity=higher, scores=scores(("CVSS_V3", 10.0)))
    after = judged(replace(report, findings=(*report.findings[:index], raised, *report.findings[index + 1 :])), by)

    assert broken(before) - {rule.id for rule in by.rules if "cvss" in rule.match} <= broken(after)


@many
@given(SCANS.filter(lambda report: bool(report.findings)), POLICIES)
def test_a_rule_is_never_weaker_for_what_is_unknown(report: ScanReport, by: Policy) -> None:
    by = replace(by, unknown="critical", sources=("vendor", "cvss"))
    blind = tuple(replace(one, raw_severity="", scores=(), fix_state="unknown") for one in report.findings)

    assert broken(judged(report, by)) <= broken(judged(replace(report, findings=blind), by))


@many
@given(SCANS, POLICIES, st.lists(WAIVERS, max_size=2))
def test_a_verdict_is_made_of_its_parts(report: ScanReport, by: Policy, waivers: list[Waiver]) -> None:
    by = replace(by, waivers=tuple(waivers))
    verdict = judged(report, by)

    assert verdict == judged(report, by, NOW)
    assert (verdict.exit_code == 10) == bool(broken(verdict)) == (verdict.status == "fail")
    assert judged(report, by, report_only=True).exit_code == 0
    for rule in verdict.rules:
        assert all(rule.id in verdict.findings[index].rules for index in rule.findings)
        assert all(verdict.findings[index].status != "waived" for index in rule.findings)
    for one in verdict.findings:
        assert (one.status == "violates") == (one.waiver is None and bool(broken(verdict) & set(one.rules)))
        assert one.counts_as > 0
