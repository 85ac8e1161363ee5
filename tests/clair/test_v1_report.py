"""Reports of the first API of Clair: every form of their parts, and whatever else they may hold."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.backend.clair import v1_report
from imagegate.backend.clair.report import Reading
from imagegate.errors import BackendError
from imagegate.model.scan import Score
from tests.clair.recordings import recorded

SYSTEM = "debian:12"
FEATURE = {"Name": "curl", "NamespaceName": SYSTEM, "VersionFormat": "dpkg", "Version": "7.88.1-10", "AddedBy": "base"}
HIT = {"Name": "CVE-2023-38545", "NamespaceName": SYSTEM, "Severity": "High", "FixedBy": "7.88.1-10+deb12u4"}


def feature(*hits: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return FEATURE | {"Vulnerabilities": list(hits)} | changes


def report(*features: Any, **changes: Any) -> dict[str, Any]:
    layer = {"Name": "top", "NamespaceName": SYSTEM, "ParentName": "base", "IndexedByVersion": 3, "Features": list(features)}
    return {"Layer": layer | changes}


def read(*features: Any, **changes: Any) -> Reading:
    return v1_report.read(report(*features, **changes), {"base": 0, "top": 1})


def evidence(reading: Reading) -> list[tuple[str, str]]:
    return [(item.kind, item.found) for item in reading.evidence]


def test_a_package_without_a_vulnerability_is_one() -> None:
    reading = read(FEATURE)
    (package,) = reading.packages
    assert package.purl == "pkg:deb/debian/curl@7.88.1-10?distro=debian-12"
    assert (package.source_name, package.source_version) == ("curl", "7.88.1-10")
    assert reading.findings == ()
    assert reading.evidence == ()
    assert reading.layers == ("base",)


@pytest.mark.parametrize(
    ("namespace", "form", "version", "purl", "path"),
    [
        ("ubuntu:22.04", "dpkg", "1:1", "pkg:deb/ubuntu/curl@1:1?distro=ubuntu-22.04", "var/lib/dpkg/status"),
        ("alpine:v3.8", "dpkg", "1-r0", "pkg:apk/alpine/curl@1-r0?distro=alpine-3.8", "lib/apk/db/installed"),
        ("centos:7", "rpm", "1-2.el7", "pkg:rpm/centos/curl@1-2.el7?distro=centos-7", "var/lib/rpm/Packages"),
        ("centos:7", "rpm", "2:1-2.el7", "pkg:rpm/centos/curl@1-2.el7?distro=centos-7&epoch=2", "var/lib/rpm/Packages"),
        ("oracle:7", "rpm", "1-2.el7", "pkg:rpm/ol/curl@1-2.el7?distro=ol-7", "var/lib/rpm/Packages"),
        ("amzn:2", "rpm", "1-2", "pkg:rpm/amzn/curl@1-2?distro=amzn-2", "var/lib/rpm/Packages"),
        ("plan9:4", "rpm", "1-2", "pkg:rpm/curl@1-2", "var/lib/rpm/Packages"),
        ("plan9:4", "", "1-2", "pkg:generic/curl@1-2", ""),
        ("", "dpkg", "1-2", "pkg:deb/debian/curl@1-2", "var/lib/dpkg/status"),
    ],
)
def test_a_package_is_written_as_our_own_catalogers_write_it(
    namespace: str, form: str, version: str, purl: str, path: str
) -> None:
    one = FEATURE | {"NamespaceName": namespace, "VersionFormat": form, "Version": version}
    reading = read(one, NamespaceName=namespace)
    (package,) = reading.packages
    assert (package.purl, package.locations[0].path) == (purl, path)


def test_a_distribution_that_cannot_be_judged_is_told_in_clairs_name() -> None:
    for namespace in ("plan9:4", "debian:unstable", "debian"):
        reading = read(FEATURE | {"NamespaceName": namespace}, NamespaceName=namespace)
        ((kind, found, detail),) = {(item.kind, item.found, item.detail) for item in reading.evidence}
        assert (kind, found) == ("unknown_distro", "fail")
        assert detail.startswith("Clair says ")


def test_the_distribution_is_that_of_the_packages_where_the_layer_names_none() -> None:
    reading = read(FEATURE, FEATURE | {"Name": "bash"}, FEATURE | {"NamespaceName": "debian:11"}, NamespaceName="")
    assert reading.distribution is not None
    assert reading.distribution.version == "12"
    assert evidence(reading) == [("unknown_distro", "warn")]


def test_packages_without_a_distribution_do_not_outvote_the_others() -> None:
    nameless = FEATURE | {"NamespaceName": ""}
    reading = read(nameless | {"Name": "a"}, nameless | {"Name": "b"}, FEATURE, NamespaceName="")
    assert reading.distribution is not None
    assert reading.distribution.version == "12"
    assert evidence(reading) == []


def test_packages_of_two_distributions_keep_theirs() -> None:
    reading = read(FEATURE, FEATURE | {"NamespaceName": "debian:11"})
    assert [package.purl[-9:] for package in reading.packages] == ["debian-11", "debian-12"]
    assert evidence(reading) == [("unknown_distro", "warn")]


@pytest.mark.parametrize(
    ("fixed", "versions", "state"),
    [("7.88.1-10+deb12u4", ("7.88.1-10+deb12u4",), "fixed"), ("", (), "not-fixed"), ("#MAXV#", (), "not-fixed")],
)
def test_a_fix_is_a_version_or_none(fixed: str, versions: tuple[str, ...], state: str) -> None:
    (finding,) = read(feature(HIT | {"FixedBy": fixed})).findings
    assert (finding.fixed_in, finding.fix_state) == (versions, state)


@pytest.mark.parametrize(
    ("metadata", "scores", "published"),
    [
        ({"NVD": {"CVSSv2": {"Score": 7.5, "Vectors": "AV:N"}}}, (("CVSS_V2", 7.5, "AV:N", "nvd"),), None),
        (
            {
                "NVD": {
                    "CVSSv2": {"PublishedDateTime": "2023-10-18T04:15Z", "Vectors": "AV:N", "Score": 5},
                    "CVSSv3": {"Vectors": "CVSS:3.0/AV:N", "Score": 9.8, "ExploitabilityScore": 3.9, "ImpactScore": 5.9},
                }
            },
            (("CVSS_V2", 5.0, "AV:N", "nvd"), ("CVSS_V3", 9.8, "CVSS:3.0/AV:N", "nvd")),
            "2023-10-18T04:15Z",
        ),
        ({"NVD": {"CVSSv2": {"Score": 0, "Vectors": ""}, "CVSSv3": {"Score": 0, "Vectors": ""}}}, (), None),
        ({"Other\u202e": {"CVSSv2": {"Score": 5, "Vectors": "a"}}}, (("CVSS_V2", 5.0, "a", "other\\u202e"),), None),
        ({"NVD": {"CVSSv2": {"Score": 11, "Vectors": "a"}}, "A": None, "B": [], "C": {"CVSSv2": 5}}, (), None),
        ({"NVD": {"CVSSv2": {"Score": "7.5", "Vectors": ["a"]}}}, (), None),
        (
            {"NVD": {"CVSSv2": {"Score": 5, "Vectors": "a", "PublishedDateTime": "yesterday"}}},
            (("CVSS_V2", 5.0, "a", "nvd"),),
            None,
        ),
        ({}, (), None),
        (None, (), None),
        ("text", (), None),
    ],
)
def test_scores_are_those_of_nvd_or_whoever_is_named(metadata: Any, scores: tuple[Any, ...], published: str | None) -> None:
    (finding,) = read(feature(HIT | {"Metadata": metadata})).findings
    assert finding.scores == tuple(Score(*score) for score in scores)
    assert finding.published == published


@pytest.mark.parametrize(
    ("name", "identity", "aliases"),
    [
        ("CVE-2023-38545", "CVE-2023-38545", ()),
        ("RHSA-2023:5763", "RHSA-2023:5763", ()),
        ("CVE-2023-38545 on Debian", "CVE-2023-38545", ("CVE-2023-38545 on Debian",)),
    ],
)
def test_a_name_keeps_what_clair_called_it(name: str, identity: str, aliases: tuple[str, ...]) -> None:
    (finding,) = read(feature(HIT | {"Name": name})).findings
    assert (finding.id, finding.aliases) == (identity, aliases)


def test_what_is_told_twice_is_one_finding_with_the_worst_of_it() -> None:
    again = HIT | {"Severity": "Defcon1", "FixedBy": "7.88.1-10+deb12u5"}
    reading = read(feature(HIT, again, HIT), feature(HIT))
    (finding,) = reading.findings
    assert (finding.raw_severity, finding.fixed_in) == ("critical", ("7.88.1-10+deb12u5",))
    assert len(reading.packages) == 1


def test_findings_without_severity_and_score_are_counted() -> None:
    reading = read(feature(HIT | {"Severity": "Unknown"}, {"Name": "CVE-2023-1"}))
    assert evidence(reading) == [("backend", "warn")]
    assert "2 of 2" in reading.evidence[0].detail


def test_nothing_recognised_is_not_clean() -> None:
    forms: tuple[dict[str, Any], ...] = ({"Features": None}, {"Features": []}, {})
    for form in forms:
        document = {"Layer": {"Name": "top", **form}}
        assert evidence(v1_report.read(document, {"top": 0})) == [
            ("unknown_distro", "fail"),
            ("no_packages", "fail"),
            ("backend", "fail"),
        ]


def test_a_stored_report_without_vulnerabilities_proves_nothing() -> None:
    assert evidence(v1_report.read(report(FEATURE), None)) == [("uncovered", "fail")]
    assert evidence(v1_report.read(report(feature(HIT)), None)) == []


def test_layers_of_a_stored_report_are_numbered_as_it_mentions_them() -> None:
    reading = v1_report.read(report(feature(HIT), FEATURE | {"Name": "bash", "AddedBy": "top"}), None)
    assert {package.name: package.locations[0].layer for package in reading.packages} == {"curl": 0, "bash": 1}
    assert evidence(reading) == [("backend", "warn")]


def test_a_layer_that_the_image_does_not_have_is_told() -> None:
    for name in ("other\x1b[31m", "", None, 7):
        reading = read(FEATURE | {"AddedBy": name})
        assert set(evidence(reading)) == {("backend", "fail")}
        assert "\x1b" not in reading.evidence[0].detail


def test_packages_without_a_name_or_version_are_told() -> None:
    assert evidence(read(FEATURE, FEATURE | {"Name": ""})) == [("backend", "fail")]
    assert evidence(read(FEATURE | {"Version": ""})) == [("unreadable", "fail")]
    assert evidence(read(FEATURE | {"Version": 12})) == [("unreadable", "fail"), ("backend", "fail")]


@pytest.mark.parametrize("key", ["Name", "Severity", "FixedBy", "Link", "Description", "Metadata"])
def test_what_has_the_wrong_type_is_never_as_good_as_not_said(key: str) -> None:
    strange: tuple[object, ...] = (1.5, 7, [], True)
    for wrong in strange:
        assert ("backend", "fail") in evidence(read(feature(HIT, HIT | {key: wrong})))
    optional = key in ("Link", "Description", "Metadata")
    assert (("backend", "fail") in evidence(read(feature(HIT, HIT | {key: None})))) != optional


def test_vulnerabilities_without_a_name_are_told_and_hide_no_others() -> None:
    reading = read(feature(HIT, {}, {"Name": ""}, {"Severity": "Low"}))
    assert [one.id for one in reading.findings] == [HIT["Name"]]
    assert [one.detail for one in reading.evidence] == ["Clair's report is not whole: 3 vulnerabilities without a name"]


@pytest.mark.parametrize("wrong", [{"CVSSv2": 5}, {"CVSSv3": {"Score": "9.8"}}, {"CVSSv2": {"Score": 11}}])
def test_scores_that_cannot_be_read_are_told(wrong: dict[str, Any]) -> None:
    assert ("backend", "fail") in evidence(read(feature(HIT | {"Metadata": {"NVD": wrong}})))


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({}, "Layer is not an object"),
        ({"Layer": []}, "Layer is not an object"),
        ({"Error": {"Message": "the resource cannot be found"}}, "an error of Clair, not a report: the resource cannot be found"),
        (report(Features={}), "Layer.Features is not a list"),
        (report(FEATURE, 7), "Layer.Features.1 is not an object"),
        (report(FEATURE | {"Vulnerabilities": {}}), "Layer.Features.0.Vulnerabilities is not a list"),
        (report(feature(HIT, "x")), "Layer.Features.0.Vulnerabilities.1 is not an object"),  # type: ignore[arg-type]
    ],
)
def test_what_has_not_the_form_of_a_report_is_refused_with_the_place(document: dict[str, Any], where: str) -> None:
    with pytest.raises(BackendError) as caught:
        v1_report.read(document, None)
    assert where in caught.value.message
    assert caught.value.hint


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v1_report, "_MOST", 3)
    covering = HIT | {"Name": "ELSA-2024-1", "Link": " ".join(f"https://x/CVE-2024-{1000 + number}" for number in range(4))}
    for features in ([FEATURE] * 4, [feature(HIT, HIT), feature(HIT, HIT)], [feature(covering)]):
        with pytest.raises(BackendError, match="more than 3"):
            read(*features)


def test_text_is_harmless_and_short() -> None:
    hit = HIT | {"Name": "CVE-2023-1\u202e\n", "Description": "a\x1b[31m" + "b" * 5000, "Link": "javascript:alert(1)"}
    reading = read(feature(hit, Name="curl\n::error::", Version="1\x07"))
    text = repr(reading.findings[0])
    assert not {"\x1b", "\n", "\u202e", "\x07"} & set(text)
    assert len(reading.findings[0].title) <= 300
    assert reading.findings[0].url == ""
    (finding,) = read(feature(HIT | {"Link": "https://x/\ud800\x1b[31m\n::error::"})).findings
    assert finding.url == "https://x/\\ud800\\u001b[31m\\n::error::"


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_no_change_of_a_report_ends_in_anything_but_a_reading_or_an_error(data: st.DataObject) -> None:
    document = json.loads(json.dumps(recorded("heartbleed-layer-1", "v1")["response"]["body"]))
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not (isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans())):
            place[key] = data.draw(_VALUES)
            break
        place = place[key]
    for layers in (None, {"base": 0}):
        try:
            reading = v1_report.read(document, layers)
        except BackendError:
            continue
        else:
            assert all(package.purl.startswith("pkg:") for package in reading.packages)
            assert json.dumps(asdict(reading), ensure_ascii=False).isprintable()
            v1_report.namespaces(document)
