"""A store that is missing, foreign, cut short or damaged is an error with a hint, never an image without findings."""

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from imagegate.advisory.build import build_folder
from imagegate.advisory.file import APPLICATION, check_file, seal
from imagegate.advisory.store import Store
from imagegate.errors import StoreError
from tests.advisories import build_store, record, write_folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_store(
        tmp_path_factory.mktemp("store") / "s.db",
        {"Debian": [record(f"CVE-2020-{number}", "Debian:11", f"package-{number % 40}", "5") for number in range(500)]},
        exploited=["CVE-2020-1"],
    )


def error(path: Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        Store(str(path))
    assert caught.value.hint
    return caught.value


def test_every_flipped_byte_is_noticed(built: Path, tmp_path: Path) -> None:
    whole = built.read_bytes()
    dice = random.Random(7)
    victim = tmp_path / "s.db"
    for position in [*range(100), *(dice.randrange(len(whole)) for _ in range(300))]:
        damaged = bytearray(whole)
        damaged[position] ^= 1 << dice.randrange(8)
        victim.write_bytes(damaged)
        error(victim)


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.01, 0.3, 0.5, 0.999])
def test_a_store_that_was_cut_short_is_an_error(built: Path, tmp_path: Path, share: float) -> None:
    whole = built.read_bytes()
    victim = tmp_path / "s.db"
    victim.write_bytes(whole[: int(len(whole) * share)])
    error(victim)


def test_a_page_of_zeros_in_the_middle_is_noticed(built: Path, tmp_path: Path) -> None:
    whole = bytearray(built.read_bytes())
    start = len(whole) // 8192 * 4096
    whole[start : start + 4096] = bytes(4096)
    (tmp_path / "s.db").write_bytes(whole)
    assert "damaged" in error(tmp_path / "s.db").message


def test_more_bytes_than_there_should_be_are_noticed(built: Path, tmp_path: Path) -> None:
    (tmp_path / "s.db").write_bytes(built.read_bytes() + bytes(4096))
    error(tmp_path / "s.db")


def test_a_store_changed_by_sqlite_itself_is_noticed(built: Path, tmp_path: Path) -> None:
    victim = tmp_path / "s.db"
    victim.write_bytes(built.read_bytes())
    connection = sqlite3.connect(victim)
    connection.execute("DELETE FROM affected WHERE package = 'package-1'")
    connection.commit()
    connection.close()
    assert "damaged" in error(victim).message


def test_damage_after_a_first_good_look_is_noticed(built: Path, tmp_path: Path) -> None:
    victim = tmp_path / "s.db"
    victim.write_bytes(built.read_bytes())
    Store(str(victim)).close()
    with victim.open("r+b") as file:
        file.seek(5000)
        byte = file.read(1)[0]
        file.seek(5000)
        file.write(bytes([byte ^ 4]))
    error(victim)


def test_a_store_of_another_version_says_so(built: Path, tmp_path: Path) -> None:
    victim = tmp_path / "s.db"
    data = bytearray(built.read_bytes())
    data[68:72] = (APPLICATION + 1).to_bytes(4, "big")
    victim.write_bytes(data)
    seal(str(victim))
    assert "another version" in error(victim).message


def test_other_files_are_not_stores(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE affected(x)")
    connection.commit()
    connection.close()
    assert "not an advisory store" in error(other).message
    for content in (b"", b"SQLite format 3\0", b"hello" * 1000):
        other.write_bytes(content)
        assert "not an advisory store" in error(other).message
    assert "no advisory store" in error(tmp_path / "missing.db").message
    error(tmp_path)
    error(Path(f"{tmp_path}\0x"))


def test_a_store_without_its_last_notes_is_not_finished(built: Path, tmp_path: Path) -> None:
    victim = tmp_path / "s.db"
    victim.write_bytes(built.read_bytes())
    connection = sqlite3.connect(victim)
    connection.execute("DELETE FROM meta WHERE key = 'digest'")
    connection.commit()
    connection.close()
    seal(str(victim))
    assert "not finished" in error(victim).message


def test_a_store_is_read_where_nothing_can_be_written(built: Path, tmp_path: Path) -> None:
    folder = tmp_path / "read only # ? %20 ü"
    folder.mkdir()
    (folder / "s.db").write_bytes(built.read_bytes())
    (folder / "s.db").chmod(0o444)
    folder.chmod(0o555)
    store = Store(str(folder / "s.db"))
    assert len(store.candidates("Debian:11", "package-1")) == 13
    store.close()
    assert os.listdir(folder) == ["s.db"]
    folder.chmod(0o755)


def test_readers_see_the_old_store_or_the_new_one_while_it_is_replaced(tmp_path: Path) -> None:
    folders = [
        write_folder(tmp_path / str(size), {"Debian": [record(f"CVE-2020-{n}", "Debian:11", "bash", "5") for n in range(size)]})
        for size in (10, 300)
    ]
    path = tmp_path / "s.db"
    build_folder(str(folders[0]), str(path), lambda _: None)
    seen: set[int] = set()
    stop = threading.Event()

    def write() -> None:
        for turn in range(20):
            build_folder(str(folders[turn % 2]), str(path), lambda _: None)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not stop.is_set():
        store = Store(str(path))
        seen.add(len(store.candidates("Debian:11", "bash")))
        store.close()
    writer.join()
    assert seen <= {10, 300}
    assert len(seen) == 2


BUILD = "import sys; from imagegate.advisory.build import build_folder; build_folder(sys.argv[1], sys.argv[2], print)"


def test_a_build_that_is_killed_leaves_the_old_store_and_the_next_one_cleans_up(built: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(built.read_bytes())
    many = [record(f"CVE-2021-{number}", "Debian:11", "bash", "5") for number in range(20_000)]
    folder = write_folder(tmp_path / "folder", {"Debian": many})
    process = subprocess.Popen([sys.executable, "-c", BUILD, folder, path], stdout=subprocess.PIPE)
    temporary = tmp_path / "s.db.new"
    while not temporary.exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert path.read_bytes() == built.read_bytes()
    build_folder(str(write_folder(tmp_path / "small", {"Debian": many[:5]})), str(path), lambda _: None)
    assert not temporary.exists()
    check_file(str(path))


def test_a_full_disk_leaves_the_old_store(built: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(built.read_bytes())
    folder = write_folder(tmp_path / "folder", {"Debian": [record(f"CVE-1-{n}", "Debian:11", "bash", "5") for n in range(5000)]})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(StoreError, match="could not be written") as caught:
            build_folder(str(folder), str(path), lambda _: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert "room on the disk" in caught.value.hint
    assert path.read_bytes() == built.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["folder", "s.db"]


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "folder", {"Debian": [record("CVE-2020-1", "Debian:11", "bash", "5")]})
    (tmp_path / "file").write_text("in the way")
    for place in ("file/s.db", "folder"):
        with pytest.raises(StoreError, match="could not be written"):
            build_folder(str(folder), str(tmp_path / place), lambda _: None)
