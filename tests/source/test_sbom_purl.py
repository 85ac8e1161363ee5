"""Package URLs, read: against the reference implementation, and with what it does not take."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from imagegate.model.inventory import package_url
from imagegate.source.sbom.purl import Purl, parse

REAL = [
    "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12.15&upstream=gcc-12",
    "pkg:deb/debian/bsdutils@1%3A2.38.1-5%2Bdeb12u3?arch=amd64&upstream=util-linux%402.38.1-5%2Bdeb12u3",
    "pkg:rpm/redhat/openssl-libs@3.0.7-16.el9?arch=x86_64&epoch=1&upstream=openssl-3.0.7-16.el9.src.rpm",
    "pkg:npm/%40babel/core@7.1.0",
    "pkg:npm/@babel/core@7.1.0",
    "pkg:npm/@babel/core",
    "pkg:npm/lodash@4.17.15",
    "pkg:golang/github.com/docker/distribution@v2.7.1%2Bincompatible",
    "pkg:golang/google.golang.org/genproto#googleapis/api/annotations",
    "pkg:maven/org.apache.commons/commons-text@1.9?type=jar",
    "pkg:gem/nokogiri@1.13.8?platform=java",
    "pkg:docker/customer/dockerimage@sha256%3A244fd47e07d1?repository_url=gcr.io",
    "pkg:cargo/rand@0.7.2",
    "pkg:generic/openssl@1.1.10g?checksum=sha256:de4d501267da&download_url=https://openssl.org/source/openssl-1.1.0g.tar.gz",
    "PKG:GEM/rails@7.0.0",
    "pkg://gem/rails@7.0.0",
    "pkg:swift/github.com/Alamofire/Alamofire@5.4.3",
]


@pytest.mark.parametrize("text", REAL)
def test_real_package_urls_read_as_the_reference_reads_them(text: str) -> None:
    found, expected = parse(text), PackageURL.from_string(text.replace("PKG:", "pkg:"))
    assert (found.type, found.namespace, found.name) == (expected.type, expected.namespace or "", expected.name)
    assert (found.version, dict(found.qualifiers), found.subpath) == (
        expected.version or "",
        expected.qualifiers,
        expected.subpath or "",
    )
    assert PackageURL.from_string(str(found)) == expected


TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/"), min_size=1, max_size=8).filter(
    lambda text: text == text.strip() and text not in (".", "..")
)


@settings(max_examples=300)
@given(st.sampled_from(["maven", "golang", "deb", "nuget"]), st.lists(TEXT, max_size=3), TEXT, TEXT, TEXT, TEXT)
def test_any_parts_come_back_as_the_reference_wrote_them(
    kind: str, namespace: list[str], name: str, version: str, value: str, subpath: str
) -> None:
    written = PackageURL(kind, "/".join(namespace) or None, name, version, {"arch": value}, subpath)
    assert parse(written.to_string()) == Purl(kind, "/".join(namespace), name, version, (("arch", value),), subpath)
    assert str(parse(written.to_string())) == written.to_string()


@given(TEXT, TEXT, TEXT)
def test_it_writes_what_catalogers_write(name: str, version: str, value: str) -> None:
    written = package_url("deb", "debian", name, version, {"distro": value})
    assert str(parse(written)) == written


BROKEN = "pkg pkg: pkg:npm pkg:npm/ pkg:/a npm/a@1 pkg:n+_pm/a pkg:npm/a@%zz pkg:npm/% pkg:npm/a@1?a=1&A=2 pkg:npm/a@1?=x"


@pytest.mark.parametrize("text", [*BROKEN.split(), "", "pkg:npm/%ff@1", "pkg:npm/%20@1", "https://a/b", "pkg:1a/b"])
def test_what_is_broken_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[a-z ]+(pkg:|UTF-8)?$"):
        parse(text)


def test_percent_signs_are_decoded_once() -> None:
    assert parse("pkg:npm/a%2540b@1%2525").name == "a%40b"
    assert parse("pkg:npm/a%2540b@1%2525").version == "1%25"


def test_slashes_that_were_encoded_although_they_part_a_name_are_taken_as_meant() -> None:
    assert parse("pkg:golang/github.com%2Fdocker%2Fdocker@v1").name == "github.com/docker/docker"
    assert str(parse("pkg:golang/github.com%2Fdocker%2Fdocker@v1")) == "pkg:golang/github.com/docker/docker@v1"


@settings(max_examples=300)
@given(st.text(max_size=40) | st.text("pkg:/@%?#=&a1.", max_size=40).map("pkg:npm/".__add__))
def test_nothing_makes_it_fail_in_another_way(text: str) -> None:
    try:
        again = parse(str(parse(text)))
    except ValueError:
        return
    assert str(again) == str(parse(str(again)))


def test_a_very_long_one_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        parse("pkg:npm/" + "a" * 10_000)
