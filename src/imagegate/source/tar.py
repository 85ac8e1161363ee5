"""Walks the headers of a tar archive without reading what lies between them.

Formats: POSIX ustar and PAX (IEEE Std 1003.1, pax, "ustar Interchange Format" and "pax Header Block"), GNU long
names, base-256 numbers and sparse files (GNU tar manual, "Basic Tar Format"). The standard library's reader is
several times slower and keeps every header in memory, which a gate pays on each build.
"""

from collections.abc import Iterator
from typing import NamedTuple

from imagegate.errors import SourceError
from imagegate.source import limits
from imagegate.source.stream import Reader

BLOCK = 512
_ZEROS = bytes(BLOCK)
FILE, HARD, SYMLINK, FOLDER, SPARSE, DEVICE = "file", "hard", "symlink", "folder", "sparse", "device"
_KINDS = {0: FILE, 48: FILE, 55: FILE, 49: HARD, 50: SYMLINK, 53: FOLDER, 83: SPARSE, 51: DEVICE, 52: DEVICE, 54: DEVICE}
_WITH_CONTENT = (FILE, SPARSE)
_EXTENSIONS = b"xgLKN"


class LimitReached(Exception):
    """The archive asks for more than the limits allow."""


class Member(NamedTuple):
    """One entry: `offset` is where its `size` bytes of content begin, from the start of the archive."""

    name: str
    kind: str
    size: int
    link: str
    offset: int


def members(reader: Reader) -> Iterator[Member]:
    """Yield the entries in order, leaving the reader at each one's content: read from it, or go on.

    Raises SourceError for what is not a tar archive or ends in the middle, LimitReached for too many entries or too
    long a name.
    """
    count = 0
    facts: dict[str, str] = {}  # what extensions say of the next entry
    while (block := _header(reader)) is not None:
        flag = block[156]
        if flag in _EXTENSIONS:
            _extend(facts, flag, reader, _number(block[124:136]))
            continue
        if flag == 83 and block[482]:
            _skip_sparse_map(reader)
        count += 1
        if count > limits.MEMBERS:
            raise LimitReached(f"more than {limits.MEMBERS:,} entries")
        member = _member(block, flag, facts, reader.at)
        if facts:
            facts = {}
        yield member
        if not reader.skip(member.offset - (-member.size // BLOCK) * BLOCK - reader.at):
            raise _truncated(reader.at)


def _header(reader: Reader) -> bytes | None:
    """Return the next header block, None at the end of the archive."""
    block = reader.read(BLOCK)
    if not block or block == _ZEROS:
        return None
    if len(block) < BLOCK:
        raise _truncated(reader.at)
    _verify(block, reader.at - BLOCK)
    return block


def _extend(facts: dict[str, str], flag: int, reader: Reader, size: int) -> None:
    """Read an extension header; global ones say nothing: container engines do not apply them (Go, archive/tar)."""
    if size > limits.EXTENSION:
        raise LimitReached(f"a header extension of {size:,} bytes")
    padded = -(-size // BLOCK) * BLOCK
    data = reader.read(padded)
    if len(data) < padded:
        raise _truncated(reader.at)
    if flag == 120:
        facts.update(_pax(data[:size]))
    elif flag in b"LK":
        facts["path" if flag == 76 else "linkpath"] = _text(data[:size].partition(b"\0")[0])


def _member(block: bytes, flag: int, facts: dict[str, str], offset: int) -> Member:
    size = _number(block[124:136])
    name, link = _name(block), _text(block[157:257].partition(b"\0")[0])
    kind = _KINDS.get(flag, FILE)
    if facts:
        name, link = facts.get("path") or name, facts.get("linkpath") or link
        size = _decimal(facts["size"]) if facts.get("size") else size
        if "GNU.sparse.major" in facts or "GNU.sparse.size" in facts:
            name, kind = facts.get("GNU.sparse.name") or name, SPARSE
    if len(name) > limits.NAME or len(link) > limits.NAME:
        raise LimitReached(f"a name of more than {limits.NAME} bytes")
    if kind is FILE and name.endswith("/"):
        kind = FOLDER
    # Only files have content. POSIX lets a hard link repeat it, container engines do not (Go, archive/tar).
    return Member(name, kind, size if kind in _WITH_CONTENT else 0, link, offset)


def _verify(block: bytes, at: int) -> None:
    # The checksum counts its own field as eight spaces, together 256.
    field = block[148:156].strip(b" \0")
    if field.strip(b"01234567") or sum(block) - sum(block[148:156]) + 256 != int(field or b"0", 8):
        raise SourceError(f"not a tar header at byte {at:,}", "Is it an image, and is the file complete?")


def _truncated(at: int) -> SourceError:
    return SourceError(
        f"the archive ends in the middle, after {at:,} bytes", "The file is cut short; save or copy the image again."
    )


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # base-256 (GNU)
        value = int.from_bytes(field, "big") & ~(0x80 << 8 * (len(field) - 1))
        if field[0] & 0x40 or value >= 1 << 62:
            raise SourceError("a tar header with an impossible number", "The archive is damaged.")
        return value
    digits = field.strip(b" \0").partition(b"\0")[0]
    if digits.strip(b"01234567"):  # int() also takes signs and underscores
        raise SourceError("a tar header with an impossible number", "The archive is damaged.")
    return int(digits or b"0", 8)


def _decimal(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise SourceError("a PAX header with an impossible size", "The archive is damaged.")
    return int(text)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _name(block: bytes) -> str:
    name = block[:100].partition(b"\0")[0]
    if block[257:263] == b"ustar\0" and block[345]:
        name = block[345:500].partition(b"\0")[0] + b"/" + name
    return _text(name)


def _pax(data: bytes) -> dict[str, str]:
    """Records are `LENGTH KEY=VALUE` and a line feed; LENGTH counts the whole record in decimal."""
    facts = {}
    while data:
        digits, space, _ = data.partition(b" ")
        if not space or not digits.isdigit() or len(digits) > 8:
            raise SourceError("a damaged PAX header", "The archive is damaged; save the image again.")
        length = int(digits)
        key, equals, value = data[len(digits) + 1 : length - 1].partition(b"=")
        if length > len(data) or length < len(digits) + 3 or not equals or data[length - 1 : length] != b"\n":
            raise SourceError("a damaged PAX header", "The archive is damaged; save the image again.")
        facts[_text(key)] = _text(value)
        data = data[length:]
    return facts


def _skip_sparse_map(reader: Reader) -> None:
    """Skip the extension blocks of an old GNU sparse header."""
    for _ in range(limits.EXTENSION // BLOCK):
        block = reader.read(BLOCK)
        if len(block) < BLOCK:
            raise _truncated(reader.at)
        if not block[504]:
            return
    raise LimitReached("a sparse file with too many holes")
