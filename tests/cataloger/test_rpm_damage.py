"""Databases of rpm that somebody damaged or forged: what can be read is read, every loss is told, and work is bounded."""

import random
import sqlite3
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.rpm import bdb, ndb, wal
from imagegate.cataloger.rpm import header as headers
from imagegate.cataloger.rpm import sqlite as reader
from tests.cataloger.rpms import BDB, NDB, OS_RELEASE, ROCKY, SQLITE, catalog, failing, header, names, sample, sqlite

LOG, JOURNAL = f"{SQLITE}-wal", f"{SQLITE}-journal"


def read(kind: str, data: bytes, log: bytes = b"") -> tuple[list[str], list[str]]:
    """Return the names of the packages that one reader finds, and what it says is lost."""
    lost: list[str] = []
    found = {
        "sqlite": lambda: reader.blobs(data, log, lost.append),
        "ndb": lambda: ndb.blobs(data, lost.append),
        "bdb": lambda: bdb.blobs(data, lost.append),
    }[kind]()
    packages = []
    for blob in found:
        try:
            packages.append(headers.parse(blob).text(headers.NAME))
        except headers.Damaged:
            lost.append("header")
    return packages, lost


@pytest.mark.parametrize("path", [SQLITE, NDB, BDB])
@pytest.mark.parametrize("data", [b"", b"\0" * 8192, b"<html>" * 999, random.Random(1).randbytes(70_000)])
def test_what_is_no_database_is_evidence(tmp_path: Path, path: str, data: bytes) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, path: data})
    assert (len(failing(found)), found.packages, found.databases) == (1, [], 1)
    assert failing(found)[0].startswith(f"{path}: ")


def test_a_database_without_packages_is_evidence(tmp_path: Path) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sqlite(header("gpg-pubkey"))})
    assert failing(found) == [f"{SQLITE}: the package database names no package"]


@pytest.mark.parametrize(
    ("blob", "reason"),
    [
        (random.Random(2).randbytes(500), "the header of a package is damaged"),
        (b"", "the header of a package is damaged"),
        (header("bad")[:-3], "the header of a package is damaged"),
        (header("bad" * 1000), "the header of a package is damaged"),
        (struct.pack(">II4I", 1, 4, 1000, 6, 0, 1) + b"aaaa", "the header of a package is damaged"),
        (struct.pack(">II", 1 << 31, 0), "the header of a package is damaged"),
        (header(None), "a package without a name"),
        (header("bad", version=""), "bad has no version"),
        (header("bad", release=""), "bad has no release"),
    ],
)
def test_a_damaged_header_is_reported_and_keeps_its_neighbours(tmp_path: Path, blob: bytes, reason: str) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sqlite(header("before"), blob, header("after"))})
    assert names(found) == ["after 1-1", "before 1-1"]
    assert failing(found) == [f"{SQLITE}: {reason}"]


def test_text_that_deceives_a_reader_becomes_visible(tmp_path: Path) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sqlite(header("a\u202eb\x1b[31m", version="1\n"))})
    assert names(found) == ["a\\u202eb\\u001b[31m 1\\n-1"]


def logged(path: Path, *blobs: bytes) -> tuple[bytes, bytes]:
    """Return a database and its log, where SQLite has written the last headers only into the log."""
    data = sqlite(header("a"), header("b"))
    (path / "x").write_bytes(data)
    database = sqlite3.connect(path / "x")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("DELETE FROM Packages WHERE hnum = 1")
    database.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
    database.commit()
    kept = (path / "x").read_bytes(), (path / "x-wal").read_bytes()
    database.close()
    return kept


def test_what_is_only_in_the_log_counts(tmp_path: Path) -> None:
    data, log = logged(tmp_path, header("c"), header("d", t1004="x" * 30_000))
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: data}, {LOG: log})
    assert {package.name: package.locations[0].layer for package in found.packages} == {"b": 0, "c": 1, "d": 1}
    assert found.evidence == []


