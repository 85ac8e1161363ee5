"""Whatever happens to the bytes of an image, the answer is the same image or a SourceError, never anything else."""

import contextlib
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagegate.errors import SourceError
from imagegate.source.opening import Options, open_image
from tests.images import Image, archive, compressed, file, layer, symlink
from tests.source.interests import EVERYTHING
from tests.source.opened import content

NOISE = random.Random(7).randbytes(4000)
IMAGE = Image([layer([file("var/lib/dpkg/status", b"Package: a\n" * 50), file("noise", NOISE)]), layer([symlink("a", "b")])])
GOOD = b"Package: a\n" * 50


def _read(path: Path, kind: str = "") -> bytes | None:
    """Return the content of the status file; raises SourceError where the image is refused."""
    found = open_image(f"{kind}{path}", EVERYTHING, Options())
    assert all(item.found == "fail" for item in found.evidence)
    return None if found.evidence else content(found.files, "var/lib/dpkg/status")


def _same_or_refused(path: Path, kind: str = "") -> bool:
    """Return whether it was refused; what is not refused is the whole image."""
    try:
        found = _read(path, kind)
    except SourceError:
        return True
    assert found == GOOD
    return False


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
@pytest.mark.parametrize("form", ["docker", "engine", "oci"])
def test_an_archive_cut_anywhere_is_refused(tmp_path: Path, form: str, compression: str) -> None:
    members = {"docker": IMAGE.docker_members, "engine": IMAGE.engine_members, "oci": IMAGE.oci_members}[form]()
    path = archive(tmp_path / "whole.tar", members, compression)
    assert _read(path) == GOOD
    whole = path.read_bytes()
    end = len(whole) if compression else len(whole.rstrip(b"\0"))  # what follows the last member is padding
    cut = tmp_path / "cut.tar"
    for position in range(0, end, max(1, end // 200)):
        cut.write_bytes(whole[:position])
        assert _same_or_refused(cut), position


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_layer_cut_anywhere_is_refused(tmp_path: Path, compression: str) -> None:
    members = IMAGE.docker_members()
    name = next(name for name in members if members[name] == IMAGE.layers[0])
    stored = compressed(IMAGE.layers[0], compression)
    for position in range(1, len(stored), max(1, len(stored) // 100)):
        path = archive(tmp_path / "image.tar", members | {name: stored[:position]})
        assert _same_or_refused(path), position


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_an_archive_with_a_changed_byte_is_the_same_or_refused(tmp_path: Path, compression: str) -> None:
    whole = archive(tmp_path / "whole.tar", IMAGE.engine_members(), compression).read_bytes()
    changed = tmp_path / "changed.tar"
    for position in range(0, len(whole), max(1, len(whole) // 200)):
        data = bytearray(whole)
        data[position] ^= 0x41
        changed.write_bytes(data)
        _same_or_refused(changed)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_mutilated_archive_is_the_same_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    compression = data.draw(st.sampled_from(["", "gzip", "zstd"]))
    form = data.draw(st.sampled_from([IMAGE.docker_members, IMAGE.engine_members, IMAGE.oci_members]))
    path = archive(tmp_path / "image.tar", form(), compression)
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(whole)))
        whole[begin : begin + data.draw(st.integers(0, 600))] = data.draw(st.binary(max_size=600))
    path.write_bytes(whole)
    _same_or_refused(path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000), st.sampled_from(["", "docker-archive:", "oci-archive:"]))
def test_random_bytes_are_refused(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / "image.tar"
    for head in (b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"):
        path.write_bytes(head + data)
        with pytest.raises(SourceError):
            open_image(f"{kind}{path}", EVERYTHING, Options())


KEYS = ["Config", "Layers", "RepoTags", "manifests", "digest", "size", "mediaType", "platform", "os", "annotations", "config"]
KEYS += ["layers", "rootfs", "diff_ids", "history", "created_by", "Labels", "architecture", "empty_layer"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, st.sampled_from(["manifest.json", "index.json", "config", "manifest"]))
def test_documents_of_any_shape_are_refused_or_read(tmp_path: Path, value: object, which: str) -> None:
    import json

    from tests.images import layout, sha256

    raw = json.dumps(value).encode()
    members = IMAGE.engine_members()
    if which in members:
        members[which] = raw
    else:
        config = raw if which == "config" else IMAGE.config()
        document = {"config": {"digest": sha256(config)}, "layers": []}
        manifest = raw if which == "manifest" else json.dumps(document).encode()
        members |= {f"blobs/sha256/{sha256(blob)[7:]}": blob for blob in (config, manifest)}
        members |= layout([{"digest": sha256(manifest)}])
        listed = [{"Config": f"blobs/sha256/{sha256(config)[7:]}", "Layers": [], "RepoTags": value}]
        members["manifest.json"] = json.dumps(listed).encode()
    path = archive(tmp_path / "image.tar", members)
    for kind in ("docker-archive:", "oci-archive:"):
        with contextlib.suppress(SourceError):
            open_image(f"{kind}{path}", EVERYTHING, Options())
