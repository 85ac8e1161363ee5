"""Images scanned by the first API of Clair: a real one where IMAGEGATE_TEST_CLAIR_V1 names it, else one that does the same."""

from dataclasses import replace
from pathlib import Path

import pytest
import requests

from imagegate.backend.clair import v1
from imagegate.backend.clair.client import Access, Client, find_api
from imagegate.errors import BackendError
from imagegate.model.inventory import Location
from imagegate.model.scan import Score
from imagegate.model.severity import Severity, of_word
from tests.clair.images_v1 import HEARTBLEED, TAR, UBUNTU, heartbleed, learn, opened, scan, scan_at, single, told
from tests.images import Image, apk, dpkg, layer


@pytest.fixture
def taught(clair_v1: Access) -> Access:
    learn(clair_v1.indexer, HEARTBLEED)
    learn(clair_v1.indexer, TAR)
    return clair_v1


def test_heartbleed_is_found_in_the_layer_that_brought_it(taught: Access, tmp_path: Path) -> None:
    answered, server = scan(taught, opened(tmp_path, heartbleed()))
    reading = answered.reading
    assert [(finding.id, finding.package.name, finding.location.layer) for finding in reading.findings] == [
        ("CVE-2014-0160", "openssl", 1),
        ("CVE-2005-2541", "tar", 0),
    ]
    finding = reading.findings[0]
    assert finding.raw_severity == "High"
    assert (finding.fixed_in, finding.fix_state, finding.upgrade) == (("1.0.1-4ubuntu5.12",), "fixed", "1.0.1-4ubuntu5.12")
    assert finding.scores == (Score("CVSS_V2", 5.0, "AV:N/AC:L/Au:N/C:P/I:N", "nvd"),)
    assert finding.package.purl == "pkg:deb/ubuntu/openssl@1.0.1-4ubuntu5.11?distro=ubuntu-12.04"
    assert finding.url == "http://people.ubuntu.com/~ubuntu-security/cve/CVE-2014-0160"
    assert finding.title.startswith("OpenSSL 1.0.1 before")
    assert reading.findings[1].fix_state == "not-fixed"
    assert reading.distribution is not None
    assert (reading.distribution.id, reading.distribution.version) == ("ubuntu", "12.04")
    assert told(answered, "uncovered") == [("ok", "Clair knows vulnerabilities of ubuntu:12.04")]
    assert told(answered, "backend") == []
    assert answered.version == "v1, engine 3"
    assert answered.database is None
    assert server.given == {0, 1}


def test_packages_are_the_source_packages_with_the_layer_of_each(taught: Access, tmp_path: Path) -> None:
    answered, _ = scan(taught, opened(tmp_path, heartbleed()))
    found = {package.name: (package.version, package.locations) for package in answered.reading.packages}
    assert found["eglibc"] == ("2.15-0ubuntu10.18", (Location("var/lib/dpkg/status", 0),))
    assert found["openssl"] == ("1.0.1-4ubuntu5.11", (Location("var/lib/dpkg/status", 1),))
    assert len(found) == 6


@pytest.mark.parametrize("form", ["docker", "plain", "gzip"])
def test_every_form_of_a_local_image_is_read(taught: Access, tmp_path: Path, form: str) -> None:
    answered, server = scan(taught, opened(tmp_path, heartbleed(), form))
    assert {finding.id for finding in answered.reading.findings} == {"CVE-2014-0160", "CVE-2005-2541"}
    assert server.given == {0, 1}


def test_an_image_that_clair_knows_is_not_fetched_again(taught: Access, tmp_path: Path) -> None:
    image = opened(tmp_path, heartbleed())
    first, _ = scan(taught, image)
    second, server = scan(taught, image)
    assert second.reading == first.reading
    assert server.given == set()


def test_two_images_share_no_name_even_where_they_share_layers(taught: Access, tmp_path: Path) -> None:
    one = heartbleed()
    other = Image([one.layers[0]])
    turned = Image(one.layers[::-1])
    names = [v1.chain(opened(tmp_path, image).image) for image in (one, other, turned)]
    assert len({name for chain in names for name in chain}) == 5
    assert v1.chain(opened(tmp_path, one, "docker").image) == names[0]
    assert all(len(name) <= 128 for chain in names for name in chain)  # the column in Clair's database
    scan(taught, opened(tmp_path, one))
    found, _ = scan(taught, opened(tmp_path, other))
    assert {finding.id for finding in found.reading.findings} == {"CVE-2005-2541"}


def test_a_layer_that_an_image_has_twice_is_two_layers(taught: Access, tmp_path: Path) -> None:
    one = heartbleed()
    answered, _ = scan(taught, opened(tmp_path, Image([one.layers[0], one.layers[1], one.layers[1]])))
    assert {finding.id: finding.location.layer for finding in answered.reading.findings}["CVE-2014-0160"] == 1
    assert len(set(v1.chain(opened(tmp_path, Image([one.layers[0]] * 3)).image))) == 3


def test_a_layer_with_nothing_in_it_keeps_what_is_below(taught: Access, tmp_path: Path) -> None:
    one = heartbleed()
    answered, _ = scan(taught, opened(tmp_path, Image([*one.layers, layer({"usr/bin/app": "x"})])))
    assert {finding.id: finding.location.layer for finding in answered.reading.findings}["CVE-2014-0160"] == 1


