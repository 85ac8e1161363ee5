"""The console report: the verdict first, then what broke the build and what to do."""

from dataclasses import replace

import pytest

from imagegate.model.image import Evidence
from imagegate.policy.document import EVIDENCE
from imagegate.report import wording
from imagegate.report.console import Console
from tests.scans import busy, finding, judged, package, rule, scan

from .test_document import FAILURE


def test_the_verdict_comes_first() -> None:
    assert Console().render([judged(scan())]).startswith("PASS  registry.example.org/team/app:1.0 (exit 0)\n")
    assert Console().render([busy()]).startswith("FAIL  registry.example.org/team/app:1.0 (exit 10)\n")
    assert Console().render([FAILURE]).startswith("NO VERDICT  app:2 (exit 3)\n    app:2: no such image\n    Was it built?\n")


def test_a_verdict_that_is_not_enforced_says_so() -> None:
    text = Console().render([judged(scan([finding(severity="critical")]), report_only=True)])

    assert text.startswith("FAIL  registry.example.org/team/app:1.0 (exit 0)\n")
    assert "--report-only" in text


def test_everything_that_matters_is_told() -> None:
    text = Console(200).render([busy()])

    for words in (
        "What breaks the build: 1 critical, 1 high, 1 unknown",
        "CVE-2026-0002, exploited",
        "CVE-2026-0001, CVSS 9.8",
        "openssl 3.0.1-1: upgrade to 3.0.2-1",
        "severity unknown (counts as high)",
        "unknown, so it counts: fix",
        "layer 1 (RUN apt-get install)",
        "What only warns: 1 low",
        "fail    skipped_layer: layer 1 was not looked at",
        "warn    unreadable: ",
        "ignored uncovered: ",
        "CVE-2026-0003 zlib1g: holds until 2026-11-30 for 1 (payments, not reachable)",
        "CVE-2026-0002: expired on 2026-11-01: what it covered counts again (1)",
        "CVE-1999-0001: matches nothing: remove it",
        "Waived: 1 critical",
        "50,000 advisories confirmed 2026-11-22",
    ):
        assert words in text, words


def test_colour_is_used_only_when_asked_for() -> None:
    assert "\x1b" not in Console().render([busy(), FAILURE])
    assert "\x1b[31" in Console(color=True).render([busy()])


def test_colour_changes_nothing_but_colour() -> None:
    import re

    for width in (40, 80, 200):
        colored = Console(width, color=True).render([busy(), FAILURE])
        assert re.sub(r"\x1b\[[0-9;]+m", "", colored) == Console(width).render([busy(), FAILURE])


@pytest.mark.parametrize("width", [1, 40, 60, 80, 200])
def test_no_line_is_too_long(width: int) -> None:
    long = finding(
        "CVE-2026-0001-" + "x" * 150, package("p" * 300, "1" * 300), "critical", title="word " * 400, fixed_in=("2" * 300,)
    )

    for line in Console(width, every=True).render([busy(), judged(scan([long])), FAILURE]).split("\n"):
        assert len(line) <= max(width, 40)
        assert line == line.rstrip()


def test_the_version_that_has_every_fix_is_named_once_for_each_source() -> None:
    old = [finding("CVE-1", fixed_in=("3.0.10",), upgrade="3.0.10"), finding("CVE-2", fixed_in=("3.0.9",), upgrade="3.0.10")]
    npm = finding("CVE-4", package("openssl", "1", type="npm", purl="pkg:npm/openssl@1", source_name=""), fixed_in=("2.0", "3.1"))

    text = Console(120).render([judged(scan([*old, npm]))])

    assert "  openssl: 3.0.10 or later\n" in text
    assert "  openssl: 2.0, 3.1 or later\n" in text


def test_one_vulnerability_in_several_packages_of_a_source_is_told_once() -> None:
    both = [finding("CVE-1", package(name, "3.0.1-1", source_name="openssl"), fixed_in=("3",)) for name in ("libssl3", "openssl")]

    text = Console(120).render([judged(scan(both))])

    assert text.count("HIGH       CVE-1") == 1
    assert "libssl3, openssl 3.0.1-1: " in text


def test_a_long_list_is_cut_and_says_so() -> None:
    verdict = judged(scan([finding(f"CVE-{number}") for number in range(50)]), rule("{severity: high}"))

    assert "and 30 high more" in Console().render([verdict])
    assert Console().render([verdict]).count("CVE-") == 20
    assert Console(every=True).render([verdict]).count("CVE-") == 50


def test_several_images_stand_apart() -> None:
    one = judged(scan())
    other = replace(FAILURE, reference="app:3")

    assert Console().render([one, other]).count("\n\nNO VERDICT  app:3") == 1


def test_missing_evidence_says_what_to_try_once_for_each_kind() -> None:
    text = Console(200).render([judged(scan(evidence=[Evidence("unreadable", "fail", f"file {number}") for number in range(3)]))])

    assert text.count("rebuild it if it is damaged") == 1
    assert all(wording.advice(kind) for kind in EVIDENCE)
