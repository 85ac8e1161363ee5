"""Reports of Clair v4 become packages, findings and evidence."""

import copy
from typing import Any

import pytest
from packageurl import PackageURL

from imagegate.backend.clair import v4_report
from imagegate.backend.clair.package import type_of
from imagegate.errors import BackendError
from imagegate.model.inventory import Location
from tests.clair.recordings import recorded

TABLES = ("packages", "package_vulnerabilities", "vulnerabilities", "environments", "distributions", "repository", "enrichments")


def report(image: str = "heartbleed") -> Any:
    return recorded(f"{image}-report")["response"]["body"]


def layers(image: str = "heartbleed") -> dict[str, int]:
    manifest = recorded(f"{image}-index")["request"]["body"]
    return {layer["hash"]: index for index, layer in enumerate(manifest["layers"])}


def small(**changes: Any) -> dict[str, Any]:
    """Return a report of one package with one vulnerability, as Clair v4.9 writes it."""
    document = {
        "manifest_hash": "sha256:aa",
        "packages": {"10": {"id": "10", "name": "bash", "version": "5.2.15-2", "kind": "binary", "arch": "amd64"}},
        "distributions": {"1": {"id": "1", "did": "debian", "version_id": "12", "version_code_name": "bookworm"}},
        "repository": {},
        "environments": {"10": [{"package_db": "var/lib/dpkg/status", "introduced_in": "sha256:a", "distribution_id": "1"}]},
        "vulnerabilities": {"7": {"id": "7", "name": "CVE-2099-0001", "severity": "high", "fixed_in_version": "5.3"}},
        "package_vulnerabilities": {"10": ["7"]},
        "enrichments": {},
    }
    return document | changes


def failing(document: dict[str, Any], known: dict[str, int] | None = None) -> dict[str, str]:
    evidence = v4_report.read(document, {"sha256:a": 0} if known is None else known).evidence
    return {one.kind: one.detail for one in evidence if one.found == "fail"}


def test_heartbleed_is_in_the_layer_that_brought_openssl() -> None:
    reading = v4_report.read(report(), layers())
    found = reading.findings[0]
    assert (found.id, found.aliases) == ("CVE-2014-0160", ("CVE-2014-0160 on Ubuntu 12.04 LTS (precise) - high.",))
    assert (found.raw_severity, found.fixed_in, found.fix_state, found.upgrade) == (
        "High",
        ("1.0.1-4ubuntu5.12",),
        "fixed",
        "1.0.1-4ubuntu5.12",
    )
    assert found.location == Location("var/lib/dpkg/status", 1)
    assert found.package.purl == "pkg:deb/ubuntu/openssl@1.0.1-4ubuntu5.11?arch=amd64&distro=ubuntu-12.04"
    assert reading.distribution is not None
    assert (reading.distribution.id, reading.distribution.version, reading.distribution.end_of_life) == (
        "ubuntu",
        "12.04",
        "2017-04-28",
    )
    assert reading.evidence == ()


def test_packages_of_languages_are_named_as_osv_names_them() -> None:
    packages = {one.name: one for one in v4_report.read(report("bigapp"), layers("bigapp")).packages}
    expected = {
        "requests": ("pypi", "pkg:pypi/requests@2.19.0"),
        "forwardable": ("gem", "pkg:gem/forwardable@1.3.2"),
        "stdlib": ("golang", "pkg:golang/stdlib@1.24.3"),
        "com.fasterxml.jackson.core:jackson-databind": ("maven", "pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.14.0"),
        "asm-all": ("maven", "pkg:maven/asm-all@9.4"),
        "command-line-arguments": ("golang", "pkg:golang/command-line-arguments"),
        "libmount1": ("deb", "pkg:deb/debian/libmount1@2.38.1-5%2Bdeb12u3?arch=amd64&distro=debian-12"),
    }
    for name, (kind, purl) in expected.items():
        assert (packages[name].type, packages[name].purl) == (kind, purl)
    assert (packages["libmount1"].source_name, packages["libmount1"].source_version) == ("util-linux", "2.38.1-5+deb12u3")
    assert packages["asm-all"].basis == "guessed"
    assert all(PackageURL.from_string(one.purl).to_string() for one in packages.values())