def test_a_distribution_of_which_clair_knows_no_vulnerability_is_told(clair_v1: Access, tmp_path: Path) -> None:
    system = UBUNTU.replace("12.04", "10.10")
    answered, _ = scan(clair_v1, opened(tmp_path, single({"etc/os-release": system, "var/lib/dpkg/status": dpkg(("a", "1"))})))
    assert answered.reading.findings == ()
    detail = "Clair's database holds not one vulnerability of ubuntu:10.10: every image of it would look clean"
    assert told(answered, "uncovered") == [("fail", detail)]


def test_a_distribution_without_a_finding_is_covered_where_clair_knows_any_vulnerability(taught: Access, tmp_path: Path) -> None:
    safe = single({"etc/os-release": UBUNTU, "var/lib/dpkg/status": dpkg(("openssl", "1.0.1-4ubuntu5.12"))})
    answered, _ = scan(taught, opened(tmp_path, safe))
    assert answered.reading.findings == ()
    assert told(answered, "uncovered") == [("ok", "Clair knows vulnerabilities of ubuntu:12.04")]
    assert told(answered, "backend") == []


def test_an_image_in_which_clair_recognises_nothing_is_not_clean(clair_v1: Access, tmp_path: Path) -> None:
    answered, _ = scan(clair_v1, opened(tmp_path, single({"app": "x"})))
    assert answered.reading.packages == ()
    assert answered.reading.distribution is None
    assert [found for found, _ in told(answered, "backend")] == ["fail"]
    assert [found for found, _ in told(answered, "no_packages")] == ["fail"]
    assert [found for found, _ in told(answered, "unknown_distro")] == ["fail"]


def test_a_system_without_its_packages_is_not_clean(taught: Access, tmp_path: Path) -> None:
    answered, _ = scan(taught, opened(tmp_path, single({"etc/os-release": UBUNTU})))
    assert [found for found, _ in told(answered, "backend")] == ["fail"]
    assert [found for found, _ in told(answered, "no_packages")] == ["fail"]


def test_alpine_is_apk_although_clair_compares_its_versions_as_dpkg_does(clair_v1: Access, tmp_path: Path) -> None:
    fix = {"Name": "musl", "NamespaceName": "alpine:v3.4", "VersionFormat": "dpkg", "Version": "1.1.14-r15"}
    known = {"Name": "CVE-2016-8859", "NamespaceName": "alpine:v3.4", "Severity": "Unknown", "FixedIn": [fix]}
    learn(clair_v1.indexer, known)
    files = {
        "etc/alpine-release": "3.4.3\n",
        "etc/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.4.3\n',
        "lib/apk/db/installed": apk(("musl", "1.1.14-r10")),
    }
    answered, _ = scan(clair_v1, opened(tmp_path, single(files)))
    (finding,) = answered.reading.findings
    assert (finding.id, finding.package.purl) == ("CVE-2016-8859", "pkg:apk/alpine/musl@1.1.14-r10?distro=alpine-3.4")
    assert (finding.fixed_in, of_word(finding.raw_severity)) == (("1.1.14-r15",), Severity.UNKNOWN)
    assert [found for found, detail in told(answered, "backend") if "neither severity nor score" in detail] == ["warn"]


def test_the_worst_of_severities_is_critical(clair_v1: Access, tmp_path: Path) -> None:
    fix = {"Name": "bash", "NamespaceName": "debian:8", "VersionFormat": "dpkg", "Version": "4.3-11+deb8u2"}
    learn(clair_v1.indexer, {"Name": "CVE-2014-6271", "NamespaceName": "debian:8", "Severity": "Defcon1", "FixedIn": [fix]})
    files = {"etc/os-release": "ID=debian\nVERSION_ID=8\n", "var/lib/dpkg/status": dpkg(("bash", "4.3-11"))}
    answered, _ = scan(clair_v1, opened(tmp_path, single(files)))
    assert [(finding.id, finding.raw_severity) for finding in answered.reading.findings] == [("CVE-2014-6271", "critical")]


def test_what_clair_keeps_is_deleted_if_asked(taught: Access, tmp_path: Path) -> None:
    image = opened(tmp_path, heartbleed())
    names = v1.chain(image.image)

    def kept() -> list[int]:
        return [requests.get(f"{taught.indexer}/v1/layers/{name}", timeout=30).status_code for name in names]

    answered, _ = scan(taught, image)
    assert kept() == [200, 200]
    again, _ = scan(replace(taught, delete=True), image)
    assert again == answered
    assert kept() == [404, 404]
    _, server = scan(taught, image)
    assert server.given == {0, 1}


class Nowhere:
    """Addresses at which nobody is."""

    def of(self, layer: int) -> tuple[str, dict[str, str]]:
        return f"http://127.0.0.1:9/{layer}", {"Authorization": "Bearer very-secret-token"}

    def heard(self) -> str:
        return "Clair never came."


def test_a_layer_that_clair_cannot_fetch_is_told_with_what_was_heard_of_it(clair_v1: Access, tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(BackendError) as caught:
        scan_at(clair_v1, opened(tmp_path, heartbleed()), Nowhere(), said)
    assert "layer 0, of 2" in caught.value.message
    assert "could not find layer" in caught.value.message
    assert caught.value.hint == "Clair never came."
    assert "very-secret" not in "".join((caught.value.message, caught.value.hint, *said))


def test_the_api_is_found_out(clair_v1: Access) -> None:
    assert find_api(Client(replace(clair_v1, api=""), print)) == "v1"
