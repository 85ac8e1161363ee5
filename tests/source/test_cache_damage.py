"""A cache that is damaged, in the wrong hands, too full, or of another version is as good as none, and never worse."""

import os
import shutil
import stat
from itertools import pairwise
from pathlib import Path

import pytest

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.errors import SourceError
from imagegate.source import cache as caches
from imagegate.source import limits
from imagegate.source.cache import Cache
from imagegate.source.opening import Options, open_image
from tests.images import DEBIAN_11, Image, dpkg, file, layer, symlink
from tests.source.interests import EVERYTHING, Keeping
from tests.source.test_cache import IMAGE, SEEN, names, read, settle, taken

__all__ = ["read"]  # a fixture
SMALL = Image([layer({"etc/os-release": DEBIAN_11, "var/lib/dpkg/status": dpkg(("bash", "5"))})])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refill(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)


def test_every_flipped_byte_of_a_file_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    path = SMALL.docker_archive(tmp_path / "image.tar")
    settle(path)
    opened = open_image(str(path), INTEREST, Options(cache_dir=str(folder)))
    cache = Cache(str(folder), INTEREST)
    diff_id = opened.image.layers[0].diff_id
    assert cache.holds(diff_id)
    (entry,) = (folder / "layers").iterdir()
    data = entry.read_bytes()
    for at in range(len(data)):
        for bit in (1, 128):
            entry.write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
            assert not cache.holds(diff_id)
            assert not entry.exists()  # it makes room for a new one
    for size in range(len(data)):
        entry.write_bytes(data[:size])
        assert not cache.holds(diff_id)
    cache.remember("a", "b")
    (fact,) = [path for path in (folder / "facts").iterdir() if path.name == caches._digest("a")]
    data = fact.read_bytes()
    assert cache.fact("a") == "b"
    for at in range(len(data)):
        fact.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert cache.fact("a") == ""


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [_flipped, lambda data: data[:-1], lambda data: data[:3], lambda _: b"", lambda _: b"garbage" * 99, lambda data: data + b"x"],
    ids=["flipped", "cut", "short", "empty", "garbage", "longer"],
)
def test_damaged_files_are_as_those_that_are_not_there(tmp_path: Path, damage: object, read: list[str]) -> None:
    folder, path = tmp_path / "cache", IMAGE.docker_archive(tmp_path / "image.tar")
    settle(path)
    found = taken(path, folder)
    assert taken(path, folder) == found
    sound = contents(folder)
    for name in sound:
        (folder / name).write_bytes(damage(sound[name]))  # type: ignore[operator]
        assert taken(path, folder) == found
        refill(folder, sound)
    for name in sound:
        (folder / name).write_bytes(damage(sound[name]))  # type: ignore[operator]
    assert taken(path, folder) == found
    before = len(read)
    assert taken(path, folder) == found  # and all is there again
    assert len(read) == before


def test_files_that_change_their_places_are_not_believed(tmp_path: Path) -> None:
    """A checksum holds for one key: the content of another layer is damage."""
    folder = tmp_path / "cache"
    path = IMAGE.docker_archive(tmp_path / "image.tar")
    found = taken(path, folder)
    files = sorted((folder / "layers").iterdir())
    whole = {file: file.read_bytes() for file in files}
    for one, other in pairwise([*files, files[0]]):
        one.write_bytes(whole[other])
    assert taken(path, folder) == found


def test_folders_in_the_places_of_files_do_no_harm(tmp_path: Path) -> None:
    folder, path = tmp_path / "cache", IMAGE.docker_archive(tmp_path / "image.tar")
    found = taken(path, folder)
    for one in list(folder.rglob("*")):
        if one.is_file():
            one.unlink()
            one.mkdir()
    assert taken(path, folder) == found


def test_what_another_version_saw_is_not_used(tmp_path: Path, read: list[str]) -> None:
    folder, path = str(tmp_path / "cache"), str(SMALL.docker_archive(tmp_path / "image.tar"))
    other = Keeping()
    other.version = "another"
    for interest in (EVERYTHING, EVERYTHING, other, other):
        open_image(path, interest, Options(cache_dir=folder))
    assert len(read) == 2


def test_what_was_seen_under_other_limits_is_not_used(tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, path = tmp_path / "cache", IMAGE.docker_archive(tmp_path / "image.tar")
    found = taken(path, folder)
    for name, value in vars(limits).items():
        if isinstance(value, int) and name not in ("LINKS", "CHUNK"):
            with monkeypatch.context() as changed:
                changed.setattr(limits, name, value + 1)
                before = len(read)
                assert taken(path, folder) == found
                assert len(read) == before + 2, name


def test_a_layer_that_was_not_seen_as_a_whole_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache"
    path = Image([layer([file("etc/os-release", DEBIAN_11), *(file(f"x/{n}") for n in range(50))])]).docker_archive(
        tmp_path / "image.tar"
    )
    monkeypatch.setattr(limits, "MEMBERS", 20)
    for _ in range(2):
        opened = open_image(str(path), INTEREST, Options(cache_dir=str(folder)))
        assert [item.found for item in opened.evidence] == ["fail"]
        assert list((folder / "layers").iterdir()) == []
        found = take_inventory(opened)
        assert list((folder / "layers").iterdir()) == []
        assert "unreadable" in [item.kind for item in found.evidence]


@pytest.mark.parametrize("limit", ["FILE", "CAPTURED"])
def test_a_layer_whose_content_was_not_kept_is_not_remembered_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    folder = tmp_path / "cache"
    path = SMALL.docker_archive(tmp_path / "image.tar")
    expected = taken(path, None)
    monkeypatch.setattr(limits, limit, 60)
    found = [taken(path, folder) for _ in range(3)]
    assert found.count(found[0]) == 3
    if limit == "FILE":
        assert "fail" in [item.found for item in found[0].evidence]
    else:
        assert found[0] == expected


def test_the_folder_is_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "cache"
    taken(IMAGE.docker_archive(tmp_path / "image.tar"), folder)
    for path in (folder, folder / "layers", folder / "facts"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o600}
    for path in (folder, folder / "layers"):
        path.chmod(0o755)
    Cache(str(folder), EVERYTHING)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "layers")]
    assert modes == [0o755, 0o700]  # a folder that was there may be the user's for more than this


