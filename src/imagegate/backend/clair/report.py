"""What a report of Clair comes to, whichever API it is from."""

from dataclasses import dataclass
from typing import Protocol

from imagegate.model.image import Evidence
from imagegate.model.inventory import Distribution, Package
from imagegate.model.scan import Database, Finding


@dataclass(frozen=True)
class Reading:
    """A report, read.

    `layers` are digests (v4) or names (v1) in the order in which the document mentions them.
    """

    distribution: Distribution | None
    packages: tuple[Package, ...]
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Answered:
    """What a Clair said of one image; `database` is None where it does not tell what it looked into.

    `evidence` is what the flow saw beside the report, whose own evidence is in `reading`.
    """

    reading: Reading
    version: str
    database: Database | None
    evidence: tuple[Evidence, ...]


class Addresses(Protocol):
    """Where Clair fetches the layers."""

    def of(self, layer: int) -> tuple[str, dict[str, str]]:
        """Return the URL of a layer and the headers that open it, fresh each time; raises SourceError."""

    def heard(self) -> str:
        """Return "" where Clair fetched something or had no need to, else what to tell: where we listened, what to try."""
