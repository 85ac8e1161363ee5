"""rpm's database in SQLite (`rpmdb.sqlite`): lib/backend/sqlite.c of rpm, https://www.sqlite.org/fileformat2.html.

SQLite reads it from memory, and may do nothing but read rows of the one table: the file is hostile.
"""

import struct
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from imagegate.cataloger.rpm import wal
from imagegate.cataloger.rpm.limits import LONGEST, MOST

if TYPE_CHECKING:
    from sqlite3 import Connection

MAGIC = b"SQLite format 3\0"
_STEPS = 20_000  # calls of the progress handler, each after a thousand instructions of SQLite's machine


def blobs(data: bytes, log: bytes, lost: Callable[[str], None]) -> Iterator[bytes]:
    """Yield the header of each package; `log` is the write-ahead log beside the file, b"" where there is none."""
    import sqlite3

    if not data.startswith(MAGIC) or len(data) < 100:
        lost("it is not a database of SQLite")
        return
    whole = bytearray(data)
    wal.apply(log, whole, lost)
    whole[18:20] = b"\1\1"  # a database in memory has no log of its own
    _fill_up(whole, lost)
    size = len(whole)
    database = sqlite3.connect(":memory:", isolation_level=None)
    try:
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA cell_size_check = ON")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, size)
        database.setlimit(sqlite3.SQLITE_LIMIT_FUNCTION_ARG, 0)  # columns can be computed, at any cost for each row
        database.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 1 << 20)
        database.deserialize(whole)
        del whole
        _only_rows(database)
        yield from _rows(database, size, lost)
    except (sqlite3.Error, AttributeError, UnicodeDecodeError) as error:  # the last: of what an error of SQLite quotes
        lost(f"SQLite cannot read it: {error}")
    finally:
        database.close()


def _rows(database: "Connection", size: int, lost: Callable[[str], None]) -> Iterator[bytes]:
    import sqlite3

    tables = database.execute("SELECT type, rootpage FROM sqlite_master WHERE name = 'Packages' COLLATE NOCASE").fetchall()
    if len(tables) != 1 or tables[0][0] != "table" or not tables[0][1]:  # a virtual table has no page
        lost("it has no table of packages")
        return
    known: set[int] = set()
    spent = 0
    for order in ("ASC", "DESC"):  # from behind where a page in between is damaged
        try:
            for number, blob in database.execute(f"SELECT hnum, blob FROM Packages ORDER BY hnum {order}"):  # noqa: S608
                if number in known:  # and from the front, no number comes twice
                    if order == "ASC":
                        lost("its pages overlap")
                    return
                known.add(number)
                spent += len(blob) if isinstance(blob, bytes) else 1
                if spent > size or len(known) > MOST:
                    lost("its pages overlap" if spent > size else f"only {MOST:,} packages of it are read")
                    return
                if isinstance(blob, bytes):
                    yield blob
                else:
                    lost("a package of it is not a header")
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if order == "ASC":
                lost(f"SQLite cannot read all of it: {error}")
        else:
            return


def _only_rows(database: "Connection") -> None:
    """Let nothing be done but reading rows, and that not for ever."""
    import sqlite3

    left = iter(range(_STEPS))
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
    database.set_progress_handler(lambda: next(left, None) is None, 1000)
    database.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY)


def _fill_up(whole: bytearray, lost: Callable[[str], None]) -> None:
    """SQLite refuses a file that was cut off as a whole, so what is missing becomes empty pages."""
    page, pages = struct.unpack_from(">H", whole, 16)[0], struct.unpack_from(">I", whole, 28)[0]
    size = (65536 if page == 1 else page) * pages
    if len(whole) < size:
        lost(f"it was cut off at {len(whole):,} of {size:,} bytes")
        if size <= LONGEST:
            whole.extend(bytes(size - len(whole)))
