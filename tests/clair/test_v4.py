"""An image through a Clair v4, from end to end; passes against a real one too."""

import base64
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from imagegate.backend.clair import v4
from imagegate.backend.clair.client import Access, Client, find_api
from imagegate.backend.clair.report import Answered
from imagegate.backend.clair.serve import LayerServer, contents
from imagegate.errors import BackendError
from imagegate.model.image import OpenImage
from tests.clair.conftest import REAL_V4, access
from tests.clair.server_v4 import ClairV4
from tests.clair.subjects import heartbleed, opened
from tests.images import Image, layer

_PSK = "IMAGEGATE_TEST_CLAIR_V4_PSK"  # the address of one that wants a key, and _PSK_KEY the key in base64


def scanned(clair: Access, image: OpenImage, said: list[str] | None = None) -> Answered:
    with LayerServer(contents(image), clair.indexer, (said if said is not None else []).append) as server:
        return v4.scan(Client(clair, lambda _: None), image, server)


@pytest.fixture
def fresh() -> str:
    return secrets.token_hex(16) if REAL_V4 else ""


def test_a_clair_v4_is_found_out(clair_v4: Access) -> None:
    assert find_api(Client(clair_v4, lambda _: None)) == "v4"


@pytest.mark.parametrize("form", ["docker-archive", "gzip", "zstd"])
def test_heartbleed_is_found_in_the_second_layer_of_every_kind_of_image(
    clair_v4: Access, fresh: str, tmp_path: Path, form: str
) -> None:
    image = heartbleed(fresh + form)
    archive = image.docker_archive(tmp_path / "a.tar") if form == "docker-archive" else image.oci(tmp_path / "o", form)
    said: list[str] = []
    answered = scanned(clair_v4, opened(archive if form == "docker-archive" else f"oci:{archive}"), said)
    assert sum("fetched" in line or "layer" in line for line in said) >= 2
    reading = answered.reading
    assert [(found.id, found.raw_severity, found.fixed_in, found.location.layer) for found in reading.findings] == [
        ("CVE-2014-0160", "High", ("1.0.1-4ubuntu5.12",), 1),
        ("CVE-2005-2541", "Negligible", (), 0),
    ]
    found = reading.findings[0]
    assert found.aliases == ("CVE-2014-0160 on Ubuntu 12.04 LTS (precise) - high.",)
    assert found.package.purl == "pkg:deb/ubuntu/openssl@1.0.1-4ubuntu5.11?arch=amd64&distro=ubuntu-12.04"
    assert [(score.type, score.score) for score in found.scores] == [("CVSS_V3", 7.5)]
    assert not [one for one in (*answered.evidence, *reading.evidence) if one.found == "fail"]
    assert answered.version.startswith("v4, index state ")


def test_an_image_that_clair_knows_is_not_fetched_again(clair_v4: Access, fresh: str, tmp_path: Path) -> None:
    image = opened(heartbleed(fresh).docker_archive(tmp_path / "a.tar"))
    first, again = scanned(clair_v4, image), scanned(clair_v4, image)
    assert first == again


def test_what_clair_keeps_of_the_image_is_removed_where_that_is_asked_for(clair_v4: Access, fresh: str, tmp_path: Path) -> None:
    image = opened(heartbleed(fresh).docker_archive(tmp_path / "a.tar"))
    digest = v4.manifest_digest(image.image)
    path = f"/indexer/api/v1/index_report/{digest}"
    scanned(clair_v4, image)
    assert Client(clair_v4, lambda _: None).call("GET", path).status == 200
    answered = scanned(replace(clair_v4, delete=True), image)
    assert Client(clair_v4, lambda _: None).call("GET", path).status == 404
    assert not [one for one in answered.evidence if one.kind == "backend"]


def test_what_clair_was_fed_is_its_database(clair_v4: Access, fresh: str, tmp_path: Path) -> None:
    answered = scanned(clair_v4, opened(heartbleed(fresh).docker_archive(tmp_path / "a.tar")))
    assert answered.database is not None
    assert answered.database.confirmed.endswith("Z")
    assert answered.database.scores > 0
    assert [(one.kind, one.found) for one in answered.evidence] == [("uncovered", "ok")]


def test_an_image_in_which_clair_recognises_nothing_is_not_clean(clair_v4: Access, fresh: str, tmp_path: Path) -> None:
    answered = scanned(clair_v4, opened(heartbleed(fresh, info=False).docker_archive(tmp_path / "a.tar")))
    assert not answered.reading.findings
    assert {one.kind for one in answered.reading.evidence if one.found == "fail"} == {"no_packages", "backend"}


