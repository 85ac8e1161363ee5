"""Packages of rpm: its database in SQLite, in rpm's own format, or in Berkeley DB, read without rpm."""

from imagegate.cataloger.history import since
from imagegate.cataloger.interface import Catalog
from imagegate.cataloger.owners import spellings
from imagegate.cataloger.rpm import limits, manifest
from imagegate.cataloger.rpm.database import BDB, NAMES, NDB, SQLITE, beside, headers, size, states
from imagegate.cataloger.rpm.package import Entry, is_own, package, paths, source_of
from imagegate.model.image import Files
from imagegate.model.inventory import Distribution, Location
from imagegate.text import clean

# %_dbpath of rpm's macros: the old place, that of Fedora and SUSE, that of images made of ostree commits.
FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
_PATHS = [f"{folder}/{name}" for folder in FOLDERS for name in (SQLITE, NDB, BDB)] + [manifest.PATH]
_HARMLESS = {".rpm.lock", ".dbenv.lock", ".migratedb", ".rebuilddb", "alternatives"}  # what is there without a database


class Rpm:
    """See interface.Cataloger."""

    name = "rpm"
    type = "rpm"
    names = NAMES

    def wants(self, path: str) -> bool:
        """See Cataloger.wants."""
        return path.rpartition("/")[2] in NAMES

    def catalog(self, files: Files, distribution: Distribution | None) -> Catalog:
        """See Cataloger.catalog."""
        found = Catalog()
        gone: list[str] = []
        seen: set[str] = set()
        for path in _PATHS:
            _add(files, path, distribution, found, gone, seen)
        for detail in gone:
            (found.doubtful if seen else found.unreadable)(detail)
        found.databases += len(gone)
        if not found.databases and (odd := _leftover(files)):
            found.databases += 1
            found.unreadable(f"{clean(odd)}: of a package database, but the file that holds the packages is missing")
        return found

    def owners(self, files: Files, wanted: frozenset[str], distribution: Distribution | None) -> dict[str, tuple[str, bool]]:
        """See Cataloger.owners."""
        top = files.depth - 1
        asked = {spelling: path for path in wanted for spelling in spellings(path)}
        names = frozenset(spelling.rpartition(b"/")[2] for spelling in asked)
        found: dict[str, tuple[str, bool]] = {}
        seen: set[str] = set()
        for path in _PATHS if top >= 0 else ():
            file = files.find(path, top)
            if file is None or file.path in seen:
                continue
            seen.add(file.path)
            for entry, header in headers(files, path, (file, *beside(files, path, top)), Catalog()):
                for spelling in paths(header, names) & asked.keys():
                    own = is_own(entry, header, distribution) and found.get(asked[spelling], ("", True))[1]
                    found[asked[spelling]] = (entry.name, own)  # what somebody else's package has as well is not its own
        return found


def _add(files: Files, path: str, distribution: Distribution | None, found: Catalog, gone: list[str], seen: set[str]) -> None:
    """Add what one database holds after the last layer, each package with the layer it is there since."""
    history = list(states(files, path))
    last = history[-1][1][0] if history else None
    if last is None:
        if files.depth and files.exists(path, files.depth - 1):
            found.databases += 1
            found.unreadable(f"{path} is there, but is not a file that can be read")
        elif history:
            gone.append(f"{path}: the package database was removed in layer {history[-1][0]}")
        return
    if last.path in seen:
        return
    seen.add(last.path)
    found.databases += 1
    shown = clean(last.path)
    first, spent = len(history) - 1, size(history[-1])
    while first and spent + size(history[first - 1]) <= limits.STATES:
        first -= 1
        spent += size(history[first])
    if first:
        found.doubtful(f"{shown}: the layers hold more of it than is read: its packages may be of earlier layers than is said")
    notes = Catalog()
    known: dict[Entry, tuple[Entry, int]] = {}
    for layer, state in history[first:]:
        notes = Catalog()
        entries = [entry for entry, _ in headers(files, path, state, notes)]
        known = since(known, {entry: entry for entry in entries if entry.name != "gpg-pubkey"}, layer)  # a key, not a package
    if not known and not notes.evidence:
        notes.unreadable(f"{shown}: the package database names no package")
    found.evidence += notes.evidence
    epochs = {entry.source: entry.epoch for entry in known if source_of(entry.source)[1] == entry.version}
    for entry, (_, layer) in known.items():
        found.packages.append(package(entry, epochs.get(entry.source, ""), distribution, Location(shown, layer)))


def _leftover(files: Files) -> str:
    """Return something that is only there with a database, "" where there is nothing of that kind."""
    top = files.depth - 1
    everything = (path for folder in FOLDERS if top >= 0 for path in files.children(folder, top))
    return next((path for path in everything if path.rpartition("/")[2] not in _HARMLESS), "")
