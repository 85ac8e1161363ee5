"""Archives that are damaged, or made to mislead or to exhaust who reads them."""

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.ziparchive import Archive
from tests.cataloger.contents import Memory, known
from tests.cataloger.jars import CODE, jar, library, manifest, record, seen

GOOD = jar({**CODE, **manifest(A="b"), **record("g", "a", "1"), "lib/b-1.jar": library("g", "b", "1")})
INNER = library("g", "b", "1")


def zipped(entries: list[tuple[bytes, bytes, int]], *, wide: bool = False) -> bytes:
    """Make an archive of stored members as (name, content, where it is said to begin, or -1); ZIP64 throughout if wide."""
    body, directory = b"", b""
    for name, content, said in entries:
        at = len(body) if said < 0 else said
        if said < 0:
            body += struct.pack("<4s22xHH", b"PK\3\4", len(name), 0) + name + content
        size, extra = len(content), b""
        if wide:
            extra = struct.pack("<HHQQQ", 1, 24, size, size, at)
            size = at = 0xFFFFFFFF
        check = zlib.crc32(content)
        directory += struct.pack("<4s12xIIIHH10xI", b"PK\1\2", check, size, size, len(name), len(extra), at) + name + extra
    end = (len(directory), len(body))
    tail = b""
    if wide:
        tail = struct.pack("<4sQ12x2Q2Q", b"PK\6\6", 44, len(entries), len(entries), *end)
        tail += struct.pack("<4sIQI", b"PK\6\7", 0, len(body) + len(directory), 1)
        end = (0xFFFFFFFF, 0xFFFFFFFF)
    return body + directory + tail + struct.pack("<4s8xIIH", b"PK\5\6", *end, 0)


@pytest.mark.parametrize("before", [b"", b"#!/bin/sh\n"])
@pytest.mark.parametrize("wide", [False, True])
def test_archives_with_wide_fields_are_read(wide: bool, before: bytes) -> None:
    data = before + zipped([(b"x.txt", b"x", -1), (b"lib/b-1.jar", INNER, -1)], wide=wide)
    with zipfile.ZipFile(io.BytesIO(data)) as reference:
        assert reference.read("lib/b-1.jar") == INNER
    assert known(seen("app.jar", data)) == [("g:b", "1")]
    assert seen("app.jar", data).problems == []


def test_what_zipfile_lists_is_listed() -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as reference:
        names = [info.filename for info in reference.infolist()]
    assert [member.name.decode() for member in Archive(Memory(GOOD)).members(without=b"\0")] == names


@pytest.mark.parametrize("name", ["app.jar", "app.war", "app.ear", "a.hpi"])
@pytest.mark.parametrize("data", [b"x", b"not an archive" * 1000, GOOD[:-30], b"PK\3\4" + bytes(100), b"PK\5\6"])
def test_what_cannot_be_opened_is_unreadable(name: str, data: bytes) -> None:
    assert seen(name, data).problems == [("fail", "not a ZIP archive, or cut off")]


def test_other_files_with_the_same_endings_are_left_alone() -> None:
    assert seen("var/log/sa.sar", b"\x96\xd5something else").problems == []
    assert seen("x.jar", b"").problems == [("warn", "empty")]


def test_an_encrypted_member_is_unreadable() -> None:
    data = bytearray(GOOD)
    at = data.rindex(b"PK\1\2", 0, data.rindex(b"lib/b-1.jar"))
    data[at + 8] |= 1
    found = seen("a-1.jar", bytes(data))
    assert known(found) == [("g:a", "1")]
    assert found.problems == [("fail", "lib/b-1.jar: encrypted")]


