"""What each key of a match means."""

from dataclasses import replace

import pytest

from imagegate.model.inventory import Location
from tests.scans import finding, judged, matches, package, policy, rule, scan, scores


@pytest.mark.parametrize(
    ("wanted", "severity", "holds"),
    [
        ("high", "high", True),
        ("high", "critical", False),
        ("'>=high'", "critical", True),
        ("'>= high'", "high", True),
        ("'>high'", "high", False),
        ("'<high'", "medium", True),
        ("'<=medium'", "medium", True),
        ("[low, critical]", "critical", True),
        ("[low, critical]", "high", False),
        ("high", "Important", True),
        ("medium", "moderate", True),
        ("high", "no such word", True),  # unknown counts as high
        ("critical", "", False),
        ("unknown", "", True),
        ("unknown", "low", False),
        ("[unknown, critical]", "no such word", True),
        ("'>=unknown'", "", True),
    ],
)
def test_severity(wanted: str, severity: str, holds: bool) -> None:
    assert matches(f"{{severity: {wanted}}}", finding(severity=severity)) is holds


@pytest.mark.parametrize(
    ("sources", "vendor", "score", "word"),
    [
        ("[vendor, cvss]", "low", 9.8, "low"),
        ("[vendor, cvss]", "", 9.8, "critical"),
        ("[cvss, vendor]", "low", 9.8, "critical"),
        ("[cvss, vendor]", "low", None, "low"),
        ("highest", "low", 9.8, "critical"),
        ("highest", "critical", 2.0, "critical"),
        ("vendor", "", 9.8, "unknown"),
        ("cvss", "critical", None, "unknown"),
        ("cvss", "critical", 0.0, "negligible"),
        ("cvss", "", 3.9, "low"),
        ("cvss", "", 4.0, "medium"),
        ("cvss", "", 6.9, "medium"),
        ("cvss", "", 7.0, "high"),
        ("cvss", "", 8.9, "high"),
        ("cvss", "", 9.0, "critical"),
    ],
)
def test_the_policy_says_where_a_severity_comes_from(sources: str, vendor: str, score: float | None, word: str) -> None:
    known = scores(("CVSS_V3", score)) if score is not None else ()
    by = policy(f"extends: [recommended]\nseverity: {{source: {sources}, unknown: medium}}\n")

    seen = judged(scan([finding(severity=vendor, scores=known)]), by).findings[0]

    assert seen.severity.word == word
    assert seen.counts_as.word == ("medium" if word == "unknown" else word)


@pytest.mark.parametrize(
    ("known", "best"),
    [
        ((("CVSS_V2", 10.0), ("CVSS_V3", 5.0)), 5.0),
        ((("CVSS_V2", 10.0), ("CVSS_V4", 5.0)), 5.0),
        ((("CVSS_V3", 5.0), ("CVSS_V4", 6.0)), 6.0),
        ((("CVSS_V2", 4.0), ("CVSS_V2", 7.0)), 7.0),
        ((), None),
    ],
)
def test_an_old_score_counts_only_where_there_is_no_newer(known: tuple[tuple[str, float], ...], best: float | None) -> None:
    assert judged(scan([finding(scores=scores(*known))])).findings[0].score == best


@pytest.mark.parametrize(
    ("wanted", "score", "holds"),
    [
        ("'>=7.0'", 7.0, True),
        ("'>7.0'", 7.0, False),
        ("'<9.0'", 8.9, True),
        ("7.5", 7.5, True),
        ("7", 7.0, True),
        ("7", 7.5, False),
        ("['<1', '>=9']", 9.0, True),
        ("['<1', '>=9']", 5.0, False),
        ("'>=9.9'", None, True),  # unknown: a rule never gets weaker for lack of data
    ],
)
def test_cvss(wanted: str, score: float | None, holds: bool) -> None:
    known = scores(("CVSS_V3", score)) if score is not None else ()

    assert matches(f"{{cvss: {wanted}}}", finding(scores=known)) is holds


@pytest.mark.parametrize(
    ("wanted", "state", "holds"),
    [
        ("available", "fixed", True),
        ("available", "not-fixed", False),
        ("available", "unknown", True),
        ("none", "fixed", False),
        ("none", "not-fixed", True),
        ("none", "unknown", True),
        ("[available, none]", "not-fixed", True),
    ],
)
def test_fix(wanted: str, state: str, holds: bool) -> None:
    assert matches(f"{{fix: {wanted}}}", finding(fix_state=state)) is holds


def test_what_matched_because_nobody_knows_is_said() -> None:
    seen = judged(scan([finding(fix_state="unknown")]), rule("{fix: available, cvss: '>=9', severity: high}"))

    assert seen.exit_code == 10
    assert seen.findings[0].unknowns == ("cvss", "fix")


@pytest.mark.parametrize(("wanted", "known", "holds"), [("true", True, True), ("true", False, False), ("false", False, True)])
def test_known_exploited(wanted: str, known: bool, holds: bool) -> None:
    assert matches(f"{{known_exploited: {wanted}}}", finding(known_exploited=known)) is holds


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ("CVE-2026-0001", True),
        ("cve-2026-0001", True),
        ("GHSA-xxxx-yyyy-zzzz", True),
        ("'CVE-2026-*'", True),
        ("'CVE-2026-000?'", True),
        ("'CVE-2026-00?'", False),
        ("'MAL-*'", False),
        ("'ghsa-*'", True),
        ("'[CG]VE-2026-0001'", False),
        ("[CVE-1, CVE-2026-0001]", True),
        ("'*'", True),
    ],
)
def test_id(wanted: str, holds: bool) -> None:
    assert matches(f"{{id: {wanted}}}", finding(aliases=("GHSA-xxxx-yyyy-zzzz",))) is holds


