"""Archives as `docker save` wrote and writes them, plain and compressed."""

import json
from pathlib import Path

import pytest

from tests.images import Entry, Image, archive, compressed, file, layer, sha256, symlink
from tests.source.interests import NOTHING
from tests.source.opened import BASE, SECOND, content, opened, refused

STATUS = "var/lib/dpkg/status"
IMAGE = Image([BASE, SECOND], commands=["FROM scratch", "RUN apt-get install b"], labels={"team": "a"})


@pytest.mark.parametrize("members", [IMAGE.docker_members(), IMAGE.engine_members()], ids=["old", "new"])
@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_an_archive_is_read_in_every_form(tmp_path: Path, members: dict[str, bytes], compression: str) -> None:
    path = archive(tmp_path / "image.tar", members, compression)
    found = opened(path)
    assert content(found.files, STATUS) == b"Package: a\n\nPackage: b\n"
    assert content(found.files, STATUS, 0) == b"Package: a\n"
    assert [found.image.layers[0].diff_id, found.image.layers[1].diff_id] == [sha256(BASE), sha256(SECOND)]
    assert [step.created_by for step in found.image.layers] == ["FROM scratch", "RUN apt-get install b"]
    assert found.image.id == sha256(IMAGE.config())
    assert found.image.labels == (("team", "a"),)
    assert found.image.platform == "linux/amd64"
    assert found.evidence == ()


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_an_archive_of_a_new_engine_is_a_layout_too(tmp_path: Path, compression: str) -> None:
    path = archive(tmp_path / "image.tar", IMAGE.engine_members(), compression)
    assert opened(f"oci-archive:{path}").image.id == opened(path).image.id


@pytest.mark.parametrize("last", ["manifest.json", "index.json", "oci-layout"])
def test_the_documents_may_come_after_the_layers_of_a_stream(tmp_path: Path, last: str) -> None:
    members = IMAGE.engine_members()
    members[last] = members.pop(last)
    path = archive(tmp_path / "image.tar.gz", members, "gzip")
    assert content(opened(path).files, STATUS) == b"Package: a\n\nPackage: b\n"


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_images_that_share_a_layer_through_a_link_are_told_apart(tmp_path: Path, compression: str) -> None:
    one, two = Image([BASE], name="one:1"), Image([BASE, SECOND], name="two:1")
    first, second = one.docker_members(), two.docker_members()
    shared = next(name for name in first if name.endswith("layer.tar"))
    names = [name for name in second if name.endswith("layer.tar")]
    entries: list[Entry] = [file(name, data) for name, data in first.items() if name != "manifest.json"]
    entries += [file(name, data) for name, data in second.items() if name not in ("manifest.json", names[0])]
    linked = "f" * 64 + "/layer.tar"
    entries += [symlink(linked, f"../{shared}")]
    listed = json.loads(first["manifest.json"]) + json.loads(second["manifest.json"])
    listed[1]["Layers"][0] = linked
    path = archive(tmp_path / "two.tar", [*entries, file("manifest.json", json.dumps(listed))], compression)
    assert content(opened(f"docker-archive:{path}:one:1").files, STATUS) == b"Package: a\n"
    assert content(opened(f"docker-archive:{path}:two:1").files, STATUS) == b"Package: a\n\nPackage: b\n"
    reason = refused(path)
    assert "holds 2 images" in reason
    assert "one:1" in reason
    assert "two:1" in reason
    assert "no single image is called three" in refused(f"docker-archive:{path}:three")


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_of_two_members_with_one_name_the_last_counts(tmp_path: Path, compression: str) -> None:
    other = Image([SECOND])
    members = [file(name, data) for name, data in IMAGE.docker_members().items()]
    members += [file("manifest.json", other.docker_members()["manifest.json"])]
    members += [file(name, data) for name, data in other.docker_members().items() if name != "manifest.json"]
    assert opened(archive(tmp_path / "image.tar", members, compression)).image.id == sha256(other.config())


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_a_member_replaced_by_a_link_is_the_link(tmp_path: Path, compression: str) -> None:
    members = IMAGE.docker_members()
    name = next(name for name in members if name.endswith("layer.tar"))
    entries = [file(name, b"damaged" * 20000), file("real.tar", members.pop(name)), symlink(name, "../real.tar")]
    entries += [file(other, data) for other, data in members.items()]
    assert content(opened(archive(tmp_path / "image.tar", entries, compression)).files, STATUS, 0) == b"Package: a\n"


