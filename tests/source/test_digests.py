"""Whatever a manifest promises is verified: digests, sizes, the number of layers."""

import json
from pathlib import Path

import pytest

from tests.images import Image, archive, compressed, layer, layout, sha256, write_folder
from tests.source.opened import BASE, SECOND, opened, refused
from tests.source.test_oci import changed_manifest

IMAGE = Image([BASE, SECOND])
OTHER = layer({"var/lib/dpkg/status": "Package: other\n"})


def _oci(path: Path, members: dict[str, bytes]) -> str:
    return refused(f"oci:{write_folder(path / 'layout', members)}")


@pytest.mark.parametrize("compression", ["gzip", "zstd", ""])
def test_a_layer_swapped_under_the_digest_of_another_is_refused(tmp_path: Path, compression: str) -> None:
    members = IMAGE.oci_members(compression)
    name = f"blobs/sha256/{sha256(compressed(SECOND, compression))[7:]}"
    assert "is not what its digest says" in _oci(tmp_path, members | {name: compressed(OTHER, compression)})


@pytest.mark.parametrize("members", [IMAGE.docker_members(), IMAGE.engine_members()], ids=["old", "new"])
@pytest.mark.parametrize("compression", ["", "gzip"])
def test_a_layer_swapped_in_an_archive_is_refused(tmp_path: Path, members: dict[str, bytes], compression: str) -> None:
    swapped = {name: OTHER if data == SECOND else data for name, data in members.items()}
    assert "is not what its digest says" in refused(archive(tmp_path / "image.tar", swapped, compression))


def test_two_layers_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    members = IMAGE.docker_members()
    manifest = json.loads(members["manifest.json"])
    manifest[0]["Layers"].reverse()
    members["manifest.json"] = json.dumps(manifest).encode()
    assert "is not what its digest says" in refused(archive(tmp_path / "image.tar", members))


def test_a_changed_configuration_is_refused(tmp_path: Path) -> None:
    lie = Image([BASE, SECOND], changes={"config": {"User": "nobody"}}).config()
    for members in (IMAGE.docker_members(), IMAGE.engine_members()):
        changed = {name: lie if data == IMAGE.config() else data for name, data in members.items()}
        assert "configuration is not what its digest says" in refused(archive(tmp_path / "image.tar", changed))
    members = {name: lie if data == IMAGE.config() else data for name, data in IMAGE.oci_members().items()}
    assert "configuration is not what its digest says" in _oci(tmp_path, members)


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    blobs, descriptor = IMAGE.blobs()
    name = f"blobs/sha256/{descriptor['digest'][7:]}"
    assert "manifest is not what its digest says" in _oci(tmp_path, blobs | {name: blobs[name] + b" "} | layout([descriptor]))


def test_a_wrong_diff_id_is_refused(tmp_path: Path) -> None:
    ids = {"rootfs": {"type": "layers", "diff_ids": [sha256(BASE), sha256(OTHER)]}}
    lie = Image([BASE, SECOND], changes=ids)
    assert "uncompressed, is not what its digest says" in refused(lie.docker_archive(tmp_path / "image.tar"))
    assert "uncompressed, is not what its digest says" in _oci(tmp_path, lie.oci_members())


@pytest.mark.parametrize("count", [0, 1, 3])
def test_layers_and_diff_ids_must_be_equally_many(tmp_path: Path, count: int) -> None:
    ids = [sha256(BASE), sha256(SECOND), sha256(OTHER)][:count]
    lie = Image([BASE, SECOND], changes={"rootfs": {"type": "layers", "diff_ids": ids}})
    assert f"names 2 layers, the configuration {count}" in refused(lie.docker_archive(tmp_path / "image.tar"))
    assert f"names 2 layers, the configuration {count}" in _oci(tmp_path, lie.oci_members())


@pytest.mark.parametrize("size", [0, 1, 10**12])
def test_a_lying_size_is_refused(tmp_path: Path, size: int) -> None:
    assert f"should have {size:,} bytes" in _oci(tmp_path, changed_manifest(IMAGE, {"size": size}))
    blobs, descriptor = IMAGE.blobs()
    assert f"should have {size:,} bytes" in _oci(tmp_path, blobs | layout([descriptor | {"size": size}]))


@pytest.mark.parametrize("digest", ["", "sha256:", "sha512:" + "0" * 128, "sha256:" + "A" * 64, "../../etc/passwd", None, 7])
def test_a_digest_of_another_kind_is_refused(tmp_path: Path, digest: object) -> None:
    assert "Only sha256" in _oci(tmp_path, changed_manifest(IMAGE, {"digest": digest}))
    blobs, descriptor = IMAGE.blobs()
    assert "Only sha256" in _oci(tmp_path, blobs | layout([descriptor | {"digest": digest}]))


@pytest.mark.parametrize("kind", ["layer", "config", "manifest"])
def test_a_missing_blob_is_refused(tmp_path: Path, kind: str) -> None:
    members = IMAGE.oci_members()
    digest = {
        "layer": sha256(compressed(SECOND, "gzip")),
        "config": sha256(IMAGE.config()),
        "manifest": IMAGE.blobs()[1]["digest"],
    }[kind]
    del members[f"blobs/sha256/{digest[7:]}"]
    assert "is missing" in _oci(tmp_path, members)


def test_more_layers_than_any_engine_runs_are_refused(tmp_path: Path) -> None:
    assert "more than any engine runs" in refused(Image([layer([])] * 300).docker_archive(tmp_path / "image.tar"))
    assert opened(Image([layer({"a": b""})] * 128).docker_archive(tmp_path / "image.tar")).files.depth == 128
