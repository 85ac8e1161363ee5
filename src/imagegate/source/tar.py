"""Walks the headers of a tar archive without reading what lies between them.

Formats: POSIX ustar and PAX (IEEE Std 1003.1, pax, "ustar Interchange Format" and "pax Header Block"), GNU long
names, base-256 numbers and sparse files (GNU tar manual, "Basic Tar Format"). The standard library's reader is
several times slower and keeps every header in memory, which a gate pays on each build.
"""

from collections.abc import Iterator
from typing import NamedTuple
from zlib import adler32

from imagegate.errors import SourceError
from imagegate.source import limits
from imagegate.source.stream import Reader

BLOCK = 512
_ZEROS = bytes(BLOCK)
_DAMAGED = "The archive is damaged; save the image again."
FILE, HARD, SYMLINK, FOLDER, SPARSE, DEVICE = "file", "hard", "symlink", "folder", "sparse", "device"
_KINDS = {0: FILE, 48: FILE, 55: FILE, 49: HARD, 50: SYMLINK, 53: FOLDER, 83: SPARSE, 51: DEVICE, 52: DEVICE, 54: DEVICE}
_WITH_CONTENT = (FILE, SPARSE)
_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK, _OLD_SPARSE = b"xgLKS"
_EXTENSIONS = b"xgLK"
_GNU = b"ustar  \0"
_TEXTS = (b"path", b"linkpath", b"uname", b"gname")
_SPARSE_PAIR = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")


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

    Where formats leave room, an entry is what Go's archive/tar sees, because container engines extract with it.
    Raises SourceError for what is not a tar archive or ends in the middle, LimitReached for too many entries or too
    long a name.
    """
    count = 0
    extensions = _Extensions()
    while (block := _header(reader)) is not None:
        flag = block[156]
        if flag in _EXTENSIONS:
            extensions.read(flag, reader, _number(block[124:136]))
            continue
        if flag == _OLD_SPARSE:
            _skip_sparse_map(block, reader)
        count += 1
        if count > limits.MEMBERS:
            raise LimitReached(f"more than {limits.MEMBERS:,} entries")
        member = _plain(block, flag, reader.at) if not extensions.pending else None
        member = member or _member(block, flag, extensions, reader.at)
        if extensions.pending:
            extensions.forget()
        yield member
        if not reader.skip(member.offset - (-member.size // BLOCK) * BLOCK - reader.at):
            raise _truncated(reader.at)


def _header(reader: Reader) -> bytes | None:
    """Return the next header block, None at the end of the archive."""
    block = reader.read(BLOCK)
    if block == _ZEROS:
        if reader.read(BLOCK).strip(b"\0"):  # some readers stop at one block of zeros, others go on
            raise SourceError(f"a block of zeros in the middle, before byte {reader.at:,}", _DAMAGED)
        return None
    if not block:
        return None
    if len(block) < BLOCK:
        raise _truncated(reader.at)
    _verify(block, reader.at - BLOCK)
    return block


class _Extensions:
    """What extension headers say of the next entry."""

    def __init__(self) -> None:
        self._count = 0
        self._bytes = 0
        self.forget()

    def forget(self) -> None:
        """They hold for one entry only."""
        self.pending = False
        self.pax: dict[str, str] = {}
        self.name = ""  # GNU
        self.link = ""

    def read(self, flag: int, reader: Reader, size: int) -> None:
        """Read one; a global one says nothing, but takes back what came before it, like an entry."""
        self._count += 1
        self._bytes += size
        if size > limits.EXTENSION:
            raise LimitReached(f"a header extension of {size:,} bytes")
        if self._count > limits.MEMBERS or self._bytes > limits.EXTENSIONS:
            raise LimitReached("too many header extensions")
        padded = -(-size // BLOCK) * BLOCK
        data = reader.read(padded)
        if len(data) < padded:
            raise _truncated(reader.at)
        self.pending = True
        if flag == _PAX:
            self.pax = _pax(data[:size])
        elif flag == _PAX_GLOBAL:
            _pax(data[:size])
            self.forget()
        elif flag == _LONG_NAME:
            self.name = _text(data[:size].partition(b"\0")[0])
        else:
            self.link = _text(data[:size].partition(b"\0")[0])


def _plain(block: bytes, flag: int, offset: int) -> Member | None:
    """Return what nearly every header is, a file or folder without anything special; None for all others."""
    if flag not in (48, 53) or block[345] or block[157]:
        return None
    digits = block[124:136].strip(b" \0")
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        return None
    name = block[:100].partition(b"\0")[0].decode("utf-8", "surrogateescape")
    return Member(name, FILE, int(digits, 8), "", offset) if flag == 48 else Member(name, FOLDER, 0, "", offset)


def _member(block: bytes, flag: int, extensions: _Extensions, offset: int) -> Member:
    size = _number(block[124:136])
    name, link = _name(block), _text(block[157:257].partition(b"\0")[0])
    sparse_name = None
    if extensions.pending:
        pax = extensions.pax
        name, link = extensions.name or pax.get("path") or name, extensions.link or pax.get("linkpath") or link
        size = _decimal(pax["size"]) if pax.get("size") else size
        sparse_name = _sparse(pax) if flag != _OLD_SPARSE else None
    kind = _KINDS.get(flag, FILE)
    if not flag and name.endswith("/"):  # before POSIX there was no flag for a folder; a file with a flag stays one
        kind = FOLDER
    if sparse_name is not None:
        if kind is not FILE:
            raise SourceError("a sparse file that is no file", _DAMAGED)
        name, kind = sparse_name or name, SPARSE
    if len(name) > limits.NAME or len(link) > limits.NAME:
        raise LimitReached(f"a name of more than {limits.NAME} bytes")
    # Only files have content. POSIX lets a hard link repeat it, container engines do not (Go, archive/tar).
    return Member(name, kind, size if kind in _WITH_CONTENT else 0, link, offset)


def _sparse(pax: dict[str, str]) -> str | None:
    """Return the name in the PAX header of a sparse file, empty where it has none, None for an ordinary file.

    GNU tar manual, "Storing Sparse Files": versions 0.0 and 0.1 keep the map in the header, 1.0 in the content. What is
    none of these is refused: readers take it for different things.
    """
    if not any(key.startswith("GNU.sparse.") for key in pax):
        return None
    version = pax.get("GNU.sparse.major") or "", pax.get("GNU.sparse.minor") or ""
    if version != ("1", "0"):
        holes = pax.get("GNU.sparse.map") or ""
        if version not in (("0", "0"), ("0", "1")) and not (version == ("", "") and holes):
            raise SourceError("a sparse file of an unknown kind", _DAMAGED)
        numbers = holes.split(",") if holes else []
        if len(numbers) != 2 * _decimal(pax.get("GNU.sparse.numblocks") or "missing"):
            raise SourceError("a sparse file with a damaged map", _DAMAGED)
        for number in numbers:
            _decimal(number)
    _decimal(pax.get("GNU.sparse.size") or pax.get("GNU.sparse.realsize") or "0")
    return pax.get("GNU.sparse.name") or ""


def _verify(block: bytes, at: int) -> None:
    # The checksum counts its own field as eight spaces, together 256.
    # Adler-32 holds the sum of the bytes, plus one, in its lower half, as long as that stays below 65,521 (RFC 1950).
    field = block[148:156].strip(b" \0")
    total = (adler32(block[:256]) & 0xFFFF) + (adler32(block[256:]) & 0xFFFF) - 2
    if field.strip(b"01234567") or total - sum(block[148:156]) + 256 != int(field or b"0", 8):
        raise SourceError(f"not a tar header at byte {at:,}", "Is it an image, and is the file complete?")


def _truncated(at: int) -> SourceError:
    return SourceError(
        f"the archive ends in the middle, after {at:,} bytes", "The file is cut short; save or copy the image again."
    )


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # base-256 (GNU)
        value = int.from_bytes(field, "big") & ~(0x80 << 8 * (len(field) - 1))
        if field[0] & 0x40 or value >= 1 << 62:
            raise SourceError("a tar header with an impossible number", _DAMAGED)
        return value
    digits = field.strip(b" \0").partition(b"\0")[0]
    if digits.strip(b"01234567"):  # int() also takes signs and underscores
        raise SourceError("a tar header with an impossible number", _DAMAGED)
    return int(digits or b"0", 8)


def _decimal(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise SourceError("a PAX header with an impossible number", _DAMAGED)
    return int(text)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _name(block: bytes) -> str:
    name = block[:100].partition(b"\0")[0]
    if not block[345]:
        return _text(name)
    prefix = b""
    if block[257:263] == b"ustar\0":  # what Joerg Schilling's star writes ends with `tar` and keeps times behind
        prefix = block[345 : 476 if block[508:512] == b"tar\0" else 500].partition(b"\0")[0]
    elif block[257:265] == _GNU and not (_is_number(block[345:357]) and _is_number(block[357:369])):
        # GNU keeps times here. Go wrote the prefix into this place until version 1.8, and still reads it.
        prefix = block[345:500].partition(b"\0")[0]
        prefix = prefix if prefix.isascii() else b""
    return _text(prefix + b"/" + name if prefix else name)


def _is_number(field: bytes) -> bool:
    """Tell whether a reader takes this for a number: empty, binary in 63 bits, or octal."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big", signed=False) & ~(0x80 << 8 * (len(field) - 1))
        limit = 1 << 8 * (len(field) - 1) + 7
        return (limit - 1 - value if field[0] & 0x40 else value) < 1 << 63
    return not field[0] or not field.strip(b" \0").partition(b"\0")[0].strip(b"01234567")


