"""The commands around the advisory store."""

import json
import os
from datetime import UTC, datetime, timedelta

from imagegate import __version__
from imagegate.advisory.origin import BUCKET, EXPLOITED
from imagegate.advisory.store import Source, Store
from imagegate.cli import stores
from imagegate.cli.stores import SCHEME, default_path
from imagegate.cli.terminal import Terminal
from imagegate.errors import StoreError, UsageError
from imagegate.report.console import harmless
from imagegate.text import clean

# What an artifact says of the store in it, beside the keys of the OCI image specification (annotations.md).
_CREATED, _OWN = "org.opencontainers.image.created", "io.github.imagegate."


def update(db: str | None, ecosystems: list[str], url: str | None, *, insecure: bool = False, quiet: bool) -> None:
    """Fetch what changed of the named ecosystems and of what the store has; of a new store, all that can be judged."""
    path, terminal = db or default_path(), Terminal(quiet=quiet)
    optional: tuple[str, ...] = ()
    if not ecosystems:
        try:
            Store(path).close()
        except StoreError:
            from imagegate.matcher.ecosystem import archives

            optional = archives()
    stores.refresh(path, ecosystems, url or BUCKET, _telling(terminal, insecure), optional=optional)
    terminal.clear()
    _tell(path, quiet=quiet)


def build(db: str | None, folder: str, *, quiet: bool) -> None:
    """Build the store from a folder in the layout of the OSV bucket."""
    from imagegate.advisory.build import build_folder
    from imagegate.advisory.lock import locked

    path, terminal = db or default_path(), Terminal(quiet=quiet)
    _refuse_pipes(folder)
    with locked(path, terminal.say):
        build_folder(folder, path, lambda name: terminal.progress(f"reading {name}", 0, 0))
    terminal.clear()
    _tell(path, quiet=quiet)


def export(db: str | None, target: str, *, insecure: bool = False, quiet: bool = False) -> None:
    """Write the store as one compressed file, or push it to a registry, and print its digest."""
    from imagegate.advisory.share import export as write

    path = db or default_path()
    if not target.startswith(SCHEME):
        print(f"{write(path, target)}  {clean(target)}")
        return
    from tempfile import TemporaryDirectory

    from imagegate.source.artifact import place_of, push

    place, terminal = place_of(target), Terminal(quiet=quiet)
    with TemporaryDirectory(prefix="imagegate-") as folder:
        file = os.path.join(folder, stores.kind().title)
        terminal.progress("packing the store", 0, 0)
        write(path, file)
        terminal.progress(f"pushing to {place.host}", 0, 0)
        digest = push(place, stores.access(_telling(terminal, insecure)), file, stores.kind(), _annotations(path))
    terminal.clear()
    print(f"{digest}  {SCHEME}{place}")


def _annotations(path: str) -> dict[str, str]:
    """Return what is said of a store without pulling it; the same for the same store, so that its digest is too."""
    store = Store(path)
    database = store.database(())
    store.close()
    return {
        _CREATED: database.built,
        f"{_OWN}store.digest": database.digest,
        f"{_OWN}store.newest": database.newest,
        f"{_OWN}store.confirmed": database.confirmed,
        f"{_OWN}store.records": str(database.records),
        f"{_OWN}version": __version__,
    }


def import_file(db: str | None, origin: str, sha256: str, *, insecure: bool = False, quiet: bool) -> None:
    """Use an exported store: a file, an address of one, or an artifact of a registry."""
    from imagegate.advisory import share

    path, terminal = db or default_path(), Terminal(quiet=quiet)
    if not origin.startswith(SCHEME):
        share.import_file(origin, path, sha256, terminal.say, terminal.progress)
    elif sha256:
        raise UsageError("--sha256 is the digest of a file", f"Write it into the address: {SCHEME}HOST/REPO@sha256:…")
    else:
        found = stores.artifact(origin, _telling(terminal, insecure))
        if not share.import_parcel(found, path, terminal.say, terminal.progress):
            terminal.say(f"{found.name} is current: {found.digest}")
    terminal.clear()
    _tell(path, quiet=quiet)


def _telling(terminal: Terminal, insecure: bool) -> stores.Telling:
    return stores.Telling(terminal.say, terminal.progress, insecure)


def _refuse_pipes(folder: str) -> None:
    """Raises StoreError for what could not be read to its end, or would be passed over: a pipe, a device, a folder."""
    try:
        names = [os.path.join(name, "all.zip") for name in sorted(os.listdir(folder))]
    except (OSError, ValueError):
        return  # build_folder says it
    for path in (os.path.join(folder, name) for name in (*names, EXPLOITED)):
        if os.path.exists(path) and not os.path.isfile(path):
            raise StoreError(f"{clean(path)}: not a regular file", "Put the file itself there.")


def status(db: str | None, *, as_json: bool) -> None:
    """Print what the store holds."""
    from imagegate.advisory.share import arrival_of

    path = db or default_path()
    store = Store(path)
    arrival = arrival_of(path)
    sources, coverage, database, origin = store.sources(), store.coverage(), store.database(()), store.origin
    store.close()
    if as_json:
        fields = ("name", "url", "confirmed", "newest", "records", "withdrawn", "informational", "damaged")
        listed = [{field: getattr(source, field) for field in fields} for source in sources]
        facts = {
            "path": path,
            "origin": origin,
            "from": arrival.name if arrival else "",
            "artifact": arrival.digest if arrival else "",
            "digest": database.digest,
            "built": database.built,
            "sources": listed,
            "coverage": coverage,
        }
        print(json.dumps(facts, indent=1))
        return
    print(f"{clean(path)}: {database.records:,} advisories from {_ORIGINS.get(origin, origin)}, written {database.built}")
    print(f"{database.digest}, {database.scores:,} CVEs with scores, {database.exploited:,} known exploited")
    if arrival:
        print(_line(f"from {arrival.name} {arrival.digest}".rstrip()))
    print()
    width = max((len(source.name) for source in sources), default=10)
    print(f"{'source'.ljust(width)}  {'records':>8}  {'newest':<10}  {'confirmed':<10}  {'age':>6}  notes")
    for source in sources:
        dates = f"{source.newest[:10]:<10}  {source.confirmed[:10]:<10}  {_age(source.confirmed):>6}"
        print(_line(f"{source.name.ljust(width)}  {source.records:>8,}  {dates}  {_notes(source)}".rstrip()))
    print()
    print("covers")
    for ecosystem, records in sorted(coverage.items()):
        print(_line(f"  {ecosystem}: {records:,}"))


def _line(text: str) -> str:
    """Return a line of which no build server takes a command, whatever a store calls its sources."""
    return harmless(clean(text, 400))


_ORIGINS = {"update": "the OSV data", "folder": "a folder", "import": "an import"}


def _notes(source: Source) -> str:
    parts = [("withdrawn", source.withdrawn), ("informational", source.informational), ("damaged", source.damaged)]
    return ", ".join(f"{count:,} {word}" for word, count in parts if count)


def _age(confirmed: str) -> str:
    try:
        moment = datetime.fromisoformat(confirmed)
    except ValueError:
        return "?"
    age = datetime.now(UTC) - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return f"{age.days} d" if age >= timedelta(days=1) else f"{max(0, age.seconds // 3600)} h"


def _tell(path: str, *, quiet: bool) -> None:
    if quiet:
        return
    store = Store(path)
    database, names = store.database(()), [source.name for source in store.sources()]
    store.close()
    print(f"{clean(path)}: {database.records:,} advisories, {len(names)} sources, {database.digest}")
