"""The databases of dpkg and apk are text: stanzas of `Key: value` lines, parted by blank lines.

They are read leniently: a damaged stanza is reported and costs neither its neighbours nor the rest of the file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from imagegate.cataloger.history import read, since, states
from imagegate.cataloger.interface import Catalog
from imagegate.model.image import File, Files
from imagegate.model.inventory import Location, Package
from imagegate.text import clean, decode

LONGEST = 1024  # characters of a name or version; beyond that it is damaged


@dataclass(frozen=True, slots=True)
class Stanza:
    """The wanted fields of a stanza that begins in line `line`; `problem` says what is wrong with it."""

    line: int
    fields: dict[str, str]
    problem: str = ""


@dataclass(slots=True)
class _Open:
    line: int
    fields: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    filled: bool = False

    def closed(self) -> Stanza:
        return Stanza(self.line, self.fields, self.problem)


def stanzas(data: bytes, wanted: dict[bytes, str], first: bytes, *, fold: bool) -> Iterator[Stanza]:
    """Yield each stanza with the `wanted` fields, whose keys are bytes with their colon; `fold`: in any case of letters.

    `first` is the key that names the package: where it comes twice, a blank line is missing between two packages.
    """
    now = _Open(1)
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            if now.filled:
                yield now.closed()
            now = _Open(number + 1)
            continue
        now.filled = True
        if line[:1] in b" \t":
            continue
        key = line[: line.find(b":", 0, 64) + 1]
        name = wanted.get(key.lower() if fold else key)
        if name is None:
            continue
        if name in now.fields and name == wanted[first]:
            now.problem = "a blank line is missing behind it"
            yield now.closed()
            now = _Open(number, filled=True)
        elif name in now.fields:
            now.problem = f"its {name} is there twice"
            continue
        value = line[len(key) :].strip()
        if len(value) > LONGEST:
            now.problem = f"its {name} has {len(value):,} characters"
        else:
            now.fields[name] = clean(decode(value))
    if now.filled:
        yield now.closed()


Parse = Callable[[bytes, str, Catalog], dict[tuple[str, ...], Package]]


def catalog_database(files: Files, path: str, parse: Parse, found: Catalog) -> None:
    """Add what the database at `path` holds after the last layer, each package with the layer it is there since.

    `parse` turns content into packages by identity and notes what is damaged in the catalog it is given.
    """
    known: dict[tuple[str, ...], tuple[Package, int]] = {}
    last: tuple[int, File | None] | None = None
    notes = Catalog()
    for layer, file in states(files, path):
        last = layer, file
        notes = Catalog()
        now: dict[tuple[str, ...], Package] = {}
        if file is not None:
            content = read(files, file)
            if isinstance(content, str):
                notes.unreadable(f"{clean(file.path)}: {content}")
            else:
                now = parse(content, clean(file.path), notes)
        known = since(known, now, layer)
    if last is None:
        if files.depth and files.exists(path, files.depth - 1):
            found.databases += 1
            found.unreadable(f"{path} is there, but is not a file that can be read")
        return
    found.databases += 1
    layer, file = last
    if file is None:
        found.unreadable(f"{path}: the package database was removed in layer {layer}")
        return
    if not known and not notes.evidence:
        found.unreadable(f"{clean(file.path)}: the package database names no package")
    found.evidence += notes.evidence
    for package, origin in known.values():
        found.packages.append(_at(package, Location(clean(file.path), origin)))


def _at(package: Package, location: Location) -> Package:
    return Package(
        package.type, package.name, package.version, package.purl, (location,), package.source_name, package.source_version
    )
