"""Inventory × advisories: which records apply to which package."""

from collections.abc import Iterable
from dataclasses import dataclass

from imagegate.advisory.store import Candidate, Store
from imagegate.matcher.ecosystem import ecosystems_of
from imagegate.matcher.merge import Hit, merge
from imagegate.model.image import Evidence
from imagegate.model.inventory import Inventory, Package
from imagegate.model.scan import Finding
from imagegate.text import clean
from imagegate.version import Compare, is_valid, order_of
from imagegate.version.ranges import affecting, fixes, has_last_affected


@dataclass(frozen=True, slots=True)
class Matches:
    """The findings, sorted, and what could not be compared."""

    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]


def match(inventory: Inventory, store: Store) -> Matches:
    """Return every finding of the distribution's packages; raises StoreError for a damaged store."""
    distribution = inventory.distribution
    if distribution is None:
        return Matches((), ())
    ecosystems = ecosystems_of(distribution)
    compare = order_of(ecosystems[0]) if ecosystems else None
    findings: list[Finding] = []
    evidence: list[Evidence] = []
    for package in inventory.packages:
        if compare is None:
            break
        if not is_valid(compare, package.version) or not is_valid(compare, package.source_version):
            detail = f"{clean(package.name, 100)}: the version {clean(package.version, 100)!r} is not one that can be compared"
            evidence.append(Evidence("unreadable", "fail", detail))
        hits = _hits(package, ecosystems, compare, store)
        if hits:
            findings += merge(package, hits, compare, store)
    findings.sort(key=lambda finding: (finding.package.purl, finding.location.path, finding.id))
    return Matches(tuple(findings), tuple(evidence))


def _hits(package: Package, ecosystems: Iterable[str], compare: Compare, store: Store) -> list[Hit]:
    """A distribution's records name source packages, some name binary ones: each with its own version."""
    asked = {(package.source_name, package.source_version), (package.name, package.version)}
    found = {}
    for name, version in sorted(asked):
        for ecosystem in ecosystems:
            for candidate in store.candidates(ecosystem, name):
                hit = _judge(version, candidate, compare)
                if hit is not None:
                    known = found.get(candidate.advisory)
                    found[candidate.advisory] = hit if known is None else known.joined(hit)
    return list(found.values())


def _judge(version: str, candidate: Candidate, compare: Compare) -> Hit | None:
    """Return the hit when the version lies in a range or in the list of versions (OSV: either is enough)."""
    inside = affecting(version, candidate.ranges, compare)
    if not inside and version not in candidate.versions:
        return None
    fixed = tuple(dict.fromkeys(bound for events in inside or candidate.ranges if (bound := fixes(version, events, compare))))
    open_end = any(has_last_affected(events) for events in inside) or not inside
    return Hit(candidate.advisory, fixed, open_end and not fixed, candidate.severity)
