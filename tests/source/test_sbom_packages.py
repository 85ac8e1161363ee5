"""What becomes of the entries of a document: the names and versions that advisories use, or a note."""

import json

import pytest

from imagegate.model.inventory import Location
from imagegate.source.sbom import read_sbom

from .sboms import SYSTEM, component, cyclonedx, names, said, spdx


@pytest.mark.parametrize(
    ("purl", "expected"),
    [
        ("pkg:npm/%40babel/core@7.1.0", "@babel/core 7.1.0"),
        ("pkg:npm/@babel/core@7.1.0", "@babel/core 7.1.0"),
        ("pkg:maven/org.apache.commons/commons-text@1.9.pr1?type=jar", "org.apache.commons:commons-text 1.9.pr1"),
        ("pkg:golang/github.com/docker/distribution@v2.7.1%2Bincompatible", "github.com/docker/distribution v2.7.1+incompatible"),
        ("pkg:golang/stdlib@1.19.8", "stdlib 1.19.8"),
        ("pkg:golang/stdlib@go1.14", "stdlib 1.14.0"),
        ("pkg:golang/stdlib@v1.21rc2", "stdlib 1.21.0-rc.2"),
        ("pkg:composer/Symfony/Http-Kernel@v5.4.0", "symfony/http-kernel v5.4.0"),
        ("pkg:pypi/Jw.Util@1.0", "jw-util 1.0"),
        ("pkg:nuget/Newtonsoft.Json@12.0.1", "Newtonsoft.Json 12.0.1"),
        ("pkg:gem/nokogiri@1.18.9-x86_64-linux-gnu", "nokogiri 1.18.9"),
        ("pkg:gem/nokogiri@1.13.8-java?platform=java", "nokogiri 1.13.8"),
        ("pkg:gem/rails@6.1.3.a", "rails 6.1.3.a"),
        ("pkg:cargo/cookie@0.4.2", "cookie 0.4.2"),
        ("pkg:swift/github.com/apple/swift-nio@2.1.0", "github.com/apple/swift-nio 2.1.0"),
        ("pkg:rpm/almalinux/bind-libs@9.11.36-3.el8?arch=x86_64&epoch=32", "bind-libs 32:9.11.36-3.el8"),
        ("pkg:rpm/almalinux/bash@5.1-2.el9?epoch=0", "bash 5.1-2.el9"),
        ("pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?epoch=1", "zlib1g 1:1.2.13.dfsg-1"),
        ("pkg:apk/alpine/ssl_client@1.35.0-r17", "ssl_client 1.35.0-r17"),
        ("pkg:generic/openssl@3.0.7", "openssl 3.0.7"),
        ("pkg:github/actions/checkout@v4", "actions/checkout v4"),
    ],
)  # fmt: skip
def test_a_package_has_the_name_and_version_that_osv_uses(purl: str, expected: str) -> None:
    assert names(cyclonedx(component(purl))) == [expected]


@pytest.mark.parametrize(
    ("purl", "name", "version"),
    [
        ("pkg:golang/github.com/burntsushi/toml@v1.2.0", "github.com/BurntSushi/toml", "v1.2.0"),
        ("pkg:npm/jsonstream@1.0", "JSONStream", "1.0"),
    ],
)
def test_the_component_tells_the_case_that_a_lower_case_package_url_lost(purl: str, name: str, version: str) -> None:
    found = cyclonedx(component(purl, name=name, version=version))
    assert names(found) == [f"{name} {version}"]
    assert said(found, "warn") == []


def test_the_component_tells_the_epoch_that_the_package_url_lacks() -> None:
    found = cyclonedx(component("pkg:rpm/almalinux/a@1.0-1", name="a", version="2:1.0-1"))
    assert names(found) == ["a 2:1.0-1"]


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "core", "group": "@babel", "version": "7.1.0"},
        {"name": "@babel/core", "version": "v7.1.0"},
        {"name": "core"},
        {},
    ],
)
def test_a_component_that_says_the_same_in_other_words_is_no_contradiction(facts: dict[str, str]) -> None:
    assert said(cyclonedx(component("pkg:npm/%40babel/core@7.1.0", **facts)), "warn") == []