@pytest.mark.parametrize(
    ("database", "repository", "kind"),
    [
        ("var/lib/dpkg/status.d/base", "", "deb"),
        ("lib/apk/db/installed", "", "apk"),
        ("usr/lib/apk/db/installed", "", "apk"),
        ("sqlite:var/lib/rpm", "", "rpm"),
        ("bdb:var/lib/rpm", "cpe", "rpm"),
        ("nodejs:usr/lib/node_modules/a/package.json", "npm", "npm"),
        ("file:usr/share/java/a.jar", "maven", "maven"),
        ("root/buildinfo/Dockerfile-x", "Red Hat Container Catalog", "generic"),
        ("", "", "generic"),
    ],
)
def test_a_package_database_tells_the_type(database: str, repository: str, kind: str) -> None:
    assert type_of(database, repository) == kind


def test_a_package_of_rpm_is_written_as_ours_are() -> None:
    document = small(
        packages={
            "10": {
                "name": "bind-libs",
                "version": "32:9.16-5.el8",
                "arch": "x86_64",
                "module": "bind:9",
                "source": {"name": "bind", "version": "0:9.16-5.el8"},
            }
        },
        distributions={"1": {"did": "rhel", "version_id": "8.9"}},
        environments={"10": [{"package_db": "bdb:var/lib/rpm", "introduced_in": "sha256:a", "distribution_id": "1"}]},
    )
    one = v4_report.read(document, {"sha256:a": 0}).packages[0]
    assert one.purl == "pkg:rpm/redhat/bind-libs@9.16-5.el8?arch=x86_64&distro=rhel-8&epoch=32&rpmmod=bind:9"
    assert (one.version, one.source_version) == ("32:9.16-5.el8", "9.16-5.el8")
    assert one.locations == (Location("var/lib/rpm", 0),)


def test_entries_that_share_a_name_are_one_finding_with_the_highest_fix() -> None:
    found = [one for one in v4_report.read(report("debian-min"), layers("debian-min")).findings if one.package.name == "zlib1g"]
    assert [one.id for one in found] == ["CVE-2026-0001"]
    assert found[0].aliases == ("LAB-2026-0002", "LAB-2026-0002 CVE-2026-0001")
    rows = {"7": {"name": "CVE-2099-0001", "fixed_in_version": "5.10"}, "8": {"name": "CVE-2099-0001", "fixed_in_version": "5.9"}}
    merged = v4_report.read(small(vulnerabilities=rows, package_vulnerabilities={"10": ["7", "8", "7", "7"]}), None).findings
    assert [(one.id, one.fixed_in) for one in merged] == [("CVE-2099-0001", ("5.10",))]


def test_an_advisory_of_several_vulnerabilities_is_a_finding_for_each() -> None:
    row = {"name": "RHSA-2024:1234", "links": "https://x/CVE-2024-1111 https://x/CVE-2024-1112", "fixed_in_version": "6"}
    found = v4_report.read(small(vulnerabilities={"7": row}), None).findings
    assert [(one.id, one.aliases) for one in found] == [
        ("CVE-2024-1111", ("RHSA-2024:1234",)),
        ("CVE-2024-1112", ("RHSA-2024:1234",)),
    ]


def test_the_same_package_in_two_places_is_vulnerable_in_both() -> None:
    places = [{"package_db": "python:a", "introduced_in": f"sha256:{layer}", "repository_ids": ["1", "2"]} for layer in "abb"]
    found = v4_report.read(small(environments={"10": places}), {"sha256:a": 0, "sha256:b": 1}).findings
    assert [one.location for one in found] == [Location("a", 0), Location("a", 1)]


def test_enrichments_are_scores_and_what_is_exploited() -> None:
    score = {"version": "3.0", "baseScore": 9.1, "vectorString": "CVSS:3.0/AV:N"}
    old = (
        "message/vnd.clair.map.vulnerability; enricher=clair.cvss schema=https://csrc.nist.gov/schema/nvd/feed/1.1/cvss-v3.x.json"
    )
    kev = "message/vnd.clair.map.vulnerability; enricher=clair.kev schema=none"
    reading = v4_report.read(small(enrichments={old: [{"7": [score]}], kev: [{"7": [{"cve": "CVE-2099-0001"}]}]}), None)
    assert [(one.score, one.type) for one in reading.findings[0].scores] == [(9.1, "CVSS_V3")]
    assert reading.findings[0].known_exploited is True
    assert v4_report.read(small(enrichments={kev: []}), None).findings[0].known_exploited is None
    assert v4_report.read(small(enrichments={kev: [{}]}), None).findings[0].known_exploited is False


