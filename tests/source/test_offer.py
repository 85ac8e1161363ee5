"""Layers for a scanner elsewhere: lent as they are stored where they lie here, left in the registry where they lie there."""

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagegate.errors import SourceError
from imagegate.model.image import OpenImage
from imagegate.source.opening import Options, open_image, openings
from tests.images import Image, archive, sha256
from tests.source.interests import EVERYTHING
from tests.source.opened import BASE, HOST, SECOND
from tests.source.registries import Registry, says

IMAGE = Image([BASE, SECOND])


@pytest.fixture
def server() -> Iterator[Registry]:
    running = Registry()
    yield running
    running.stop()


def opened(reference: object, **options: object) -> OpenImage:
    return open_image(str(reference), EVERYTHING, Options(platform=HOST, offer=True, **options))  # type: ignore[arg-type]


def lent(image: OpenImage) -> list[str]:
    """Return the digests of what is handed out."""
    assert image.offer is not None
    found = []
    for layer in image.image.layers:
        content = image.offer.here(layer.index)
        assert content is not None
        found.append(sha256(content.read_at(0, content.size)))
    return found


@pytest.mark.parametrize("form", ["", "gzip", "zstd"])
def test_layers_of_a_layout_are_lent_as_its_digests_name_them(form: str, tmp_path: Path) -> None:
    folder = opened(f"oci:{IMAGE.oci(tmp_path / 'layout', form)}")
    tar = opened(f"oci-archive:{archive(tmp_path / 'layout.tar', IMAGE.oci_members(form))}")
    for image in (folder, tar):
        assert lent(image) == [layer.digest for layer in image.image.layers]
        assert image.looked


@pytest.mark.parametrize("compress", [False, True])
def test_an_archive_is_kept_where_it_comes_by_only_once(tmp_path: Path, compress: bool) -> None:
    path = IMAGE.docker_archive(tmp_path / "image.tar")
    if compress:
        path = tmp_path / "image.tar.gz"
        path.write_bytes(gzip.compress((tmp_path / "image.tar").read_bytes()))
    image = opened(path)
    assert lent(image) == [layer.diff_id for layer in image.image.layers] == [sha256(BASE), sha256(SECOND)]


def test_nothing_is_lent_that_nobody_asked_for(tmp_path: Path) -> None:
    assert open_image(str(IMAGE.docker_archive(tmp_path / "a.tar")), EVERYTHING, Options(platform=HOST)).offer is None


def test_a_compressed_archive_that_is_cut_or_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gzip.compress(IMAGE.docker_archive(tmp_path / "a.tar").read_bytes())
    (tmp_path / "cut.tar.gz").write_bytes(whole[:-200])
    with pytest.raises(SourceError, match="ends in the middle"):
        opened(tmp_path / "cut.tar.gz")
    (tmp_path / "whole.tar.gz").write_bytes(whole)
    monkeypatch.setattr("imagegate.source.limits.UNPACKED", 10_000)
    with pytest.raises(SourceError, match="expand to more than"):
        opened(tmp_path / "whole.tar.gz")


def test_layers_of_a_registry_are_left_there(server: Registry) -> None:
    image = opened(server.add("1", *IMAGE.blobs("gzip")))
    digests = [layer.digest for layer in image.image.layers]
    assert [layer.diff_id for layer in image.image.layers] == [sha256(BASE), sha256(SECOND)]
    assert [layer.created_by for layer in image.image.layers] == ["RUN step 0", "RUN step 1"]
    assert (image.looked, [path for digest in digests for path in server.paths(digest)]) == (False, [])
    assert image.offer is not None
    assert image.offer.here(0) is None
    url, headers = image.offer.there(1)
    assert url == f"http://{server.host}/v2/team/app/blobs/{digests[1]}"
    assert "Authorization" not in headers


def test_a_token_is_asked_for_again_when_it_has_run_out(server: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    server.special["/token"] = says(200, {"token": "first", "expires_in": 60})
    server.asks_for("Bearer first", "Bearer second", challenge=f'Bearer realm="http://{server.host}/token"')
    image = opened(server.add("1", *IMAGE.blobs("gzip")))
    assert image.offer is not None
    assert image.offer.there(0)[1]["Authorization"] == "Bearer first"
    server.special["/token"] = says(200, {"token": "second", "expires_in": 60})
    assert image.offer.there(1)[1]["Authorization"] == "Bearer first"
    now = time.monotonic()
    monkeypatch.setattr("imagegate.source.registry.time.monotonic", lambda: now + 50)  # most of its minute is over
    assert image.offer.there(1)[1]["Authorization"] == "Bearer second"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "encrypted"),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "foreign"),
    ],
)
def test_a_layer_that_nobody_can_read_there_is_evidence(server: Registry, kind: str, word: str) -> None:
    members, descriptor = IMAGE.blobs("gzip")
    path = "blobs/sha256/" + descriptor["digest"][7:]
    manifest = json.loads(members[path])
    manifest["layers"][1]["mediaType"] = kind
    raw = json.dumps(manifest).encode()
    name = server.add("1", members | {path: raw}, descriptor | {"digest": sha256(raw), "size": len(raw)})
    assert [(item.kind, item.found, word in item.detail) for item in opened(name).evidence] == [("skipped_layer", "fail", True)]


def test_every_platform_of_a_registry_can_be_left_there(server: Registry) -> None:
    descriptors = []
    for architecture in ("amd64", "arm64"):
        members, descriptor = Image([BASE], architecture=architecture).blobs("gzip")
        server.add(architecture, members, descriptor)
        descriptors.append(descriptor | {"platform": {"os": "linux", "architecture": architecture}})
    kind = "application/vnd.oci.image.index.v1+json"
    server.put("1", {"schemaVersion": 2, "mediaType": kind, "manifests": descriptors}, kind)
    found = openings(f"registry:{server.host}/team/app:1", EVERYTHING, Options(every_platform=True, offer=True))
    assert [opening().image.platform for opening in found] == ["linux/amd64", "linux/arm64"]


def test_what_is_lent_is_what_was_read_whatever_lies_there_now(tmp_path: Path) -> None:
    folder = IMAGE.oci(tmp_path / "layout", "gzip")
    image = opened(f"oci:{folder}")
    digests = [layer.digest for layer in image.image.layers]
    (folder / "blobs").rename(folder / "other")
    Image([SECOND, BASE]).oci(tmp_path / "forged", "")
    (tmp_path / "forged" / "blobs").rename(folder / "blobs")
    for digest in digests:
        (folder / "blobs" / "sha256" / digest[7:]).write_bytes(b"something else")
    assert lent(image) == digests
