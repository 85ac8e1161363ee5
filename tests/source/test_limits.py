"""What an image may make us read is bounded, and reaching a bound is never silence."""

import gzip
from pathlib import Path

import pytest

from imagegate.model.image import TooLarge
from imagegate.source import limits
from tests.images import Entry, Image, archive, compressed, file, folder, layer, symlink
from tests.source.opened import BASE, content, opened, refused

ZEROS = layer({"zeros": bytes(8 << 20)})


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(limits, "RATIO_FROM", 1 << 20)
    monkeypatch.setattr(limits, "RATIO", 50)
    return monkeypatch


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_layer_that_expands_beyond_reason_is_evidence(tmp_path: Path, low: pytest.MonkeyPatch, compression: str) -> None:
    found = opened(f"oci:{Image([BASE, ZEROS]).oci(tmp_path / 'layout', compression)}")
    assert [(item.kind, item.found) for item in found.evidence] == [("unreadable", "fail")]
    assert "layer 1" in found.evidence[0].detail
    assert "expand" in found.evidence[0].detail
    assert content(found.files, "var/lib/dpkg/status") == b"Package: a\n"


def test_a_layer_beyond_the_size_limit_is_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNPACKED", 1 << 20)
    assert opened(f"oci:{Image([ZEROS]).oci(tmp_path / 'layout')}").evidence[0].kind == "unreadable"


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_an_archive_that_expands_beyond_reason_is_refused(tmp_path: Path, low: pytest.MonkeyPatch, compression: str) -> None:
    assert "expand" in refused(archive(tmp_path / "image.tar", Image([ZEROS]).docker_members(), compression))


def test_a_bomb_among_the_members_that_no_manifest_names_does_not_matter(tmp_path: Path, low: pytest.MonkeyPatch) -> None:
    members = Image([BASE]).docker_members() | {"bomb": gzip.compress(b"x" + bytes(8 << 20))}
    assert opened(archive(tmp_path / "image.tar", members)).evidence == ()


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_too_many_entries_are_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str) -> None:
    monkeypatch.setattr(limits, "MEMBERS", 10)
    many = layer([file(f"f{number}") for number in range(11)])
    found = opened(f"oci:{Image([many]).oci(tmp_path / 'layout', compression)}")
    assert [(item.kind, item.found) for item in found.evidence] == [("unreadable", "fail")]
    assert "more than 10 entries" in found.evidence[0].detail
    assert opened(Image([layer([file(f"f{n}") for n in range(10)])]).docker_archive(tmp_path / "a.tar")).evidence == ()
    path = archive(tmp_path / "b.tar", [file(f"f{number}") for number in range(11)], compression)
    assert "more than 10 entries" in refused(path)


@pytest.mark.parametrize("entry", [file("n" * 5000), symlink("a", "t" * 5000)])
def test_too_long_a_name_is_evidence(tmp_path: Path, entry: Entry) -> None:
    found = opened(Image([layer([entry, file("b", "hidden behind it")])]).docker_archive(tmp_path / "image.tar"))
    assert "a name of more than 4096 bytes" in found.evidence[0].detail


def test_too_long_a_header_extension_is_evidence(tmp_path: Path) -> None:
    found = opened(Image([layer([file("n" * (2 << 20))])]).docker_archive(tmp_path / "image.tar"))
    assert "a header extension of" in found.evidence[0].detail


def test_a_layer_that_keeps_replacing_its_own_folders_is_evidence(tmp_path: Path) -> None:
    entries = [folder("a") if number % 2 else file("a") for number in range(1000)]
    found = opened(Image([layer(entries)]).docker_archive(tmp_path / "image.tar"))
    assert "folders that the layer itself replaces" in found.evidence[0].detail
    entries = [file("a/b") if number % 2 else file("a") for number in range(1000)]
    assert "folders that the layer itself replaces" in refused(Image([layer(entries)]).docker_archive(tmp_path / "b.tar"))


def test_writing_through_links_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STEPS", 1000)
    entries = [symlink("lib", "usr/lib"), *(folder(f"lib/{'/'.join('x' * 20)}/{number}") for number in range(200))]
    assert "written through links" in refused(Image([layer(entries)]).docker_archive(tmp_path / "image.tar"))


