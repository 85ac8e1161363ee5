"""One file that carries a whole store to other machines.

Format: a Zstandard skippable frame (RFC 8878, 3.1.2) with a JSON note of the store's size and SHA-256, then the
store as one Zstandard frame: `zstd -d` unpacks it, and `import` checks it.
"""

import hashlib
import json
import os
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

from imagegate.advisory.download import Progress, download
from imagegate.advisory.file import check_file, seal
from imagegate.advisory.lock import locked
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


def import_file(origin: str, path: str, expected: str, say: Callable[[str], None], progress: Progress) -> None:
    """Put the store of an exported file or URL at `path`; `expected` is the SHA-256 of the file, or "".

    Raises StoreError for anything but an undamaged export; the old store is then as it was.
    """
    with locked(path, say):
        if origin.startswith(("http://", "https://")):
            fetched = download(origin, f"{path}.import", "", "advisory store", progress).path
            try:
                _import(fetched, origin, path, expected)
            finally:
                with suppress(OSError):
                    os.unlink(fetched)
        else:
            _import(origin, origin, path, expected)


def _import(source: str, name: str, path: str, expected: str) -> None:
    try:
        with open(source, "rb") as file:
            if expected:
                found = hashlib.file_digest(file, "sha256").hexdigest()
                if found != expected.lower().removeprefix("sha256:"):
                    raise StoreError(
                        f"{clean(name)}: its SHA-256 is {found}, not the one asked for", "It is damaged, or another version."
                    )
                file.seek(0)
            magic, length = struct.unpack("<II", file.read(8).ljust(8, b"\0"))
            if magic != _MAGIC or length > 4096:
                raise StoreError(f"{clean(name)}: not an exported advisory store", "Write one with `imagegate db export FILE`.")
            note = json.loads(file.read(length))
            if note["format"] != _FORMAT or not 0 < int(note["size"]) <= _RATIO * os.path.getsize(source):
                raise StoreError(f"{clean(name)}: exported by another version of imagegate", "Export it again with this version.")
            os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
            unpacked = f"{path}.new"  # what lies there was left by one who was killed: we hold the lock
            try:
                _unpack(_frames(file), unpacked, int(note["size"]), str(note["sha256"]), name)
                check_file(unpacked)
                _mark(unpacked)
                os.replace(unpacked, path)
            finally:
                with suppress(OSError):
                    os.unlink(unpacked)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, sqlite3.Error) as error:
        raise StoreError(
            f"{clean(name)}: cannot be imported: {clean(str(error), 200)}", "Is it a whole file written by `imagegate db export`?"
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
        raise StoreError(f"{clean(name)}: damaged: the store in it is not what its digest says", "Copy or export it again.")


def _mark(path: str) -> None:
    """An imported store has an owner who exports it anew: `check` does not refresh it by itself."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = 'import' WHERE key = 'origin'")
        connection.commit()
    seal(path)
