"""What catalogers of single text files share: reading with a limit, values of unknown type, and names that can be believed."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from imagegate.cataloger import documents
from imagegate.cataloger.interface import Sighting, Sightings
from imagegate.model.image import Content
from imagegate.model.inventory import package_url
from imagegate.text import clean

_LONGEST_TOML, _MOST_DOTS = 8 << 20, 8  # characters of a document, and dots in a line of it outside of quotes
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_MOST = 100_000  # packages of one file
_MOST_LOST = 20  # problems of one file that are told one by one
_NAME = re.compile(r"[\w@.+~:/-][\w@.+~:/ -]{0,299}\Z", re.ASCII)
_VERSION = re.compile(r"\w[\w.+~!-]{0,199}\Z", re.ASCII)
Parse = Callable[[str, "Finds"], None]


class Unreadable(Exception):
    """The file is not what its name says; the text says why."""


class Finds:
    """Packages of one file, each once, and what was lost; `kind` is the purl type unless one is told with a package."""

    def __init__(self, kind: str, basis: str) -> None:
        self._kind, self._basis = kind, basis
        self._packages: dict[tuple[str, str, str], Sighting] = {}
        self._lost = 0
        self._development: set[object] = set()
        self._found = Sightings()

    def add(self, name: object, version: object, namespace: str = "", short: str = "", kind: str = "") -> None:
        """Note a package: `namespace` and `short` are how its purl says the name, where that differs."""
        kind = kind or self._kind
        if not isinstance(name, str) or not _NAME.match(name):
            return self.lost("a package without a name that can be read")
        if not isinstance(version, str) or not _VERSION.match(version):
            return self.lost(f"{name}: it has no version that can be read")
        if len(self._packages) >= _MOST:
            return self.lost(f"more than {_MOST:,} packages")
        if (kind, name, version) not in self._packages:
            purl = _purl(kind, namespace, short or name, version)
            self._packages[kind, name, version] = Sighting(kind, name, version, purl, self._basis)
        return None

    def npm(self, name: object, version: object) -> None:
        """Note an npm package, whose name may have a scope."""
        scope, _, short = name.rpartition("/") if isinstance(name, str) else ("", "", "")
        self.add(name, version, scope, short.lower())  # names are lower case in a purl, scopes as they are

    def pypi(self, name: object, version: object) -> None:
        """Note a Python package under its normal name (PyPA specification "Names and normalization")."""
        self.add(re.sub(r"[-_.]+", "-", name.lower()) if isinstance(name, str) else name, version)

    def path(self, name: object, version: object) -> None:
        """Note a package that is named by an address: Go modules, Swift."""
        namespace, _, short = name.rpartition("/") if isinstance(name, str) else ("", "", "")
        self.add(name, version, namespace, short)

    def lost(self, detail: str) -> None:
        """Note that a package may be missing."""
        self._lost += 1
        if self._lost <= _MOST_LOST:
            self._found.unreadable(clean(detail, 300))

    def doubtful(self, detail: str) -> None:
        """Note something that costs nothing."""
        self._found.doubtful(clean(detail, 300))

    def development(self, package: object) -> None:
        """Note a package that is there only for developers and tests, and is left out for that."""
        self._development.add(package if isinstance(package, str) else "")

    def sightings(self) -> Sightings:
        """Return everything that was noted."""
        found = Sightings(list(self._packages.values()), list(self._found.problems))
        if self._lost > _MOST_LOST:
            found.unreadable(f"{self._lost - _MOST_LOST:,} more entries cannot be read")
        if self._development:
            found.problems.append(("ok", f"left out, because they are for development only: {len(self._development):,}"))
        return found


def parsed(content: Content, parse: Parse, kind: str, basis: str = "installed") -> Sightings:
    """Return what `parse` finds in the text of the file. What is not UTF-8 is replaced; a file that is too large is noted."""
    finds = Finds(kind, basis)
    found = Sightings()
    read = documents.text(content, found)
    if read is None:
        return found
    try:
        parse(read.replace("\r\n", "\n"), finds)
    except Unreadable as error:
        finds.lost(str(error))
    except RecursionError:
        finds.lost("it is nested too deeply")
    return finds.sightings()


def read_json(text: str) -> dict[str, Any]:
    """Return the JSON object; raises Unreadable."""
    try:
        document = json.loads(text, parse_int=float)  # numbers are not looked at, and int() refuses long ones
    except ValueError:
        raise Unreadable("it is not JSON") from None
    return table(document, "the document")


def read_toml(text: str) -> dict[str, Any]:
    """Return the TOML document; raises Unreadable."""
    import tomllib

    # Time and memory grow with the square of the parts of a dotted key: `a.a.a = 1`.
    if len(text) > _LONGEST_TOML or any(_QUOTED.sub("", line).count(".") > _MOST_DOTS for line in text.split("\n")):
        raise Unreadable("it is larger, or nested deeper, than any lock that a tool writes")
    try:
        return tomllib.loads(text)
    except ValueError:
        raise Unreadable("it is not TOML") from None


def table(value: object, what: str) -> dict[str, Any]:
    """Return a table; raises Unreadable for anything else."""
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is not a table")
    return value


def member(document: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the table under a key, an empty one where there is none; raises Unreadable for anything else."""
    return table(document.get(key) or {}, f"`{key}`")


def rows(document: dict[str, Any], key: str, finds: Finds) -> Iterator[dict[str, Any]]:
    """Yield the tables of a list, none where there is no list; what is no table is lost."""
    value = document.get(key) or []
    if not isinstance(value, list):
        raise Unreadable(f"`{key}` is not a list")
    for row in value:
        if isinstance(row, dict):
            yield row
        else:
            finds.lost(f"an entry of `{key}` is not a table")


def entries(document: dict[str, Any], key: str, finds: Finds) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the tables in a table, with their keys; what is no table is lost."""
    for name, value in member(document, key).items():
        if isinstance(value, dict):
            yield name, value
        else:
            finds.lost(f"{name}: its entry is not a table")


def reachable(roots: Iterable[str], needs: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the roots, and all that they need, and what that needs in turn."""
    found, waiting = set(), list(roots)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += needs.get(one, ())
    return found


def text_of(value: object) -> str:
    """Return the value where it is a text, else ""."""
    return value if isinstance(value, str) else ""


def _purl(kind: str, namespace: str, name: str, version: str) -> str:
    if kind in ("composer", "hex", "pub"):
        namespace, name = namespace.lower(), name.lower()
    folders = "".join(quote(part, safe=":~.-_") + "/" for part in namespace.split("/") if part)
    return package_url(kind, "", name, version, {}).replace("/", "/" + folders, 1)
