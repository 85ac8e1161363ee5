"""From matches to a verdict: evidence, clocks, waivers, exit codes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from imagegate.model.image import Evidence
from imagegate.model.inventory import Distribution, Location
from imagegate.model.scan import BackendRun, ScanReport
from imagegate.policy.document import EVIDENCE
from imagegate.policy.load import BUILT_IN
from tests.scans import DEBIAN, NOW, busy, database, finding, judged, package, policy, rule, scan

WARN = "extends: [recommended]\nevidence: {%s: %s}\n"


def waived(facts: str) -> str:
    return f"extends: [recommended]\nwaivers:\n  require: []\n  list:\n    - {{id: CVE-2026-0001, {facts}}}\n"


def test_the_same_arguments_give_the_same_verdict() -> None:
    report = scan([finding(severity="critical")])

    assert judged(report) == judged(report)
    assert busy().findings == busy().findings


@pytest.mark.parametrize("kind", EVIDENCE)
@pytest.mark.parametrize(("level", "status", "code"), [("fail", "fail", 4), ("warn", "warn", 0), ("ignore", "ok", 0)])
def test_a_policy_lowers_evidence_and_what_was_found_stays(kind: str, level: str, status: str, code: int) -> None:
    verdict = judged(scan(evidence=[Evidence(kind, "fail", "not seen")]), policy(WARN % (kind, level)))
    item = verdict.evidence[0]

    assert (item.status, item.found, verdict.exit_code) == (status, "fail", code)
    assert verdict.status == ("none" if code else "pass")


@pytest.mark.parametrize("found", ["ok", "warn"])
def test_a_policy_never_raises_evidence(found: str) -> None:
    verdict = judged(scan(evidence=[Evidence("unreadable", found, "x")]), policy(WARN % ("unreadable", "fail")))

    assert (verdict.evidence[0].status, verdict.exit_code) == (found, 0)


def test_evidence_of_a_kind_that_no_policy_knows_fails() -> None:
    assert judged(scan(evidence=[Evidence("something new", "fail", "x")]), "permissive").exit_code == 4


@pytest.mark.parametrize(
    ("confirmed", "code"),
    [
        ("2026-11-19T12:00:00Z", 0),
        ("2026-11-19T11:59:59Z", 4),
        ("2026-11-19T13:00:00+01:00", 0),
        ("2026-11-19", 4),
        ("2026-11-20", 0),
        ("", 4),
        ("never", 4),
        ("0001-01-01T00:00:00+23:59", 4),
        ("9999-12-31T23:59:59-23:59", 0),
    ],
)
def test_advisories_are_stale_after_three_days(confirmed: str, code: int) -> None:
    assert judged(scan(data=database(confirmed))).exit_code == code


def test_how_old_advisories_may_be_is_policy() -> None:
    data = database("2026-11-22T00:00:00Z")

    assert judged(scan(data=data), policy(WARN % ("database_max_age", "12h"))).exit_code == 0
    assert judged(scan(data=data), policy(WARN % ("database_max_age", "11h"))).exit_code == 4


def test_advisories_from_the_future_are_told() -> None:
    items = [item for item in judged(scan(data=database("2026-11-22T14:00:00Z"))).evidence if item.kind == "stale_database"]

    assert [item.status for item in items] == ["warn"]
    assert "clock" in items[0].detail


def test_a_scanner_elsewhere_that_does_not_tell_how_old_its_data_is_is_told_of_and_fails_where_the_policy_asks() -> None:
    report = replace(scan(), backends=(BackendRun("clair", "v1", None),))

    assert judged(report).exit_code == 0
    assert [item.status for item in judged(report).evidence if item.kind == "stale_database"] == ["warn"]
    assert judged(report, policy(WARN % ("database_max_age", "9d"))).exit_code == 4
    assert judged(report, policy(WARN % ("stale_database", "fail"))).exit_code == 4
    assert judged(report, policy(WARN % ("stale_database", "warn"))).exit_code == 0


def test_packages_that_were_held_against_no_advisories_are_no_pass() -> None:
    report = replace(scan(), backends=(BackendRun("embedded", "1", None),))

    assert judged(report).exit_code == 4
    assert "stale_database" in {item.kind for item in judged(report).evidence if item.status == "fail"}


@pytest.mark.parametrize(
    ("clock", "code"),
    [
        (datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC), 0),
        (datetime(2026, 7, 1, tzinfo=UTC), 4),
        (datetime(2026, 7, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))), 0),  # still June in UTC
        (datetime(2026, 6, 30, 23, 0, tzinfo=timezone(-timedelta(hours=2))), 4),
    ],
)
def test_a_release_is_supported_on_its_last_day(clock: datetime, code: int) -> None:
    old = replace(DEBIAN, end_of_life="2026-06-30")

    assert judged(scan(distribution=old, data=database("2026-06-30T12:00:00Z")), clock=clock).exit_code == code


def test_a_release_without_a_known_end_is_no_failure() -> None:
    assert judged(scan(distribution=Distribution("wolfi", ""))).exit_code == 0


@pytest.mark.parametrize(("match", "lost"), [("{known_exploited: true}", {"exploited": 0}), ("{cvss: '>=9'}", {"scores": 0})])
def test_data_that_is_missing_as_a_whole_is_evidence(match: str, lost: dict[str, Any]) -> None:
    report = scan(data=database(**lost))

    assert judged(report, rule(match)).exit_code == 4
    assert [item.kind for item in judged(report, rule(match)).evidence if item.status == "fail"] == ["missing_data"]
    assert judged(report, rule("{severity: high}")).exit_code == 0


def test_a_finding_of_which_nobody_knows_whether_it_is_exploited_is_no_pass() -> None:
    assert judged(scan([finding(severity="low", known_exploited=None)])).exit_code == 4


@pytest.mark.parametrize(
    ("clock", "status", "code"),
    [(datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), "used", 0), (datetime(2026, 11, 23, tzinfo=UTC), "expired", 10)],
)
def test_a_waiver_holds_on_its_last_day_and_not_on_the_next(clock: datetime, status: str, code: int) -> None:
    verdict = judged(scan([finding(severity="critical")]), policy(waived("expires: 2026-11-22")), clock)

    assert (verdict.exit_code, verdict.waivers[0].status, verdict.waivers[0].findings) == (code, status, (0,))
    assert verdict.findings[0].status == ("waived" if status == "used" else "violates")


@pytest.mark.parametrize(
    ("facts", "holds"),
    [
        ("reason: r", True),
        ("package: openssl", True),
        ("package: zlib", False),
        ("package: 'pkg:deb/debian/openssl'", True),
        ("package: 'pkg:deb/debian/openssl@3.0.1-1'", True),
        ("package: 'pkg:deb/debian/openssl@3.0.2'", False),
        ("package: [zlib, openssl]", True),
        ("path: /var/lib/dpkg/status", True),
        ("path: '/opt/**'", False),
        ("package: openssl, path: '/opt/**'", False),
    ],
)
def test_a_waiver_covers_what_it_names(facts: str, holds: bool) -> None:
    verdict = judged(scan([finding(severity="critical")]), policy(waived(f"{facts}, expires: 2026-12-01")))

    assert verdict.exit_code == (0 if holds else 10)
    assert verdict.waivers[0].status == ("used" if holds else "unused")


def test_a_waiver_goes_by_any_name_of_the_vulnerability() -> None:
    one = finding("GHSA-aaaa-bbbb-cccc", severity="critical", aliases=("CVE-2026-0001",))

    assert judged(scan([one]), policy(waived("expires: 2026-12-01"))).findings[0].status == "waived"


def test_what_is_waived_does_not_count_towards_a_maximum() -> None:
    text = "rules: [{id: r, match: {severity: high}, max: 1, action: fail}]\n"
    text += "waivers: {list: [{id: CVE-1, reason: r, owner: o, expires: 2026-12-01}]}\n"
    found = [finding("CVE-1"), finding("CVE-2")]

    verdict = judged(scan(found), policy(text))

    assert (verdict.status, verdict.rules[0].count, verdict.rules[0].findings) == ("pass", 1, (1,))
    assert judged(scan([*found, finding("CVE-3")]), policy(text)).status == "fail"


def blind(report: ScanReport) -> ScanReport:
    return replace(report, evidence=(Evidence("unreadable", "fail", "x"),))


BAD, GOOD = scan([finding(severity="critical")]), scan([finding(severity="low")])


@pytest.mark.parametrize(
    ("report", "report_only", "status", "code"),
    [
        (GOOD, False, "pass", 0),
        (BAD, False, "fail", 10),
        (blind(GOOD), False, "none", 4),
        (blind(BAD), False, "fail", 10),  # a proven violation stays one
        (GOOD, True, "pass", 0),
        (BAD, True, "fail", 0),
        (blind(GOOD), True, "none", 4),
        (blind(BAD), True, "fail", 4),  # only the violation is forgiven
    ],
)
def test_the_exit_code_follows_the_table(report: ScanReport, report_only: bool, status: str, code: int) -> None:
    verdict = judged(report, report_only=report_only)

    assert (verdict.status, verdict.exit_code, verdict.report_only) == (status, code, report_only)
    assert bool(verdict.reasons) == (status != "pass")


MALICIOUS = finding("MAL-2026-1", severity="low")
EXPLOITED = finding(severity="low", known_exploited=True)
CRITICAL = finding(severity="critical")
FIXABLE_HIGH, HIGH = finding(fixed_in=("2",)), finding()
FIXABLE_LOW, LOW = finding(severity="low", fixed_in=("2",)), finding(severity="low")
UNKNOWN, FIXABLE_UNKNOWN = finding(severity=""), finding(severity="", fixed_in=("2",))
EVERYTHING = (MALICIOUS, EXPLOITED, CRITICAL, FIXABLE_HIGH, HIGH, FIXABLE_LOW, LOW, UNKNOWN, FIXABLE_UNKNOWN)
FAILS = {
    "recommended": (MALICIOUS, EXPLOITED, CRITICAL, FIXABLE_HIGH, FIXABLE_UNKNOWN),
    "strict": (MALICIOUS, EXPLOITED, CRITICAL, FIXABLE_HIGH, HIGH, FIXABLE_LOW, UNKNOWN, FIXABLE_UNKNOWN),
    "permissive": (MALICIOUS, EXPLOITED, CRITICAL),
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_a_built_in_policy_fails_on(name: str) -> None:
    assert tuple(one for one in EVERYTHING if judged(scan([one]), name).exit_code == 10) == FAILS[name]


@pytest.mark.parametrize(("name", "code"), [("recommended", 4), ("strict", 4), ("permissive", 0)])
def test_what_a_built_in_policy_makes_of_missing_evidence(name: str, code: int) -> None:
    for kind in EVIDENCE:
        assert judged(scan(evidence=[Evidence(kind, "fail", "x")]), name).exit_code == code


def test_one_vulnerability_at_two_places_is_two_findings_of_one_count() -> None:
    twice = package(locations=(Location("a", 0), Location("b", 1)))
    verdict = judged(scan([finding(of=twice, location=place, severity="critical") for place in twice.locations]))

    assert (verdict.rules[2].count, verdict.rules[2].findings) == (1, (0, 1))
    assert verdict.created == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
