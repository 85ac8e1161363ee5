"""One file that carries a whole store to other machines.

Format: a Zstandard skippable frame (RFC 8878, 3.1.2) with a JSON note of the store's size and SHA-256, then the
store as one Zstandard frame: `zstd -d` unpacks it, and `import` checks it.
"""

import hashlib
import json
import os
import sqlite3
import stat
import struct
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from io import BufferedReader
from typing import Protocol
from urllib.parse import quote

from imagegate.advisory.download import Progress, download, shown
from imagegate.advisory.file import check_file, seal
from imagegate.advisory.lock import locked
from imagegate.advisory.update import sources_of
from imagegate.errors import StoreError
from imagegate.text import clean

_MAGIC = 0x184D2A50
_FORMAT = "imagegate-store/1"
_RATIO = 200  # a store is at most so many times as large as its export; real ones are five times
_CHUNK = 1 << 20
_LEVEL = 9  # of zstd: 48 MB become about 9, in two seconds


def export(path: str, target: str) -> str:
    """Write the store to `target`, replacing it at once, and return the SHA-256 of that file; raises StoreError."""
    import zstandard

    check_file(path)
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        note = json.dumps({"format": _FORMAT, "size": os.fstat(file.fileno()).st_size, "sha256": digest}).encode()
        file.seek(0)
        temporary = f"{target}.{os.getpid()}.new"
        try:
            with open(temporary, "wb") as out:
                out.write(struct.pack("<II", _MAGIC, len(note)) + note)
                zstandard.ZstdCompressor(level=_LEVEL, threads=-1).copy_stream(file, out)
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, target)
        except OSError as error:
            raise StoreError(
                f"{clean(target)}: {error.strerror}", "Is the folder writable, and is there room on the disk?"
            ) from None
        finally:
            with suppress(OSError):
                os.unlink(temporary)
    with open(target, "rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


class Parcel(Protocol):
    """An exported store that lies elsewhere: `name` is its address, `digest` is what it is known by there."""

    @property
    def name(self) -> str:
        """Return the address, as it may be shown."""

    @property
    def digest(self) -> str:
        """Return what changes whenever the parcel does."""

    def save(self, path: str, progress: Progress) -> None:
        """Write the exported file to `path`; raises an ImageGateError when it is not whole."""


@dataclass(frozen=True)
class Arrival:
    """Where an imported store came from: `origin` is "import", or "update" for one that `check` may refresh."""

    origin: str = "import"
    name: str = ""
    digest: str = ""


def import_file(origin: str, path: str, expected: str, say: Callable[[str], None], progress: Progress) -> None:
    """Put the store of an exported file or URL at `path`; `expected` is the SHA-256 of the file, or "".

    Raises StoreError for anything but an undamaged export; the old store is then as it was.
    """
    with locked(path, say):
        if origin.startswith(("http://", "https://")):
            name = shown(origin)
            fetched = download(origin, f"{path}.import", "", "advisory store", progress).path
            try:
                _import(fetched, path, Arrival(name=name), expected)
            finally:
                with suppress(OSError):
                    os.unlink(fetched)
        else:
            _import(origin, path, Arrival(name=clean(origin)), expected)


def import_parcel(
    parcel: Parcel, path: str, say: Callable[[str], None], progress: Progress, needed: Collection[str] | None = None
) -> bool:
    """Put the store in a parcel at `path`, and return whether it was another one than what is there.

    With `needed`, it refreshes a store: one that lacks an ecosystem, or is older than what is there, is refused.
    Raises StoreError, or what the parcel raises; the old store is then as it was.
    """

    def serves(new: str) -> None:
        if needed is not None:
            _serves(new, path, needed, arrival.name)

    arrival = Arrival("import" if needed is None else "update", clean(parcel.name, 400), parcel.digest)
    with locked(path, say):
        here = arrival_of(path)
        if here is not None and (here.origin, here.digest) == (arrival.origin, arrival.digest):
            serves(path)
            return False
        fetched = f"{path}.import"
        try:
            parcel.save(fetched, progress)
            _import(fetched, path, arrival, "", serves)
        finally:
            with suppress(OSError):
                os.unlink(fetched)
    return True


def arrival_of(path: str) -> Arrival | None:
    """Return where a store came from; None for one that was built here, changed since, or cannot be read."""
    try:
        check_file(path)
        with closing(sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode=ro&immutable=1", uri=True)) as connection:
            notes = dict(connection.execute("SELECT key, value FROM meta"))
        name, digest, version = json.loads(notes["arrival"])
        return Arrival(notes["origin"], str(name), str(digest)) if version == _version(notes) else None
    except (StoreError, sqlite3.Error, ValueError, TypeError, KeyError, RecursionError):
        return None


def _version(notes: dict[str, str]) -> str:
    return f"{notes['built']} {notes['digest']}"


def _serves(new: str, old: str, needed: Collection[str], name: str) -> None:
    """Raises StoreError unless a new store may take the place of the old one while refreshing."""
    fresh, known = sources_of(new, lambda _: None), sources_of(old, lambda _: None)
    if lacking := sorted(set(needed) - fresh.keys()):
        raise StoreError(
            f"{name}: has no advisories of {clean(', '.join(lacking), 300)}", "Whoever exports it must fetch them too."
        )
    both = [source for source in needed or known if source in fresh and source in known]
    if both and min(fresh[source].confirmed for source in both) < min(known[source].confirmed for source in both):
        raise StoreError(
            f"{name}: its advisories are older than those that are there",
            "Is it still published? `imagegate db import` takes it.",
        )


def _open(path: str) -> BufferedReader:
    """Open a regular file, and never wait for a pipe or a device; raises OSError."""
    file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")  # noqa: SIM115 - whoever calls closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("not a regular file")
    return file


def _import(source: str, path: str, arrival: Arrival, expected: str, serves: Callable[[str], None] = lambda _: None) -> None:
    name = arrival.name
    try:
        with _open(source) as file:
            if expected:
                found = hashlib.file_digest(file, "sha256").hexdigest()
                if found != expected.lower().removeprefix("sha256:"):
                    raise StoreError(
                        f"{name}: its SHA-256 is {found}, not the one asked for", "It is damaged, or another version."
                    )
                file.seek(0)
            magic, length = struct.unpack("<II", file.read(8).ljust(8, b"\0"))
            if magic != _MAGIC or length > 4096:
                raise StoreError(f"{name}: not an exported advisory store", "Write one with `imagegate db export FILE`.")
            note = json.loads(file.read(length))
            if note["format"] != _FORMAT or not 0 < int(note["size"]) <= _RATIO * os.path.getsize(source):
                raise StoreError(f"{name}: exported by another version of imagegate", "Export it again with this version.")
            os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
            unpacked = f"{path}.new"  # what lies there was left by one who was killed: we hold the lock
            try:
                _unpack(_frames(file), unpacked, int(note["size"]), str(note["sha256"]), name)
                check_file(unpacked)
                serves(unpacked)
                _mark(unpacked, arrival)
                os.replace(unpacked, path)
            finally:
                with suppress(OSError):
                    os.unlink(unpacked)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError, sqlite3.Error) as error:
        raise StoreError(
            f"{name}: cannot be imported: {clean(str(error), 200)}", "Is it a whole file written by `imagegate db export`?"
        ) from None


def _frames(file: object) -> Iterator[bytes]:
    import zstandard

    try:
        with zstandard.ZstdDecompressor().stream_reader(file) as reader:  # type: ignore[arg-type]
            while chunk := reader.read(_CHUNK):
                yield chunk
    except zstandard.ZstdError as error:
        raise OSError(f"damaged: {error}") from None


def _unpack(chunks: Iterator[bytes], target: str, size: int, digest: str, name: str) -> None:
    seen, found = 0, hashlib.sha256()
    with open(target, "wb") as out:
        for chunk in chunks:
            seen += len(chunk)
            if seen > size:
                break
            found.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if seen != size or found.hexdigest() != digest:
        raise StoreError(f"{name}: damaged: the store in it is not what its digest says", "Copy or export it again.")


def _mark(path: str, arrival: Arrival) -> None:
    """Note where it came from. One that was imported has an owner who exports it anew: `check` does not refresh it."""
    with closing(sqlite3.connect(path)) as connection:
        notes = dict(connection.execute("SELECT key, value FROM meta"))
        values = {"origin": arrival.origin, "arrival": json.dumps([arrival.name, arrival.digest, _version(notes)])}
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())
        connection.commit()
    seal(path)
