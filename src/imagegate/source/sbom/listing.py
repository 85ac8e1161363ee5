"""What a bill of materials says, before and after it is put into the words of the model."""

from dataclasses import dataclass, field
from typing import NamedTuple

from imagegate.model.image import Evidence
from imagegate.model.inventory import Package
from imagegate.text import clean

_EXAMPLE = 120  # characters
NOWHERE = "sbom"  # in reports, a path must not be empty; and must not change with the name of the document


class DistributionFacts(NamedTuple):
    """A distribution as the document tells it, its id in the words of os-release(5); "" for what it does not tell."""

    id: str
    version: str
    codename: str = ""
    pretty_name: str = ""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The image that a document says it is about; `digest` is that of the manifest, `id` that of the configuration."""

    name: str = ""
    digest: str = ""
    id: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A bill of materials in the words of the model.

    `layers` are the digests that the document names (syft and Trivy: diff ids), "" for a layer without one. A package
    whose layer it does not tell is put into a layer of its own behind all others, so there is always a layer for
    every location; one whose path it does not tell has the path NOWHERE. Every package has exactly one location.
    """

    packages: tuple[Package, ...]
    distribution: DistributionFacts | None
    image: ImageFacts
    layers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    format: str
    made_by: str


class Place(NamedTuple):
    """Where a document saw a package: a path, and the layer by its digest or by its number, as far as told."""

    path: str = ""
    layer: str = ""
    number: int | None = None


@dataclass(slots=True)
class Part:
    """One entry of a document, in the document's own words; `kind` is a component type of CycloneDX."""

    kind: str
    name: str
    version: str
    purl: str
    group: str = ""
    type: str = ""  # the purl type, where the document tells it without a purl
    source: tuple[str, str] = ("", "")
    places: tuple[Place, ...] = ()


class Notes:
    """Collects what could not be seen: equal notes become one, with a count and an example."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], tuple[int, str]] = {}

    def note(self, found: str, reason: str, example: str = "", kind: str = "unreadable") -> None:
        """Note something; the reason must be one of few, the example may be anything."""
        count, first = self._seen.get((kind, found, reason), (0, example))
        self._seen[kind, found, reason] = count + 1, first

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the notes in the order in which they first came."""
        return tuple(
            Evidence(kind, found, reason + _counted(count, clean(example, _EXAMPLE)))
            for (kind, found, reason), (count, example) in self._seen.items()
        )


def _counted(count: int, example: str) -> str:
    if count == 1:
        return f": {example}" if example else ""
    return f" ({count:,} times, the first: {example})" if example else f" ({count:,} times)"


@dataclass(slots=True)
class Told:
    """What one format's reader took out of a document; `layers` in their order, as far as it tells one."""

    format: str
    made_by: str = ""
    image: ImageFacts = field(default_factory=ImageFacts)
    layers: list[str] = field(default_factory=list)
    systems: list[DistributionFacts] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
