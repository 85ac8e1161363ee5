"""Large layers are hashed by another process; whatever goes wrong there, the digest is right or there is none."""

import hashlib
import sys
from pathlib import Path

import pytest

from imagegate.errors import SourceError
from imagegate.source import hashing
from imagegate.source.archive import open_file
from imagegate.source.stream import Hasher, Region

CONTENT = bytes(range(256)) * 9000


@pytest.fixture
def region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Region:
    """A part of a file that counts as large."""
    monkeypatch.setattr(hashing, "_WORTH", 1)
    (tmp_path / "file").write_bytes(b"before" + CONTENT + b"behind")
    return open_file(str(tmp_path / "file")).part(6, len(CONTENT))


def _digest(region: Region) -> str:
    hasher = Hasher()
    hasher.consume(region)
    return hasher.finish()


def test_a_process_of_its_own_computes_the_digest_of_the_part(region: Region) -> None:
    expected = hashlib.sha256(CONTENT).hexdigest()
    assert hashing.elsewhere(region.file.number, region.start, region.size) == expected
    assert _digest(region) == expected


@pytest.mark.parametrize("program", ["", "/no/such/python", "/bin/false", "/bin/echo"])
def test_without_a_working_interpreter_a_thread_does_it(region: Region, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(sys, "executable", program)
    assert hashing.elsewhere(region.file.number, region.start, region.size) == ""
    assert _digest(region) == hashlib.sha256(CONTENT).hexdigest()


def test_nobody_needs_to_wait_for_processes_here(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise ChildProcessError(10, "No child processes")  # as where SIGCHLD is ignored

    monkeypatch.setattr("os.waitpid", gone)
    assert _digest(region) == hashlib.sha256(CONTENT).hexdigest()


def test_without_room_for_a_pipe_a_thread_does_it(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("os.pipe", full)
    assert _digest(region) == hashlib.sha256(CONTENT).hexdigest()


def test_a_file_that_became_shorter_is_an_error(region: Region, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    with pytest.raises(SourceError, match="became shorter"):
        _digest(region)


def test_what_is_set_for_python_does_not_reach_that_process(
    region: Region, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "hashlib.py").write_text("raise SystemExit(0)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert hashing.elsewhere(region.file.number, region.start, region.size) == hashlib.sha256(CONTENT).hexdigest()