PURL = "pkg:deb/debian/libssl3@3.0.1%2Bdeb12-1?arch=amd64&distro=debian-12"


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ("libssl3", True),
        ("'libssl?'", True),
        ("'libssl*'", True),
        ("openssl", True),  # the source
        ("ssl", False),
        ("LIBSSL3", False),
        ("pkg:deb/debian/libssl3", True),
        ("pkg:deb/debian/*", True),
        ("'pkg:deb/*'", True),
        ("'pkg:*/libssl3'", True),
        ("'pkg:deb/debian/libssl?'", True),
        ("pkg:deb/ubuntu/libssl3", False),
        ("pkg:deb/debian/libssl", False),
        ("pkg:deb/debian/openssl", False),
        ("pkg:deb/debian/libssl3@3.0.1%2Bdeb12-1", True),
        ("pkg:deb/debian/libssl3@3.0.1+deb12-1", True),
        ("'pkg:deb/debian/libssl3@3.0.*'", True),
        ("pkg:deb/debian/libssl3@3.0.2", False),
        ("'pkg:deb/debian/libssl3?arch=amd64'", True),
        ("'pkg:deb/debian/libssl3?distro=debian-12'", True),
        ("'pkg:deb/debian/libssl3?distro=debian-*&arch=amd64'", True),
        ("'pkg:deb/debian/libssl3?arch=arm64'", False),
        ("'pkg:deb/debian/libssl3@3.0.2?arch=amd64'", False),
        ("[zlib, libssl3]", True),
    ],
)
def test_package(wanted: str, holds: bool) -> None:
    one = package("libssl3", "3.0.1+deb12-1", purl=PURL, source_name="openssl")

    assert matches(f"{{package: {wanted}}}", finding(of=one)) is holds


@pytest.mark.parametrize(("wanted", "holds"), [("deb", True), ("d*", True), ("apk", False), ("[apk, deb]", True)])
def test_type(wanted: str, holds: bool) -> None:
    assert matches(f"{{type: {wanted}}}", finding()) is holds


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ("/opt/app/lib/node_modules/x/package.json", True),
        ("opt/app/lib/node_modules/x/package.json", True),
        ("/opt/**", True),
        ("/opt/*", False),
        ("/opt/*/lib/**", True),
        ("'**/package.json'", True),
        ("'**/node_modules/**'", True),
        ("'**/node_modules/*'", False),
        ("'**'", True),
        ("'*'", False),
        ("/opt/app/**/lib/**", True),
        ("'/opt/a?p/**'", True),
        ("/opt/app/lib/node_modules/x/package.json/**", True),
        ("/usr/**", False),
        ("'**/**/**/y/**'", False),
        ("/opt/app/lib/node_modules/x/package", False),
    ],
)
def test_path(wanted: str, holds: bool) -> None:
    place = Location("opt/app/lib/node_modules/x/package.json", 1)

    assert matches(f"{{path: {wanted}}}", finding(of=package(locations=(place,)))) is holds


def test_a_hostile_path_and_pattern_take_no_time() -> None:
    place = Location("/".join("a" * 500 for _ in range(8)), 0)

    assert not matches(f"{{path: '{'**/' * 50}{'*a' * 200}b/{'**/' * 50}c'}}", finding(of=package(locations=(place,))))
    assert not matches(f"{{package: '{'*a' * 200}b'}}", finding(of=package("a" * 2000)))


def test_all_keys_of_a_match_must_hold() -> None:
    match = "{severity: high, package: openssl, fix: available}"
    one = finding(fixed_in=("2",))

    assert matches(match, one)
    assert not matches(match, replace(one, raw_severity="low"))
    assert not matches(match, replace(one, fix_state="not-fixed"))
    assert not matches(match, finding(of=package("zlib"), fixed_in=("2",)))


def test_a_maximum_counts_vulnerabilities_in_packages_and_not_places() -> None:
    twice = package(locations=(Location("a", 0), Location("b", 1)))
    found = [finding(of=twice, location=place) for place in twice.locations]
    other = package("zlib")

    most = rule("{severity: high}", more=", max: 1")

    assert judged(scan(found), most).rules[0].count == 1
    assert judged(scan(found), most).status == "pass"
    assert judged(scan([*found, finding(of=other)]), most).rules[0].count == 2
    assert judged(scan([*found, finding(of=other)]), most).exit_code == 10
    assert judged(scan([*found, finding("CVE-2", twice)]), most).exit_code == 10


def test_what_a_rule_only_warns_of_does_not_fail() -> None:
    verdict = judged(scan([finding()]), rule("{severity: high}", "warn"))

    assert (verdict.status, verdict.exit_code, verdict.rules[0].status, verdict.findings[0].status) == (
        "pass",
        0,
        "warns",
        "warns",
    )


def test_a_rule_is_told_in_words() -> None:
    told = judged(scan(), rule("{severity: ['>=high', unknown], fix: available, known_exploited: true}", more=", max: 5")).rules[
        0
    ]

    assert told.condition == "severity >=high or unknown, fix available, known_exploited true, at most 5"