def test_a_log_that_was_cut_off_counts_as_far_as_it_was_committed(tmp_path: Path) -> None:
    data, log = logged(tmp_path, header("c"))
    assert read("sqlite", data, log[:-1]) == (["a", "b"], [])
    assert read("sqlite", data, log + log[32:]) == (["b", "c"], [])
    assert read("sqlite", data, log[:40] + bytes(16) + log[56:]) == (["a", "b"], [])


def test_a_log_that_makes_the_database_huge_is_refused(tmp_path: Path) -> None:
    data, log = logged(tmp_path, header("c"))
    head = log[:32]
    order, total = ">" if head[3] & 1 else "<", struct.unpack(">II", head[24:])
    frame = struct.pack(">II", 1, 0xFFFFFF)
    total = wal._sum(order, data[:4096], wal._sum(order, frame, total))
    found = read("sqlite", data, head + frame + head[16:24] + struct.pack(">II", *total) + data[:4096])
    assert found == (["a", "b"], ["the log beside it makes it larger than is read"])


@pytest.mark.parametrize("log", [b"x", b"x" * 5000, struct.pack(">3I", 0x377F0682, 3007000, 3) + bytes(5000)])
def test_a_log_that_can_not_be_read_is_evidence(tmp_path: Path, log: bytes) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sqlite(header("a")), LOG: log})
    assert (names(found), failing(found)) == (["a 1-1"], [f"{SQLITE}: the log beside it cannot be read"])


def test_a_transaction_that_was_interrupted_is_evidence(tmp_path: Path) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sqlite(header("a")), JOURNAL: b"x", LOG: b""})
    assert failing(found) == [f"{SQLITE}: a transaction was interrupted, and is not undone here"]


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE Other (hnum INTEGER, blob BLOB)",
        "CREATE VIEW Packages AS SELECT 1 AS hnum, zeroblob(9) AS blob",
        "CREATE VIRTUAL TABLE Packages USING fts4(hnum, blob)",
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, x INT, blob AS (hex(x)))",
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, other BLOB)",
    ],
)
def test_a_table_that_is_not_plain_is_refused(table: str) -> None:
    database = sqlite3.connect(":memory:")
    try:
        database.execute(table)
    except sqlite3.OperationalError as error:  # a SQLite without that module
        pytest.skip(str(error))
    if "x INT" in table:
        database.execute("INSERT INTO Packages (x) VALUES (1)")
    data = database.serialize()
    database.close()
    packages, lost = read("sqlite", data)
    assert packages == []
    assert len(lost) == 1


def test_rows_that_share_their_pages_are_not_read_for_ever() -> None:
    data = bytearray(sqlite(*(header(f"p{number}", t1004="x" * 40_000) for number in range(40))))
    root = 4096 * (struct.unpack_from(">I", data, 4096 + 8)[0] - 1) if data[4096] == 5 else 4096
    cells = struct.unpack_from(">H", data, root + 3)[0]
    chains = [struct.unpack_from(">H", data, root + 8 + 2 * index)[0] for index in range(cells)]
    ends = sorted((*chains, 4096))
    shared = data[root + ends[1] - 4 : root + ends[1]]
    for end in ends[1:]:
        data[root + end - 4 : root + end] = shared
    packages, lost = read("sqlite", bytes(data))
    assert len(packages) <= 40
    assert len(lost) <= 41


@pytest.mark.parametrize("cut", [5000, 100_000, 200_000, 262_143])
def test_a_database_of_sqlite_that_was_cut_off_is_evidence(cut: int) -> None:
    packages, lost = read("sqlite", sample("rpmdb.sqlite")[:cut])
    assert lost[0] == f"it was cut off at {cut:,} of 262,144 bytes"
    assert len(packages) <= 14