def test_the_package_url_wins_over_another_name_and_version_and_that_is_said() -> None:
    found = cyclonedx(component("pkg:npm/lodash@4.17.15", name="left-pad", version="9.9.9"))
    assert names(found) == ["lodash 4.17.15"]
    assert [line.partition(",")[0] for line in said(found, "warn")] == [
        "unreadable: a name is not that of the package URL",
        "unreadable: a version is not that of the package URL",
    ]


def test_a_version_may_be_told_by_the_component_alone() -> None:
    found = cyclonedx(component("pkg:npm/lodash", name="lodash", version="4.17.15"))
    assert names(found) == ["lodash 4.17.15"]
    assert found.packages[0].purl == "pkg:npm/lodash@4.17.15"


@pytest.mark.parametrize(("kind", "found"), [("library", "fail"), ("framework", "fail"), ("file", "warn"), ("book", "fail")])
def test_what_cannot_be_identified_is_counted_in_one_note(kind: str, found: str) -> None:
    entries = [{"type": kind, "name": f"usr/lib/{number}", "version": "1"} for number in range(10_000)]
    listing = cyclonedx(component("pkg:npm/a@1"), *entries)
    assert names(listing) == ["a 1"]
    (line,) = said(listing, found)
    assert "no package URL" in line
    assert "10,000 times, the first: usr/lib/0 1" in line


@pytest.mark.parametrize(("purl", "found"), [("pkg:npm/a", "fail"), ("pkg:golang/example.org/app@(devel)", "warn")])
def test_a_missing_version_is_never_taken_as_one(purl: str, found: str) -> None:
    listing = cyclonedx(component(purl), component("pkg:npm/b@1"))
    assert names(listing) == ["b 1"]
    assert "without a version" in said(listing, found)[0]


def test_a_maven_package_without_its_group_is_not_seen_by_advisories() -> None:
    assert "without its group" in said(cyclonedx(component("pkg:maven/jackson-databind@2.9.0")), "fail")[0]


def test_a_broken_package_url_loses_only_itself() -> None:
    listing = cyclonedx(component("pkg:npm/a@%zz"), component("pkg:npm/b@1"))
    assert names(listing) == ["b 1"]
    assert "cannot be read" in said(listing, "fail")[0]


def test_components_inside_of_components_are_found_however_deep() -> None:
    inner = component("pkg:npm/inner@1")
    for _ in range(100):
        inner = component("pkg:npm/shell@1", components=[inner])
    root = {"type": "container", "name": "x", "components": [component("pkg:npm/below-the-root@1")]}
    assert names(cyclonedx(inner, metadata={"component": root})) == ["below-the-root 1", "inner 1", "shell 1"]


@pytest.mark.parametrize(
    ("facts", "source"),
    [
        ({"purl": "pkg:deb/debian/libssl1.1@1.1.1n-0?upstream=openssl%401.1.1"}, ("openssl", "1.1.1")),
        ({"purl": "pkg:deb/debian/libssl1.1@1.1.1n-0?upstream=openssl"}, ("openssl", "1.1.1n-0")),
        ({"purl": "pkg:apk/alpine/libssl1.1@1.1.1n-r0?upstream=OpenSSL"}, ("openssl", "1.1.1n-r0")),
        ({"purl": "pkg:rpm/almalinux/bind-libs@9-3.el8?epoch=32&upstream=bind-9-3.el8.src.rpm"}, ("bind", "32:9-3.el8")),
        ({"properties": {"syft:metadata:source": "a", "syft:metadata:sourceVersion": "2"}}, ("a", "2")),
        ({"properties": {"syft:metadata:originPackage": "a"}}, ("a", "1")),
        ({"properties": {f"aquasecurity:trivy:Src{key}": value for key, value in
                         {"Name": "a", "Version": "2", "Release": "3", "Epoch": "4"}.items()}}, ("a", "4:2-3")),
    ],
)  # fmt: skip
def test_the_source_package_is_found_wherever_it_is_told(facts: dict[str, object], source: tuple[str, str]) -> None:
    pairs = facts.get("properties", {})
    assert isinstance(pairs, dict)
    properties = [{"name": name, "value": value} for name, value in pairs.items()]
    listing = cyclonedx(SYSTEM, {"type": "library", "purl": "pkg:deb/debian/b@1", **facts, "properties": properties})
    assert (listing.packages[0].source_name, listing.packages[0].source_version) == source
    assert said(listing, "warn") == []


