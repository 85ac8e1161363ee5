"""Writes advisories into a store: one source at a time, each replacing what it said before."""

import hashlib
import json
import lzma
import os
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from imagegate import __version__
from imagegate.advisory.file import APPLICATION, SCHEMA, check_file, seal
from imagegate.advisory.names import canonical
from imagegate.advisory.origin import EXPLOITED
from imagegate.advisory.osv import Affected, BadRecord, Record, cves, name_of, parse
from imagegate.errors import StoreError
from imagegate.text import clean
from imagegate.version import order_of
from imagegate.version.ranges import in_order

_RECORD = 16 << 20  # bytes of one record, unpacked
_CATALOGUE = 256 << 20  # bytes of CISA's catalogue; the real one has 1.5 million
_RATIO, _SMALL = 200, 1 << 30  # an archive unpacks to so many times its size, or to so many bytes; real ones to 30 times

_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)

_TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, url TEXT NOT NULL, etag TEXT NOT NULL, sha256 TEXT NOT NULL,
  confirmed TEXT NOT NULL, newest TEXT NOT NULL, records INTEGER NOT NULL, withdrawn INTEGER NOT NULL,
  informational INTEGER NOT NULL, damaged INTEGER NOT NULL);
CREATE TABLE advisory(
  id INTEGER PRIMARY KEY, source INTEGER NOT NULL, name TEXT NOT NULL, published TEXT NOT NULL, title TEXT NOT NULL,
  url TEXT NOT NULL, severity TEXT NOT NULL, scores TEXT NOT NULL, aliases TEXT NOT NULL, upstream TEXT NOT NULL);
CREATE INDEX advisory_source ON advisory(source);
CREATE TABLE affected(
  ecosystem TEXT NOT NULL, package TEXT NOT NULL, advisory INTEGER NOT NULL, entry INTEGER NOT NULL,
  ranges TEXT NOT NULL, versions TEXT NOT NULL, severity TEXT NOT NULL,
  PRIMARY KEY(ecosystem, package, advisory, entry)) WITHOUT ROWID;
CREATE TABLE cve(name TEXT NOT NULL, source INTEGER NOT NULL, title TEXT NOT NULL, published TEXT NOT NULL,
  scores TEXT NOT NULL, PRIMARY KEY(name, source)) WITHOUT ROWID;