@pytest.mark.parametrize(
    ("at", "value", "detail"),
    [
        (10, b"\x63\0", "lib/b-1.jar: packed by method 99"),
        (42, b"\1\0\0\0", "lib/b-1.jar: not where the directory says"),
        (42, b"\xff\xff\xff\x7f", "lib/b-1.jar: not where the directory says"),
        (20, b"\xff\xff\xff\x7f", "lib/b-1.jar: cut off"),
        (24, b"\xff\xff\xff\x7f", "lib/b-1.jar: too large to be unpacked"),
        (24, b"\1\0\0\0", "lib/b-1.jar: of another size than the directory says"),
    ],
)
def test_a_member_that_the_directory_describes_wrongly_is_unreadable(at: int, value: bytes, detail: str) -> None:
    data = bytearray(GOOD)
    entry = data.rindex(b"PK\1\2", 0, data.rindex(b"lib/b-1.jar"))
    data[entry + at : entry + at + len(value)] = value
    found = seen("a-1.jar", bytes(data))
    assert known(found) == [("g:a", "1")]
    assert found.problems == [("fail", detail)]


def test_what_stands_before_a_damage_of_the_directory_counts() -> None:
    data = bytearray(GOOD)
    entry = data.rindex(b"PK\1\2", 0, data.rindex(b"lib/b-1.jar"))
    data[entry] = 0
    found = seen("a-1.jar", bytes(data))
    assert known(found) == [("g:a", "1")]
    assert found.problems == [("fail", "its directory is damaged")]


def test_archives_in_archives_have_an_end() -> None:
    data = library("g", "a", "1")
    for _ in range(6):
        data = jar({"x.jar": data})
    found = seen("x.jar", data)
    assert found.packages == []
    assert found.problems == [("fail", "x.jar!/x.jar!/x.jar!/x.jar!/x.jar: too deep in other archives")]


def test_an_archive_too_large_to_be_unpacked_is_unreadable() -> None:
    found = seen("a.jar", jar({**record("g", "a", "1"), "b.jar": bytes((64 << 20) + 1)}))
    assert known(found) == [("g:a", "1")]
    assert found.problems == [("fail", "b.jar: too large to be unpacked")]


def test_many_names_for_one_archive_are_not_all_looked_at() -> None:
    data = zipped([(b"0.jar", INNER, -1), *((b"%d.jar" % index, INNER, 0) for index in range(1, 6000))])
    found = seen("a.jar", data)
    assert len(found.packages) > 1000
    assert found.problems[-1] == ("fail", "it holds more archives than are looked at")


def test_an_archive_of_many_large_ones_is_not_unpacked_to_its_end() -> None:
    large = jar({"x": bytes(60 << 20), **CODE}, packed=False)
    packed = jar({"0.jar": large})
    (member,) = Archive(Memory(packed)).members(without=b"\0")
    directory = packed[packed.index(b"PK\1\2") : packed.index(b"PK\5\6")]
    end = struct.pack("<4s8xIIH", b"PK\5\6", len(directory) * 12, packed.index(b"PK\1\2"), 0)
    found = seen("a.jar", packed[: packed.index(b"PK\1\2")] + directory * 12 + end)
    assert member.packed < 1 << 20
    assert found.problems[-1] == ("fail", "it holds more bytes than are looked at")


def test_damage_is_not_listed_without_end() -> None:
    found = seen("a.jar", zipped([(b"%d.jar" % index, b"x", -1) for index in range(500)]))
    assert len(found.problems) == 201
    assert found.problems[-1] == ("fail", "more is damaged in it than is listed")


def test_a_cut_archive_never_raises_and_is_never_silent() -> None:
    for end in range(0, len(GOOD), 64):
        assert seen("a-1.jar", GOOD[:end]).problems


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_change_raises(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for at, value in changes:
        data[at] = value
    seen("a-1.jar", bytes(data))


@given(st.binary(max_size=100), st.binary(max_size=60), st.integers(0, 200), st.integers(0, 200))
def test_no_bytes_raise(before: bytes, directory: bytes, size: int, offset: int) -> None:
    seen("a.jar", before + b"PK\1\2" + directory + struct.pack("<4s8xII", b"PK\5\6", size, offset) + b"\0\0")


@given(st.binary(max_size=300))
def test_no_record_raises(data: bytes) -> None:
    seen("a.jar", jar({"META-INF/maven/g/a/pom.properties": data, "META-INF/maven/g/b/pom.xml": data, **CODE}))
