"""From the vulnerabilities in a report of Clair v4 to findings: one for each vulnerability of a package, whatever its names."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cmp_to_key
from typing import Any

from imagegate.backend.clair import names
from imagegate.backend.clair.names import LONGEST_CLEAN, LONGEST_NAME, text
from imagegate.model.inventory import Package
from imagegate.model.scan import Finding, Score
from imagegate.model.severity import of_word
from imagegate.text import clean
from imagegate.version import order_of

_ORDERS = {
    "deb": "Debian",
    "apk": "Alpine",
    "rpm": "Red Hat",
    "pypi": "PyPI",
    "gem": "RubyGems",
    "golang": "Go",
    "maven": "Maven",
    "npm": "npm",
}
_TITLE = 300  # characters
_LINK = re.compile(r"(?<!\S)https?://\S+")


@dataclass(frozen=True, slots=True)
class Entry:
    """What Clair says of a vulnerability, for whichever package."""

    name: str
    identities: tuple[names.Identity, ...]
    severity: str
    scores: tuple[Score, ...]
    fixed: tuple[str, ...]
    state: str
    published: str | None
    exploited: bool | None
    title: str
    url: str


class Enrichments:
    """What enrichers add to vulnerabilities: `clair.cvss` the scores of NVD, `clair.kev` the list of exploited ones."""

    def __init__(self, document: Mapping[str, Any], lost: Counter[str]) -> None:
        self._scores: dict[str, list[Any]] = {}
        self._exploited: set[str] | None = None
        self._lost = lost
        kinds = document.get("enrichments")
        if not isinstance(kinds, dict | None):
            lost["enrichments have not the right form"] += 1
        for kind, items in kinds.items() if isinstance(kinds, dict) else ():
            if "clair.cvss" not in kind and "clair.kev" not in kind:
                continue
            for item in items if isinstance(items, list) else () if items is None else (None,):
                if not isinstance(item, dict):
                    lost["enrichments have not the right form"] += 1
                elif "clair.cvss" in kind:
                    for identity, payloads in item.items():
                        self._scores.setdefault(identity, []).extend(payloads if isinstance(payloads, list) else (None,))
                else:
                    self._exploited = self._exploited or set()
                    self._exploited |= {identity for identity, payloads in item.items() if payloads}

    def scores(self, identity: str) -> tuple[Score, ...]:
        """Return the scores of a vulnerability of the report."""
        return names.scores(self._scores[identity], "nvd", self._lost) if identity in self._scores else ()

    def exploited(self, identity: str) -> bool | None:
        """Return whether it is known to be exploited, None where no such list was asked."""
        return None if self._exploited is None else identity in self._exploited


def entry(facts: Mapping[str, Any], identity: str, enrichments: Enrichments, lost: Counter[str]) -> Entry | None:
    """Return what a vulnerability of the report says, None for one without a name; `lost` counts what cannot be read."""
    name, links = text(facts, "name", LONGEST_NAME, lost), text(facts, "links", sys.maxsize, lost)
    if not name.strip():
        lost["vulnerabilities without a name"] += 1
        return None
    fixed, state = names.fixed(text(facts, "fixed_in_version", 2000, lost))
    raw = text(facts, "severity", 300, lost)
    return Entry(
        name=clean(name, LONGEST_CLEAN),
        identities=names.identities(name, links, names.told(facts.get("Aliases"), lost), lost),
        severity=names.severity(raw, text(facts, "normalized_severity", 300, lost)),
        scores=enrichments.scores(identity) + names.scored(raw, text(facts, "updater", 60, lost)),
        fixed=fixed,
        state=state,
        published=moment_of(text(facts, "issued", 40, lost)),
        exploited=enrichments.exploited(identity),
        title=title(text(facts, "description", 4000, lost)),
        url=clean(link[0][:500], 500) if (link := _LINK.search(links)) else "",
    )


@dataclass(eq=False, slots=True)
class _Group:
    """The entries of one vulnerability: `shared` are the names by which others join it, `first` those of the first."""

    first: names.Identity
    shared: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    parts: list[Entry] = field(default_factory=list)


def merged(package: Package, entries: Iterable[Entry]) -> list[Finding]:
    """Return the findings of one package at one place: entries that share a name are one vulnerability."""
    order = _order(package.type)
    groups = [(group, _fix(group.parts, order)) for group in _groups(entries)]
    upgrade = _highest({version for _, fix in groups for version in fix}, order)
    # Where the order is not known, nothing can be called the highest.
    return [_finding(package, group, fix, upgrade[0] if len(upgrade) == 1 else "") for group, fix in groups]


def _groups(entries: Iterable[Entry]) -> list[_Group]:
    of: dict[str, _Group] = {}
    for one in entries:
        for identity, others in one.identities:
            # The name of an advisory that covers several vulnerabilities joins none of them.
            shared = {identity} if len(one.identities) > 1 else {identity, *others}
            known = list({id(group): group for name in shared if (group := of.get(name)) is not None}.values())
            group = max(known, key=lambda other: len(other.shared)) if known else _Group((identity, others))
            for other in known:
                if other is not group:
                    group.names |= other.names
                    group.parts += other.parts
                    shared |= other.shared
            group.shared |= shared
            group.names |= {identity, *others}
            group.parts.append(one)
            of.update(dict.fromkeys(shared, group))
    return list({id(group): group for group in of.values()}.values())


def _finding(package: Package, group: _Group, fix: tuple[str, ...], upgrade: str) -> Finding:
    one = group.parts[0] if len(group.parts) == 1 else _joined(group.parts)
    identity, others = group.first
    if len(group.parts) > 1:
        identity = names.preferred(group.names)
        others = tuple(sorted(group.names - {identity}))
    return Finding(
        id=identity,
        aliases=others,
        raw_severity=one.severity,
        scores=one.scores,
        fixed_in=fix,
        fix_state="fixed" if fix else one.state,
        published=one.published,
        known_exploited=one.exploited,
        package=package,
        location=package.locations[0],
        title=one.title,
        url=one.url,
        advisories=(one.name,) if len(group.parts) == 1 else tuple(sorted({part.name for part in group.parts})),
        upgrade=upgrade,
    )


def _joined(parts: list[Entry]) -> Entry:
    """Return what several entries of one vulnerability say together: the worst of each, and the first words."""
    exploited = [one.exploited for one in parts]
    return Entry(
        name=parts[0].name,
        identities=(),
        severity=max((one.severity for one in parts), key=of_word),
        scores=tuple(dict.fromkeys(score for one in parts for score in one.scores)),
        fixed=(),
        state="unknown" if any(one.state == "unknown" for one in parts) else "not-fixed",
        published=min(filter(None, (one.published for one in parts)), default=None),
        exploited=True if True in exploited else exploited[0],
        title=next(filter(None, (one.title for one in parts)), ""),
        url=next(filter(None, (one.url for one in parts)), ""),
    )


def _fix(parts: list[Entry], order: Callable[[str, str], int] | None) -> tuple[str, ...]:
    """Return the highest fix: two entries of one release may each name one, and only the highest has all of it."""
    if len(parts) == 1 and len(parts[0].fixed) < 2:
        return parts[0].fixed
    return _highest({version for one in parts for version in one.fixed}, order)


def _highest(versions: set[str], order: Callable[[str, str], int] | None) -> tuple[str, ...]:
    """Return the highest version, or all where their order is not known."""
    if len(versions) < 2 or order is None:
        return tuple(sorted(versions))
    return (max(sorted(versions), key=cmp_to_key(order)),)


def _order(kind: str) -> Callable[[str, str], int] | None:
    return order_of(_ORDERS[kind]) if kind in _ORDERS else None


def title(description: str) -> str:
    """Return the first line, cut before it is made harmless: that is quick only for what is short enough."""
    line = description.strip().partition("\n")[0]
    return clean(line[: _TITLE + 1], _TITLE)


def moment_of(issued: str) -> str | None:
    """Return when it was published, None for Go's zero time and for what is no time."""
    if issued.startswith("0001-"):
        return None
    try:
        datetime.fromisoformat(issued)
    except ValueError:
        return None
    return clean(issued, 40)