CREATE TABLE exploited(cve TEXT PRIMARY KEY, added TEXT NOT NULL, title TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE coverage(ecosystem TEXT PRIMARY KEY, records INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """A downloaded or local archive of one source; `confirmed` "" means: its newest record."""

    name: str
    path: str
    url: str = ""
    etag: str = ""
    confirmed: str = ""


def now() -> str:
    """Return the present as RFC 3339, UTC, in whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Builder:
    """A store being written; use `replacing` to get one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.changed = False

    def add(self, archive: Archive) -> None:
        """Replace what this source said before; raises StoreError for an archive that is damaged or not OSV."""
        self.changed = True
        number = self._forget(archive.name)
        try:
            newest, counts = self._exploited(archive) if archive.name == EXPLOITED else self._records(archive, number)
        except StoreError as error:
            if archive.url:  # where it came from says more than where it was put
                raise StoreError(f"{archive.url}: {error.message}", error.hint) from error
            raise
        digest = _file_digest(archive.path)
        row = (number, archive.name, archive.url, archive.etag, digest, archive.confirmed or newest, newest, *counts)
        self._db.execute("INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def confirm(self, name: str, moment: str) -> None:
        """Note that the source has nothing newer."""
        self._db.execute("UPDATE source SET confirmed = ? WHERE name = ?", (moment, name))

    def finish(self, origin: str) -> None:
        """Count what is covered, and give the content a digest; `origin` is "update", "folder" or "import"."""
        self._db.execute("DELETE FROM coverage")
        self._db.execute("INSERT INTO coverage SELECT ecosystem, count(DISTINCT advisory) FROM affected GROUP BY ecosystem")
        content = hashlib.sha256(f"schema {SCHEMA}\n".encode())
        for name, digest in self._db.execute("SELECT name, sha256 FROM source ORDER BY name"):
            content.update(f"{name} {digest}\n".encode())
        counts = "SELECT (SELECT count(*) FROM cve WHERE scores != '[]'), (SELECT count(*) FROM exploited)"
        scores, exploited = self._db.execute(counts).fetchone()
        values = {
            "origin": origin, "built": now(), "digest": f"sha256:{content.hexdigest()}", "tool": f"imagegate {__version__}",
            "scores": str(scores), "exploited": str(exploited),
        }  # fmt: skip
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def align(self) -> None:
        """For a store built from a folder, every source is as fresh as the newest record of all of them."""
        self._db.execute("UPDATE source SET confirmed = (SELECT max(newest) FROM source WHERE name != ?)", (EXPLOITED,))

    def _forget(self, name: str) -> int:
        row = self._db.execute("SELECT id FROM source WHERE name = ?", (name,)).fetchone()
        if row is None:
            return int(self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM source").fetchone()[0])
        number = int(row[0])
        self._db.execute("DELETE FROM affected WHERE advisory IN (SELECT id FROM advisory WHERE source = ?)", (number,))
        for statement in (
            "DELETE FROM advisory WHERE source = ?",
            "DELETE FROM cve WHERE source = ?",
            "DELETE FROM source WHERE id = ?",
        ):
            self._db.execute(statement, (number,))
        return number

    def _records(self, archive: Archive, source: int) -> tuple[str, tuple[int, int, int, int]]:
        newest, records, withdrawn, informational, damaged = "", 0, 0, 0, 0
        present = now()
        following = int(self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM advisory").fetchone()[0])
        merged: dict[str, list[Any]] = {}
        for document in _documents(archive.path):
            try:
                record = parse(document)
            except BadRecord:
                damaged += 1
                continue
            records += 1
            if record.modified <= present:  # a date in the future would make old data look fresh for years
                newest = max(newest, record.modified)
            if record.withdrawn:
                withdrawn += 1
                continue
            _merge(merged, record)
            if record.informational:
                informational += 1
                continue
            if record.affected:
                self._insert(record, following, source)
                following += 1
        if not records:
            raise StoreError(
                f"{clean(archive.path)}: holds no advisory in OSV form",
                "An ecosystem's archive is `all.zip`, one JSON file a record.",
            )
        self._db.executemany(
            "INSERT INTO cve VALUES (?, ?, ?, ?, ?)",
            ((name, source, title, published, json.dumps(scores)) for name, (title, published, scores) in merged.items()),
        )
        return newest, (records, withdrawn, informational, damaged)

    def _insert(self, record: Record, number: int, source: int) -> None:
        scores = [[score.type, score.score, score.vector] for score in record.scores]
        self._db.execute(
            "INSERT INTO advisory VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, source, record.id, record.published, record.title, record.url, record.severity,
             json.dumps(scores) if scores else "", " ".join(record.aliases), " ".join(record.upstream)),
        )  # fmt: skip
        self._db.executemany(
            "INSERT INTO affected VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    entry.ecosystem, canonical(entry.ecosystem, entry.name), number, index,
                    json.dumps(_ordered(entry), separators=(",", ":")),
                    json.dumps(entry.versions, separators=(",", ":")) if entry.versions else "", entry.severity,
                )
                for index, entry in enumerate(record.affected)
            ),
        )  # fmt: skip

    def _exploited(self, archive: Archive) -> tuple[str, tuple[int, int, int, int]]:
        try:
            with open(archive.path, "rb") as file:
                catalogue = json.loads(file.read(_CATALOGUE))
            rows = [
                (name_of(str(row["cveID"])), clean(str(row["dateAdded"]), 10), clean(str(row["vulnerabilityName"]), 300))
                for row in catalogue["vulnerabilities"]
            ]
            newest = clean(str(catalogue["dateReleased"]), 40)
            date.fromisoformat(newest[:10])  # raises ValueError: what the age is told from must be a day
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise StoreError(
                f"{clean(archive.path)}: not CISA's catalogue of exploited vulnerabilities: {clean(str(error), 200)}",
                "Download it again.",
            ) from None
        if not rows:
            raise StoreError(f"{clean(archive.path)}: CISA's catalogue is empty", "Download it again.")
        self._db.execute("DELETE FROM exploited")
        self._db.executemany("INSERT OR REPLACE INTO exploited VALUES (?, ?, ?)", rows)
        return newest, (len(rows), 0, 0, 0)


def _ordered(entry: Affected) -> list[list[tuple[str, str]]]:
    """Sort the events once, so that no check has to; those of an ecosystem whose order is not known stay as they are."""
    try:
        compare = order_of(entry.ecosystem)
    except KeyError:
        return entry.ranges
    return [in_order(events, compare) for events in entry.ranges]


def _merge(merged: dict[str, list[Any]], record: Record) -> None:
    """Join scores and titles over the CVE id; those of a record that covers several CVEs belong to none of them."""
    names = list(cves(record))
    if len(names) != 1 or not (record.scores or record.title or record.published):
        return
    known = merged.setdefault(names[0], [record.title, record.published, []])
    known[0] = known[0] or record.title
    for score in record.scores:
        row = [score.type, score.score, score.vector, record.id]
        if row[:3] not in [other[:3] for other in known[2]]:
            known[2].append(row)


def _documents(path: str) -> Iterator[Any]:
    """Yield the JSON documents of an archive; a document that is not JSON is yielded as None and counted as damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in _entries(archive, os.path.getsize(path)):
                if entry.file_size > _RECORD:
                    yield None
                    continue
                content = archive.read(entry)
                try:
                    yield json.loads(content)
                except (ValueError, RecursionError):
                    yield None
    except (OSError, EOFError, ValueError, IndexError, RuntimeError, struct.error, *_DAMAGED) as error:
        raise StoreError(
            f"{clean(path)}: not a readable archive: {clean(str(error), 200)}", "It is cut short or damaged; download it again."
        ) from None


def _entries(archive: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
    entries = [entry for entry in archive.infolist() if entry.filename.endswith(".json")]
    if sum(entry.file_size for entry in entries) > max(_SMALL, _RATIO * size):
        raise zipfile.BadZipFile("it unpacks to far more than advisories do")
    return entries


def _file_digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace(path: str, origin: str, work: Callable[[Builder], None], *, keep: bool) -> None:
    """Build a store beside `path` and put it in its place when `work` is done: readers see the old or the new one.

    With `keep` it begins as a copy of the old one. Raises StoreError; the old store is then as it was. Whoever calls
    it holds the lock of the store, so what lies under the temporary name was left by one who was killed.
    """
    import shutil

    temporary = f"{path}.new"
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        fresh = not (keep and os.path.exists(path))
        if not fresh:
            check_file(path)
            shutil.copyfile(path, temporary)
        with closing(sqlite3.connect(temporary)) as connection:
            connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;")
            if fresh:
                connection.executescript(_TABLES)
                connection.executescript(f"PRAGMA application_id={APPLICATION};")
            builder = Builder(connection)
            work(builder)
            builder.finish(origin)
            connection.commit()
            if builder.changed:
                if not fresh:
                    connection.execute("VACUUM")
                connection.execute("ANALYZE")
                connection.commit()
        seal(temporary)
        os.replace(temporary, path)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"{clean(path)}: the store could not be written: {clean(str(error), 200)}",
            "Is the folder writable, and is there room on the disk?",
        ) from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def build_folder(folder: str, path: str, progress: Callable[[str], None]) -> None:
    """Build a store from a folder in the layout of the OSV bucket; raises StoreError.

    Folders are ecosystems with an `all.zip`; `cvss/all.zip` (scores only) and CISA's catalogue may lie beside them.
    """
    try:
        names = sorted(name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name, "all.zip")))
    except OSError as error:
        raise StoreError(f"{clean(folder)}: {error.strerror}", "Name a folder that holds ECOSYSTEM/all.zip.") from None
    if not names:
        raise StoreError(
            f"{clean(folder)}: no ECOSYSTEM/all.zip in it",
            "The layout is that of the OSV bucket: Debian/all.zip, Alpine/all.zip …",
        )
    catalogue = os.path.join(folder, EXPLOITED)

    def work(builder: Builder) -> None:
        for name in names:
            progress(name)
            builder.add(Archive(name, os.path.join(folder, name, "all.zip")))
        if os.path.exists(catalogue):
            progress("known exploited vulnerabilities")
            builder.add(Archive(EXPLOITED, catalogue))
        builder.align()

    replace(path, "folder", work, keep=False)