def test_spdx_tells_the_source_in_a_sentence() -> None:
    purl = [{"referenceType": "purl", "referenceLocator": "pkg:deb/debian/libssl1.1@1.1.1n-0%2Bdeb11u4?distro=debian-11.6"}]
    told = {"sourceInfo": "built package from: openssl 1.1.1n-0+deb11u4", "attributionTexts": ["LayerDiffID: sha256:" + "1" * 64]}
    listing = spdx({"name": "libssl1.1", "externalRefs": purl, **told})
    assert (listing.packages[0].source_name, listing.packages[0].source_version) == ("openssl", "1.1.1n-0+deb11u4")
    assert listing.layers == ("sha256:" + "1" * 64,)


def test_a_document_that_names_no_sources_at_all_says_less_than_advisories_need() -> None:
    listing = cyclonedx(SYSTEM, component("pkg:deb/debian/libssl1.1@1.1.1n-0"))
    assert (listing.packages[0].source_name, listing.packages[0].source_version) == ("libssl1.1", "1.1.1n-0")
    assert "names no source packages of type deb" in said(listing, "warn")[0]


def test_every_place_of_a_package_is_an_entry_and_what_is_told_twice_is_one() -> None:
    places = {"occurrences": [{"location": "/srv/a/x.jar"}, {"location": "srv/b/x.jar"}, {"location": "/srv/b/x.jar"}]}
    listing = cyclonedx(component("pkg:npm/a@1", evidence=places), component("pkg:npm/b@1"), component("pkg:npm/b@1"))
    assert [(one.name, one.locations) for one in listing.packages] == [
        ("a", (Location("srv/a/x.jar", 0),)),
        ("a", (Location("srv/b/x.jar", 0),)),
        ("b", (Location("sbom", 0),)),
    ]
    assert listing.layers == ("",)
    assert said(listing, "fail") == []


def test_one_package_with_two_stories_keeps_the_first_and_says_so() -> None:
    one, two = ({"name": "syft:metadata:source", "value": source} for source in ("openssl", "other"))
    purl = "pkg:deb/debian/libssl1.1@1"
    listing = cyclonedx(SYSTEM, component(purl, properties=[one]), component(purl, properties=[two]))
    assert [package.source_name for package in listing.packages] == ["openssl"]
    assert "told twice" in said(listing, "fail")[0]


def test_a_package_without_a_layer_is_not_put_into_one_of_the_others() -> None:
    layer = {"name": "aquasecurity:trivy:LayerDiffID", "value": "sha256:" + "1" * 64}
    listing = cyclonedx(component("pkg:npm/a@1", properties=[layer]), component("pkg:npm/b@1"))
    assert listing.layers == ("sha256:" + "1" * 64, "")
    assert [one.locations[0].layer for one in listing.packages] == [0, 1]


def test_a_package_of_syft_without_a_package_url_is_known_by_its_type() -> None:
    artifacts = [{"name": "lodash", "version": "1", "type": "npm"}, {"name": "thing", "version": "1", "type": "binary"}]
    listing = read_sbom(json.dumps({"artifacts": artifacts, "source": {}}).encode(), "a.json")
    assert [(one.purl, one.name) for one in listing.packages] == [("pkg:npm/lodash@1", "lodash")]
    assert "no package URL" in said(listing, "fail")[0]
