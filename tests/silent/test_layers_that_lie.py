"""Layers that are cut off, swapped, left out or not all there, and indexes whose images are elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from imagegate.model.image import Platform
from tests.images import Image, compressed, dpkg, file, layer, layout, sha256, write_folder
from tests.images import archive as write_archive
from tests.silent.judging import BAD, DEBIAN, GOOD, OS_RELEASE, STATUS, Gate

BASE = layer([file(OS_RELEASE, DEBIAN), file(STATUS, dpkg(("bash", "5.2")))])
HOST = Platform("linux", "amd64")
OCI = "application/vnd.oci.image."


def top(version: str) -> bytes:
    return layer([file(STATUS, dpkg(("bash", "5.2"), ("openssl", version))), file("opt/filler", b"x" * 5000)])


def codes(gated: Gate, reference: str | Path, **options: object) -> list[int]:
    return [found.exit_code for found in gated.judge(reference, **{"platform": HOST, **options})]


def blobs(image: Image, compression: str = "gzip") -> tuple[dict[str, bytes], dict[str, Any]]:
    return image.blobs(compression)


def test_the_proper_ones_pass_and_the_vulnerable_ones_are_found(gated: Gate, tmp_path: Path) -> None:
    for version, expected in ((GOOD, 0), (BAD, 10)):
        image = Image([BASE, top(version)])
        assert codes(gated, image.docker_archive(tmp_path / "d.tar")) == [expected]
        for compression in ("", "gzip", "zstd"):
            assert codes(gated, f"oci:{image.oci(tmp_path / (version + compression), compression)}") == [expected]
        assert codes(gated, write_archive(tmp_path / "e.tar", image.engine_members())) == [expected]
        assert codes(gated, write_archive(tmp_path / "e.tar.gz", image.engine_members(), "gzip")) == [expected]


@pytest.mark.parametrize("keep", [0, 1, 511, 512, 1024, 4000, -1, -512, -1024])
def test_a_layer_that_is_cut_off_never_passes(gated: Gate, tmp_path: Path, keep: int) -> None:
    whole = top(BAD)
    cut = whole[:keep]
    archive = Image([BASE, cut]).docker_archive(tmp_path / "d.tar")
    honest = codes(gated, archive)  # digests of what is there: the layer itself must tell
    # Between two members an archive may end, to engines too; no bytes at all are an empty one.
    assert honest == [{0: 0, 1: 3, 511: 3, 512: 3, 4000: 3}.get(keep, 10)]
    lying = Image([BASE, whole]).docker_members()
    lying = {name: cut if data == whole else data for name, data in lying.items()}
    assert codes(gated, write_archive(tmp_path / "l.tar", lying)) == [3]


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_compressed_layer_that_is_cut_off_never_passes(gated: Gate, tmp_path: Path, compression: str) -> None:
    members = Image([BASE, top(BAD)]).oci_members(compression)
    stored = compressed(top(BAD), compression)
    name = "blobs/sha256/" + sha256(stored)[7:]
    for number, keep in enumerate((0, 2, 20, len(stored) // 2, len(stored) - 1)):
        folder = write_folder(tmp_path / f"{number}", members | {name: stored[:keep]})
        assert codes(gated, f"oci:{folder}") == [3]
        assert codes(gated, write_archive(tmp_path / "t.tar.gz", members | {name: stored[:keep]}, "gzip")) == [3]


def test_a_layer_under_the_digest_of_another_never_passes(gated: Gate, tmp_path: Path) -> None:
    members = Image([BASE, top(BAD)]).oci_members("")
    members["blobs/sha256/" + sha256(top(BAD))[7:]] = top(GOOD)
    assert codes(gated, f"oci:{write_folder(tmp_path / 'o', members)}") == [3]
    assert codes(gated, write_archive(tmp_path / "o.tar", members)) == [3]
    docker = Image([BASE, top(BAD)]).docker_members()
    swapped = {name: top(GOOD) if data == top(BAD) else data for name, data in docker.items()}
    assert codes(gated, write_archive(tmp_path / "s.tar", swapped)) == [3]


@pytest.mark.parametrize("kept", [[], [0], [1], [1, 0], [0, 1, 1], [0, 0]])
def test_layers_and_diff_ids_that_do_not_agree_never_pass(gated: Gate, tmp_path: Path, kept: list[int]) -> None:
    layers = [BASE, top(GOOD)]
    changes = {"rootfs": {"type": "layers", "diff_ids": [sha256(layers[number]) for number in kept]}}
    image = Image(layers, changes=changes)
    assert codes(gated, image.docker_archive(tmp_path / "d.tar")) == [3]
    assert codes(gated, f"oci:{image.oci(tmp_path / 'o')}") == [3]


def test_a_layer_that_the_manifest_leaves_out_never_passes(gated: Gate, tmp_path: Path) -> None:
    members = Image([BASE, top(BAD)]).docker_members()
    (entry,) = json.loads(members["manifest.json"])
    entry["Layers"].pop()
    assert codes(gated, write_archive(tmp_path / "d.tar", members | {"manifest.json": json.dumps([entry]).encode()})) == [3]


def test_a_layer_that_is_foreign_or_encrypted_never_passes(gated: Gate, tmp_path: Path) -> None:
    for number, (kind, gone) in enumerate(
        [
            (OCI + "layer.nondistributable.v1.tar+gzip", True),
            ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", True),
            (OCI + "layer.v1.tar+gzip+encrypted", False),
        ]
    ):
        members, descriptor = blobs(Image([BASE, top(GOOD)]))
        path = "blobs/sha256/" + descriptor["digest"][7:]
        manifest = json.loads(members.pop(path))
        manifest["layers"][1]["mediaType"] = kind
        if gone:
            members.pop("blobs/sha256/" + manifest["layers"][1]["digest"][7:])
        raw = json.dumps(manifest).encode()
        members["blobs/sha256/" + sha256(raw)[7:]] = raw
        found = descriptor | {"digest": sha256(raw), "size": len(raw)}
        assert codes(gated, f"oci:{write_folder(tmp_path / str(number), members | layout([found]))}") == [4]


def _index(folder: Path, *entries: tuple[Image, str], nested: bool = False, attested: bool = False) -> str:
    """Write an index of images for these architectures."""
    members: dict[str, bytes] = {}
    descriptors = []
    for image, architecture in entries:
        found, descriptor = blobs(image)
        members |= found
        descriptors.append(descriptor | {"platform": {"os": "linux", "architecture": architecture}})
    if attested:
        found, descriptor = blobs(Image([layer({"predicate": "{}"})]))
        members |= found
        marks = {"vnd.docker.reference.type": "attestation-manifest"}
        descriptors.append(descriptor | {"platform": {"os": "unknown", "architecture": "unknown"}, "annotations": marks})
    index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": descriptors}
    for _ in range(1 + nested):
        raw = json.dumps(index).encode()
        members["blobs/sha256/" + sha256(raw)[7:]] = raw
        outer = {"mediaType": OCI + "index.v1+json", "digest": sha256(raw), "size": len(raw)}
        index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [outer]}
    return f"oci:{write_folder(folder, members | layout([outer]))}"


@pytest.mark.parametrize("nested", [False, True])
def test_an_index_is_judged_by_what_was_asked_for(gated: Gate, tmp_path: Path, nested: bool) -> None:
    good, bad = Image([BASE, top(GOOD)]), Image([BASE, top(BAD)], architecture="arm64")
    mixed = _index(tmp_path / "mixed", (good, "amd64"), (bad, "arm64"), nested=nested, attested=True)
    assert codes(gated, mixed) == [0]
    assert codes(gated, mixed, platform=Platform("linux", "arm64")) == [10]
    assert codes(gated, mixed, platform=Platform("linux", "s390x")) == [4]
    assert codes(gated, mixed, platform=None, every_platform=True) == [0, 10]


def test_an_index_without_an_image_for_this_machine_never_passes(gated: Gate, tmp_path: Path) -> None:
    arm = Image([BASE, top(GOOD)], architecture="arm64")
    assert codes(gated, _index(tmp_path / "foreign", (arm, "arm64"))) == [4]
    assert codes(gated, _index(tmp_path / "attested", attested=True)) == [4]
    assert codes(gated, _index(tmp_path / "attested-all", attested=True), platform=None, every_platform=True) == [4]
    assert codes(gated, _index(tmp_path / "empty")) == [4]


def test_an_index_that_lies_about_a_platform_never_passes(gated: Gate, tmp_path: Path) -> None:
    arm = Image([BASE, top(GOOD)], architecture="arm64")
    assert codes(gated, _index(tmp_path / "lie", (arm, "amd64"))) == [4]
