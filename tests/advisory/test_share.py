"""Carrying a store to another machine."""

import hashlib
import json
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from imagegate.advisory.lock import locked
from imagegate.advisory.share import export, import_file
from imagegate.advisory.store import Store
from imagegate.errors import StoreError
from tests.advisories import build_store, record
from tests.advisory.bucket import Bucket, says


@pytest.fixture
def exported(tmp_path: Path) -> tuple[Path, str]:
    store = build_store(tmp_path / "from" / "s.db", {"Debian": [record("CVE-2020-1", "Debian:11", "bash", "5")]})
    target = tmp_path / "advisories.zst"
    return target, export(str(store), str(target))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()


def bring(origin: object, path: Path, digest: str = "") -> None:
    import_file(str(origin), str(path), digest, lambda _: None, lambda *_: None)


def test_what_is_exported_is_imported(exported: tuple[Path, str], tmp_path: Path) -> None:
    file, digest = exported
    assert digest == "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
    target = tmp_path / "to" / "s.db"
    for pin in ("", digest, digest.removeprefix("sha256:").upper()):
        bring(file, target, pin)
    store = Store(str(target))
    assert store.origin == "import"
    assert store.candidates("Debian:11", "bash")
    assert store.database(()).digest == Store(str(tmp_path / "from" / "s.db")).database(()).digest
    store.close()
    assert sorted(path.name for path in target.parent.iterdir()) == ["s.db", "s.db.lock"]


def test_an_imported_store_can_be_exported_again(exported: tuple[Path, str], tmp_path: Path) -> None:
    bring(exported[0], tmp_path / "one.db")
    export(str(tmp_path / "one.db"), str(tmp_path / "again.zst"))
    bring(tmp_path / "again.zst", tmp_path / "two.db")
    Store(str(tmp_path / "two.db")).close()


def test_zstd_itself_unpacks_an_export(exported: tuple[Path, str], tmp_path: Path) -> None:
    tool = shutil.which("zstd")
    if tool is None:
        pytest.skip("zstd is not installed")
    unpacked = subprocess.run([tool, "-dc", exported[0]], capture_output=True, check=True).stdout
    assert unpacked == (tmp_path / "from" / "s.db").read_bytes()


def test_another_digest_than_the_pinned_one_is_refused(exported: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="SHA-256"):
        bring(exported[0], tmp_path / "s.db", "sha256:" + "0" * 64)
    assert not (tmp_path / "s.db").exists()


def test_a_damaged_export_never_becomes_a_store(exported: tuple[Path, str], tmp_path: Path) -> None:
    whole = exported[0].read_bytes()
    target = build_store(tmp_path / "s.db", {"Debian": [record("CVE-2020-9", "Debian:11", "zlib", "5")]})
    before = target.read_bytes()
    dice = random.Random(3)
    broken = tmp_path / "broken.zst"
    good = 0
    for position in [*range(8), *(dice.randrange(len(whole)) for _ in range(150))]:
        data = bytearray(whole)
        data[position] ^= 1 << dice.randrange(8)
        broken.write_bytes(data)
        try:
            bring(broken, target)
        except StoreError:
            assert target.read_bytes() == before
        else:  # a bit of the frame that says nothing
            store = Store(str(target))
            assert store.candidates("Debian:11", "bash")
            store.close()
            target.write_bytes(before)
            good += 1
    assert good < 15


@pytest.mark.parametrize("share", [0, 0.01, 0.1, 0.5, 0.99])
def test_an_export_that_was_cut_short_is_refused(exported: tuple[Path, str], tmp_path: Path, share: float) -> None:
    whole = exported[0].read_bytes()
    exported[0].write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(StoreError):
        bring(exported[0], tmp_path / "s.db")
    assert not (tmp_path / "s.db").exists()


def test_an_export_that_promises_more_than_it_can_hold_is_refused(exported: tuple[Path, str], tmp_path: Path) -> None:
    data = exported[0].read_bytes()
    length = struct.unpack("<II", data[:8])[1]
    for change in ({"size": 1 << 50}, {"size": -1}, {"size": "x"}, {"format": "imagegate-store/9"}):
        note = json.dumps(json.loads(data[8 : 8 + length]) | change).encode()
        (tmp_path / "odd.zst").write_bytes(data[:4] + struct.pack("<I", len(note)) + note + data[8 + length :])
        with pytest.raises(StoreError):
            bring(tmp_path / "odd.zst", tmp_path / "s.db")


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    for origin in (tmp_path / "missing", tmp_path, f"{tmp_path}\0"):
        with pytest.raises(StoreError):
            bring(origin, tmp_path / "s.db")
    with pytest.raises(StoreError, match="no advisory store"):
        export(str(tmp_path / "missing.db"), str(tmp_path / "x.zst"))


def test_an_export_to_where_nothing_can_be_written_is_an_error(exported: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        export(str(tmp_path / "from" / "s.db"), str(tmp_path / "no such folder" / "x.zst"))


def test_an_export_is_imported_from_a_server(
    exported: tuple[Path, str], tmp_path: Path, bucket: Bucket, waits: list[float]
) -> None:
    bucket.files["advisories.zst"] = exported[0].read_bytes()
    bucket.faults["advisories.zst"] = [says(503)]
    bring(f"{bucket.url}/advisories.zst", tmp_path / "to" / "s.db", exported[1])
    Store(str(tmp_path / "to" / "s.db")).close()
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["s.db", "s.db.lock"]
    assert len(waits) == 1
    with pytest.raises(StoreError, match="no such file"):
        bring(f"{bucket.url}/missing.zst", tmp_path / "to" / "s.db")


def test_whoever_waits_too_long_for_another_process_is_told(tmp_path: Path) -> None:
    path, said = str(tmp_path / "s.db"), list[str]()
    with locked(path, said.append), pytest.raises(StoreError, match="another process"), locked(path, said.append, patience=0.1):
        pass
    assert len(said) == 1
    with locked(path, said.append, patience=0.1):
        pass