def test_layers_may_be_compressed_inside_the_archive(tmp_path: Path) -> None:
    members = IMAGE.docker_members()
    names = [name for name in members if name.endswith("layer.tar")]
    members[names[0]] = compressed(members[names[0]], "gzip")
    members[names[1]] = compressed(members[names[1]], "zstd")
    assert content(opened(archive(tmp_path / "image.tar", members)).files, STATUS) == b"Package: a\n\nPackage: b\n"


def test_a_file_that_was_not_wanted_is_read_from_a_stream_in_a_second_pass(tmp_path: Path) -> None:
    from imagegate.source.opening import Options, open_image

    big = layer({"a": b"x" * 100_000, "link/target": b"found"})
    entries = [file(name, data) for name, data in Image([big]).docker_members().items()]
    members = [*(file(entry.name, b"earlier " * 20000) for entry in entries), *entries]
    path = archive(tmp_path / "image.tar.gz", members, "gzip")
    files = open_image(str(path), NOTHING, Options()).files
    assert content(files, "link/target") == b"found"


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_what_is_no_image_says_so(tmp_path: Path, compression: str) -> None:
    path = archive(tmp_path / "image.tar", {"readme.txt": b"hello"}, compression)
    assert "not an image" in refused(path)
    assert "holds no manifest.json" in refused(f"docker-archive:{path}")
    assert "not an OCI layout" in refused(f"oci-archive:{path}")


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{", b"[]", b"{}", b"[1]", b"null", b'[{"Config": 1, "Layers": []}]', b'[{"Config": "x"}]', b"[" * 100_000],
)
def test_a_nonsensical_manifest_is_refused(tmp_path: Path, manifest: bytes) -> None:
    members = IMAGE.docker_members() | {"manifest.json": manifest}
    assert "manifest.json" in refused(archive(tmp_path / "image.tar", members))


def test_files_that_can_not_be_opened_say_why(tmp_path: Path) -> None:
    import os

    (tmp_path / "empty.tar").write_bytes(b"")
    (tmp_path / "html.tar").write_bytes(b"<html>" + b"x" * 2000)
    (tmp_path / "xz.tar").write_bytes(b"\xfd7zXZ\0" + b"x" * 2000)
    os.mkfifo(tmp_path / "pipe.tar")
    assert "empty" in refused(tmp_path / "empty.tar")
    assert "not a tar header" in refused(tmp_path / "html.tar")
    assert "compressed with xz" in refused(tmp_path / "xz.tar")
    assert "not a regular file" in refused(tmp_path / "pipe.tar")
    assert "no such file" in refused(tmp_path / "missing.tar")
    assert "not a regular file" in refused(f"docker-archive:{tmp_path}")


def test_no_descriptor_and_no_thread_stays_behind(tmp_path: Path) -> None:
    import gc
    import os
    import threading

    good = Image([BASE]).oci(tmp_path / "good")
    bad = Image([BASE]).docker_members()
    bad = {name: compressed(data, "gzip")[:-9] if name.endswith("layer.tar") else data for name, data in bad.items()}
    path = archive(tmp_path / "bad.tar", bad)
    gc.collect()
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    threads = threading.active_count()
    for _ in range(20):
        opened(f"oci:{good}")
        refused(path)
    gc.collect()
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after <= before + 1
    assert threading.active_count() <= threads + 1
