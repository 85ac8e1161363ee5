"""Documents that tools understand differently are refused: nobody knows which image would run."""

import json
from pathlib import Path
from typing import Any

import pytest

from imagegate.model.image import Platform
from tests.images import Image, archive, layout, sha256, write_folder
from tests.source.opened import BASE, SECOND, opened, refused
from tests.source.test_oci import INDEX, entry, nested

ONE, OTHER = Image([BASE]), Image([SECOND])


def with_manifest(path: Path, document: bytes, **changes: Any) -> str:
    """Write a layout with the blobs of two images whose manifest is this document."""
    digest = sha256(document)
    descriptor = {"digest": digest, "size": len(document)} | changes
    blobs = ONE.blobs()[0] | OTHER.blobs()[0] | {f"blobs/sha256/{digest[7:]}": document}
    return f"oci:{write_folder(path, blobs | layout([descriptor]))}"


def manifest(image: Image) -> dict[str, Any]:
    blobs, descriptor = image.blobs()
    document: dict[str, Any] = json.loads(blobs["blobs/sha256/" + descriptor["digest"][7:]])
    return document


@pytest.mark.parametrize("key", ["Layers", "LAYERS", "layer\u017f"])
def test_a_field_that_comes_in_two_cases_is_refused(tmp_path: Path, key: str) -> None:
    document = manifest(ONE) | {key: manifest(OTHER)["layers"]}
    assert "comes twice" in refused(with_manifest(tmp_path / "layout", json.dumps(document).encode()))


def test_a_field_that_comes_twice_is_refused(tmp_path: Path) -> None:
    members = ONE.docker_members()
    members["manifest.json"] = members["manifest.json"].replace(b'"Layers"', b'"Layers": [], "Layers"')
    assert "comes twice" in refused(archive(tmp_path / "image.tar", members))


def test_labels_may_differ_in_case(tmp_path: Path) -> None:
    image = Image([BASE], labels={"Maintainer": "a", "maintainer": "b"})
    assert len(opened(image.docker_archive(tmp_path / "image.tar")).image.labels) == 2


@pytest.mark.parametrize("key", ["manifests", "Manifests"])
def test_a_manifest_that_is_an_index_too_is_refused(tmp_path: Path, key: str) -> None:
    document = manifest(ONE) | {key: [entry(OTHER.blobs()[1])]}
    assert "is an index too" in refused(with_manifest(tmp_path / "layout", json.dumps(document).encode()))


def test_a_media_type_that_contradicts_the_content_is_refused(tmp_path: Path) -> None:
    document = manifest(ONE)
    assert "media type" in refused(with_manifest(tmp_path / "a", json.dumps(document | {"mediaType": INDEX}).encode()))
    assert "media type" in refused(with_manifest(tmp_path / "b", json.dumps(document).encode(), mediaType=INDEX))
    index = json.dumps({"manifests": [entry(ONE.blobs()[1])]}).encode()
    assert "media type" in refused(with_manifest(tmp_path / "c", index, mediaType=document["mediaType"]))


@pytest.mark.parametrize("digest", [[], {}, [1], None, 5, True])
def test_a_digest_of_another_type_is_refused(tmp_path: Path, digest: object) -> None:
    assert "digest" in refused(with_manifest(tmp_path / "a", b"{}", digest=digest))
    index = json.dumps({"manifests": [{"digest": digest}, {"digest": digest}]}).encode()
    assert "digest" in refused(with_manifest(tmp_path / "b", index))


def two(path: Path, first: str, second: str, other: Image = OTHER, architecture: str = "amd64") -> str:
    one, two = ONE.blobs(), other.blobs()
    children = [entry(one[1], "linux", architecture, first), entry(two[1], "linux", architecture, second)]
    blob, index = nested([*children])
    return f"oci:{write_folder(path, one[0] | two[0] | blob | layout([index]))}"


def test_of_two_that_fit_the_exact_variant_is_opened_and_the_other_is_told(tmp_path: Path) -> None:
    for number, variants in enumerate((("", "v2"), ("v2", ""))):
        found = opened(two(tmp_path / str(number), *variants))
        assert found.image.id == sha256((ONE, OTHER)[number].config())
        assert [(item.kind, item.found) for item in found.evidence] == [("missing_platform", "warn")]
        assert "v2" in found.evidence[0].detail


def test_two_that_fit_alike_are_refused_unless_they_are_the_same(tmp_path: Path) -> None:
    assert "2 images for linux/amd64" in refused(two(tmp_path / "a", "", ""))
    assert "linux/arm/v6" in refused(two(tmp_path / "b", "v6", "v7", OTHER, "arm"), Platform("linux", "arm"))
    assert opened(two(tmp_path / "c", "", "", ONE)).evidence == ()


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_manifest_and_index_of_one_archive_must_name_the_same_image(tmp_path: Path, compression: str) -> None:
    assert opened(archive(tmp_path / "good.tar", ONE.engine_members(), compression)).evidence == ()
    members = OTHER.engine_members() | ONE.engine_members() | {"index.json": OTHER.engine_members()["index.json"]}
    path = archive(tmp_path / "bad.tar", members, compression)
    assert "different images" in refused(path)
    assert "different images" in refused(f"docker-archive:{path}")