def test_a_file_too_large_to_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILE", 1000)
    files = opened(Image([layer({"big": bytes(1001), "fits": bytes(1000)})]).docker_archive(tmp_path / "image.tar")).files
    assert content(files, "fits") == bytes(1000)
    with pytest.raises(TooLarge):
        content(files, "big")


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_what_exceeds_the_memory_for_wanted_files_is_read_in_a_second_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    monkeypatch.setattr(limits, "CAPTURED", 100)
    many = layer({f"{number}/status": b"%d" % number * 60 for number in range(5)})
    files = opened(f"oci:{Image([many]).oci(tmp_path / 'layout', compression)}").files
    assert [content(files, f"{number}/status") for number in range(5)] == [b"%d" % number * 60 for number in range(5)]


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_too_large_a_manifest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str) -> None:
    monkeypatch.setattr(limits, "JSON", 100)
    assert refused(archive(tmp_path / "image.tar", Image([BASE]).docker_members(), compression))


def test_too_many_small_members_of_a_stream_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEPT", 100)
    assert "too many small files" in refused(archive(tmp_path / "image.tar", Image([BASE]).docker_members(), "gzip"))


def test_members_of_a_gzip_layer_may_follow_each_other(tmp_path: Path) -> None:
    def parts(data: bytes) -> bytes:
        return compressed(data[:700], "gzip") + compressed(b"", "gzip") + compressed(data[700:], "gzip") + bytes(512)

    members = Image([BASE]).docker_members()
    members = {name: parts(data) if data == BASE else data for name, data in members.items()}
    assert content(opened(archive(tmp_path / "image.tar", members)).files, "var/lib/dpkg/status") == b"Package: a\n"


def test_frames_of_a_zstd_layer_may_follow_each_other(tmp_path: Path) -> None:
    def frames(data: bytes) -> bytes:
        skippable = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
        return skippable + compressed(data[:700], "zstd") + skippable + compressed(data[700:], "zstd")

    members = Image([BASE]).docker_members()
    members = {name: frames(data) if data == BASE else data for name, data in members.items()}
    assert content(opened(archive(tmp_path / "image.tar", members)).files, "var/lib/dpkg/status") == b"Package: a\n"


def test_the_paths_of_an_image_are_bounded_with_the_folders_that_they_imply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PATHS", 2000)
    deep = layer([file("a/" * 100 + "b")])
    assert "the paths of the image" in opened(f"oci:{Image([deep]).oci(tmp_path / 'deep')}").evidence[0].detail
    layers = [layer([file(f"{number}" * 90)]) for number in range(10)]
    assert opened(f"oci:{Image(layers).oci(tmp_path / 'fits')}").evidence == ()
    layers = [layer([symlink("a" * 90, f"{number}" * 90)]) for number in range(10, 70)]
    assert "the paths of the image" in opened(f"oci:{Image(layers).oci(tmp_path / 'many')}").evidence[0].detail
    assert "the paths" in refused(archive(tmp_path / "a.tar", [file(f"{number}" * 40) for number in range(10, 70)]))


def test_too_deep_a_path_is_evidence(tmp_path: Path) -> None:
    found = opened(Image([layer([file("a/" * 256 + "b")])]).docker_archive(tmp_path / "image.tar"))
    assert "more than 256 folders" in found.evidence[0].detail
    assert opened(Image([layer([file("a/" * 255 + "b")])]).docker_archive(tmp_path / "b.tar")).evidence == ()


def test_second_passes_over_the_layers_of_an_image_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CAPTURED", 100)
    monkeypatch.setattr(limits, "PASSES", 3)
    layers = [layer({f"{number}/status": bytes(60)}) for number in range(6)]
    files = opened(f"oci:{Image(layers).oci(tmp_path / 'layout')}").files
    read = [content(files, f"{number}/status") for number in range(4)]
    assert read == [bytes(60)] * 4  # one is kept: the memory is that of the image, not of a layer
    with pytest.raises(TooLarge):
        [content(files, f"{number}/status") for number in (4, 5)]
