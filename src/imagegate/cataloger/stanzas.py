"""The databases of dpkg and apk are text: stanzas of `Key: value` lines, parted by blank lines.

They are read leniently: a damaged stanza is reported and costs neither its neighbours nor the rest of the file.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from imagegate.cataloger.history import read, since, states
from imagegate.cataloger.interface import Catalog
from imagegate.model.image import File, Files
from imagegate.model.inventory import Location, Package
from imagegate.text import clean, decode

LONGEST = 1024  # characters of a name or version; beyond that it is damaged
MOST = 200_000  # package entries of one file: all of Debian has fewer


@dataclass(frozen=True, slots=True)
class Stanza:
    """The wanted fields of a stanza that begins in line `line`; `problem` says what is wrong with it."""

    line: int
    fields: dict[str, str]
    problem: str = ""


@dataclass(slots=True)
class Allowance:
    """How much of one database is still read, all its states through the layers together."""

    size: int = 256 << 20  # bytes
    stanzas: int = 500_000


class Keys:
    """The wanted fields of a format: their keys and the names that they get; the first one names the package."""

    def __init__(self, wanted: dict[str, str], *, fold: bool) -> None:
        """`fold`: the keys are meant in any case of letters."""
        self.fold = fold
        self.names = {(key.lower() if fold else key).encode(): name for key, name in wanted.items()}
        self.first = next(iter(wanted.values()))
        keys = b"|".join(map(re.escape, self.names))
        flags = re.MULTILINE | (re.IGNORECASE if fold else 0)
        # Blanks before the colon are not allowed, but whoever writes them means the field.
        self.lines = re.compile(rb"^[\r\f\v]*(" + keys + rb")[ \t]*:([^\n]*)", flags)


_FILLED = re.compile(rb"\S")
_BLANK_LINE = re.compile(rb"\n[^\S\n]*(?:\n|\Z)")


def stanzas(data: bytes, keys: Keys, allowance: Allowance, notes: Catalog, path: str) -> Iterator[Stanza]:
    """Yield each stanza with the wanted fields. Where the allowance ends, that is noted with the `path`.

    Where the field that names the package comes twice, a blank line is missing between two packages.
    """
    left = min(MOST, allowance.stanzas)
    line, counted, end = 1, 0, 0
    while filled := _FILLED.search(data, end):
        start = data.rfind(b"\n", end, filled.start()) + 1 or end
        blank = _BLANK_LINE.search(data, filled.start())
        end = blank.start() if blank else len(data)
        line, counted = line + data.count(b"\n", counted, start), start
        for stanza in _parts(data, start, end, line, keys):
            left -= 1
            allowance.stanzas -= 1
            if left < 0:
                notes.unreadable(f"{path}: it has more package entries than are read")
                return
            yield stanza


def _parts(data: bytes, start: int, end: int, line: int, keys: Keys) -> Iterator[Stanza]:
    """Yield the stanza between two blank lines; it is several where blank lines are missing."""
    fields: dict[str, str] = {}
    problem = ""
    begin, repeated = start, 0
    for match in keys.lines.finditer(data, start, end):
        key, value = match[1], match[2].strip()
        name = keys.names[key.lower() if keys.fold else key]
        if name in fields and name == keys.first:
            yield Stanza(line, fields, "a blank line is missing behind it")
            line, begin = line + data.count(b"\n", begin, match.start()), match.start()
            fields, problem = {}, ""
        elif name in fields:
            problem = f"its {name} is there twice"
            repeated += 1
            if repeated > 100:  # nobody writes that, and there may be millions
                break
            continue
        if not value:
            problem = f"its {name} is empty"
        elif len(value) > LONGEST:
            problem = f"its {name} has {len(value):,} characters"
        elif data[match.end() + 1 : min(match.end() + 2, end)] in (b" ", b"\t"):
            problem = f"its {name} goes on in the next line"
        fields[name] = clean(decode(value[:LONGEST])) if len(value) <= LONGEST else ""
    yield Stanza(line, fields, problem)


Parse = Callable[[bytes, str, Catalog, Allowance], dict[tuple[str, ...], Package]]


def catalog_database(files: Files, path: str, parse: Parse, found: Catalog) -> None:
    """Add what the database at `path` holds after the last layer, each package with the layer it is there since.

    `parse` turns content into packages by identity and notes what is damaged in the catalog it is given.
    """
    known: dict[tuple[str, ...], tuple[Package, int]] = {}
    last: tuple[int, File | None] | None = None
    notes = Catalog()
    allowance = Allowance()
    before: bytes | None = None
    for layer, file in states(files, path):
        content = None if file is None else read(files, file)
        same_place = last is not None and last[1] is not None and file is not None and last[1].path == file.path
        last = layer, file
        if isinstance(content, bytes) and content == before and same_place:
            continue  # written again, but not changed
        before = content if isinstance(content, bytes) else None
        notes = Catalog()
        now: dict[tuple[str, ...], Package] = {}
        if file is not None and content is not None:
            shown = clean(file.path)
            allowance.size -= len(content)
            if isinstance(content, str):
                notes.unreadable(f"{shown}: {content}")
            elif allowance.size < 0:
                notes.unreadable(f"{shown}: the layers hold more of it than is read")
            else:
                now = parse(content, shown, notes, allowance)
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
