"""Headers of tar archives, as several programs write them and as nobody should."""

import io
import tarfile
from pathlib import Path

import pytest

from imagegate.errors import SourceError
from imagegate.source import tar
from imagegate.source.stream import Stream
from tests.images import Entry, file, layer
from tests.source.opened import content, seen


def members(data: bytes) -> list[tar.Member]:
    return list(tar.members(Stream(iter([data]))))


def header(name: bytes, size: bytes = b"00000000000\0", flag: bytes = b"0", link: bytes = b"") -> bytes:
    block = bytearray(512)
    block[:100] = name.ljust(100, b"\0")
    block[124:136] = size
    block[156:157] = flag
    block[157:257] = link.ljust(100, b"\0")
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


END = bytes(1024)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("length", [10, 99, 100, 101, 200, 240])
def test_long_names_are_read_in_every_form(tmp_path: Path, form: int, length: int) -> None:
    name = ("d" * 49 + "/") * (length // 50) + "f" * (length % 50 or 1)
    data = layer([file(name, b"found"), file("after", b"next")], form)
    assert [member.name for member in members(data)] == [name, "after"]
    files = seen(tmp_path, [data])
    assert content(files, name) == b"found"
    assert content(files, "after") == b"next"


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_link_targets_are_read(tmp_path: Path, form: int) -> None:
    target = "/".join(["folder"] * 40) + "/file"
    files = seen(tmp_path, [layer([file(target, b"found"), Entry("link", kind=tarfile.SYMTYPE, link=target)], form)])
    assert content(files, "link") == b"found"


@pytest.mark.parametrize("name", ["./a/b", "/a/b", "a//b", "a/./b", "../a/b", "x/../a/b", "/../../a/b"])
def test_a_name_is_taken_as_extraction_into_the_root_would(tmp_path: Path, name: str) -> None:
    assert content(seen(tmp_path, [layer([file(name, b"found")])]), "a/b") == b"found"


def test_sizes_may_be_binary() -> None:
    size = b"\x80" + (5).to_bytes(11, "big")
    found = members(header(b"a", size) + b"12345".ljust(512, b"\0") + header(b"b") + END)
    assert [(member.name, member.size) for member in found] == [("a", 5), ("b", 0)]


@pytest.mark.parametrize(
    "size",
    [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000000512\0", b"+0000000512\0", b"0x000000010\0", b"0_0000000_1\0", b"9" * 12],
)
def test_an_impossible_size_is_refused(size: bytes) -> None:
    with pytest.raises(SourceError):
        members(header(b"a", size) + END)


def test_a_damaged_checksum_is_refused() -> None:
    block = bytearray(header(b"a"))
    block[0] ^= 1
    with pytest.raises(SourceError, match="not a tar header"):
        members(bytes(block) + END)


def pax(records: bytes, flag: bytes = b"x") -> bytes:
    return header(b"pax", b"%011o\0" % len(records), flag) + records.ljust(-(-len(records) // 512) * 512, b"\0")


def test_pax_headers_hold_for_the_next_entry_only() -> None:
    found = members(pax(b"14 path=other\n") + header(b"a") + header(b"b") + END)
    assert [member.name for member in found] == ["other", "b"]


def test_global_pax_headers_hold_for_nothing_as_in_the_engines() -> None:
    found = members(pax(b"14 path=other\n", b"g") + header(b"a") + header(b"b") + END)
    assert [member.name for member in found] == ["a", "b"]


@pytest.mark.parametrize(
    "records",
    [b"x", b"9", b"99 path=a\n", b"0 path=a\n", b"3 \n", b"-1 path=a\n", b"8 path=a\n", b"10 patha\n\n", b"999999999 a=b\n"],
)
def test_a_damaged_pax_header_is_refused(records: bytes) -> None:
    with pytest.raises(SourceError):
        members(pax(records) + header(b"a") + END)


@pytest.mark.parametrize("size", [b"-5", b"1e3", b"", b"9" * 30, "٣".encode()])
def test_a_pax_size_must_be_a_number(size: bytes) -> None:
    record = b"size=" + size + b"\n"
    record = b"%d " % (len(record) + 3) + record if len(record) + 3 > 9 else b"%d " % (len(record) + 2) + record
    if not size:  # an empty value takes the record back
        assert members(pax(record) + header(b"a") + END)[0].size == 0
        return
    with pytest.raises(SourceError):
        members(pax(record) + header(b"a") + END)


def test_a_hard_link_has_no_content_of_its_own_as_in_the_engines() -> None:
    hidden = header(b"hidden")
    found = members(header(b"a", b"%011o\0" % 512, b"1", b"target") + hidden + END)
    assert [member.name for member in found] == ["a", "hidden"]


def test_old_sparse_files_are_skipped_with_their_maps() -> None:
    block = bytearray(header(b"sparse", b"%011o\0" % 512, b"S"))
    block[257:265] = b"ustar  \0"
    block[482] = 1
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    more = bytearray(512)
    more[504] = 1
    found = members(bytes(block) + bytes(more) + bytes(512) + b"x" * 512 + header(b"after") + END)
    assert [(member.name, member.kind) for member in found] == [("sparse", tar.SPARSE), ("after", tar.FILE)]


def test_pax_sparse_files_are_known_by_their_real_name() -> None:
    records = b"24 GNU.sparse.name=real\n22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
    found = members(pax(records) + header(b"GNUSparseFile.0/real", b"%011o\0" % 512) + b"x" * 512 + header(b"b") + END)
    assert [(member.name, member.kind) for member in found] == [("real", tar.SPARSE), ("b", tar.FILE)]


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_a_pipe_or_device_is_there_but_never_read(tmp_path: Path, kind: bytes) -> None:
    files = seen(tmp_path, [layer([Entry("var/lib/dpkg/status", kind=kind)])])
    assert files.find("var/lib/dpkg/status", 0) is None
    assert files.exists("var/lib/dpkg/status", 0)


def test_names_that_are_not_utf8_do_not_disturb(tmp_path: Path) -> None:
    data = header(b"caf\xe9/\xff") + header(b"a") + END
    assert [member.name for member in members(data)][1] == "a"
    assert seen(tmp_path, [data]).exists("a", 0)


def test_an_archive_may_end_without_zeros() -> None:
    assert [member.name for member in members(header(b"a"))] == ["a"]
    assert members(b"") == []


def test_the_walk_agrees_with_the_standard_library() -> None:
    data = layer([file(f"dir{n % 7}/{'n' * (n * 3)}", b"x" * (n * 37)) for n in range(80)])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        expected = [(info.name, info.size, info.offset_data) for info in archive]
    assert [(member.name, member.size, member.offset) for member in members(data)] == expected
