"""What catalogers of single text files share: reading with a limit, values of unknown type, and names that can be believed.

Names and versions are ASCII without control characters, and versions without spaces, as every package manager here
demands: whatever else stands there is reported, and nothing of it reaches a package URL.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from imagegate.cataloger.interface import Sighting, Sightings
from imagegate.model.image import Content
from imagegate.model.inventory import package_url
from imagegate.text import clean, decode

_LONGEST = 16 << 20  # bytes of one file
_LONGEST_TOML, _MOST_DOTS = 8 << 20, 8  # characters of a document, and dots in a line of it outside of quotes
_MOST_TABLES = 100_000  # each takes a kilobyte while it is read, however short it is written
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_MOST = 50_000  # packages of one file: real ones have some thousands
_MOST_LOST = 20  # problems of one file that are told one by one
_NAME = re.compile(r"[\w@.+~:/-][\w@.+~:/ -]{0,299}\Z", re.ASCII)
_VERSION = re.compile(r"\w[\w.+~!-]{0,199}\Z", re.ASCII)
PRINTED = re.compile(r"[!-~]{1,256}\Z")  # versions of what is installed may be branches or made by hand
Parse = Callable[[str, "Finds"], None]


class Unreadable(Exception):
    """The file is not what its name says; the text says why."""


class Finds:
    """Packages of one file, each once, and what was lost; `kind` and `basis` are those of a package that is not told more of."""

    def __init__(
        self, kind: str, basis: str = "installed", names: re.Pattern[str] = _NAME, versions: re.Pattern[str] = _VERSION
    ) -> None:
        self._kind, self._basis, self._names, self._versions = kind, basis, names, versions
        self._packages: dict[tuple[str, str, str], Sighting] = {}
        self._lost = self._doubts = 0
        self._development: set[object] = set()
        self._found = Sightings()

    def add(
        self,
        name: object,
        version: object,
        namespace: str = "",
        short: str = "",
        kind: str = "",
        basis: str = "",
        **qualifiers: object,
    ) -> None:
        """Note a package: `namespace` and `short` are how its purl says the name, where that differs.

        Of the qualifiers those are taken that can stand in a purl.
        """
        kind = kind or self._kind
        if not isinstance(name, str) or not self._names.match(name):
            return self.lost("a package without a name that can be read")
        if not isinstance(version, str) or not self._versions.match(version):
            return self.lost(f"{name}: it has no version that can be read")
        if len(self._packages) >= _MOST:
            return self.lost(f"more than {_MOST:,} packages")
        if (kind, name, version) not in self._packages:
            more = {key: value for key, value in qualifiers.items() if isinstance(value, str) and PRINTED.match(value)}
            purl = _purl(kind, namespace, short or name, version, more)
            self._packages[kind, name, version] = Sighting(kind, name, version, purl, basis or self._basis)
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
        self._doubts += 1
        if self._doubts <= _MOST_LOST:
            self._found.doubtful(clean(detail, 300))

    def development(self, package: object) -> None:
        """Note a package that is there only for developers and tests, and is left out for that."""
        self._development.add(package if isinstance(package, str) else "")

    def sightings(self) -> Sightings:
        """Return everything that was noted."""
        found = Sightings(list(self._packages.values()), list(self._found.problems))
        if self._lost > _MOST_LOST:
            found.unreadable(f"{self._lost - _MOST_LOST:,} more entries cannot be read")
        if self._doubts > _MOST_LOST:
            found.doubtful(f"{self._doubts - _MOST_LOST:,} more entries are doubtful")
        if self._development:
            found.problems.append(("ok", f"left out, because they are for development only: {len(self._development):,}"))
        return found


def parsed(
    content: Content,
    parse: Parse,
    kind: str,
    basis: str = "installed",
    names: re.Pattern[str] = _NAME,
    versions: re.Pattern[str] = _VERSION,
    longest: int = _LONGEST,
) -> Sightings:
    """Return what `parse` finds in the text of the file, without a byte order mark, and with what is not UTF-8 replaced.

    A file of more bytes than `longest` is noted.
    """
    finds = Finds(kind, basis, names, versions)
    if content.size > longest:
        finds.lost("too large to be read")
        return finds.sightings()
    try:
        parse(decode(content.read_at(0, content.size)).removeprefix("\ufeff").replace("\r\n", "\n"), finds)
    except Unreadable as error:
        finds.lost(str(error))
    except RecursionError:
        finds.lost("it is nested too deeply")
    return finds.sightings()


def read_value(text: str, *, whole: bool = True) -> object:
    """Return the JSON value, which something else may follow unless it must be the `whole`; raises Unreadable."""
    decoder = json.JSONDecoder(parse_int=float)  # numbers are not looked at, and int() refuses long ones
    try:
        return decoder.decode(text) if whole else decoder.raw_decode(text)[0]
    except ValueError:
        raise Unreadable("it is not JSON") from None


def read_json(text: str) -> dict[str, Any]:
    """Return the JSON object; raises Unreadable."""
    return table(read_value(text), "the document")


def read_toml(text: str) -> dict[str, Any]:
    """Return the TOML document; raises Unreadable."""
    import tomllib

    # Time and memory grow with the square of the parts of a dotted key: `a.a.a = 1`.
    if (
        len(text) > _LONGEST_TOML
        or text.count("\n[") > _MOST_TABLES
        or any(_QUOTED.sub("", line).count(".") > _MOST_DOTS for line in text.split("\n"))
    ):
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


def _purl(kind: str, namespace: str, name: str, version: str, qualifiers: dict[str, str]) -> str:
    if kind in ("composer", "hex", "pub"):
        namespace, name = namespace.lower(), name.lower()
    return package_url(kind, namespace, name, version, qualifiers)
