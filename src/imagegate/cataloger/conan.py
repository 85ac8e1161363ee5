"""Conan packages, from the places that Conan keeps or deploys them in.

Conan 1 keeps them in `data/NAME/VERSION/USER/CHANNEL/package/ID/`; Conan 2 in folders that its database
`p/cache.sqlite3` names (conan/internal/cache/db); its deployers write to `full_deploy/CONTEXT/NAME/VERSION/` and
`direct_deploy/NAME/` (conan/internal/deploy.py). A library that was copied out of these says nothing.
"""

import re

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import Finds, Unreadable, parsed
from imagegate.model.image import Content

_KEPT = re.compile(
    r"(?:^|/)(?:data/([^/]+)/([^/]+)/[^/]+/[^/]+/package/[^/]+|full_deploy/[^/]+/([^/]+)/([^/]+)(?:/[^/]+){0,2}"
    r"|direct_deploy/([^/]+))/conaninfo\.txt\Z"
)
_DATABASE = "p/cache.sqlite3"
_HEADER = b"SQLite format 3\0"
_LARGEST = 64 << 20  # bytes of a database
_MOST_STEPS = 2_000_000  # instructions of SQLite: enough for 100,000 rows


class Conan:
    """See interface.FileCataloger."""

    name = "conan"
    names = ("conaninfo.txt", "cache.sqlite3")
    endings: tuple[str, ...] = ()
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return f"/{path}".endswith("/" + _DATABASE) or _KEPT.search(path) is not None

    def look(self, path: str, content: Content) -> Sightings:
        """See FileCataloger.look."""
        kept = _KEPT.search(path)
        if not kept:
            finds = Finds("conan", "installed")
            try:
                _database(content, finds)
            except Unreadable as error:
                finds.lost(str(error))
            return finds.sightings()

        def parse(text: str, finds: Finds) -> None:  # noqa: ARG001
            finds.add(kept[1] or kept[3] or kept[5], kept[2] or kept[4])

        return parsed(content, parse, "conan")


def add(reference: object, finds: Finds) -> None:
    """Note a package by its reference, `NAME/VERSION[@USER/CHANNEL][#REVISION]`."""
    name, _, rest = reference.partition("/") if isinstance(reference, str) else ("", "", "")
    finds.add(name, re.split("[@#:]", rest)[0])


def _database(content: Content, finds: Finds) -> None:
    import sqlite3

    if content.size > _LARGEST:
        raise Unreadable(f"{content.size:,} bytes are more than are read of such a file")
    data = content.read_at(0, content.size)
    if not data.startswith(_HEADER):
        raise Unreadable("it is not a database of SQLite")
    # A database that was not closed is in write-ahead mode, which one in memory cannot be.
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(data[:18] + b"\1\1" + data[20:])
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA cell_size_check = ON")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 20)
        database.setlimit(sqlite3.SQLITE_LIMIT_FUNCTION_ARG, 0)  # columns can be computed, at any cost for each row
        steps = iter(range(_MOST_STEPS // 1000))
        database.set_progress_handler(lambda: next(steps, None) is None, 1000)
        # What calls itself a table may be a view that computes for ever.
        found = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'packages' AND type = 'table'").fetchone()
        if not found:
            raise Unreadable("it has no table of packages")
        for (reference,) in database.execute("SELECT DISTINCT reference FROM packages ORDER BY 1"):
            add(reference, finds)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise Unreadable(f"the database cannot be read: {type(error).__name__}") from None
    finally:
        database.close()
