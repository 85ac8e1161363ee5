"""Which distribution a document is about, and when it contradicts itself."""

import pytest

from imagegate.errors import UsageError
from imagegate.source.sbom import DistributionFacts, Listing, read_sbom

from .sboms import component, cyclonedx, data, said, spdx


def deb(*queries: str, namespace: str = "debian", kind: str = "deb") -> list[dict[str, object]]:
    return [component(f"pkg:{kind}/{namespace}/p{number}@1?{query}") for number, query in enumerate(queries)]


def system(name: str, version: str = "", **facts: object) -> dict[str, object]:
    return {"type": "operating-system", "name": name, "version": version, **facts}


def unknown(listing: Listing) -> list[str]:
    return [line for line in said(listing, "fail") if line.startswith("unknown_distro")]


@pytest.mark.parametrize(
    ("query", "namespace", "expected"),
    [
        ("distro=debian-11", "debian", ("debian", "11", "")),
        ("distro=debian-12.15", "debian", ("debian", "12.15", "")),
        ("distro=bullseye", "debian", ("debian", "11", "bullseye")),
        ("distro=ubuntu-jammy", "ubuntu", ("ubuntu", "22.04", "jammy")),
        ("distro=sid", "debian", ("debian", "", "sid")),
        ("os_distro=bookworm&os_name=debian&os_version=12", "debian", ("debian", "12", "bookworm")),
        ("arch=amd64", "debian", ("debian", "", "")),
    ],
)
def test_package_urls_name_the_distribution(query: str, namespace: str, expected: tuple[str, str, str]) -> None:
    listing = cyclonedx(*deb(query, namespace=namespace))
    assert listing.distribution == (*expected, "")
    assert unknown(listing) == []


@pytest.mark.parametrize(
    ("query", "namespace", "expected"),
    [
        ("distro=redhat-8.9", "redhat", ("rhel", "8.9")),
        ("distro=alma-9.2", "alma", ("almalinux", "9.2")),
        ("distro=opensuse-leap-15.5", "opensuse", ("opensuse-leap", "15.5")),
    ],
)
def test_names_that_only_tools_use_become_those_of_os_release(query: str, namespace: str, expected: tuple[str, str]) -> None:
    assert cyclonedx(*deb(query, namespace=namespace, kind="rpm")).distribution == (*expected, "", "")


def test_a_rolling_or_small_distribution_is_named_as_it_names_itself() -> None:
    assert cyclonedx(*deb("distro=alpine-3.15.4", namespace="alpine", kind="apk")).distribution == ("alpine", "3.15.4", "", "")
    assert cyclonedx(*deb("distro=wolfi-20230201", namespace="wolfi", kind="apk")).distribution == ("wolfi", "20230201", "", "")


def test_what_a_document_says_outright_comes_first() -> None:
    listing = cyclonedx(system("debian", "11.6", description="Debian 11"), *deb("distro=debian-11"))
    assert listing.distribution == ("debian", "11.6", "", "Debian 11")
    assert unknown(listing) == []


def test_spdx_names_it_as_a_package_with_a_purpose() -> None:
    purl = {"referenceType": "purl", "referenceLocator": "pkg:deb/debian/a@1"}
    for purpose in ("OPERATING-SYSTEM", "OPERATING_SYSTEM"):
        os = {"name": "debian", "versionInfo": "11.6", "primaryPackagePurpose": purpose}
        listing = spdx(os, {"name": "a", "externalRefs": [purl]})
        assert listing.distribution == ("debian", "11.6", "", "")
        assert said(listing, "fail") == []


@pytest.mark.parametrize(
    "components",
    [
        [system("debian", "11"), *deb("distro=debian-12")],
        [system("debian", "11"), *deb("distro=bookworm")],
        [system("debian", "11"), *deb("distro=ubuntu-22.04", namespace="ubuntu")],
        [system("debian", "11"), *deb("", namespace="ubuntu")],
        [system("debian", "11"), system("alpine", "3.15"), *deb("")],
        deb("distro=debian-11", "distro=debian-12"),
        [system("ubuntu", "22.04"), *deb("distro=ubuntu-22.10", namespace="ubuntu")],
        [system("alpine", "3.15"), *deb("", namespace="alpine")],
        [system("rhel", "8.5"), *deb("distro=rhel-9.1", namespace="redhat", kind="rpm")],
    ],
)
def test_a_contradiction_is_evidence(components: list[dict[str, object]]) -> None:
    assert "a contradiction" in unknown(cyclonedx(*components))[0]


@pytest.mark.parametrize(
    "components",
    [
        [system("debian", "11"), *deb("distro=debian-11.6", "distro=bullseye", "")],
        [system("alpine", "3.15.4"), *deb("distro=alpine-3.15", namespace="alpine", kind="apk")],
        [system("rhel", "8"), *deb("distro=redhat-8.9", namespace="redhat", kind="rpm")],
        [system("chainguard", "20230214"), *deb("distro=wolfi-20230201", namespace="wolfi", kind="apk")],
    ],
)
def test_two_ways_to_name_one_release_are_none(components: list[dict[str, object]]) -> None:
    assert said(cyclonedx(*components), "fail") == []


def test_packages_without_any_distribution_are_evidence() -> None:
    assert "names no distribution" in unknown(cyclonedx(component("pkg:deb/a@1")))[0]


@pytest.mark.parametrize("name", ["debian", "rhel"])
def test_a_distribution_of_which_no_package_is_listed_was_not_looked_at(name: str) -> None:
    listing = cyclonedx(system(name, "11"), component("pkg:npm/a@1"))
    assert any(line.startswith("unreadable: a distribution is named, but no") for line in said(listing, "fail"))


def test_an_image_of_language_packages_needs_no_distribution() -> None:
    listing = cyclonedx(component("pkg:npm/a@1"))
    assert listing.distribution is None
    assert said(listing, "fail") == []


def test_a_distribution_can_be_given_where_the_document_names_none() -> None:
    content = b'{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"type": "library", "purl": "pkg:deb/a@1"}]}'
    listing = read_sbom(content, "a.json", "debian:11")
    assert listing.distribution == DistributionFacts("debian", "11")
    assert unknown(listing) == []


def test_a_given_distribution_that_the_document_contradicts_is_evidence() -> None:
    assert unknown(read_sbom(data("trivy.cdx.json"), "a.json", "debian:11")) == []
    assert "debian 12 and debian 11.1" in unknown(read_sbom(data("trivy.cdx.json"), "a.json", "debian:12"))[0]


@pytest.mark.parametrize("text", ["debian", ":11", "debian:"])
def test_a_given_distribution_has_an_id_and_a_release(text: str) -> None:
    with pytest.raises(UsageError, match="not a distribution"):
        read_sbom(data("trivy.cdx.json"), "a.json", text)
