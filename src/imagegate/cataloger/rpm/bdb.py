"""rpm's older database (`Packages`), a hash of Berkeley DB: dbinc/db_page.h and dbinc/hash.h of Berkeley DB 5.3.

Its numbers have the byte order of the machine that wrote it; the magic number tells which.
"""

import struct
from collections.abc import Callable, Iterator

from imagegate.cataloger.rpm.limits import MOST

_HASH, _BTREE = 0x061561, 0x053162
_UNUSED, _UNSORTED, _OVERFLOW, _META, _SORTED = 0, 2, 7, 8, 13  # types of pages
_INLINE, _OFF_PAGE = 1, 3  # kinds of items: on the page, or on a chain of pages
_HEAD = 26  # bytes before what a page holds


class _File:
    """The pages of one file; a page of a chain is used once, so that chains end and never share."""

    def __init__(self, data: bytes, order: str, size: int) -> None:
        self.data, self.order, self.size = data, order, size
        self.used: set[int] = set()

    def chain(self, number: int, length: int) -> bytes | None:
        """Return `length` bytes from the chain that begins with a page, None where it is damaged."""
        parts: list[bytes] = []
        while number and length > 0:
            at = number * self.size
            if number in self.used or at + self.size > len(self.data):
                return None
            self.used.add(number)
            following, _, count, _, kind = struct.unpack_from(f"{self.order}IHHBB", self.data, at + 16)
            if kind != _OVERFLOW or count > self.size - _HEAD:
                return None
            parts.append(self.data[at + _HEAD : at + _HEAD + min(count, length)])
            number, length = following, length - count
        return b"".join(parts) if length <= 0 else None


def is_database(data: bytes) -> bool:
    """Return whether this is a database of Berkeley DB."""
    return any(struct.unpack_from(order, data, 12)[0] in (_HASH, _BTREE) for order in ("<I", ">I")) if len(data) > 16 else False


def blobs(data: bytes, lost: Callable[[str], None]) -> Iterator[bytes]:
    """Yield the header of each package."""
    order = next((order for order in "<>" if len(data) >= 512 and struct.unpack_from(f"{order}I", data, 12)[0] == _HASH), "")
    if not order:
        lost("it is not a hash of Berkeley DB")
        return
    size, encrypted, kind, flags = struct.unpack_from(f"{order}IBBB", data, 20)
    if encrypted or flags or kind != _META or not 512 <= size <= 65536 or size & (size - 1):
        lost("it is a hash of Berkeley DB of a kind that is not read")
        return
    last = struct.unpack_from(f"{order}I", data, 32)[0]
    if (last + 1) * size > len(data):
        lost(f"it was cut off at {len(data):,} of {(last + 1) * size:,} bytes")
    file = _File(data, order, size)
    pairs = 0
    for at in range(size, len(data) - size + 1, size):
        kind = data[at + 25]
        if kind in (_UNSORTED, _SORTED):
            found = list(_pairs(file, at, lost))
            pairs += len(found)
            if pairs > MOST:
                lost(f"only {MOST:,} packages of it are read")
                return
            for blob in found:
                if blob is None:
                    lost("a package of it is damaged")
                elif blob:
                    yield blob
        elif kind not in (_UNUSED, _OVERFLOW):
            lost(f"its page {at // size} is damaged")
    expected = struct.unpack_from(f"{order}I", data, 88)[0]
    if pairs < expected:
        lost(f"it should hold {expected:,} entries, and {pairs:,} were found")


def _pairs(file: _File, at: int, lost: Callable[[str], None]) -> Iterator[bytes | None]:
    """Yield what belongs to each key of a page: a header, b"" for the counter of rpm, None for what is damaged."""
    count = struct.unpack_from(f"{file.order}H", file.data, at + 20)[0]
    if count % 2 or _HEAD + 2 * count > file.size:
        lost(f"its page {at // file.size} is damaged")
        return
    ends = (file.size, *struct.unpack_from(f"{file.order}{count}H", file.data, at + _HEAD))
    for index in range(0, count, 2):
        after, key, value = ends[index : index + 3]
        if not _HEAD + 2 * count <= value < key < after <= file.size:
            yield None
            continue
        if file.data[at + key : at + after] == b"\1\0\0\0\0":
            yield b""
        elif file.data[at + value] == _INLINE:
            yield file.data[at + value + 1 : at + key]
        elif file.data[at + value] == _OFF_PAGE and key - value == 12:
            yield file.chain(*struct.unpack_from(f"{file.order}II", file.data, at + value + 4))
        else:
            yield None
