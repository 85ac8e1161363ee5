"""The commands around the advisory store."""

import json
from datetime import UTC, datetime, timedelta

from imagegate.advisory.origin import BUCKET
from imagegate.advisory.store import Source, Store
from imagegate.cli.stores import default_path
from imagegate.cli.terminal import Terminal
from imagegate.errors import StoreError
from imagegate.report.console import harmless
from imagegate.text import clean

# What the catalogers and the matcher of this version can use.
_JUDGED = ("Alpaquita", "Alpine", "BellSoft Hardened Containers", "Chainguard", "Debian", "Ubuntu", "Wolfi")


def update(db: str | None, ecosystems: list[str], url: str | None, *, quiet: bool) -> None:
    """Fetch what changed of the named ecosystems and of what the store has; of a new store, all that can be judged."""
    from imagegate.advisory.update import Origin
    from imagegate.advisory.update import update as refresh

    path, terminal = db or default_path(), Terminal(quiet=quiet)
    optional: tuple[str, ...] = ()
    if not ecosystems:
        try:
            Store(path).close()
        except StoreError:
            optional = _JUDGED
    refresh(path, ecosystems, Origin((url or BUCKET).rstrip("/"), terminal.say, terminal.progress), optional=optional)
    terminal.clear()
    _tell(path, quiet=quiet)


def build(db: str | None, folder: str, *, quiet: bool) -> None:
    """Build the store from a folder in the layout of the OSV bucket."""
    from imagegate.advisory.build import build_folder
    from imagegate.advisory.lock import locked

    path, terminal = db or default_path(), Terminal(quiet=quiet)
    with locked(path, terminal.say):
        build_folder(folder, path, lambda name: terminal.progress(f"reading {name}", 0, 0))
    terminal.clear()
    _tell(path, quiet=quiet)


def export(db: str | None, file: str) -> None:
    """Write the store as one compressed file and print its digest."""
    from imagegate.advisory.share import export as write

    print(f"{write(db or default_path(), file)}  {clean(file)}")


def import_file(db: str | None, origin: str, sha256: str, *, quiet: bool) -> None:
    """Use an exported store."""
    from imagegate.advisory.share import import_file as read

    path, terminal = db or default_path(), Terminal(quiet=quiet)
    read(origin, path, sha256, terminal.say, terminal.progress)
    terminal.clear()
    _tell(path, quiet=quiet)


def status(db: str | None, *, as_json: bool) -> None:
    """Print what the store holds."""
    path = db or default_path()
    store = Store(path)
    sources, coverage, database, origin = store.sources(), store.coverage(), store.database(()), store.origin
    store.close()
    if as_json:
        fields = ("name", "url", "confirmed", "newest", "records", "withdrawn", "informational", "damaged")
        listed = [{field: getattr(source, field) for field in fields} for source in sources]
        facts = {
            "path": path,
            "origin": origin,
            "digest": database.digest,
            "built": database.built,
            "sources": listed,
            "coverage": coverage,
        }
        print(json.dumps(facts, indent=1))
        return
    print(f"{clean(path)}: {database.records:,} advisories from {_ORIGINS.get(origin, origin)}, written {database.built}")
    print(f"{database.digest}, {database.scores:,} CVEs with scores, {database.exploited:,} known exploited")
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
