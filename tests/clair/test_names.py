"""What the texts in reports of Clair mean."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.backend.clair import names
from imagegate.model.scan import Score
from imagegate.model.severity import Severity, of_word
from imagegate.text import clean

_ERRATUM = "https://access.redhat.com/errata/RHSA-2024:1234"
_CVES = "https://access.redhat.com/security/cve/CVE-2024-1111 https://access.redhat.com/security/cve/CVE-2024-1112"


@pytest.mark.parametrize(
    ("name", "links", "identity", "others"),
    [
        ("CVE-2005-2541", "", "CVE-2005-2541", ()),
        (
            "CVE-2014-0160 on Ubuntu 12.04 LTS (precise) - high.",
            "https://security-tracker.debian.org/tracker/CVE-2014-0160",
            "CVE-2014-0160",
            ("CVE-2014-0160 on Ubuntu 12.04 LTS (precise) - high.",),
        ),
        ("LAB-2026-0002 CVE-2026-0001", "", "CVE-2026-0001", ("LAB-2026-0002", "LAB-2026-0002 CVE-2026-0001")),
        ("CVE-2021-20232 gnutls28", "", "CVE-2021-20232", ("CVE-2021-20232 gnutls28",)),
        ("cve_2021_20232", "", "CVE-2021-20232", ("cve_2021_20232",)),
        (
            "x_RUBYSEC-net-imap-CVE-2026-42246",
            "https://nvd.nist.gov/vuln/detail/CVE-2020-0001 https://osv.dev/vulnerability/GHSA-vcgp-9326-pqcp",
            "CVE-2026-42246",
            ("GHSA-vcgp-9326-pqcp", "x_RUBYSEC-net-imap-CVE-2026-42246"),
        ),
        ("GO-2026-4865", "https://osv.dev/vulnerability/CVE-2026-32289", "CVE-2026-32289", ("GO-2026-4865",)),
        # What an advisory about software merely links to is not another name of it.
        ("GO-2026-4865", "https://example.com/like/CVE-2026-32289", "GO-2026-4865", ()),
        ("PYSEC-2021-66", "https://osv.dev/vulnerability/GHSA-g3rq-g295-4j3m", "GHSA-g3rq-g295-4j3m", ("PYSEC-2021-66",)),
        ("ALAS2-2024-2400", "https://alas.example/CVE-2024-1111.html", "CVE-2024-1111", ("ALAS2-2024-2400",)),
        ("RHSA-2024:1234", _ERRATUM, "RHSA-2024:1234", ()),
        ("", "", "unknown", ()),
        ("evil\x1b[31m\u202e", "", "evil\\u001b[31m\\u202e", ()),
    ],
)
def test_a_name_becomes_an_id_and_keeps_what_it_was(name: str, links: str, identity: str, others: tuple[str, ...]) -> None:
    assert names.identities(name, links) == ((identity, others),)


def test_an_advisory_for_several_vulnerabilities_is_each_of_them_and_no_other_name_of_any() -> None:
    found = names.identities("RHSA-2024:1234", f"{_ERRATUM} {_CVES}")
    assert found == (("CVE-2024-1111", ("RHSA-2024:1234",)), ("CVE-2024-1112", ("RHSA-2024:1234",)))
    found = names.identities("CVE-2024-1111 CVE-2024-1112", "")
    assert [identity for identity, _ in found] == ["CVE-2024-1111", "CVE-2024-1112"]
    assert not any("CVE-2024-1112" in others for _, others in found[:1])


def test_an_advisory_may_cover_any_number_of_vulnerabilities() -> None:
    links = " ".join(f"https://linux.oracle.com/cve/CVE-2024-{10_000 + number}.html" for number in range(3000))
    found = names.identities("ELSA-2024-3138", links)
    assert len(found) == 3000
    assert found[-1] == ("CVE-2024-12999", ("ELSA-2024-3138",))


def test_names_that_begin_alike_stay_apart() -> None:
    start = "x" * 900
    assert names.identities(start + "1", "") != names.identities(start + "2", "")
    assert names.identities("\u202e" * 900 + "1", "") != names.identities("\u202e" * 900 + "2", "")


def test_digits_of_other_scripts_make_no_cve() -> None:
    assert names.identities("CVE-\u0662\u0660\u0662\u0664-1111", "") == (("CVE-\u0662\u0660\u0662\u0664-1111", ()),)


def test_more_aliases_than_are_kept_are_told() -> None:
    lost: Counter[str] = Counter()
    ((_, others),) = names.identities("GO-2024-1", "", (f"X-{number}" for number in range(51)), lost)
    assert (len(others), lost.total()) == (50, 1)
    names.identities("GO-2024-1", "https://osv.dev/vulnerability/GHSA-g3rq-g295-4j3m", ["CVE-2024-1"], lost)
    assert lost.total() == 1


def test_aliases_that_clair_tells_are_names() -> None:
    lost: Counter[str] = Counter()
    rows = [{"space": "CVE", "name": "2024-1111"}, {"space": "https://a.example/", "name": "x"}]
    told = list(names.told(rows, lost))
    assert told == ["CVE-2024-1111"]
    assert names.identities("GO-2024-1", "", told) == (("CVE-2024-1111", ("GO-2024-1",)),)
    assert list(names.told(None, lost)) == []
    assert not lost
    strange: tuple[object, ...] = ("CVE", {}, [None], [{"space": 5, "name": "1"}], [{"space": "CVE"}])
    for aliases in strange:
        assert list(names.told(aliases, lost)) == []
    assert lost.total() == len(strange)


def test_a_text_of_the_wrong_type_is_told_and_so_is_one_that_is_cut() -> None:
    wrong: tuple[object, ...] = (None, 7, 1.5, ["x"], {}, True, "x" * 11)
    for value in wrong:
        lost: Counter[str] = Counter()
        assert len(names.text({"severity": value}, "severity", 10, lost)) <= 10
        assert lost.total() == 1
    lost = Counter()
    assert names.text({}, "severity", 10, lost) == names.text({"links": None}, "links", 10, lost) == ""
    assert names.text({"description": "x" * 11}, "description", 10, lost) == "x" * 10
    assert not lost
    names.text({"description": 5}, "description", 10, lost)
    assert lost.total() == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ((), "not-fixed")),
        ("  ", ((), "not-fixed")),
        ("0", ((), "unknown")),
        ("1.0.1-4ubuntu5.12", (("1.0.1-4ubuntu5.12",), "fixed")),
        ("0:1.2-3.el8", (("0:1.2-3.el8",), "fixed")),
        ("fixed=1.2.3", (("1.2.3",), "fixed")),
        ("introduced=1.0&fixed=1.2.3", (("1.2.3",), "fixed")),
        ("fixed=3.2.11&introduced=3.2", (("3.2.11",), "fixed")),
        ("fixed=1.0%2Bbuild%3A1", (("1.0+build:1",), "fixed")),
        ("fixed=1.2&fixed=2.3", (("1.2", "2.3"), "fixed")),
        ("1%3A2.3%2Bdeb12u1", (("1:2.3+deb12u1",), "fixed")),
        ("introduced=1.0", ((), "not-fixed")),
        ("fixed=", ((), "not-fixed")),
        ("fixed=0&introduced=0", ((), "unknown")),
        ("lastAffected=1.9&introduced=1.0", ((), "unknown")),
    ],
)
def test_every_form_of_a_fix_is_read(text: str, expected: tuple[tuple[str, ...], str]) -> None:
    assert names.fixed(text) == expected


@pytest.mark.parametrize(
    ("raw", "normalized", "word", "severity"),
    [
        ("High", "High", "High", Severity.HIGH),
        ("unimportant", "Negligible", "unimportant", Severity.NEGLIGIBLE),
        ("important", "High", "important", Severity.HIGH),
        ("high", "Critical", "high", Severity.HIGH),
        ("not yet assigned", "Unknown", "not yet assigned", Severity.UNKNOWN),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "High", "High", Severity.HIGH),
        ("", "Unknown", "", Severity.UNKNOWN),
        ("", "", "", Severity.UNKNOWN),
        ("Defcon1", "", "critical", Severity.CRITICAL),
        ("Negligible", "", "Negligible", Severity.NEGLIGIBLE),
    ],
)
def test_the_word_of_the_vendor_counts_where_it_is_known(raw: str, normalized: str, word: str, severity: Severity) -> None:
    assert names.severity(raw, normalized) == word
    assert of_word(word) == severity


def test_scores_are_read_and_what_is_none_is_left_out() -> None:
    good = {"version": "3.1", "baseScore": 7.5, "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}
    lost: Counter[str] = Counter()
    assert names.scores([good, good], "nvd", lost) == (Score("CVSS_V3", 7.5, str(good["vectorString"]), "nvd"),)
    assert names.scores([good | {"version": "4.0"}], "nvd", lost)[0].type == "CVSS_V4"
    assert not lost
    wrong: tuple[object, ...] = ("7.5", True, 11, -1, float("nan"), None)
    bad = [{"baseScore": value} for value in wrong] + [{"version": "1"}, {"version": 3.1}, {"vectorString": 5}]
    strange: list[object] = [None, {}, [None], [[]], "x", 5, *([good | one] for one in bad)]
    for one in strange:
        lost = Counter()
        assert names.scores(one, "nvd", lost) == ()
        assert lost.total() == 1


def test_of_very_many_scores_the_highest_of_each_kind_is_kept() -> None:
    lost: Counter[str] = Counter()
    payloads = [{"version": version, "baseScore": number / 10} for number in range(100) for version in ("2.0", "3.1")]
    assert names.scores(payloads, "nvd", lost) == (Score("CVSS_V2", 9.9, "", "nvd"), Score("CVSS_V3", 9.9, "", "nvd"))
    assert not lost


def test_a_severity_that_is_a_vector_has_a_score() -> None:
    assert [one.score for one in names.scored("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "osv/pypi")] == [7.5]
    assert names.scored("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "osv")[0].type == "CVSS_V4"
    assert names.scored("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "osv\x1b[31m\ud800")[0].source == "osv\\u001b[31m\\ud800"
    for bad in ("high", "CVSS:3.1/nonsense", "CVSS:9", "CVSS:", "CVSS:3.1/" + "AV:N/" * 100):
        assert names.scored(bad, "osv") == ()


@given(st.text(), st.text())
def test_no_text_is_too_strange(name: str, links: str) -> None:
    for identity, others in names.identities(name, links):
        assert identity
        assert identity not in others
        assert all(clean(text) == text for text in (identity, *others))
    versions, state = names.fixed(name)
    assert state == "fixed" if versions else state in ("not-fixed", "unknown")
    assert clean(names.severity(name, links)) == names.severity(name, links)
