"""One database of rpm: the states it went through, and the headers in one of them."""

from collections.abc import Callable, Iterator

from imagegate.cataloger.history import read
from imagegate.cataloger.interface import Catalog
from imagegate.cataloger.rpm import bdb, header, limits, manifest, ndb, sqlite
from imagegate.cataloger.rpm.header import Damaged, Header
from imagegate.cataloger.rpm.package import Entry
from imagegate.cataloger.rpm.package import entry as entry_of
from imagegate.model.image import File, Files
from imagegate.text import clean

SQLITE, NDB, BDB = "rpmdb.sqlite", "Packages.db", "Packages"
_LOG, _JOURNAL = "-wal", "-journal"  # of SQLite
NAMES = frozenset((SQLITE, SQLITE + _LOG, SQLITE + _JOURNAL, NDB, BDB, manifest.PATH.rpartition("/")[2]))
State = tuple[File | None, ...]  # the database, and what SQLite has beside it: a log, a journal


def states(files: Files, path: str) -> Iterator[tuple[int, State]]:
    """Yield (layer, state) for each layer after which the database, or what belongs to it, is another one."""
    before: State = ()
    for layer in range(files.depth):
        main = files.find(path, layer)
        now: State = (main, *beside(files, path, layer)) if main is not None else (None,)
        if now != before and (before or main is not None):
            yield layer, now
        before = now if before or main is not None else ()


def beside(files: Files, path: str, layer: int) -> State:
    """Return what SQLite has beside its database: a log, a journal."""
    return tuple(files.find(path + ending, layer) for ending in (_LOG, _JOURNAL)) if path.endswith(SQLITE) else ()


def size(state: tuple[int, State]) -> int:
    """Return how many bytes a state has."""
    return sum(file.size for file in state[1] if file is not None)


def headers(files: Files, path: str, state: State, notes: Catalog) -> Iterator[tuple[Entry, Header]]:
    """Yield every package that can be read in one state of a database; what is lost is noted."""
    main = state[0]
    if main is None:
        return
    shown = clean(main.path)

    def lost(detail: str) -> None:
        notes.unreadable(f"{shown}: {clean(detail, 300)}")

    content = read(files, main, limits.LONGEST)
    if isinstance(content, str):
        lost(content)
        return
    if not content:
        lost("it is empty")
        return
    if path == manifest.PATH:
        yield from ((one, Header(b"", {})) for one in manifest.entries(content, lost))
        return
    for blob in _blobs(files, path, content, state, lost):
        try:
            one = header.parse(blob)
            entry = entry_of(one, lost)
        except Damaged:
            lost("the header of a package is damaged")
            continue
        if entry is not None:
            yield entry, one


def _blobs(files: Files, path: str, content: bytes, state: State, lost: Callable[[str], None]) -> Iterator[bytes]:
    """The content tells the format: `Packages` and `Packages.db` are also found with the other's content."""
    if content.startswith(sqlite.MAGIC) or path.endswith(SQLITE):
        log, journal = (*state[1:], None, None)[:2]
        logged: bytes | str = read(files, log, limits.LOG) if log is not None else b""
        if isinstance(logged, str):
            lost(f"the log beside it cannot be read: {logged}")
            logged = b""
        if journal is not None and journal.size:
            lost("a transaction was interrupted, and is not undone here")
        yield from sqlite.blobs(content, logged, lost)
    elif content.startswith(ndb.MAGIC) or path.endswith(NDB):
        yield from ndb.blobs(content, lost)
    else:
        yield from bdb.blobs(content, lost)
