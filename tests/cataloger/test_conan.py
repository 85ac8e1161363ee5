"""Packages of Conan: the cache of Conan 1, and the tables and folders that Conan 2.34 makes."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.conan import Conan
from tests.cataloger.contents import known
from tests.cataloger.locked_samples import checked

TABLE = (
    "CREATE TABLE packages (reference text NOT NULL, rrev text NOT NULL, pkgid text, prev text, path text NOT NULL UNIQUE,"
    " timestamp real NOT NULL, build_id text, lru integer NOT NULL , UNIQUE(reference, rrev, pkgid, prev))"
)
DATABASE = "root/.conan2/p/cache.sqlite3"


def database(folder: Path, *statements: str) -> bytes:
    file = folder / "cache.sqlite3"
    file.unlink(missing_ok=True)
    with sqlite3.connect(file) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return file.read_bytes()


def test_the_database_of_conan_names_the_packages_with_files(tmp_path: Path) -> None:
    rows = [f"INSERT INTO packages VALUES ('{reference}', 'f2', 'da', '0b', '{path}', 1.0, NULL, 1)" for reference, path in ROWS]
    found = checked(Conan(), DATABASE, database(tmp_path, TABLE, *rows))
    assert [package.purl for package in found.packages] == ["pkg:conan/openssl@3.0.1", "pkg:conan/zlib@1.2.11"]
    assert found.problems == []


ROWS = [("zlib/1.2.11", "b/zlib0"), ("openssl/3.0.1@user/channel", "b/opens0")]


def test_a_database_in_write_ahead_mode_is_read(tmp_path: Path) -> None:
    row = "INSERT INTO packages VALUES ('zlib/1.2.11', 'f2', 'da', '0b', 'x', 1.0, NULL, 1)"
    assert known(checked(Conan(), DATABASE, database(tmp_path, "PRAGMA journal_mode = WAL", TABLE, row))) == [("zlib", "1.2.11")]


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS reference FROM n"


@pytest.mark.parametrize(
    "statements",
    [
        (),
        ("CREATE TABLE recipes (reference text)",),
        (f"CREATE VIEW packages AS {ENDLESS}",),
        ("CREATE TABLE packages (x int, reference text AS (hex(zeroblob(x))))", "INSERT INTO packages VALUES (400000000)"),
        (TABLE.replace("reference", "other"),),
    ],
)
def test_a_database_that_cannot_be_read_is_never_clean(tmp_path: Path, statements: tuple[str, ...]) -> None:
    found = checked(Conan(), DATABASE, database(tmp_path, *statements))
    assert found.packages == []
    assert [kind for kind, _ in found.problems] == ["fail"]


@given(st.binary(max_size=300), st.integers(0, 12_000))
def test_a_damaged_database_is_answered(damage: bytes, at: int) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(TABLE)
    connection.execute("INSERT INTO packages VALUES ('zlib/1.2.11', 'f2', 'da', '0b', 'x', 1.0, NULL, 1)")
    connection.commit()
    data = connection.serialize()
    connection.close()
    checked(Conan(), DATABASE, data[:at] + damage + data[at + len(damage) :])
    checked(Conan(), DATABASE, data[:at])


@pytest.mark.parametrize(
    "folder",
    [
        "root/.conan/data/zlib/1.2.11/_/_/package/6af9cc7cb931c5ad942174fd7838eb655717c709",
        "app/full_deploy/host/zlib/1.2.11",
        "app/full_deploy/host/zlib/1.2.11/Release/x86_64",
    ],
)
def test_the_folder_of_a_package_names_it(folder: str) -> None:
    assert known(checked(Conan(), f"{folder}/conaninfo.txt", "[settings]\n")) == [("zlib", "1.2.11")]


def test_a_folder_without_the_version_is_reported() -> None:
    found = checked(Conan(), "app/direct_deploy/zlib/conaninfo.txt", "")
    assert found.problems == [("fail", "zlib: it has no version that can be read")]


def test_other_files_are_not_wanted() -> None:
    assert not Conan().wants("root/.cache/cache.sqlite3")
    assert not Conan().wants("root/.conan2/p/b/zlib0/p/conaninfo.txt")  # the database says more