def _pax(data: bytes) -> dict[str, str]:
    """Records are `LENGTH KEY=VALUE` and a line feed; LENGTH counts the whole record in decimal."""
    facts: dict[str, str] = {}
    holes: list[str] = []
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 9)
        digits = data[at:space]
        if space < 0 or not digits.isdigit():
            raise SourceError("a damaged PAX header", _DAMAGED)
        end = at + int(digits)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end > len(data) or end < space + 2 or not key or not equals or data[end - 1] != 10:
            raise SourceError("a damaged PAX header", _DAMAGED)
        if b"\0" in (value if key in _TEXTS else key):
            raise SourceError("a PAX header with a zero in a name", _DAMAGED)
        at = end
        if key in _SPARSE_PAIR:  # version 0.0 repeats this pair for each piece of content, 0.1 has them in one record
            if key != _SPARSE_PAIR[len(holes) % 2] or b"," in value:
                raise SourceError("a sparse file with a damaged map", _DAMAGED)
            holes.append(_text(value))
        else:
            facts[_text(key)] = _text(value)
    if holes:
        facts["GNU.sparse.map"] = ",".join(holes)
    return facts


def _skip_sparse_map(block: bytes, reader: Reader) -> None:
    """Skip the extension blocks of an old GNU sparse header; star uses its flag for something else."""
    if block[257:265] != _GNU:
        raise SourceError("a sparse file of an unknown kind", _DAMAGED)
    more = block[482]
    for _ in range(limits.EXTENSION // BLOCK):
        if not more:
            return
        block = reader.read(BLOCK)
        if len(block) < BLOCK:
            raise _truncated(reader.at)
        more = block[504]
    raise LimitReached("a sparse file with too many holes")
