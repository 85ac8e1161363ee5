"""The advisory store: one SQLite file, opened read-only, with what matching asks for in its primary keys."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from imagegate.advisory.file import REBUILD, check_file
from imagegate.advisory.names import canonical
from imagegate.advisory.origin import EXPLOITED, SCORES
from imagegate.errors import StoreError
from imagegate.model.scan import Database, Score
from imagegate.text import clean


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that names a package: what is needed to decide, and the record's number for the rest.

    The events of each range are in order, see `version.ranges.in_order`.
    """

    ecosystem: str
    advisory: int
    ranges: list[list[tuple[str, str]]]
    versions: list[str]
    severity: str


@dataclass(frozen=True, slots=True)
class Advisory:
    """What reports say of a record."""

    name: str
    published: str
    title: str
    url: str
    severity: str
    scores: tuple[Score, ...]
    aliases: tuple[str, ...]
    upstream: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """What the sources together know of a CVE; `exploited` is None where the store has no list of exploited ones."""

    title: str
    published: str
    scores: tuple[Score, ...]
    exploited: bool | None


@dataclass(frozen=True, slots=True)
class Source:
    """A source of the store; times are RFC 3339."""

    name: str
    url: str
    etag: str
    sha256: str
    confirmed: str
    newest: str
    records: int
    withdrawn: int
    informational: int
    damaged: int


class Store:
    """A store opened for reading; every method raises StoreError where the file turns out to be damaged."""

    def __init__(self, path: str) -> None:
        self.identity = check_file(path)  # see there
        self.path = path
        try:
            self._db = sqlite3.connect(f"file:{_uri(path)}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._damaged(error) from error
        try:
            self._meta = self._notes()
        except StoreError:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def origin(self) -> str:
        """How the store came to be: "update", "folder" or "import"."""
        return self._meta["origin"]

    def sources(self) -> list[Source]:
        """Return the sources by name."""
        query = """SELECT name, url, etag, sha256, confirmed, newest, records, withdrawn, informational, damaged
            FROM source ORDER BY name"""
        return [Source(*row) for row in self._rows(query)]

    def coverage(self) -> dict[str, int]:
        """Return how many records there are for each ecosystem, release suffixes included."""
        return dict(self._rows("SELECT ecosystem, records FROM coverage ORDER BY ecosystem"))

    def database(self, needed: Iterable[str]) -> Database:
        """Describe the store for a result; `confirmed` is the oldest of the `needed` sources that it has."""
        sources = self.sources()
        relevant = [source for source in sources if source.name in set(needed)] or sources
        return Database(
            digest=self._meta["digest"],
            built=self._meta["built"],
            newest=max((source.newest for source in sources if source.name != EXPLOITED), default=""),
            confirmed=min((source.confirmed for source in relevant), default=""),
            records=sum(source.records for source in sources if source.name not in (EXPLOITED, SCORES)),
            scores=int(self._meta["scores"]),
            exploited=int(self._meta["exploited"]),
        )

    def candidates(self, ecosystem: str, package: str) -> list[Candidate]:
        """Return every record that names the package in the ecosystem."""
        found = []
        query = "SELECT advisory, ranges, versions, severity FROM affected WHERE ecosystem = ? AND package = ?"
        for advisory, ranges, versions, severity in self._rows(query, (ecosystem, canonical(ecosystem, package))):
            events = [[(str(kind), str(bound)) for kind, bound in bounds] for bounds in self._json(ranges)]
            found.append(Candidate(ecosystem, advisory, events, self._json(versions) if versions else [], severity))
        return found

    def advisory(self, number: int) -> Advisory:
        """Return what a record says."""
        query = "SELECT name, published, title, url, severity, scores, aliases, upstream FROM advisory WHERE id = ?"
        row = next(self._rows(query, (number,)), None)
        if row is None:
            raise self._damaged("a record is missing")
        name, published, title, url, severity, scores, aliases, upstream = row
        parsed = tuple(Score(kind, value, vector, name) for kind, value, vector in (self._json(scores) if scores else ()))
        return Advisory(name, published, title, url, severity, parsed, tuple(aliases.split()), tuple(upstream.split()))

    def vulnerability(self, cve: str) -> Vulnerability:
        """Return what the sources know of a CVE, the first title and every score."""
        title = published = ""
        scores: list[Score] = []
        for row in self._rows("SELECT title, published, scores FROM cve WHERE name = ? ORDER BY source", (cve,)):
            title, published = title or row[0], min(filter(None, (published, row[1])), default="")
            scores += [Score(*score) for score in self._json(row[2])]
        exploited = next(self._rows("SELECT title FROM exploited WHERE cve = ?", (cve,)), None)
        if self._meta["exploited"] == "0":
            return Vulnerability(title, published, tuple(scores), None)
        return Vulnerability(title or (exploited[0] if exploited else ""), published, tuple(scores), exploited is not None)

    def _notes(self) -> dict[str, str]:
        notes = {str(key): str(value) for key, value in self._rows("SELECT key, value FROM meta")}
        if not {"built", "digest", "origin", "scores", "exploited"} <= notes.keys():
            raise StoreError(f"{clean(self.path)}: the store was not finished", REBUILD)
        return notes

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise self._damaged(error) from error

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._db.execute(query, values)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: object) -> StoreError:
        return StoreError(f"{clean(self.path)}: the advisory store is damaged: {clean(str(error), 200)}", REBUILD)


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))