def test_an_image_without_a_distribution_is_not_clean(clair_v4: Access, fresh: str, tmp_path: Path) -> None:
    image = Image([layer({"etc/motd": f"nothing {fresh}"})]).docker_archive(tmp_path / "a.tar")
    evidence = scanned(clair_v4, opened(image)).reading.evidence
    assert {"unknown_distro", "backend"} <= {one.kind for one in evidence if one.found == "fail"}


def test_a_layer_that_clair_cannot_fetch_is_told_with_the_cause_that_it_gives(clair_v4: Access, tmp_path: Path) -> None:
    image = opened(heartbleed(secrets.token_hex(8)).docker_archive(tmp_path / "a.tar"))

    class Nowhere:
        def of(self, layer: int) -> tuple[str, dict[str, str]]:
            return f"http://127.0.0.1:9/{layer}?signature=hush", {"Authorization": "Bearer hush-hush"}

        def heard(self) -> str:
            return "it never connected"

    with pytest.raises(BackendError) as caught:
        v4.scan(Client(clair_v4, lambda _: None), image, Nowhere())
    assert "connection refused" in caught.value.message
    assert caught.value.hint == "it never connected"
    assert "hush" not in caught.value.message


def test_a_layer_that_is_not_what_its_digest_says_is_refused(clair_v4: Access, fresh: str, tmp_path: Path) -> None:
    image = opened(heartbleed(secrets.token_hex(8)).docker_archive(tmp_path / "a.tar"))
    layers = tuple(replace(one, digest="sha256:" + secrets.token_hex(32)) for one in image.image.layers)
    lent = contents(image)
    with LayerServer(lent, clair_v4.indexer, lambda _: None) as server, pytest.raises(BackendError, match="validation failed"):
        v4.scan(Client(clair_v4, lambda _: None), replace(image, image=replace(image.image, layers=layers)), server)


def test_the_same_layer_twice_is_that_of_its_first_place(clair_v4: Access, fresh: str, tmp_path: Path) -> None:
    image = heartbleed(fresh)
    empty = layer({"etc/motd": fresh})
    answered = scanned(clair_v4, opened(Image([empty, *image.layers, empty]).docker_archive(tmp_path / "a.tar")))
    assert [found.location.layer for found in answered.reading.findings] == [2, 1]


@pytest.fixture
def locked() -> Iterator[tuple[Access, bytes]]:
    """A Clair that wants a shared key, and the key."""
    if os.environ.get(_PSK):
        key = base64.b64decode(os.environ["IMAGEGATE_TEST_CLAIR_PSK"])
        yield access(os.environ[_PSK]), key
        return
    server = ClairV4(key=b"0123456789abcdef")
    yield access(server.url), server.key
    server.stop()


def test_a_shared_key_opens_a_clair(locked: tuple[Access, bytes], fresh: str, tmp_path: Path) -> None:
    clair, key = locked
    image = opened(heartbleed(fresh).docker_archive(tmp_path / "a.tar"))
    assert scanned(replace(clair, psk=key), image).reading.findings


@pytest.mark.parametrize("wrong", ["no key", "another key", "an issuer that it does not know"])
def test_without_the_right_key_a_clair_stays_closed(locked: tuple[Access, bytes], wrong: str) -> None:
    clair, key = locked
    used = {"no key": {}, "another key": {"psk": b"fedcba9876543210"}}.get(wrong, {"psk": key, "issuer": "nobody"})
    with pytest.raises(BackendError) as caught:
        find_api(Client(replace(clair, **used), lambda _: None))
    assert "401" in caught.value.message
    assert ("issuer" in caught.value.hint) == (wrong != "no key")
    assert base64.b64encode(key).decode() not in caught.value.message + caught.value.hint


def test_two_images_without_a_manifest_have_two_names(tmp_path: Path) -> None:
    plain = opened(heartbleed().docker_archive(tmp_path / "a.tar")).image
    other = opened(heartbleed("else").docker_archive(tmp_path / "b.tar")).image
    same = opened(heartbleed().docker_archive(tmp_path / "c.tar")).image
    assert plain.digest is None
    assert v4.manifest_digest(plain) == v4.manifest_digest(same) != v4.manifest_digest(other)
    assert v4.manifest_digest(replace(plain, digest="sha256:" + "0" * 64)) == "sha256:" + "0" * 64


def test_an_image_without_layers_is_told(tmp_path: Path) -> None:
    image = opened(heartbleed().docker_archive(tmp_path / "a.tar"))
    with pytest.raises(BackendError, match="no layers"):
        v4.scan(Client(access("http://127.0.0.1:9"), lambda _: None), replace(image, image=replace(image.image, layers=())), None)  # type: ignore[arg-type]
