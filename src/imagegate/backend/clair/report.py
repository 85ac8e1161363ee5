"""What a report of Clair comes to, whichever API it is from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from imagegate.model.image import Evidence
from imagegate.model.inventory import Distribution, Package
from imagegate.model.scan import Database, Finding
from imagegate.model.severity import of_word
from imagegate.text import clean


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


class Layers:
    """The layers of a report by the names that it has for them; `known` has their indexes, None where nobody knows them."""

    def __init__(self, known: Mapping[str, int] | None) -> None:
        self._known = known
        self._numbers: dict[str, int] = {}
        self._strange: dict[str, None] = {}

    def of(self, name: str) -> int:
        """Return the index of a layer; where nobody knows it, layers are numbered as they are mentioned."""
        number = self._numbers.setdefault(clean(name, 200), len(self._numbers))
        if self._known is None:
            return number
        if name not in self._known:
            self._strange[name] = None
        return self._known.get(name, 0)

    def mentioned(self) -> tuple[str, ...]:
        """Return those that have packages, in the order of the image where that is known."""
        order = self._known or self._numbers
        return tuple(sorted(self._numbers, key=lambda name: order.get(name, -1)))

    def evidence(self) -> Iterator[Evidence]:
        """Yield what the layers tell about the report."""
        if self._strange:
            one = clean(next(iter(self._strange)), 100) or "one"
            detail = f"Clair speaks of layers that the image does not have, such as {one}: its report is of another image"
            yield Evidence("backend", "fail", detail)
        if self._known is None and len(self._numbers) > 1:
            detail = "the order of the layers is not in the report: they are numbered as it mentions them"
            yield Evidence("backend", "warn", detail)


def assembled(
    distribution: Distribution | None,
    packages: Iterable[Package],
    findings: Iterable[Finding],
    evidence: Iterable[Evidence],
    lost: Mapping[str, int],
    layers: Layers,
) -> Reading:
    """Return the reading, all of it in order, with evidence for what was lost on the way and for what has no severity."""
    found = tuple(sorted(findings, key=lambda one: (*_rank(one.package), one.id)))
    told = [*evidence, *layers.evidence()]
    told += [Evidence("backend", "fail", f"Clair's report is not whole: {count} {what}") for what, count in lost.items()]
    if unrated := sum(not of_word(one.raw_severity) and not one.scores for one in found):
        detail = f"Clair gives neither severity nor score for {unrated} of {len(found)} findings: they count as the policy says"
        told.append(Evidence("backend", "warn", detail))
    return Reading(distribution, tuple(sorted(packages, key=_rank)), found, tuple(told), layers.mentioned())


def nothing_recognised() -> list[Evidence]:
    """Say what an answer without packages is: an image in which Clair recognises nothing looks like one that is clean."""
    empty = "Clair's report is empty because it recognised nothing, not because nothing is wrong"
    return [
        Evidence("no_packages", "fail", "Clair recognised no package in the whole image"),
        Evidence("backend", "fail", empty),
    ]


def _rank(one: Package) -> tuple[str, str, int]:
    return one.purl, one.locations[0].path, one.locations[0].layer
