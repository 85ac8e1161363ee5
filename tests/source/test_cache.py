"""What a cache gives is what a fresh reading gives, wherever the image comes from; and nothing that changed is missed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.errors import SourceError
from imagegate.model.inventory import Inventory
from imagegate.source import archive as archives
from imagegate.source.layer import scan_layer
from imagegate.source.opening import Options, open_image
from tests.cataloger.test_executable import elf
from tests.cataloger.test_golang import MODULES, inline
from tests.images import DEBIAN_11, Image, archive, dpkg, file, hardlink, layer, sha256, symlink, whiteout
from tests.source.registries import Registry

STATUS = "var/lib/dpkg/status"
LODASH = '{"name": "lodash", "version": "1.0.0"}'
BASE = layer(
    [
        file("etc/os-release", DEBIAN_11),
        file(STATUS, dpkg(("libc6", "2.31"), ("python3-idna", "3.3-1"))),
        file("var/lib/dpkg/info/python3-idna.list", "/.\n/usr/lib/python3/dist-packages/idna-3.3.dist-info/METADATA\n"),
        file("usr/lib/python3/dist-packages/idna-3.3.dist-info/METADATA", "Name: idna\nVersion: 3.3\n"),
        file("app/node_modules/gone/package.json", '{"name": "gone", "version": "1.0.0"}'),
        file("usr/bin/tool", elf({".go.buildinfo": inline("go1.21.5", MODULES), ".text": b"\x90" * (64 << 10)})),
    ]
)
TOP = layer(
    [
        whiteout("app/node_modules/gone"),
        file("root/.store/ab", LODASH),
        hardlink("app/node_modules/lodash/package.json", "root/.store/ab"),
        symlink("app/node_modules/linked", "/opt/linked"),
        file("opt/linked/package.json", '{"name": "linked", "version": "2.0.0"}'),
        file("app/node_modules/bad/package.json", "{"),
        file("etc/large", os.urandom(100_000)),
    ]
)
IMAGE = Image([BASE, TOP])
SEEN = ["github.com/Masterminds/semver", "github.com/docker/distribution", "idna", "libc6", "linked", "lodash", "python3-idna",
        "stdlib"]  # fmt: skip


def taken(reference: str | Path, cache: Path | None, **options: object) -> Inventory:
    return take_inventory(open_image(str(reference), INTEREST, Options(cache_dir=cache and str(cache), **options)))  # type: ignore[arg-type]


def names(found: Inventory) -> list[str]:
    return sorted(package.name for package in found.packages)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The layers that were really read from files, as it goes on."""
    names: list[str] = []

    def counted(blob: archives.FileBlob, *rest: object) -> object:
        names.append(blob.name)
        return scan_layer(blob, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(archives, "scan_layer", counted)
    return names


@pytest.fixture
def server() -> Iterator[Registry]:
    running = Registry()
    yield running
    running.stop()


def settle(path: Path) -> None:
    """Make a file old enough to be trusted while its facts stay the same: that takes a moment after its last change."""
    moment = os.stat(path).st_ctime_ns
    probe = path.with_name("clock")
    while True:
        probe.write_bytes(b"")
        if os.stat(probe).st_ctime_ns - moment > 60_000_000:
            return


FORMS = ["docker", "plain", "gzip", "zstd", "archive", "stream", "stream-zstd"]


def written(form: str, folder: Path) -> str:
    match form:
        case "docker":
            return str(IMAGE.docker_archive(folder / "image.tar"))
        case "plain" | "gzip" | "zstd":
            return f"oci:{IMAGE.oci(folder / form, '' if form == 'plain' else form)}"
        case "archive":
            return f"oci-archive:{archive(folder / 'oci.tar', IMAGE.oci_members())}"
        case _:
            kind = "zstd" if form.endswith("zstd") else "gzip"
            return str(archive(folder / "image.tar.gz", IMAGE.engine_members(), kind))


@pytest.mark.parametrize("form", FORMS)
def test_without_a_cache_with_a_new_one_and_with_a_filled_one_the_inventory_is_the_same(tmp_path: Path, form: str) -> None:
    reference, cache = written(form, tmp_path), tmp_path / "cache"
    found = taken(reference, None)
    assert names(found) == SEEN
    assert [item.found for item in found.evidence].count("fail") == 1  # the one that cannot be read
    assert next(one for one in found.packages if one.name == "idna").owned_by == "python3-idna"
    for _ in range(3):
        assert taken(reference, cache) == found
    shutil.rmtree(cache / "facts")
    assert taken(reference, cache) == found
    shutil.rmtree(cache / "layers")
    assert taken(reference, cache) == found


def test_a_layer_is_known_in_whatever_form_it_comes_next(tmp_path: Path, read: list[str]) -> None:
    cache = tmp_path / "cache"
    found = [taken(written(form, tmp_path), cache).packages for form in FORMS for _ in range(2)]
    assert found.count(found[0]) == len(found)


@pytest.mark.parametrize("form", ["docker", "plain", "gzip", "zstd", "archive"])
def test_a_layer_that_is_known_is_not_read_again(tmp_path: Path, read: list[str], form: str) -> None:
    reference, cache = written(form, tmp_path), tmp_path / "cache"
    taken(reference, cache)
    assert len(read) == 2
    taken(reference, cache)
    assert len(read) == 2
    next_image = Image([BASE, layer({"app/x": "new"})])
    taken(f"oci:{next_image.oci(tmp_path / 'next', form if form in ('gzip', 'zstd') else '')}", cache)
    assert len(read) == (4 if form == "archive" else 3)  # there it was compressed, which names another blob
    taken(reference, None)
    assert len(read) == (6 if form == "archive" else 5)


def test_layers_of_a_registry_that_are_known_are_not_fetched_again(tmp_path: Path, server: Registry) -> None:
    cache = tmp_path / "cache"
    members, descriptor = IMAGE.blobs()
    reference = server.add("1", members, descriptor)
    found = taken(reference, None)
    assert taken(reference, cache) == found
    server.asked.clear()
    assert taken(reference, cache) == found
    assert len(server.paths("/blobs/")) == 1  # the configuration
    for path in (cache / "layers").iterdir():
        path.write_bytes(b"damaged")
    assert taken(reference, cache) == found
    server.blobs = {name: data for name, data in server.blobs.items() if data == IMAGE.config()}
    assert taken(reference, cache) == found  # which could only be the same bytes


def test_a_layer_that_a_registry_swaps_when_the_cache_is_lost_is_refused(tmp_path: Path, server: Registry) -> None:
    cache = tmp_path / "cache"
    members, descriptor = IMAGE.blobs()
    reference = server.add("1", members, descriptor)
    opened = open_image(reference, INTEREST, Options(cache_dir=str(cache)))
    opened = open_image(reference, INTEREST, Options(cache_dir=str(cache)))  # all known, nothing loaded
    shutil.rmtree(cache / "layers")
    other, _ = Image([layer({"x": "1"}), layer({"y": "1"})]).blobs()
    harmless = [data for data in other.values() if data[:2] == b"\x1f\x8b"]
    for name, data in server.blobs.items():
        if data[:2] == b"\x1f\x8b":
            server.blobs[name] = harmless[0]
    with pytest.raises(SourceError):
        take_inventory(opened)


def test_an_image_whose_layers_are_lost_after_it_was_opened_is_read_after_all(tmp_path: Path, read: list[str]) -> None:
    cache, reference = tmp_path / "cache", written("docker", tmp_path)
    found = taken(reference, cache)
    opened = open_image(reference, INTEREST, Options(cache_dir=str(cache)))
    assert len(read) == 2
    shutil.rmtree(cache / "layers")
    (cache / "layers").mkdir(mode=0o700)
    assert take_inventory(opened) == found
    assert len(read) == 4
    assert taken(reference, cache) == found
    assert len(read) == 4


def swap_byte(path: Path, old: bytes, new: bytes) -> None:
    """Change an archive in place: its size and, as far as anybody can set it, its time stay the same."""
    facts = os.stat(path)
    data = path.read_bytes()
    assert data.count(old) >= 1
    assert len(old) == len(new)
    with open(path, "r+b") as changed:
        changed.write(data.replace(old, new))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert (os.stat(path).st_size, os.stat(path).st_mtime_ns) == (facts.st_size, facts.st_mtime_ns)


def test_a_changed_byte_is_noticed_though_size_and_time_are_the_same(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for number, settled in enumerate((True, False)):
        path = Image([BASE, TOP]).docker_archive(tmp_path / f"{number}.tar")
        if settled:
            settle(path)
        taken(path, cache)
        taken(path, cache)
        swap_byte(path, b"Version: 2.31", b"Version: 2.30")
        with pytest.raises(SourceError, match=r"sha256|digest"):
            taken(path, cache)
        swap_byte(path, b"Version: 2.30", b"Version: 2.31")
        assert names(taken(path, cache)) == SEEN


def test_a_swapped_blob_is_noticed(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    folder = IMAGE.oci(tmp_path / "oci", "")
    settle(folder / "index.json")
    taken(f"oci:{folder}", cache)
    blob = folder / "blobs/sha256" / sha256(TOP)[7:]
    blob.write_bytes(TOP.replace(LODASH.encode(), LODASH.replace("1.0.0", "9.0.0").encode()))
    with pytest.raises(SourceError):
        taken(f"oci:{folder}", cache)
    blob.unlink()
    with pytest.raises(SourceError, match="missing"):
        taken(f"oci:{folder}", cache)


def test_a_configuration_that_claims_a_layer_that_is_known_is_not_believed(tmp_path: Path) -> None:
    """The diff id of a configuration is a claim: the blob behind it is another one."""
    cache = tmp_path / "cache"
    clean = layer({"etc/os-release": DEBIAN_11, STATUS: dpkg(("bash", "5"))})
    taken(Image([clean]).docker_archive(tmp_path / "clean.tar"), cache)
    lie = Image([TOP], changes={"rootfs": {"type": "layers", "diff_ids": [sha256(clean)]}})
    for reference in (
        lie.docker_archive(tmp_path / "lie.tar"),
        f"oci:{lie.oci(tmp_path / 'o')}",
        f"oci:{lie.oci(tmp_path / 'p', '')}",
        archive(tmp_path / "lie.tar.gz", lie.engine_members(), "gzip"),
    ):
        for _ in range(2):
            with pytest.raises(SourceError):
                taken(reference, cache)


def test_no_cache_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(home))
    taken(written("stream", tmp_path), None)
    assert list(home.iterdir()) == []