def test_a_damaged_page_of_sqlite_costs_only_what_it_holds() -> None:
    data = bytearray(sqlite(*(header(f"p{number:03}", t1004="x" * 900) for number in range(100))))
    leaves = [at for at in range(0, len(data), 4096) if data[at] == 13]
    data[leaves[5] : leaves[5] + 4096] = b"\xee" * 4096
    packages, lost = read("sqlite", bytes(data))
    assert 90 <= len(packages) < 100
    assert {"p000", "p099"} <= set(packages)
    assert lost == ["SQLite cannot read all of it: database disk image is malformed"]


def test_a_damaged_blob_or_slot_of_ndb_costs_only_itself() -> None:
    good = sample("Packages.db")
    at = good.index(b"plain-libs")
    packages, lost = read("ndb", good[:at] + b"x" + good[at + 1 :])
    assert (len(packages), len(lost)) == (13, 1)
    packages, lost = read("ndb", good[:32] + b"x" + good[33:])
    assert (len(packages), lost) == (13, ["its list of packages is damaged"])
    packages, lost = read("ndb", good[: len(good) // 2])
    assert len(packages) < 14
    assert len(lost) >= 1


def test_packages_of_ndb_that_overlap_are_not_read_for_ever() -> None:
    good = bytearray(sample("Packages.db"))
    for at in range(48, 4096, 16):
        good[at : at + 16] = good[32:48]
    packages, lost = read("ndb", bytes(good))
    assert len(packages) < 30
    assert lost == ["its packages overlap, or it was cut off"]


def pages(data: bytearray, kind: int, size: int = 4096) -> list[int]:
    return [at for at in range(size, len(data), size) if data[at + 25] == kind]


def test_chains_of_berkeley_db_that_share_pages_or_go_round_are_evidence() -> None:
    data = bytearray(sample("Packages.big-endian"))
    for at in pages(data, 7, 512):
        data[at + 16 : at + 20] = struct.pack(">I", at // 512)  # each page is followed by itself
    packages, lost = read("bdb", bytes(data))
    assert packages == []
    assert set(lost) == {"a package of it is damaged"}


@pytest.mark.parametrize("kind", [2, 7, 13])
def test_a_page_of_berkeley_db_that_is_gone_is_evidence(kind: int) -> None:
    data = bytearray(sample("Packages"))
    for at in pages(data, kind)[:1]:
        data[at : at + 4096] = bytes(4096)
        packages, lost = read("bdb", bytes(data))
        assert len(packages) < 14
        assert lost != []


def test_a_database_of_berkeley_db_that_was_cut_off_is_evidence() -> None:
    data = sample("Packages")
    _, lost = read("bdb", data[: len(data) // 2])
    assert lost[0] == f"it was cut off at {len(data) // 2:,} of {len(data):,} bytes"


@pytest.mark.parametrize(("at", "value"), [(12, 0x62), (24, 1), (26, 1), (20, 1), (25, 9)])
def test_a_kind_of_berkeley_db_that_is_not_read_is_evidence(at: int, value: int) -> None:
    data = bytearray(sample("Packages"))
    data[at] = value
    packages, lost = read("bdb", bytes(data))
    assert (packages, len(lost)) == ([], 1)


def test_a_hundred_thousand_packages_are_read(tmp_path: Path) -> None:
    found = catalog(tmp_path, {OS_RELEASE: ROCKY, SQLITE: sqlite(*(header(f"p{number}") for number in range(100_000)))})
    assert (len(found.packages), found.evidence) == (100_000, [])


@pytest.mark.parametrize("kind", ["sqlite", "ndb", "bdb"])
@given(st.data())
def test_no_damage_makes_a_reader_fail(kind: str, data: st.DataObject) -> None:
    good = bytearray(sample({"sqlite": "rpmdb.sqlite", "ndb": "Packages.db", "bdb": "Packages.big-endian"}[kind]))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(len(good), 20_000) - 1))
        good[at] = data.draw(st.integers(0, 255))
    packages, _ = read(kind, bytes(good[: data.draw(st.sampled_from((len(good), len(good) // 2, 4097)))]))
    assert len(packages) <= 1000
