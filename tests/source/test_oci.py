"""OCI layouts: folders and archives, tags and digests, indexes, platforms."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from imagegate.model.image import Platform
from tests.images import Image, archive, file, layer, layout, sha256, write_folder
from tests.source.opened import BASE, SECOND, content, opened, refused

STATUS = "var/lib/dpkg/status"
INDEX = "application/vnd.oci.image.index.v1+json"
ARM = Platform("linux", "arm64")


def nested(children: list[Mapping[str, Any]]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return an index as a blob, and its descriptor."""
    raw = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).encode()
    return {f"blobs/sha256/{sha256(raw)[7:]}": raw}, {"mediaType": INDEX, "digest": sha256(raw), "size": len(raw)}


def entry(descriptor: Mapping[str, Any], os: str = "linux", architecture: str = "amd64", variant: str = "") -> dict[str, Any]:
    platform = {"os": os, "architecture": architecture} | ({"variant": variant} if variant else {})
    return {key: value for key, value in descriptor.items() if key != "annotations"} | {"platform": platform}


def several(path: Path) -> Path:
    """Write a layout with an index of an amd64 image, an arm64 image and an attestation."""
    amd, first = Image([BASE]).blobs()
    arm, second = Image([SECOND], architecture="arm64").blobs()
    attestation = entry(first, "unknown", "unknown") | {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    blob, index = nested([attestation, entry(first), entry(second, architecture="arm64", variant="v8")])
    return write_folder(path, amd | arm | blob | layout([index]))


@pytest.mark.parametrize("compression", ["gzip", "zstd", ""])
def test_a_layout_is_read_as_folder_and_as_archive(tmp_path: Path, compression: str) -> None:
    image = Image([BASE, SECOND])
    members = image.oci_members(compression)
    folder = write_folder(tmp_path / "layout", members)
    for reference in (
        f"oci:{folder}",
        f"oci-archive:{archive(tmp_path / 'a.tar', members)}",
        f"oci-archive:{archive(tmp_path / 'a.tar.gz', members, 'gzip')}",
        f"oci-archive:{archive(tmp_path / 'a.tar.zst', members, 'zstd')}",
    ):
        found = opened(reference)
        assert content(found.files, STATUS) == b"Package: a\n\nPackage: b\n"
        assert found.image.digest == image.blobs(compression)[1]["digest"]
        assert found.evidence == ()


def test_tag_digest_and_name_select_an_image(tmp_path: Path) -> None:
    one, first = Image([BASE], name="1.0").blobs()
    two, second = Image([SECOND], name="registry.example.com:5000/team/app:2.0").blobs()
    path = write_folder(tmp_path / "layout", one | two | layout([first, second]))
    assert content(opened(f"oci:{path}:1.0").files, STATUS) == b"Package: a\n"
    name = "registry.example.com:5000/team/app:2.0"
    assert opened(f"oci:{path}:{name}").image.digest == second["digest"]
    assert opened(f"oci:{path}@{first['digest']}").image.digest == first["digest"]
    reason = refused(f"oci:{path}")
    assert "1.0" in reason
    assert name in reason
    assert "no single image is called 3.0" in refused(f"oci:{path}:3.0")
    assert "is missing" in refused(f"oci:{path}@sha256:{'0' * 64}")
    assert "Only sha256" in refused(f"oci:{path}@sha256:short")


def test_two_tags_of_one_image_need_no_selector(tmp_path: Path) -> None:
    blobs, descriptor = Image([BASE]).blobs()
    again = descriptor | {"annotations": {"org.opencontainers.image.ref.name": "again"}}
    path = write_folder(tmp_path / "layout", blobs | layout([descriptor, again]))
    assert opened(f"oci:{path}").image.digest == descriptor["digest"]


def test_the_platform_asked_for_is_opened_and_the_others_are_named(tmp_path: Path) -> None:
    path = several(tmp_path / "layout")
    found = opened(f"oci:{path}")
    assert content(found.files, STATUS) == b"Package: a\n"
    assert [(item.kind, item.found) for item in found.evidence] == [("missing_platform", "ok")]
    assert "linux/arm64/v8" in found.evidence[0].detail
    assert "unknown" not in found.evidence[0].detail
    found = opened(f"oci:{path}", ARM)
    assert content(found.files, STATUS) == b"Package: a\n\nPackage: b\n"
    assert "linux/amd64" in found.evidence[0].detail
    assert content(opened(f"oci:{path}", Platform("linux", "arm64", "v8")).files, STATUS) is not None


@pytest.mark.parametrize("wanted", [Platform("linux", "s390x"), Platform("linux", "arm64", "v9"), Platform("windows", "amd64")])
def test_a_platform_that_is_not_there_is_evidence(tmp_path: Path, wanted: Platform) -> None:
    found = opened(f"oci:{several(tmp_path / 'layout')}", wanted)
    assert [(item.kind, item.found) for item in found.evidence] == [("missing_platform", "fail")]
    assert "linux/amd64, linux/arm64/v8" in found.evidence[0].detail
    assert found.files.depth == 0


def test_a_single_image_of_another_platform_than_asked_is_evidence(tmp_path: Path) -> None:
    path = Image([BASE]).oci(tmp_path / "layout")
    assert opened(f"oci:{path}", ARM).evidence[0].kind == "missing_platform"
    assert opened(f"oci:{path}", None).evidence == ()


def test_an_index_of_attestations_only_is_evidence(tmp_path: Path) -> None:
    blobs, descriptor = Image([BASE]).blobs()
    blob, index = nested([entry(descriptor, "unknown", "unknown")])
    found = opened(f"oci:{write_folder(tmp_path / 'layout', blobs | blob | layout([index]))}")
    assert found.evidence[0].found == "fail"


def test_what_is_annotated_as_an_attestation_but_runs_here_is_an_image(tmp_path: Path) -> None:
    hidden, first = Image([BASE]).blobs()
    clean, second = Image([SECOND]).blobs()
    marked = entry(first) | {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    blob, index = nested([marked, entry(second)])
    path = write_folder(tmp_path / "layout", hidden | clean | blob | layout([index]))
    assert "2 images for linux/amd64" in refused(f"oci:{path}")


def test_indexes_may_be_nested_up_to_a_depth(tmp_path: Path) -> None:
    blobs, descriptor = Image([BASE]).blobs()
    index: dict[str, Any] = entry(descriptor)
    for depth in range(1, 7):
        blob, index = nested([index])
        blobs |= blob
        path = write_folder(tmp_path / str(depth), blobs | layout([index]))
        if depth <= 4:
            assert content(opened(f"oci:{path}").files, STATUS) == b"Package: a\n"
        else:
            assert "too many indexes" in refused(f"oci:{path}")


def test_an_index_that_repeats_an_index_many_times_is_read_once(tmp_path: Path) -> None:
    blobs, descriptor = Image([BASE], architecture="arm64").blobs()
    children: list[Mapping[str, Any]] = [entry(descriptor, architecture="arm64")]
    index: dict[str, Any] = {}
    for _ in range(4):  # without a memory of what was seen: 200 to the power of 4 look-ups
        blob, index = nested(children)
        blobs |= blob
        children = [index] * 200
    assert opened(f"oci:{write_folder(tmp_path / 'layout', blobs | layout([index]))}").evidence[0].found == "fail"


def test_an_entry_without_a_platform_is_judged_by_its_configuration(tmp_path: Path) -> None:
    arm, first = Image([SECOND], architecture="arm64").blobs()
    amd, second = Image([BASE]).blobs()
    blob, index = nested([first, second])
    path = write_folder(tmp_path / "layout", arm | amd | blob | layout([index]))
    assert content(opened(f"oci:{path}").files, STATUS) == b"Package: a\n"
    assert content(opened(f"oci:{path}", ARM).files, STATUS) == b"Package: a\n\nPackage: b\n"


def changed_manifest(image: Image, change: Mapping[str, Any], number: int = 0) -> dict[str, bytes]:
    """Return a layout whose manifest says something else of a layer."""
    blobs, descriptor = image.blobs()
    name = f"blobs/sha256/{descriptor['digest'][7:]}"
    manifest = json.loads(blobs.pop(name))
    manifest["layers"][number] |= change
    raw = json.dumps(manifest).encode()
    return blobs | {f"blobs/sha256/{sha256(raw)[7:]}": raw} | layout([{"digest": sha256(raw), "size": len(raw)}])


@pytest.mark.parametrize("media_type", ["nondistributable.v1.tar+gzip", "v1.tar+gzip+encrypted"])
def test_a_layer_that_can_not_be_seen_is_evidence(tmp_path: Path, media_type: str) -> None:
    image = Image([BASE, layer({"usr/bin/x": b"x"})])
    members = changed_manifest(image, {"mediaType": f"application/vnd.oci.image.layer.{media_type}"}, 1)
    blob = image.blobs()[0]
    if "nondistributable" in media_type:
        members = {name: data for name, data in members.items() if name not in blob or data != _stored(image, 1)}
    found = opened(f"oci:{write_folder(tmp_path / 'layout', members)}")
    assert [(item.kind, item.found) for item in found.evidence] == [("skipped_layer", "fail")]
    assert "layer 1" in found.evidence[0].detail
    assert content(found.files, STATUS) == b"Package: a\n"


def _stored(image: Image, number: int) -> bytes:
    from tests.images import compressed

    return compressed(image.layers[number], "gzip")


@pytest.mark.parametrize("artifact", ["{}", '{"rootfs": {}}', '{"rootfs": {"diff_ids": [1]}}', "[]", "nonsense"])
def test_an_artifact_that_is_no_image_is_refused(tmp_path: Path, artifact: str) -> None:
    raw = artifact.encode()
    manifest = json.dumps({"config": {"digest": sha256(raw)}, "layers": []}).encode()
    blobs = {f"blobs/sha256/{sha256(data)[7:]}": data for data in (raw, manifest)}
    path = write_folder(tmp_path / "layout", blobs | layout([{"digest": sha256(manifest)}]))
    assert "configuration" in refused(f"oci:{path}")


@pytest.mark.parametrize("index", ["", "{}", "[]", '{"manifests": 1}', '{"manifests": []}', '{"manifests": [1]}'])
def test_a_nonsensical_index_is_refused(tmp_path: Path, index: str) -> None:
    path = write_folder(tmp_path / "layout", Image([BASE]).oci_members() | {"index.json": index.encode()})
    assert refused(f"oci:{path}")


def test_a_folder_that_is_no_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "not an OCI layout" in refused(f"oci:{tmp_path / 'folder'}")
    assert "no such folder" in refused(f"oci:{tmp_path / 'nothing'}")
    assert "no such folder" in refused(f"oci:{archive(tmp_path / 'a.tar', [file('x')])}")
