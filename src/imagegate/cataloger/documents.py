"""What the catalogers of small files share: reading a file up to a limit, as text or JSON, and noting a package.

Names and versions go on only when they are ASCII without spaces, as every package manager here demands: whatever else
stands there is reported, and nothing of it reaches a package URL.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from imagegate.cataloger.interface import Sighting, Sightings
from imagegate.model.image import Content
from imagegate.model.inventory import package_url
from imagegate.text import clean, decode

LONGEST = 16 << 20  # bytes of one file
_VERSION = re.compile(r"[!-~]{1,256}\Z")
_SHOWN = 80  # characters of what cannot be read
_MOST, _MOST_PROBLEMS = 50_000, 100  # of one file: real ones have some thousands, and none

Item = TypeVar("Item")


def text(content: Content, found: Sightings, longest: int = LONGEST) -> str | None:
    """Return the whole file without a byte order mark; None, and a note, where it has more bytes than `longest`."""
    if content.size > longest:
        found.unreadable("too large to be read")
        return None
    return decode(content.read_at(0, content.size)).removeprefix("\ufeff")


def parse(written: str, found: Sightings, at: int | None = None) -> object:
    """Return the JSON value, of a key that occurs twice the last one; None, and a note, where it cannot be read.

    With `at`, the value begins there, and anything may follow it.
    """
    decoder = json.JSONDecoder(parse_int=float)  # numbers are not looked at, and int() refuses long ones
    try:
        return decoder.decode(written) if at is None else decoder.raw_decode(written, at)[0]
    except (ValueError, RecursionError):
        found.unreadable("cannot be read as JSON")
        return None


def document(content: Content, found: Sightings, longest: int = LONGEST) -> object:
    """Return the JSON value of a file; None, and a note, where it cannot be read."""
    written = text(content, found, longest)
    return None if written is None else parse(written, found)


def several(items: Iterable[Item], found: Sightings) -> Iterator[Item]:
    """Yield the items, as many as one file may hold; whoever loops over them notes what is wrong with each."""
    for count, item in enumerate(items):
        if count == _MOST or len(found.problems) >= _MOST_PROBLEMS:
            found.unreadable("holds more than is read of one file")
            return
        yield item


def shown(value: object) -> str:
    """Return a value that cannot be read, in a form in which it can be shown."""
    return clean(repr(value if isinstance(value, str | float | bool | None) else type(value)), _SHOWN)


def qualifiers(**values: object) -> dict[str, str]:
    """Return those values that can stand in a package URL."""
    return {key: value for key, value in values.items() if isinstance(value, str) and _VERSION.match(value)}


def note(
    found: Sightings,
    kind: str,
    names: re.Pattern[str],
    name: object,
    version: object,
    *,
    basis: str = "installed",
    short: str = "",
    more: dict[str, str] | None = None,
) -> bool:
    """Add a package and return True; where its name is none of `names`, or its version none at all, say so instead.

    `short` is the last part of the name in the package URL, where that differs; `more` are the URL's qualifiers.
    """
    if not isinstance(name, str) or not names.match(name):
        found.unreadable(f"a package whose name cannot be read: {shown(name)}" if name else "a package without a name")
        return False
    if not isinstance(version, str) or not _VERSION.match(version):
        found.unreadable(f"{name}: its version cannot be read: {shown(version)}" if version else f"{name}: has no version")
        return False
    namespace, _, last = name.rpartition("/")
    purl = package_url(kind, namespace, short or last, version, more or {})
    found.packages.append(Sighting(kind, name, version, purl, basis))
    return True
