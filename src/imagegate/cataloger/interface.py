"""The plug-in point of the catalogers: one file per package database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from imagegate.model.image import Content, Evidence, Files
from imagegate.model.inventory import Distribution, Package

_MOST = 1000  # notes of one cataloger: a hostile database could bring as many as it has lines


@dataclass(slots=True)
class Catalog:
    """What one cataloger found; `databases` counts the package databases that were there, readable or not."""

    packages: list[Package] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    databases: int = 0

    def unreadable(self, detail: str) -> None:
        """Note something that was there and could not be read."""
        self.note("fail", detail)

    def doubtful(self, detail: str) -> None:
        """Note something that is damaged, but costs nothing."""
        self.note("warn", detail)

    def note(self, found: str, detail: str) -> None:
        """Note something with the worst that it can mean, as in `Evidence`; "ok" is what was left out on purpose."""
        if len(self.evidence) < _MOST:
            self.evidence.append(Evidence("unreadable", found, detail))
        elif len(self.evidence) == _MOST:
            self.evidence.append(Evidence("unreadable", "fail", "more is damaged than is listed"))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A package as one file tells of it.

    `name` is the name that OSV uses in its ecosystem; `basis` as in `model.inventory.Package`; `inside` is the way
    into an archive, parted by `!/` (`BOOT-INF/lib/a.jar`), "" for the file itself.
    """

    type: str
    name: str
    version: str
    purl: str
    basis: str = "installed"
    inside: str = ""


@dataclass(slots=True)
class Sightings:
    """What one file told: packages, and (found, detail) for what it did not tell; the path is added by others."""

    packages: list[Sighting] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def unreadable(self, detail: str) -> None:
        """Note that packages may be missing."""
        self.problems.append(("fail", detail))

    def doubtful(self, detail: str) -> None:
        """Note something that is damaged, but costs nothing."""
        self.problems.append(("warn", detail))


class FileCataloger(Protocol):
    """Recognises packages file by file, whatever else is in the image."""

    @property
    def name(self) -> str:
        """What its packages are called."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of files, without their folder."""

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of names, from the last dot on, with it."""

    @property
    def executables(self) -> bool:
        """Whether every ELF, PE and Mach-O file is looked at, whatever it is called."""

    def wants(self, path: str) -> bool:
        """Return whether to look at a file whose name or ending is one of those above."""

    def look(self, path: str, content: Content) -> Sightings:
        """Return what the file tells. Never raises for bad content, and takes bounded time and memory for any."""


class Cataloger(Protocol):
    """Recognises the packages of one kind from the databases of an image.

    `names` are names of files, or endings from the last dot on, of all that it wants outside of `status.d`.
    """

    name: str
    type: str

    @property
    def names(self) -> Iterable[str]:
        """See above."""

    def wants(self, path: str) -> bool:
        """Return whether a file of that path may be read; asked for every file of the image, so it must be quick."""

    def catalog(self, files: Files, distribution: Distribution | None) -> Catalog:
        """Return what is installed, and evidence for all that could not be read. Never raises for bad content."""

    def owners(self, files: Files, wanted: frozenset[str], distribution: Distribution | None) -> dict[str, tuple[str, bool]]:
        """Return the owner of those wanted paths that have one: the package's name, and whether the distribution made it.

        Only asked where the database is there; what cannot be read owns nothing.
        """