def test_findings_without_a_severity_are_told() -> None:
    evidence = v4_report.read(report("bigapp"), layers("bigapp")).evidence
    assert (
        "backend",
        "warn",
        "Clair gives neither severity nor score for 191 of 210 findings: they count as the policy says",
    ) in [(one.kind, one.found, one.detail) for one in evidence]


def test_where_the_order_of_layers_is_not_known_it_is_told() -> None:
    reading = v4_report.read(report(), None)
    assert {one.location.layer for one in reading.findings} == {0, 1}
    assert len(reading.layers) == 2
    assert [(one.kind, one.found) for one in reading.evidence] == [("backend", "warn")]


def test_an_empty_report_is_not_clean() -> None:
    assert set(failing(report("nothing-recognised"), layers("nothing-recognised"))) == {"no_packages", "backend"}


def test_a_distribution_without_one_package_of_it_is_not_clean() -> None:
    places = {"10": [{"package_db": "python:usr/lib/python3", "introduced_in": "sha256:a"}]}
    assert failing(small(environments=places)) == {"backend": "Clair recognised debian 12, but not one of its packages"}


@pytest.mark.parametrize("distributions", [{}, None])
def test_an_unknown_distribution_is_not_clean(distributions: object) -> None:
    assert "recognised no distribution" in failing(small(distributions=distributions))["unknown_distro"]


def test_packages_of_no_distribution_are_not_clean() -> None:
    places = {"10": [{"package_db": "var/lib/dpkg/status", "introduced_in": "sha256:a", "distribution_id": ""}]}
    assert "1 packages" in failing(small(environments=places))["unknown_distro"]


def test_a_distribution_that_we_do_not_know_is_told_in_the_name_of_clair() -> None:
    assert failing(small(distributions={"1": {"did": "plan9"}}))["unknown_distro"].startswith("Clair says plan9")


def test_two_distributions_are_told() -> None:
    known = {"1": {"did": "debian", "version_id": "12"}, "2": {"did": "ubuntu", "version_id": "22.04"}}
    reading = v4_report.read(small(distributions=known), {"sha256:a": 0})
    assert reading.distribution is not None
    assert reading.distribution.id == "debian"
    assert ("unknown_distro", "warn") in [(one.kind, one.found) for one in reading.evidence]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"packages": {"11": {"name": "x"}}}, "packages that have vulnerabilities are not described"),
        ({"package_vulnerabilities": {"10": ["7", "8"]}}, "vulnerabilities of packages are not described"),
        ({"environments": {}}, "packages without a place"),
        ({"package_vulnerabilities": {}}, "1 vulnerabilities belong to no package"),
        ({"package_vulnerabilities": {"10": None}}, "1 vulnerabilities belong to no package"),
        (
            {"package_vulnerabilities": {"10": ["7"], "11": None}},
            "lists of vulnerabilities are of packages that are not described",
        ),
        ({"environments": small()["environments"] | {"11": []}}, "places are of packages that are not described"),
        ({"vulnerabilities": {"7": {}}}, "1 vulnerabilities without a name"),
        ({"vulnerabilities": {"7": {"name": " ", "links": "https://x/CVE-2099-1"}}}, "1 vulnerabilities without a name"),
        ({"vulnerabilities": {"7": {"name": "x" * 1001}}}, "name is too long"),
        ({"packages": {"10": {"name": "bash", "version": "5" * 1001}}}, "version is too long"),
        ({"packages": {"10": {"name": "bash", "version": 12}}}, "version is not a text"),
        ({"packages": {"10": {"name": "bash", "version": "1", "source": "bash"}}}, "sources of packages"),
        ({"enrichments": {"enricher=clair.cvss": {}}}, "enrichments have not the right form"),
        ({"enrichments": {"enricher=clair.cvss": [{"7": [{"version": "3.1", "baseScore": "9.8"}]}]}}, "scores cannot be read"),
        ({"packages": {"10": {"version": "1"}}}, "packages without a name"),
    ],
)
def test_a_report_with_a_hole_is_not_clean(changes: dict[str, Any], words: str) -> None:
    evidence = v4_report.read(small(**changes), {"sha256:a": 0}).evidence
    assert any(one.kind == "backend" and one.found == "fail" and words in one.detail for one in evidence)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("wrong", [[], "x", 5, {"10": 5}, {"10": [5]}, {"10": {"name": 5}}, {"10": [[]]}, {"10": ["\ud800"]}])
