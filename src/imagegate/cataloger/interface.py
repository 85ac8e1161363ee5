"""The plug-in point of the catalogers: one file per package database."""

from dataclasses import dataclass, field
from typing import Protocol

from imagegate.model.image import Evidence, Files
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
        self._note("fail", detail)

    def doubtful(self, detail: str) -> None:
        """Note something that is damaged, but costs nothing."""
        self._note("warn", detail)

    def _note(self, found: str, detail: str) -> None:
        if len(self.evidence) < _MOST:
            self.evidence.append(Evidence("unreadable", found, detail))
        elif len(self.evidence) == _MOST:
            self.evidence.append(Evidence("unreadable", "fail", "more is damaged than is listed"))


class Cataloger(Protocol):
    """Recognises the packages of one kind."""

    name: str
    type: str

    def wants(self, path: str) -> bool:
        """Return whether a file of that path may be read; asked for every file of the image, so it must be quick."""

    def catalog(self, files: Files, distribution: Distribution | None) -> Catalog:
        """Return what is installed, and evidence for all that could not be read. Never raises for bad content."""
