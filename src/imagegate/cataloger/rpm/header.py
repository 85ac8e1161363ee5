"""Headers of rpm packages as its databases keep them.

Format: rpm's documentation, "Header format" (docs/manual/format_header.md) and lib/header.c: two big-endian numbers,
how many entries and how many bytes of data, then entries of tag, type, offset and count, then the data.
"""

import struct
from dataclasses import dataclass

from imagegate.text import clean, decode

NAME, VERSION, RELEASE, EPOCH = 1000, 1001, 1002, 1003
VENDOR, ARCH, SOURCERPM, MODULARITYLABEL = 1011, 1022, 1044, 5096
OLDFILENAMES, DIRINDEXES, BASENAMES, DIRNAMES = 1027, 1116, 1117, 1118
_WANTED = {
    *(NAME, VERSION, RELEASE, EPOCH, VENDOR, ARCH, SOURCERPM, MODULARITYLABEL),
    *(OLDFILENAMES, DIRINDEXES, BASENAMES, DIRNAMES),
}
_INT32, _STRING, _STRINGS, _I18N = 4, 6, 8, 9  # lib/rpmtag.h, rpmTagType
_ENTRIES = 0xFFFF  # lib/header_internal.h, HEADER_TAGS_MAX
_LONGEST = 1024  # bytes of a name or version; beyond that it is damaged


class Damaged(Exception):
    """The bytes are not a header."""


@dataclass(frozen=True, slots=True)
class Header:
    """The wanted tags of one package, each with its type, offset and count; what it says is read when asked for."""

    data: bytes
    tags: dict[int, tuple[int, int, int]]

    def text(self, tag: int) -> str:
        """Return a text made harmless, "" where there is none; raises Damaged for one that does not end."""
        kind, at, _ = self.tags.get(tag, (0, 0, 0))
        if not kind:
            return ""
        end = self.data.find(b"\0", at, at + _LONGEST + 1)
        if kind not in (_STRING, _STRINGS, _I18N) or end < 0:
            raise Damaged
        return clean(decode(self.data[at:end]))

    def texts(self, tag: int) -> list[bytes]:
        """Return a list of texts as it is, [] where there is none or it is damaged."""
        kind, at, count = self.tags.get(tag, (0, 0, 0))
        if kind != _STRINGS or not 0 < count <= len(self.data) - at:
            return []
        found = self.data[at:].split(b"\0", count)
        return found[:count] if len(found) > count else []

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return a list of numbers, () where there is none or it is damaged."""
        kind, at, count = self.tags.get(tag, (0, 0, 0))
        if kind != _INT32 or not 0 < count <= (len(self.data) - at) // 4:
            return ()
        return struct.unpack_from(f">{count}I", self.data, at)


def parse(blob: bytes) -> Header:
    """Return the header; raises Damaged for bytes that are none."""
    if len(blob) < 8:
        raise Damaged
    entries, size = struct.unpack_from(">II", blob)
    start = 8 + 16 * entries
    if not 0 < entries <= _ENTRIES or start + size > len(blob):
        raise Damaged
    # What rpm added when it installed the package stands last, and replaces what the package said itself.
    index = struct.iter_unpack(">4I", blob[8:start])
    tags = {tag: (kind, at, count) for tag, kind, at, count in index if tag in _WANTED and at < size}
    return Header(blob[start : start + size], tags)
