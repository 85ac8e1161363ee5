"""What is looked at in an image: the files of every cataloger, told apart by their names, and what they said."""

import json
import re
from collections.abc import Callable
from functools import cached_property

from imagegate.cataloger import distribution
from imagegate.cataloger.interface import Cataloger, FileCataloger, Sighting, Sightings
from imagegate.model.image import KEEP, LOOK, Content
from imagegate.program import digest_of
from imagegate.text import clean

_SMALLEST = 16 << 10  # bytes: no executable that carries a list of its packages is smaller
_ELF, _PE = b"\x7fELF", b"MZ"
# Folders whose names make packages of the files in them.
_FOLDER = re.compile(
    r"(?:\A|/)(?:node_modules/(?:@[^/]+/)?(?:[^/]+/)?|specifications/|composer/|conda-meta/|[^/]+\.(?:dist-info|egg-info)/)\Z"
)
_MACH_O = {
    bytes.fromhex(magic)
    for magic in (
        "feedface",
        "feedfacf",
        "cefaedfe",
        "cffaedfe",
        "cafebabe",
        "cafebabf",
    )
}


class Looking:
    """Implements model.image.Interest for a list of catalogers, which are only loaded where a layer is not yet known."""

    smallest = _SMALLEST

    def __init__(self, databases: tuple[Cataloger, ...], singles: Callable[[], tuple[FileCataloger, ...]]) -> None:
        self._databases = databases
        self._load = singles

    @cached_property
    def _by_name(self) -> dict[str, list[FileCataloger]]:
        found: dict[str, list[FileCataloger]] = {}
        for single in self._load():
            for name in (*single.names, *single.endings):
                found.setdefault(name, []).append(single)
        return found

    @cached_property
    def _names(self) -> frozenset[str]:
        """Names and endings of all that may be of interest, so that one look is enough for most files."""
        return frozenset(self._by_name).union(distribution.NAMES, *(cataloger.names for cataloger in self._databases))

    @cached_property
    def _executables(self) -> list[FileCataloger]:
        return [single for single in self._load() if single.executables]

    @cached_property
    def version(self) -> str:
        """A digest of the program text that sees: what another text saw may have missed something."""
        return digest_of("cataloger", "model", "source")

    def of(self, path: str) -> str:
        """See Interest.of."""
        name = path[path.rfind("/") + 1 :]
        if name not in self._names and name[name.rfind(".") :].lower() not in self._names and "/status.d/" not in path:
            return LOOK if not name and _FOLDER.search(path) else ""
        if self._single(path) is not None:
            return LOOK
        if distribution.wants(path):
            return KEEP
        for cataloger in self._databases:
            if cataloger.wants(path):
                return KEEP
        return ""

    def kind(self, path: str) -> str:
        """See Interest.kind."""
        single = self._single(path)
        return "" if single is None else single.name

    def knows(self, head: bytes) -> bool:
        """See Interest.knows."""
        return bool(self._executables) and (head == _ELF or head[:2] == _PE or head in _MACH_O)

    def look(self, path: str, content: Content) -> bytes:
        """See Interest.look."""
        single = self._single(path)
        found = Sightings()
        for cataloger in [single] if single else self._executables:
            seen = _seen(cataloger, path, content)
            found.packages += seen.packages
            found.problems += seen.problems
        return _written(found)

    def refuse(self, why: str) -> bytes:
        """See Interest.refuse."""
        return _written(Sightings(problems=[("fail", why)]))

    def _single(self, path: str) -> FileCataloger | None:
        """Return who wants the file for its path; there is never more than one."""
        name = path[path.rfind("/") + 1 :]
        known = self._by_name
        for key in (name, name[name.rfind(".") :].lower()):
            for single in known.get(key, ()):
                if single.wants(path):
                    return single
        return None


def _seen(cataloger: FileCataloger, path: str, content: Content) -> Sightings:
    try:
        return cataloger.look(path, content)
    except (RecursionError, MemoryError, ValueError, ArithmeticError, LookupError) as error:
        # They promise not to raise; if one does for content nobody thought of, it costs this file and is told.
        return Sightings(problems=[("fail", f"cannot be read as {cataloger.name}: {type(error).__name__}")])


def _written(found: Sightings) -> bytes:
    """The result must be one value for one content, since it is cached."""
    packages = [[one.type, one.name, one.version, one.purl, one.basis, one.inside] for one in found.packages]
    return json.dumps([packages, found.problems], separators=(",", ":")).encode()


def read(note: bytes) -> Sightings:
    """Return what `Looking.look` wrote."""
    packages, problems = json.loads(note)
    return Sightings(
        [Sighting(*package) for package in packages], [(str(found), clean(str(detail), 500)) for found, detail in problems]
    )