def test_a_wrong_shape_is_an_error_or_evidence_and_never_a_crash(table: str, wrong: object) -> None:
    told = [f"fail {table}"] if table in ("enrichments", "repository") else []
    try:
        told += [f"{one.found} {table}" for one in v4_report.read(small(**{table: wrong}), {"sha256:a": 0}).evidence]
    except BackendError as error:
        told.append(f"fail {error.message}")
    assert any(line.startswith("fail ") and table in line for line in told)


@pytest.mark.parametrize("table", ["packages", "package_vulnerabilities", "vulnerabilities", "environments"])
def test_a_table_that_is_missing_is_an_error(table: str) -> None:
    for document in ({key: value for key, value in small().items() if key != table}, small(**{table: None})):
        with pytest.raises(BackendError, match=table):
            v4_report.read(document, None)


@pytest.mark.parametrize("key", ["name", "severity", "normalized_severity", "fixed_in_version", "links", "issued", "Aliases"])
@pytest.mark.parametrize("wrong", [7, 1.5, True, {}, "null"])
def test_what_has_the_wrong_type_is_never_as_good_as_not_said(key: str, wrong: object) -> None:
    value = None if wrong == "null" else wrong
    told = failing(small(vulnerabilities={"7": small()["vulnerabilities"]["7"] | {key: value}}))
    assert ("backend" in told) == (value is not None or key not in ("links", "issued", "Aliases"))


def test_a_package_of_the_system_without_a_version_is_not_clean() -> None:
    assert "1 packages have no version" in failing(small(packages={"10": {"name": "bash", "version": ""}}))["unreadable"]
    places = [{"package_db": "go:usr/bin/tool", "introduced_in": "sha256:a"}]
    rows = small()["packages"] | {"11": {"name": "tool", "version": "(devel)"}}
    assert not failing(small(packages=rows, environments=small()["environments"] | {"11": places}))


def test_entries_without_a_name_are_no_finding_that_hides_the_others() -> None:
    nameless: list[Any] = ["", None, 5, " "]
    rows = {str(number): {"name": name} for number, name in enumerate(nameless)}
    reading = v4_report.read(small(vulnerabilities=rows, package_vulnerabilities={"10": list(rows)}), {"sha256:a": 0})
    assert reading.findings == ()
    assert "Clair's report is not whole: 4 vulnerabilities without a name" in [one.detail for one in reading.evidence]


def test_what_advisories_cover_counts_towards_the_number_of_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    links = " ".join(f"https://x/CVE-2024-{1000 + number}" for number in range(120))
    document = small(vulnerabilities={"7": {"name": "ELSA-2024-3138", "links": links}})
    assert len(v4_report.read(document, {"sha256:a": 0}).findings) == 120
    monkeypatch.setattr(v4_report, "_MOST", 119)
    with pytest.raises(BackendError, match="more than 119 findings"):
        v4_report.read(document, None)


@pytest.mark.parametrize("image", ["heartbleed", "debian-min", "bigapp"])
def test_reports_as_they_were_recorded_are_whole(image: str) -> None:
    assert not failing(report(image), layers(image))


def test_hostile_texts_are_made_harmless() -> None:
    evil = "\x1b[31m\u202e\ud800\n::error::" + "x" * 5000
    document = copy.deepcopy(report())
    for table in ("packages", "vulnerabilities", "distributions"):
        for row in document[table].values():
            row |= {key: evil for key, value in row.items() if isinstance(value, str)}
    for rows in document["environments"].values():
        rows[0] |= {"package_db": evil, "introduced_in": evil}
    shown = repr(v4_report.read(document, None)) + repr(v4_report.read(document, layers()))
    assert "\\x1b" not in shown
    assert "\\ud800" not in shown.replace("\\\\ud800", "")
    assert "\\u202e'" not in shown.replace("\\\\u202e", "")
    assert "\\n" not in shown.replace("\\\\n", "")
