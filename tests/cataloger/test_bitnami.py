"""Components of Bitnami, against the forms of the files in its images."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.bitnami import Bitnami
from tests.cataloger.contents import known, look
from tests.cataloger.samples_interpreted import BROKEN_JSON, WRONG, canonical, failed, fields, sample

DOCUMENT = "opt/bitnami/postgresql/.spdx-postgresql.spdx"
LIST = "opt/bitnami/.bitnami_components.json"


def document(*locators: object) -> str:
    return json.dumps({"packages": [{"externalRefs": [{"referenceLocator": locator}]} for locator in locators]})


def test_the_component_and_its_libraries_are_seen_and_nothing_else() -> None:
    seen = look(Bitnami(), DOCUMENT, sample("postgresql.spdx.json"))
    assert known(seen) == [("geos", "3.14.1"), ("postgresql", "18.6.0-3")]
    assert canonical(seen) == [
        "pkg:bitnami/postgresql@18.6.0-3?arch=amd64&distro=photon-5",
        "pkg:bitnami/geos@3.14.1?arch=amd64&distro=photon-5",
    ]
    assert not seen.problems


def test_the_older_list_says_the_same_of_a_component() -> None:
    text = '{"postgresql":{"arch":"amd64","digest":"ab","distro":"photon-5","type":"NAMI","version":"18.6.0-3"}}'
    seen = look(Bitnami(), LIST, text)
    assert canonical(seen) == ["pkg:bitnami/postgresql@18.6.0-3?arch=amd64&distro=photon-5"]
    assert not seen.problems


def test_a_component_named_twice_is_seen_once() -> None:
    assert known(look(Bitnami(), DOCUMENT, document("pkg:bitnami/nginx@1.2.3-0", "pkg:bitnami/nginx@1.2.3-0"))) == [
        ("nginx", "1.2.3-0")
    ]


def test_package_urls_are_decoded_and_made_canonical() -> None:
    locator = "pkg:bitnami/NGINX@1.2.3%2Bx-0?distro=debian-12&arch=arm64&other=1#sub"
    seen = look(Bitnami(), DOCUMENT, document(locator))
    assert known(seen) == [("nginx", "1.2.3+x-0")]
    assert canonical(seen) == ["pkg:bitnami/nginx@1.2.3%2Bx-0?arch=arm64&distro=debian-12"]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (DOCUMENT, True),
        ("opt/bitnami/common/.spdx-gosu.spdx", True),
        ("srv/nginx/.spdx-nginx.spdx", True),
        (LIST, True),
        ("opt/bitnami/nginx/nginx.spdx", False),
        ("opt/bitnami/nginx/.spdx-nginx.json", False),
    ],
)
def test_files_are_known_by_their_names(path: str, wanted: bool) -> None:
    assert Bitnami().wants(path) is wanted


@pytest.mark.parametrize("path", [DOCUMENT, LIST])
@pytest.mark.parametrize("data", BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_a_broken_file_is_reported(data: bytes, path: str) -> None:
    seen = look(Bitnami(), path, data)
    assert failed(seen)
    assert not seen.packages


@pytest.mark.parametrize("wrong", WRONG, ids=ascii)
def test_a_document_that_names_no_component_is_reported(wrong: object) -> None:
    for data in (
        fields(packages=wrong),
        fields(packages=[wrong]),
        fields(packages=[{"externalRefs": wrong}]),
        fields(packages=[{"externalRefs": [wrong]}]),
        document(wrong),
        document("pkg:deb/debian/bash@1"),
    ):
        assert failed(look(Bitnami(), DOCUMENT, data))
    assert failed(look(Bitnami(), LIST, fields(a={"version": wrong})))
    assert failed(look(Bitnami(), LIST, fields(a=wrong)))


@pytest.mark.parametrize(
    "locator",
    [
        "pkg:bitnami/",
        "pkg:bitnami/nginx",
        "pkg:bitnami/nginx@",
        "pkg:bitnami/@1",
        "pkg:bitnami/a/b@1",
        "pkg:bitnami/a%0Ab@1",
        "pkg:bitnami/a@1%1b[2J",
        "pkg:bitnami/a@1?" + "&".join("arch=1" for _ in range(100)),
    ],
)
def test_a_package_url_that_cannot_be_read_is_reported_and_costs_no_other(locator: str) -> None:
    seen = look(Bitnami(), DOCUMENT, document(locator, "pkg:bitnami/x@1"))
    assert failed(seen)
    assert known(seen) == [("x", "1")]


def test_large_and_long_files_are_bounded() -> None:
    assert failed(look(Bitnami(), DOCUMENT, b" " * (50 << 20) + sample("postgresql.spdx.json")))
    seen = look(Bitnami(), DOCUMENT, document(*(f"pkg:bitnami/a@{number}" for number in range(60_000))))
    assert failed(seen)
    assert len(seen.packages) == 50_000


@given(st.binary(), st.sampled_from([DOCUMENT, LIST]))
def test_any_bytes_give_an_answer(data: bytes, path: str) -> None:
    assert failed(look(Bitnami(), path, data))


@given(st.text(max_size=40))
def test_any_package_url_is_canonical_or_reported(text: str) -> None:
    seen = look(Bitnami(), DOCUMENT, document("pkg:bitnami/" + text))
    assert canonical(seen) or failed(seen)
