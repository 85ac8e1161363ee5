"""What fuzzing, and reading for it, has found in the catalogers and version orders: each costs little since."""

import sqlite3
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from imagegate.cataloger.conan import Conan
from imagegate.cataloger.java import Java
from imagegate.cataloger.locked import Seen, without_locked
from imagegate.cataloger.locks import Locks
from imagegate.cataloger.rpm import sqlite
from imagegate.model.inventory import Location, Package
from imagegate.version import order_of
from tests.cataloger.contents import known, look
from tests.cataloger.jars import jar, record


def peak(work: Callable[[], object]) -> int:
    """Return how many bytes of memory some work takes at most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def overlapping(name: bytes, count: int, content: bytes) -> bytes:
    """Return an archive in whose directory many names stand for the same packed bytes."""
    packed = zlib.compress(content, 9)[2:-4]
    size, names = len(name % 0), [name % number for number in range(count)]
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(packed), len(content), size, 0) + names[0] + packed
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(packed), len(content), size, 0, 0, 0, 0, 0, 0)
    directory = b"".join(entry + one for one in names)
    return local + directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(local), 0)


def test_records_that_are_all_the_same_packed_megabyte_are_not_all_unpacked() -> None:
    found = look(Java(), "a.jar", overlapping(b"META-INF/maven/a/%06d/pom.properties", 2000, bytes(1 << 20)))
    assert ("fail", "it holds more bytes of text than are looked at") in found.problems


def test_a_record_is_read_whatever_ends_its_lines() -> None:
    for end in ("\n", "\r\n", "\r"):
        found = look(Java(), "app/META-INF/maven/a/b/pom.properties", f"#x{end} version = 1{end}groupId=a{end}artifactId=b")
        assert known(found) == [("a:b", "1")]
        assert found.problems == []


def test_an_archive_of_more_members_than_its_end_can_count_is_read() -> None:
    found = look(
        Java(), "b-1.jar", jar({f"m/{number}.class": b"" for number in range(0x10000)} | record("a", "b", "1"), packed=False)
    )
    assert known(found) == [("a:b", "1")]
    assert found.problems == []


def test_deep_ways_into_an_archive_cost_no_memory_when_locks_are_looked_for() -> None:
    ways = [f"app.jar!/{number}/" + "x/" * 1000 + "a.jar" for number in range(100)]
    packages = [Package("maven", "a:b", "1", "pkg:maven/a/b@1", (Location(way, 0),)) for way in ways]
    assert peak(lambda: without_locked([Seen("app.jar", packages, [])])) < 1e6


def database(table: str, column: str) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE {table} (hnum INTEGER PRIMARY KEY, {column})")
    connection.executemany(f"INSERT INTO {table}(hnum) VALUES (?)", ((number,) for number in range(1, 200)))
    connection.commit()
    try:
        return connection.serialize()
    finally:
        connection.close()


def test_columns_that_are_computed_at_any_cost_are_not_computed() -> None:
    costly = "AS (substr(replace(hex(zeroblob(400000 + hnum)), '0', '1'), 1, 1) || 'a/1')"
    found = look(Conan(), "p/cache.sqlite3", database("packages", f"reference text {costly}"))
    assert found.packages == []
    assert [kind for kind, _ in found.problems] == ["fail"]
    lost: list[str] = []
    assert list(sqlite.blobs(database("Packages", f"blob BLOB {costly}"), b"", lost.append)) == []
    assert len(lost) == 1
    assert "too many arguments" in lost[0]


@pytest.mark.parametrize("character", ["a", "\\a"])
def test_a_key_of_megabytes_in_a_lock_of_bun_costs_no_gigabyte(character: str) -> None:
    text = '{"lockfileVersion": 1,\n"' + character * (2_000_000 // len(character)) + '": ["b@1.0"'
    found: Any = None

    def work() -> None:
        nonlocal found
        found = look(Locks(), "app/bun.lock", text)

    assert peak(work) < 2e7
    assert known(found) == [("b", "1.0")]


def test_more_tables_than_a_lock_has_are_refused_before_each_of_them_costs_a_kilobyte() -> None:
    text = "version = 1\n" + "".join(f"[{number}]\n" for number in range(100_001))
    assert [kind for kind, _ in look(Locks(), "app/uv.lock", text).problems] == ["fail"]


def test_doubts_of_one_lock_are_counted_and_not_all_told() -> None:
    lines = (f"require a{number} v1\nreplace a{number} => ./x\n" for number in range(1000))
    found = look(Locks(), "app/go.mod", "module x\n" + "".join(lines))
    assert len(found.problems) == 21
    assert found.problems[-1] == ("warn", "980 more entries are doubtful")


def test_zeros_before_a_word_in_the_version_of_a_gem_are_taken_out_at_once() -> None:
    compare = order_of("RubyGems")
    assert compare("1.0.0.0.a.b", "1.a.b") == 0
    assert compare("0.0.a", "a") == 0
    assert compare("1.0.0.a", "1.0.1.a") < 0
    assert compare("0." * 200_000 + "a." * 200_000 + "1", "0." * 200_000 + "a." * 200_000 + "2") < 0  # minutes before


def test_an_error_of_sqlite_that_quotes_what_is_no_text_is_an_error_like_any_other() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)")
    connection.execute("CREATE TABLE otherother (x)")
    whole = connection.serialize()
    connection.close()
    damaged = whole.replace(b"otherotherotherother", b"other\xb4\xb4\xb4er" * 2)  # the name by which errors call it
    assert damaged != whole
    lost: list[str] = []
    assert list(sqlite.blobs(damaged, b"", lost.append)) == []
    assert len(lost) == 1
    assert "codec can't decode" in lost[0]
