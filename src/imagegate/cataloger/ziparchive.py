"""ZIP archives, read by position through their central directory: a few members of many, without the others.

Format: PKWARE, APPNOTE.TXT sections 4.3 to 4.5. Where files disagree with it, what Java's `ZipFile` opens is opened:
data before the archive, comments after it. `zipfile` would make an object of each of thousands of classes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from imagegate.model.image import Content

_TAIL = 22 + 0xFFFF  # the end record and its longest comment
_MOST_ENDS = 64  # places that look like the end record
_MOST_DIRECTORY = 64 << 20  # bytes
_END = struct.Struct("<4s6xHIIH")
_END64 = struct.Struct("<4s28xQQQ")
_ENTRY = struct.Struct("<4s4xHH8xIIHHH8xI")
_LOCAL = struct.Struct("<4s22xHH")
_FULL = 0xFFFFFFFF  # the value is in the ZIP64 field


class Damaged(Exception):
    """Something in an archive that cannot be read; the text says what, in a few words."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive; sizes in bytes, `header` is where its local header begins."""

    name: bytes
    flags: int
    method: int
    packed: int
    size: int
    header: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Implements model.image.Content for a part of another one."""

    content: Content
    start: int
    size: int

    def read_at(self, at: int, size: int) -> bytes:
        """See Content.read_at."""
        return self.content.read_at(self.start + at, min(size, self.size - at)) if at < self.size else b""


@dataclass(frozen=True, slots=True)
class Memory:
    """Implements model.image.Content for bytes."""

    data: bytes

    @property
    def size(self) -> int:
        """See Content.size."""
        return len(self.data)

    def read_at(self, at: int, size: int) -> bytes:
        """See Content.read_at."""
        return self.data[at : at + size]


class Archive:
    """An archive whose end was found; `directory` is its central directory as it is. Raises Damaged without one."""

    def __init__(self, content: Content) -> None:
        self._content = content
        at, size, offset = _end(content)
        self._base = at - offset  # what was put before the archive
        if size > _MOST_DIRECTORY:
            raise Damaged("its directory is too large")
        self.directory = content.read_at(at, size)

    def members(self, without: bytes) -> Iterator[Member]:
        """Yield the members in the order of the directory, but for names with one ending; raises Damaged where it is broken."""
        at, directory = 0, self.directory
        while at < len(directory):
            if len(directory) - at < 46:
                raise Damaged("its directory is cut off")
            sign, flags, method, packed, size, name, extra, comment, header = _ENTRY.unpack_from(directory, at)
            if sign != b"PK\1\2":
                raise Damaged("its directory is damaged")
            title, more = at + 46, at + 46 + name
            at = more + extra + comment
            if directory.endswith(without, title, more):
                continue
            if _FULL in (packed, size, header):
                size, packed, header = _wide(directory[more : more + extra], size, packed, header)
            yield Member(directory[title:more], flags, method, packed, size, self._base + header)

    def open(self, member: Member, most: int) -> Content:
        """Return the content of a member, in memory only if it is packed; raises Damaged, also for more than `most` bytes."""
        if member.flags & 1:
            raise Damaged("encrypted")
        local = self._content.read_at(member.header, 30) if member.header >= 0 else b""
        if len(local) < 30 or local[:4] != b"PK\3\4":
            raise Damaged("not where the directory says")
        _, name, extra = _LOCAL.unpack(local)
        start = member.header + 30 + name + extra
        if start + member.packed > self._content.size:
            raise Damaged("cut off")
        if member.method == 0:
            if member.packed != member.size:
                raise Damaged("of two sizes")
            return Slice(self._content, start, member.size)
        if member.method != 8:
            raise Damaged(f"packed by method {member.method}")
        if max(member.size, member.packed) > most:
            raise Damaged("too large to be unpacked")
        return Memory(_inflated(self._content.read_at(start, member.packed), member.size))

    def read(self, member: Member, most: int) -> bytes:
        """Return a member as bytes; raises Damaged, also for more than `most` of them."""
        content = self.open(member, most)
        if content.size > most:
            raise Damaged("too large")
        return content.read_at(0, most)


def _inflated(data: bytes, size: int) -> bytes:
    from isal import isal_zlib

    inflating = isal_zlib.decompressobj(-15)
    try:
        unpacked: bytes = inflating.decompress(data, size + 1)
    except isal_zlib.error:  # type: ignore[misc]  # its stubs call the class an instance
        raise Damaged("damaged") from None
    if len(unpacked) != size:
        raise Damaged("of another size than the directory says")
    return unpacked


def _wide(extra: bytes, *values: int) -> list[int]:
    """Return sizes and offset as the ZIP64 field of an entry says."""
    at, found = 0, list(values)
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            wide = [number for (number,) in struct.iter_unpack("<Q", extra[at + 4 : at + 4 + min(length, 24) // 8 * 8])]
            for index, value in enumerate(values):
                if value == _FULL and wide:
                    found[index] = wide.pop(0)
            break
        at += 4 + length
    return found


def _end(content: Content) -> tuple[int, int, int]:
    """Return where the central directory is, its size, and where it would be if nothing stood before the archive."""
    first = max(0, content.size - _TAIL)
    tail = content.read_at(first, _TAIL)
    at = tail.rfind(b"PK\5\6")
    empty: tuple[int, int, int] | None = None
    for _ in range(_MOST_ENDS):
        if at < 0:
            break
        if len(tail) - at >= 22:
            _, count, size, offset, comment = _END.unpack_from(tail, at)
            here = first + at
            wide = _end64(content, here) if count == 0xFFFF or _FULL in (size, offset) else None
            found = wide or (None if _FULL in (size, offset) else (here - size, size, offset))
            if found is None or found[0] < found[2] or found[2] < 0:
                pass
            elif not size:  # or what a comment says, to hide the archive before it
                empty = empty or found
            elif at + 22 + comment == len(tail) or content.read_at(found[0], 4) == b"PK\1\2":
                return found
        at = tail.rfind(b"PK\5\6", 0, at)
    if empty:
        return empty
    raise Damaged("not a ZIP archive, or cut off")


def _end64(content: Content, end: int) -> tuple[int, int, int] | None:
    locator = content.read_at(end - 20, 20) if end >= 20 else b""
    if locator[:4] != b"PK\6\7":
        return None
    # The record stands right before its locator, but where its place is given for data before the archive.
    for at in (end - 20 - 56, struct.unpack_from("<8xQ", locator)[0]):
        record = content.read_at(at, 56) if 0 <= at < content.size else b""
        if len(record) == 56 and record[:4] == b"PK\6\6":
            _, _, size, offset = _END64.unpack_from(record)
            return at - size, size, offset
    return None
