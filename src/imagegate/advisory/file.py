"""The store as a file: how it is known to be ours, whole, and undamaged.

A bit that fell over in an index would make a vulnerability vanish without any error, so the file carries a CRC-32 of
itself: in the four bytes of SQLite's header that are the application's own (user_version, file format 1.3.15), over
all bytes with those four as zeros. It guards against damage, not against malice: whoever can write the file can
write another one, and `import --sha256` is for that. ISA-L reads 48 MB in 8 ms; a file beside the store notes what was
checked, by device, inode, size, mtime and ctime, so that it is done once.
"""

import os
import time
from contextlib import suppress
from typing import IO

from imagegate.errors import StoreError
from imagegate.text import clean

SCHEMA = 4
APPLICATION = 0x696D6700 + SCHEMA  # "img" and the version of the tables, in SQLite's application_id
REBUILD = "Run `imagegate db update`, or build or import it again."
_ID, _PAGES, _SUM = slice(68, 72), slice(28, 32), slice(60, 64)
_CHUNK = 1 << 20
_TICK = 50_000_000  # nanoseconds: a file changed so shortly ago could change again without a trace
_known: set[str] = set()  # what this process has checked


def check_file(path: str) -> str:
    """Return by what the file is known, which changes with it; raises StoreError unless it is a sound store of this version."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise StoreError(f"{clean(path)}: not a regular file", "Name a file with --db.")
    try:
        with open(path, "rb", buffering=0) as file:
            return _check(path, file)
    except FileNotFoundError:
        raise StoreError(
            f"{clean(path)}: there is no advisory store", "Run `imagegate db update`, or `imagegate db import FILE`."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        detail = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise StoreError(f"{clean(path)}: {clean(detail)}", "Name a readable store with --db.") from None


def seal(path: str) -> None:
    """Write the checksum into a finished store; raises OSError."""
    with open(path, "r+b", buffering=0) as file:
        header = bytearray(file.read(100))
        header[_SUM] = bytes(4)
        total = _checksum(file, bytes(header)).to_bytes(4, "big")
        file.seek(_SUM.start)
        file.write(total)
        os.fsync(file.fileno())


def _check(path: str, file: IO[bytes]) -> str:
    facts = os.fstat(file.fileno())
    identity = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, APPLICATION)
    seen = " ".join(map(str, identity))
    if seen in _known or _noted(path) == seen:
        _known.add(seen)
        return seen
    header = bytearray(file.read(100))
    made_by = int.from_bytes(header[_ID], "big")
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0") or made_by >> 8 != APPLICATION >> 8:
        raise StoreError(f"{clean(path)}: not an advisory store", REBUILD)
    if made_by != APPLICATION:
        raise StoreError(f"{clean(path)}: made by another version of imagegate", REBUILD)
    page = int.from_bytes(header[16:18], "big")
    if facts.st_size != (65536 if page == 1 else page) * int.from_bytes(header[_PAGES], "big"):
        raise StoreError(f"{clean(path)}: cut short or damaged", REBUILD)
    wanted = int.from_bytes(header[_SUM], "big")
    header[_SUM] = bytes(4)
    if _checksum(file, bytes(header)) != wanted:
        raise StoreError(f"{clean(path)}: damaged: its checksum is wrong", REBUILD)
    _known.add(seen)
    if time.time_ns() - max(facts.st_mtime_ns, facts.st_ctime_ns) > _TICK:
        _note(path, seen)
    return seen


def _noted(path: str) -> str:
    try:
        with open(f"{path}.checked", encoding="ascii") as file:
            return file.read(200)
    except (OSError, ValueError):
        return ""


def _note(path: str, seen: str) -> None:
    """Note it where that is possible: a store may lie where nobody can write."""
    with suppress(OSError):
        temporary = f"{path}.checked.{os.getpid()}"
        with open(temporary, "w", encoding="ascii") as file:
            file.write(seen)
        os.replace(temporary, f"{path}.checked")


def _checksum(file: IO[bytes], header: bytes) -> int:
    """Return the CRC-32 of the header and of what follows in the file."""
    from isal import isal_zlib

    total = isal_zlib.crc32(header)
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    while size := file.readinto(buffer):  # type: ignore[attr-defined]
        total = isal_zlib.crc32(view[:size], total)
    return total
