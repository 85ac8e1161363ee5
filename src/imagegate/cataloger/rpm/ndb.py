"""rpm's own database (`Packages.db`), which SUSE uses: lib/backend/ndb/rpmpkg.c of rpm. All numbers are little-endian."""

import struct
import zlib
from collections.abc import Callable, Iterator

from imagegate.cataloger.rpm.limits import MOST

MAGIC = b"RpmP"
_PAGE, _BLOCK = 4096, 16


def blobs(data: bytes, lost: Callable[[str], None]) -> Iterator[bytes]:
    """Yield the header of each package."""
    if not data.startswith(MAGIC) or len(data) < _PAGE:
        lost("it is not a database of rpm's own kind")
        return
    version, _, pages = struct.unpack_from("<III", data, 4)
    if version != 0:
        lost(f"it is of version {version}, which is not known")
        return
    end = pages * _PAGE
    if not 0 < end <= len(data):
        lost("it was cut off within its list of packages")
        end = len(data) // _PAGE * _PAGE
    spent = known = 0
    damaged = False
    for magic, package, block, blocks in struct.iter_unpack("<4s3I", data[32:end]):
        if magic != b"Slot":
            damaged = True
            continue
        if not block:
            continue
        known += 1
        at = block * _BLOCK
        spent += blocks * _BLOCK
        if spent > len(data) or known > MOST:
            lost("its packages overlap, or it was cut off" if spent > len(data) else f"only {MOST:,} packages of it are read")
            return
        blob = _blob(data, at, at + blocks * _BLOCK, package)
        if blob is None:
            lost(f"package {package} of it is damaged")
        else:
            yield blob
    if damaged:
        lost("its list of packages is damaged")


def _blob(data: bytes, at: int, end: int, package: int) -> bytes | None:
    """Return what lies between a head and a tail that agree with the list and with each other."""
    if end > len(data) or end - at < 28:
        return None
    magic, number, _, size = struct.unpack_from("<4s3I", data, at)
    checksum, again, tail = struct.unpack_from("<II4s", data, end - 12)
    if (magic, number, again, tail) != (b"BlbS", package, size, b"BlbE") or size > end - at - 28:
        return None
    # The checksum covers all from the head to the tail, the padding as well.
    return data[at + 16 : at + 16 + size] if zlib.adler32(data[at : end - 12]) == checksum else None
