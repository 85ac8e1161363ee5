"""Archives that readers take for different things: what engines extract is what counts, and the rest is refused.

The expected entries are those of Go's archive/tar, with which Docker, containerd and podman extract.
"""

import pytest

from imagegate.errors import SourceError
from imagegate.source import limits, tar
from imagegate.source.stream import Stream

END = bytes(1024)
GNU = b"ustar  \0"
INNER = "inner"


def entry(
    name: str,
    data: bytes = b"",
    flag: bytes = b"0",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    end: bytes = b"",
    link: str = "",
) -> bytes:
    block = bytearray(512)
    block[: len(name)] = name.encode()
    block[124:136] = b"%011o\0" % len(data)
    block[156:157] = flag
    block[157 : 157 + len(link)] = link.encode()
    block[257 : 257 + len(magic)] = magic
    block[345 : 345 + len(prefix)] = prefix
    block[508 : 508 + len(end)] = end
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data + bytes(-len(data) % 512)


def pax(*records: str, flag: bytes = b"x") -> bytes:
    data = b""
    for record in records:
        length = len(record) + 3
        length += len(str(length + 1)) - 1
        data += f"{length} {record}\n".encode()
    return entry("pax", data, flag)


def long_name(name: str, flag: bytes = b"L") -> bytes:
    return entry("long", name.encode() + b"\0", flag, GNU)


def seen(data: bytes) -> list[tuple[str, str]]:
    return [(member.name, member.kind) for member in tar.members(Stream(iter([data])))]


CONTENT = entry(INNER)  # would be an entry if the content of a file were taken for headers
MAP_0_0 = ("GNU.sparse.numblocks=1", "GNU.sparse.offset=0", "GNU.sparse.numbytes=4", "GNU.sparse.size=4")
MAP_0_1 = ("GNU.sparse.map=0,4", "GNU.sparse.numblocks=1", "GNU.sparse.size=4", "GNU.sparse.name=real")
MAP_1_0 = ("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=real", "GNU.sparse.realsize=4")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pax("path=x") + pax("mtime=1") + entry("a"), [("a", tar.FILE)]),
        (pax("path=x") + pax("comment=hi", flag=b"g") + entry("a"), [("a", tar.FILE)]),
        (long_name("x") + pax("comment=hi", flag=b"g") + entry("a"), [("a", tar.FILE)]),
        (long_name("x") + pax("path=y") + entry("a"), [("x", tar.FILE)]),
        (pax("path=y") + long_name("x") + entry("a"), [("x", tar.FILE)]),
        (long_name("x") + long_name("") + entry("a"), [("a", tar.FILE)]),
        (long_name("x") + long_name("y") + entry("a"), [("y", tar.FILE)]),
        (pax("path=x") + entry("n", flag=b"N") + entry("a"), [("x", tar.FILE), ("a", tar.FILE)]),
        (entry("a/", CONTENT), [("a/", tar.FILE)]),
        (entry("a/", CONTENT, b"7"), [("a/", tar.FILE)]),
        (entry("a/", b"", b"\0") + entry("b"), [("a/", tar.FOLDER), ("b", tar.FILE)]),
        (entry("a/", CONTENT, b"\0"), [("a/", tar.FOLDER), (INNER, tar.FILE)]),
        (entry("a", CONTENT, b"Z"), [("a", tar.FILE)]),
        (pax(*MAP_0_0, "GNU.sparse.name=real") + entry("a", b"data"), [("real", tar.SPARSE)]),
        (pax(*MAP_0_1) + entry("a", b"data"), [("real", tar.SPARSE)]),
        (pax("GNU.sparse.major=0", "GNU.sparse.minor=1", *MAP_0_1) + entry("a", b"data"), [("real", tar.SPARSE)]),
        (long_name("x") + pax(*MAP_1_0) + entry("a", b"1\n0\n4\n".ljust(512, b"\0") + b"data"), [("real", tar.SPARSE)]),
        (entry("a", prefix=b"p" * 131 + b"0" * 12, end=b"tar\0"), [("p" * 131 + "/a", tar.FILE)]),
        (entry("a", prefix=b"p" * 155), [("p" * 155 + "/a", tar.FILE)]),
        (entry("a", magic=GNU, prefix=b"tmp"), [("tmp/a", tar.FILE)]),
        (entry("a", magic=GNU, prefix=b"00000000001\x00"), [("a", tar.FILE)]),
        (entry("a", magic=b"", prefix=b"tmp"), [("a", tar.FILE)]),
    ],
)
def test_an_entry_is_what_the_engines_extract(data: bytes, expected: list[tuple[str, str]]) -> None:
    assert seen(data + END) == expected


def test_a_gnu_link_target_wins_over_pax() -> None:
    data = long_name("x", b"K") + pax("linkpath=y") + entry("a", flag=b"2", link="z") + END
    assert [member.link for member in tar.members(Stream(iter([data])))] == ["x"]


@pytest.mark.parametrize(
    "data",
    [
        entry("q") + bytes(512) + entry("a"),
        pax("path=a\0x") + entry("b"),
        pax("linkpath=a\0x") + entry("b", flag=b"2"),
        pax("a\0b=c") + entry("b"),
        pax("=c") + entry("b"),
        pax("path", flag=b"g") + entry("b"),
        pax("GNU.sparse.major=9", "GNU.sparse.name=x") + entry("a"),
        pax("GNU.sparse.major=1", "GNU.sparse.name=x") + entry("a"),
        pax("GNU.sparse.size=4", "GNU.sparse.name=x") + entry("a"),
        pax("GNU.sparse.name=x") + entry("a"),
        pax("GNU.sparse.major=0", "GNU.sparse.minor=0", "GNU.sparse.name=x") + entry("a"),
        pax("GNU.sparse.map=0,4", "GNU.sparse.numblocks=2", "GNU.sparse.name=x") + entry("a", b"data"),
        pax("GNU.sparse.map=0,-4", "GNU.sparse.numblocks=1", "GNU.sparse.name=x") + entry("a", b"data"),
        pax("GNU.sparse.numbytes=4", "GNU.sparse.offset=0", "GNU.sparse.numblocks=1") + entry("a", b"data"),
        pax("GNU.sparse.offset=0,4", "GNU.sparse.numblocks=1") + entry("a", b"data"),
        pax(*MAP_1_0, "GNU.sparse.size=many") + entry("a"),
        pax(*MAP_0_1) + entry("a", flag=b"5"),
        entry("a", flag=b"S"),
    ],
)
def test_what_readers_disagree_about_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError):
        seen(data + END)


@pytest.mark.parametrize("end", [b"", bytes(512), bytes(1024), bytes(1024) + b"what follows the end"])
def test_an_archive_ends_with_zeros_or_with_the_file(end: bytes) -> None:
    assert seen(entry("a") + end) == [("a", tar.FILE)]


def test_header_extensions_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EXTENSIONS", 100)
    with pytest.raises(tar.LimitReached, match="extensions"):
        seen((pax("comment=" + "c" * 20) + entry("a")) * 10)
    monkeypatch.setattr(limits, "MEMBERS", 10)
    with pytest.raises(tar.LimitReached, match="extensions"):
        seen(entry("long", b"", b"L", GNU) * 11 + entry("a"))
