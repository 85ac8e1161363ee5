"""Several records of one vulnerability become one finding.

Records name each other by `aliases` (the same vulnerability) and `upstream` (vulnerabilities that a distribution's
advisory covers). A Debian DSA may cover five CVEs: those are five findings, and the DSA is an alias of each.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cmp_to_key

from imagegate.advisory.store import Advisory, Store
from imagegate.model.inventory import Package
from imagegate.model.scan import Finding, Score
from imagegate.model.severity import of_word
from imagegate.version import Compare

_PREFIXES = ("DEBIAN-", "UBUNTU-", "ALPINE-", "BELL-")  # `DEBIAN-CVE-2024-1`: the distribution's view of that CVE
_PREFERRED = ("CVE-", "GHSA-")


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that applies; `fixed` are the first good versions after the installed one, in the record's ranges."""

    advisory: int
    fixed: tuple[str, ...]
    fix_unknown: bool
    severity: str

    def joined(self, other: "Hit") -> "Hit":
        """Return both hits of one record as one."""
        fixed = tuple(dict.fromkeys((*self.fixed, *other.fixed)))
        return replace(self, fixed=fixed, fix_unknown=(self.fix_unknown or other.fix_unknown) and not fixed)


@dataclass(slots=True)
class _Group:
    """The records of one vulnerability."""

    names: set[str] = field(default_factory=set)
    parts: list[tuple[Hit, Advisory]] = field(default_factory=list)


def merge(package: Package, hits: list[Hit], compare: Compare, store: Store) -> list[Finding]:
    """Return one finding for each vulnerability of the package."""
    records = sorted(((hit, store.advisory(hit.advisory)) for hit in hits), key=lambda pair: pair[1].name)
    findings = [_finding(package, group, compare, store) for group in _groups(records)]
    upgrade = max((bound for finding in findings for bound in finding.fixed_in), key=cmp_to_key(compare), default="")
    return [replace(finding, upgrade=upgrade) for finding in findings]


def _groups(records: list[tuple[Hit, Advisory]]) -> list[_Group]:
    """Join records that share a name; a record that covers several vulnerabilities takes part in each, and joins none."""
    of: dict[str, _Group] = {}
    groups: dict[int, _Group] = {}
    for hit, record in records:
        for names in _vulnerabilities(record):
            known = list({id(group): group for name in names if (group := of.get(name)) is not None}.values())
            joined = known[0] if known else _Group()
            for other in known[1:]:
                joined.names |= other.names
                joined.parts += other.parts
                del groups[id(other)]
                of.update(dict.fromkeys(other.names, joined))
            joined.names |= names
            joined.parts.append((hit, record))
            groups[id(joined)] = joined
            of.update(dict.fromkeys(names, joined))
    return list(groups.values())


def _vulnerabilities(record: Advisory) -> list[set[str]]:
    """Return the names of each vulnerability that the record speaks of."""
    own = {_plain(name) for name in (record.name, *record.aliases)}
    covered = list(dict.fromkeys(_plain(name) for name in record.upstream))
    cves = [name for name in covered if name.startswith("CVE-")]
    if len(cves) > 1 and not any(name in own for name in cves):
        return [{cve} for cve in cves]
    if len(cves) == 1 or not any(name.startswith("CVE-") for name in own):
        return [own | set(covered if len(cves) == 1 or _are_one(covered) else ())]
    return [own]


def _are_one(covered: list[str]) -> bool:
    """Names from different databases are names of one vulnerability; two of one database are two of them."""
    databases = [name.partition("-")[0] for name in covered]
    return len(databases) == len(set(databases))


def _plain(name: str) -> str:
    for prefix in _PREFIXES:
        if name.startswith(f"{prefix}CVE-"):
            return name[len(prefix) :]
    return name


def _finding(package: Package, group: _Group, compare: Compare, store: Store) -> Finding:
    identity = min(group.names, key=lambda name: (*(not name.startswith(prefix) for prefix in _PREFERRED), name))
    advisories = tuple(dict.fromkeys(record.name for _, record in group.parts))
    aliases = sorted((group.names | set(advisories)) - {identity})
    known = [store.vulnerability(name) for name in sorted(group.names) if name.startswith("CVE-")]
    records = [record for _, record in group.parts]
    # A record that covers several vulnerabilities scores the worst of them: its scores are not this one's.
    own = [record for record in records if len(_vulnerabilities(record)) == 1]
    scores: list[Score] = []
    for score in (*(score for record in own for score in record.scores), *(score for facts in known for score in facts.scores)):
        if not any((score.type, score.vector) == (other.type, other.vector) for other in scores):
            scores.append(score)
    # Two advisories of one release may each name a fix, a regression among them: only the highest has all of it.
    fixed = tuple(sorted({bound for hit, _ in group.parts for bound in hit.fixed}, key=cmp_to_key(compare))[-1:])
    unfixed = [hit for hit, _ in group.parts if not hit.fixed]
    exploited = [facts.exploited for facts in known]
    return Finding(
        id=identity,
        aliases=tuple(aliases),
        raw_severity=max(
            (hit.severity or record.severity for hit, record in group.parts if record in own), key=of_word, default=""
        ),
        scores=tuple(scores),
        fixed_in=fixed,
        fix_state="fixed" if fixed else "unknown" if any(hit.fix_unknown for hit in unfixed) else "not-fixed",
        published=min(filter(None, (*(facts.published for facts in known), *(record.published for record in own))), default=None),
        known_exploited=any(exploited) if exploited and None not in exploited else None if exploited else store_has_list(store),
        package=package,
        location=package.locations[0],
        title=_first(
            (*(record.title for record in own), *(facts.title for facts in known), *(record.title for record in records))
        ),
        url=_first(record.url for record in records),
        advisories=advisories,
    )


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def store_has_list(store: Store) -> bool | None:
    """A vulnerability without a CVE id is on no list of exploited ones: False where there is a list, else None."""
    return store.vulnerability("").exploited