def _said(folder: Path, path: Path) -> list[str]:
    said: list[str] = []
    found = take_inventory(open_image(str(path), INTEREST, Options(cache_dir=str(folder), say=said.append)))
    assert names(found) == SEEN
    return said


@pytest.mark.parametrize("inner", ["", "layers", "facts"])
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722, 0o1777])
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path, inner: str, mode: int) -> None:
    folder, path = tmp_path / "cache", IMAGE.docker_archive(tmp_path / "image.tar")
    taken(path, folder)
    kept = contents(folder)
    (folder / inner).chmod(mode)
    assert "not this user's alone" in "".join(_said(folder, path))
    assert contents(folder) == kept


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("inner", ["", "layers", "facts"])
def test_a_folder_of_another_user_is_not_used(tmp_path: Path, inner: str) -> None:
    folder, path = tmp_path / "cache", IMAGE.docker_archive(tmp_path / "image.tar")
    taken(path, folder)
    kept = contents(folder)
    os.chown(folder / inner, 12345, 12345)
    assert "not this user's alone" in "".join(_said(folder, path))
    assert contents(folder) == kept


def test_a_folder_that_can_not_be_made_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    path = IMAGE.docker_archive(tmp_path / "image.tar")
    (tmp_path / "file").write_text("x")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing" / "far")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "half").mkdir(mode=0o700)
    (tmp_path / "half" / "facts").write_text("x")
    for name in ("file", "file/below", "nowhere", "circle", "half", "x" * 300, "nul\0"):
        said = _said(tmp_path / name, path)
        assert len(said) == 1, name
        assert said[0].startswith("warning: "), name
    assert _said(Path("/proc/self/none"), path)


def test_a_link_to_a_folder_of_this_user_is_used(tmp_path: Path, read: list[str]) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    path = IMAGE.docker_archive(tmp_path / "image.tar")
    assert [_said(tmp_path / "link", path) for _ in range(2)] == [[], []]
    assert len(read) == 2


def test_a_cache_that_can_not_be_written_is_read_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, path = tmp_path / "cache", IMAGE.docker_archive(tmp_path / "image.tar")
    found = taken(path, folder)
    kept = contents(folder)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    assert taken(path, folder) == found
    assert taken(SMALL.docker_archive(tmp_path / "other.tar"), folder).packages
    assert contents(folder) == kept


def test_the_cache_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache"
    monkeypatch.setattr(caches, "_LARGEST", 4000)
    monkeypatch.setattr(caches, "_FACTS", 10)
    for number in range(30):
        image = Image([layer([file("etc/os-release", DEBIAN_11), file(f"x/{number}", os.urandom(50)), symlink("a", "b")])])
        taken(image.docker_archive(tmp_path / "image.tar"), folder)
        assert sum(path.stat().st_size for path in (folder / "layers").iterdir()) <= 4000
    assert len(list((folder / "facts").iterdir())) < 20
    assert len(list((folder / "layers").iterdir())) > 2


def test_facts_alone_do_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_FACTS", 50)
    cache = Cache(str(tmp_path / "cache"), EVERYTHING)
    for number in range(1500):
        cache.remember(f"file {number}", "x")
    assert len(list((tmp_path / "cache" / "facts").iterdir())) < 1100


def test_what_killed_runs_left_is_cleared_away(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    Cache(str(folder), EVERYTHING)
    for number, age in enumerate((0, 7200)):
        left = folder / "layers" / f".new-{number}"
        left.write_bytes(b"half")
        os.utime(left, (left.stat().st_mtime - age,) * 2)
    taken(SMALL.docker_archive(tmp_path / "image.tar"), folder)
    assert [path.name for path in (folder / "layers").glob(".new-*")] == [".new-0"]


def test_a_cache_that_goes_away_in_between_does_no_harm(tmp_path: Path) -> None:
    folder, path = tmp_path / "cache", IMAGE.docker_archive(tmp_path / "image.tar")
    found = taken(path, folder)
    opened = open_image(str(path), INTEREST, Options(cache_dir=str(folder)))
    shutil.rmtree(folder)
    assert take_inventory(opened) == found
    with pytest.raises(SourceError):
        taken(tmp_path / "none.tar", folder)
