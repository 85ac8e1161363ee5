"""Changes samples as hostile people and failing disks would: bytes, numbers, lines, and values of JSON documents."""

# ruff: noqa: E501, PLC0415 (tables)

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any

WRONG: tuple[Any, ...] = (
    None, "", 0, -1, 1.5, 1 << 70, True, [], ["a"], [[]], {}, {"a": "b"}, [None], [{}], "a b", "a\nb", "\x1b[2J", "\u202eb", "\ud800",
    "a" * 5000, "0", "*", "%", "../..", "sha256:" + "0" * 64, float("inf"), "1" * 5000,
)  # fmt: skip
_TOKENS = (b"\0", b"\n", b"\r\n", b"\n\n", b" ", b"\t", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"(", b":", b"=", b",", b"/", b"@", b"#",
           b"%", b"-", b".", b"..", b"~", b"+", b"^", b"*", b"0", b"9" * 30, b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xae",
           b"\x1b[31m", b"<!--", b"]]>", b"&amp;", b"null", b"true", b"1e999", b"-0", b"\xf0\x9f\x92\xa9")  # fmt: skip
_NUMBERS = (0, 1, 2, 7, 15, 16, 127, 128, 255, 256, 511, 512, 4095, 4096, 32767, 32768, 65535, 65536, 1 << 24, (1 << 31) - 1, 1 << 31,
            (1 << 32) - 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)  # fmt: skip
LONGEST = 1 << 16  # bytes of a changed sample, where it was not longer before


def mutated(data: bytes, random: Random, others: Sequence[bytes] = ()) -> bytes:
    """Return the data with one to eight changes; `others` are samples to take pieces of."""
    longest = max(LONGEST, len(data))
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        data = random.choice(_CHANGES)(data, random)
    if others and random.random() < 0.1:
        other = random.choice(others)
        data = data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]
    return data[:longest]


def _byte(data: bytes, random: Random) -> bytes:
    at = random.randint(0, max(0, len(data) - 1))
    return (
        data[:at]
        + bytes([random.choice((random.randrange(256), (data[at : at + 1] or b"\0")[0] ^ 1 << random.randrange(8)))])
        + data[at + 1 :]
    )


def _token(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(_TOKENS) * random.choice((1, 1, 1, 2, 40)) + data[at + random.choice((0, 0, 1)) :]


def _number(data: bytes, random: Random) -> bytes:
    width = random.choice((1, 2, 4, 8))
    at = random.randint(0, len(data))
    at -= random.choice((0, at % width))
    value = (random.choice(_NUMBERS) & (1 << 8 * width) - 1).to_bytes(width, random.choice(("big", "little")))
    return data[:at] + value + data[at + width :]


def _cut(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + data[at + random.choice((1, 2, 16, 512, len(data))) :]


def _repeat(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + data[at : at + random.choice((1, 4, 32, 512))] * random.choice((2, 3, 50)) + data[at:]


def _lines(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    lines[first], lines[second] = random.choice(
        ((lines[second], lines[first]), (lines[first], lines[first]), (b"", lines[first]))
    )
    return b"\n".join(lines)


def _digits(data: bytes, random: Random) -> bytes:
    """Change a number that is written in digits."""
    places = [at for at, byte in enumerate(data[:LONGEST]) if 48 <= byte <= 57]
    if not places:
        return _token(data, random)
    at = random.choice(places)
    return data[:at] + random.choice((b"0", b"9", b"-1", b"7777777", b"99999999999999999999", b"1e5", b"")) + data[at + 1 :]


def _json(data: bytes, random: Random) -> bytes:
    """Put something else in the place of any value or key of a JSON document."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return _token(data, random)
    if not isinstance(document, dict | list):
        return json.dumps(random.choice(WRONG)).encode()
    inner, key = random.choice(list(_places(document)) or [(None, None)])
    if inner is None:
        return json.dumps([document]).encode()
    what = random.random()
    if what < 0.6:
        inner[key] = random.choice(WRONG)
    elif what < 0.75:
        inner[key] = [inner[key]]
    elif what < 0.85:
        inner[key] = _nested(inner[key], random.choice((3, 100, 900)))
    elif isinstance(inner, dict):
        inner[random.choice(("", "a", "\u202e", "type", "name", "version", key.upper()))] = inner.pop(key)
    else:
        inner += inner
    with suppress(RecursionError):
        return json.dumps(document).encode()
    return data


def _nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        for key, item in inner.items() if isinstance(inner, dict) else enumerate(inner):
            yield inner, key
            if isinstance(item, dict | list):
                waiting.append(item)


_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    _byte, _byte, _token, _token, _number, _number, _cut, _repeat, _lines, _digits, _json, _json, _json,
)  # fmt: skip


def sealed_tar(data: bytes) -> bytes:
    """Return the archive with right checksums in whatever looks like a header: what is behind them is of interest."""
    sealed = bytearray(data)
    for at in range(0, len(sealed) - 511, 512):
        if sealed[at + 257 : at + 262] == b"ustar":
            sealed[at + 148 : at + 156] = b" " * 8
            sealed[at + 148 : at + 156] = b"%06o\0 " % sum(sealed[at : at + 512])
    return bytes(sealed)


def sealed_ndb(data: bytes) -> bytes:
    """Return rpm's own database with right checksums of its packages."""
    import struct
    import zlib

    sealed = bytearray(data)
    for at in range(32, min(len(sealed) - 16, 4096), 16):
        _, _, block, count = struct.unpack_from("<4s3I", sealed, at)
        end = (block + count) * 16
        if count * 16 >= 28 and end <= len(sealed):
            struct.pack_into("<I", sealed, end - 12, zlib.adler32(sealed[block * 16 : end - 12]))
    return bytes(sealed)


def sealed_log(data: bytes) -> bytes:
    """Return SQLite's write-ahead log with right checksums."""
    import struct

    if len(data) < 32:
        return data
    sealed = bytearray(data)
    order = ">" if sealed[3] & 1 else "<"
    page = struct.unpack_from(">I", sealed, 8)[0] if 0 < struct.unpack_from(">I", sealed, 8)[0] <= 65536 else 4096
    total = (0, 0)

    def add(start: int, end: int) -> None:
        nonlocal total
        for at in range(start, end - 7, 8):
            left, right = struct.unpack_from(f"{order}II", sealed, at)
            first = (total[0] + left + total[1]) & 0xFFFFFFFF
            total = first, (total[1] + right + first) & 0xFFFFFFFF

    add(0, 24)
    struct.pack_into(">II", sealed, 24, *total)
    for at in range(32, len(sealed) - 24 - page + 1, 24 + page):
        add(at, at + 8)
        add(at + 24, at + 24 + page)
        sealed[at + 8 : at + 16] = sealed[16:24]
        struct.pack_into(">II", sealed, at + 16, *total)
    return bytes(sealed)
