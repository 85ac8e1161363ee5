"""Inventory × advisories: which records apply to which package."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cmp_to_key

from imagegate.advisory.store import Candidate, Store
from imagegate.matcher.doubts import Asked, settle
from imagegate.matcher.ecosystem import (
    base_of,
    ecosystem_of_type,
    ecosystems_of,
    is_subscribed,
    subscription_ecosystems_of,
)
from imagegate.matcher.merge import Hit, merge
from imagegate.matcher.streams import other_stream, rebuilds, stream_mismatch
from imagegate.model.image import Evidence
from imagegate.model.inventory import Inventory, Package
from imagegate.model.releases import FAMILIES
from imagegate.model.scan import Finding
from imagegate.text import clean
from imagegate.version import Compare, is_ordered, order_of
from imagegate.version.ranges import affecting, fixes, has_last_affected

_DRUPAL = "Packagist:https://packages.drupal.org/8"  # where Drupal's own security team speaks of modules

_TOUCHING = 100  # ranges of one record that follow each other without a gap: more are an attack


@dataclass(frozen=True, slots=True)
class Matches:
    """The findings, sorted, and what could not be compared."""

    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]


def match(inventory: Inventory, store: Store, *, covered: bool) -> Matches:
    """Return every finding; raises StoreError for a damaged store.

    `covered`: the store speaks about the distribution's release, which then answers for the packages that it ships.
    """
    asking = _Asking(inventory, store)
    findings: list[Finding] = []
    evidence: dict[Evidence, None] = {}
    known: dict[tuple[str, ...], tuple[list[Finding], list[Evidence]]] = {}  # the same package in many places
    for package in inventory.packages:
        ecosystems = asking.ecosystems(package)
        if not ecosystems:
            continue
        # A purl may write the name in small letters: `Moment` and `moment` are two packages of npm.
        key = (package.purl, package.name, package.version, package.source_name, package.source_version)
        if key not in known:
            known[key] = _match(package, ecosystems, asking, store)
        found, doubts = known[key]
        evidence |= dict.fromkeys(doubts)
        defer = covered and package.by_distribution and asking.answered(package.owned_by or "")
        findings += [
            replace(finding, package=package, location=package.locations[0], deferrable=defer)
            if defer or finding.package is not package
            else finding
            for finding in found
        ]
    findings.sort(key=lambda finding: (finding.package.purl, finding.location.path, finding.id))
    return Matches(tuple(findings), tuple(evidence))


class _Asking:
    """Which ecosystems speak of a package: the distribution's for its own kind, else the one of the package's type."""

    def __init__(self, inventory: Inventory, store: Store) -> None:
        distribution = inventory.distribution
        self._kind = FAMILIES[distribution.id].database if distribution else ""
        self._distribution: tuple[str, ...] = ()
        self.paid: frozenset[str] = frozenset()  # those that speak to subscribers
        if distribution is not None:
            covered = store.coverage()
            releases = ecosystems_of(distribution, covered)
            self.paid = frozenset(subscription_ecosystems_of(distribution, covered))
            base = base_of(distribution)
            if releases:  # one without a release means all of them
                spoken = dict.fromkeys((*releases, *sorted(self.paid), base))
                self._distribution = tuple(name for name in spoken if name in covered and (name != base or is_ordered(base)))

        self._store = store
        self._sources = {package.name: package.source_name for package in inventory.packages if package.type == self._kind}
        self._answered: dict[str, bool] = {}

    def answered(self, owner: str) -> bool:
        """Return whether the distribution ever spoke of a package of its own kind: of what others made it never does."""
        if owner not in self._answered:
            names = {owner, self._sources.get(owner) or owner}
            self._answered[owner] = any(self._store.candidates(one, name) for one in self._distribution for name in sorted(names))
        return self._answered[owner]

    def ecosystems(self, package: Package) -> tuple[str, ...]:
        """Return them, () where nobody speaks of it."""
        if package.type == self._kind:
            return self._distribution
        ecosystem = ecosystem_of_type(package.type)
        if ecosystem is None:
            return ()
        drupal = package.type == "composer" and package.name.startswith("drupal/")
        return (ecosystem, _DRUPAL) if drupal else (ecosystem,)


def _match(package: Package, ecosystems: tuple[str, ...], asking: _Asking, store: Store) -> tuple[list[Finding], list[Evidence]]:
    compare = order_of(ecosystems[0])
    asked = _asked(package, ecosystems, store)
    if not asked:
        return [], []
    asked, doubts = settle(package, asked, compare, store)
    hits = _hits(package, asked, asking.paid, compare)
    if package.type == "rpm":
        hits = [hit for hit in hits if not other_stream(package.purl, store.advisory(hit.advisory).title)]
    return merge(package, hits, compare, store), doubts


def _asked(package: Package, ecosystems: Iterable[str], store: Store) -> Asked:
    """Return the records that name the package, each with the version that it speaks of.

    A distribution's records name source packages, some name binary ones: each has its own version.
    """
    pairs = {(package.name, package.version)}
    if package.source_name:
        pairs.add((package.source_name, package.source_version))
    return [
        (version, candidate)
        for name, version in sorted(pairs)
        for ecosystem in ecosystems
        for candidate in store.candidates(ecosystem, name)
    ]


def _hits(package: Package, asked: Asked, paid: frozenset[str], compare: Compare) -> list[Hit]:
    """Return one hit for each record that applies.

    What a record says to subscribers counts for others where it says nothing to them, and is no fix for them.
    """
    subscribed = is_subscribed(package.version)
    for_all = {candidate.advisory for _, candidate in asked if candidate.ecosystem not in paid}
    candidates: Asked = []
    ranges: dict[tuple[int, str], list[list[tuple[str, str]]]] = {}
    for version, entry in asked:
        if entry.ecosystem in paid and not subscribed and entry.advisory in for_all:
            continue
        candidate = _own_builds(version, entry, asked, compare) if package.type == "rpm" else entry
        if candidate is not None:
            candidates.append((version, candidate))
            ranges.setdefault((candidate.advisory, version), []).extend(candidate.ranges)
    found: dict[int, Hit] = {}
    for version, candidate in candidates:
        hit = _judge(version, candidate, compare)
        if hit is not None:
            if candidate.ecosystem in paid and not subscribed:
                hit = replace(hit, fixed=(), fix_unknown=False)
            ends = (_outside(bound, ranges[candidate.advisory, version], compare) for bound in hit.fixed)
            hit = replace(hit, fixed=tuple(dict.fromkeys(clean(bound, 200) for bound in ends if bound)))
            known = found.get(candidate.advisory)
            found[candidate.advisory] = hit if known is None else known.joined(hit)
    return list(found.values())


def _outside(bound: str, ranges: list[list[tuple[str, str]]], compare: Compare) -> str:
    """Return the first version from a fix on that is in no range of the record, "" where it names none.

    The end of a range may be the beginning of the next: GO-2023-2185 says 0 to 1.20.11, and 1.20.11 to 1.20.12.
    """
    for _ in range(_TOUCHING):
        later = [fixes(bound, events, compare) for events in affecting(bound, ranges, compare, ordered=True)]
        if not later:
            return bound
        if not all(later):
            return ""
        bound = max(later, key=cmp_to_key(compare))
    return ""


def _own_builds(version: str, candidate: Candidate, asked: Asked, compare: Compare) -> Candidate | None:
    """Leave out the ranges that speak of another build: a module's for what is of none, a repetition for a later release."""
    fixed = [
        bound
        for _, other in asked
        if other.advisory == candidate.advisory
        for events in other.ranges
        for kind, bound in events
        if kind == "fixed" and not stream_mismatch(version, bound)
    ]
    repeated = rebuilds(fixed, compare)
    ranges = [
        events
        for events in candidate.ranges
        if not any(bound in repeated or stream_mismatch(version, bound) for _, bound in events)
    ]
    return replace(candidate, ranges=ranges) if ranges or candidate.versions else None


def _judge(version: str, candidate: Candidate, compare: Compare) -> Hit | None:
    """Return the hit when the version lies in a range or in the list of versions (OSV: either is enough)."""
    inside = affecting(version, candidate.ranges, compare, ordered=True)
    if not inside and not _listed(version, candidate, compare):
        return None
    fixed = tuple(dict.fromkeys(bound for events in inside or candidate.ranges if (bound := fixes(version, events, compare))))
    open_end = any(has_last_affected(events) for events in inside) or not inside
    return Hit(candidate.advisory, fixed, open_end and not fixed, candidate.severity)


def _listed(version: str, candidate: Candidate, compare: Compare) -> bool:
    """Return whether the record lists the version; where it has no ranges, another spelling of it counts as well."""
    if version in candidate.versions:
        return True
    return not candidate.ranges and any(compare(listed, version) == 0 for listed in candidate.versions)
