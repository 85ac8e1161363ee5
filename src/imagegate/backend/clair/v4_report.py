"""Reads a vulnerability report of Clair v4.

Format: vulnerabilityreport.go, package.go, environment.go and vulnerability.go of quay/claircore 1.5, whose JSON tags are
the keys here. Ids are numbers of rows in Clair's database: they join the parts of one report, and mean nothing outside.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from imagegate.backend.clair.names import text
from imagegate.backend.clair.package import package, type_of, unversioned
from imagegate.backend.clair.report import Layers, Reading, assembled, nothing_recognised
from imagegate.backend.clair.v4_findings import Enrichments, Entry, entry, merged
from imagegate.errors import BackendError
from imagegate.model.image import Evidence
from imagegate.model.inventory import Distribution, Location, Package
from imagegate.model.releases import SYSTEMS
from imagegate.model.scan import Finding
from imagegate.text import clean

_MOST = 200_000  # packages, vulnerabilities, findings
_HINT = "Is it a vulnerability report of Clair v4, and was it changed or cut?"
_REQUIRED = ("packages", "package_vulnerabilities", "vulnerabilities")
_Places = dict[str, list[Package]]  # by the id that the report has for a package


def is_report(document: Mapping[str, Any]) -> bool:
    """Return whether a document has the keys that only a vulnerability report of Clair v4 has."""
    return all(isinstance(document.get(key), dict) for key in _REQUIRED)


def read(document: Mapping[str, Any], layers: Mapping[str, int] | None) -> Reading:
    """Return what a report says; `layers` has the index of each digest, None where it is not known.

    Then they are numbered as the report mentions them. Raises BackendError for a report that has not this form.
    """
    packages, hits, vulnerabilities = (_table(document, key) for key in _REQUIRED)
    environments, distributions = _table(document, "environments"), _table(document, "distributions", needed=False)
    repositories = _table(document, "repository", needed=False)
    lost: Counter[str] = Counter()
    distribution, evidence = _distribution(distributions, environments, lost)
    places = _Surroundings(environments, repositories, distributions, layers, lost)
    found: _Places = {}
    known: dict[tuple[str, Location], Package] = {}
    for identity, facts in packages.items():
        row = _object(facts, "packages", identity)
        for location, database, repository in places.of(identity):
            one = package(row, database, repository, location, distribution, lost)
            if one is not None:  # Clair may have one package under several ids
                found.setdefault(identity, []).append(known.setdefault((one.purl, location), one))
    for what, rows in (("places", environments), ("lists of vulnerabilities", hits)):
        if strange := rows.keys() - packages.keys():
            lost[f"{what} are of packages that are not described"] += len(strange)
    findings = _findings(found, hits, vulnerabilities, Enrichments(document, lost), lost)
    evidence += _recognised(list(known.values()), distribution)
    evidence += places.evidence()
    return assembled(distribution, known.values(), findings, evidence, lost, places.layers)


class _Surroundings:
    """Where Clair found packages: its environments."""

    def __init__(
        self,
        environments: Mapping[str, Any],
        repositories: Mapping[str, Any],
        distributions: Mapping[str, Any],
        layers: Mapping[str, int] | None,
        lost: Counter[str],
    ) -> None:
        self.layers = Layers(layers)
        self._environments, self._repositories, self._distributions = environments, repositories, distributions
        self._lost = lost
        self._homeless = 0

    def of(self, identity: str) -> Iterator[tuple[Location, str, str]]:
        """Yield where a package is, each place once: its location, the database that names it, and its repository."""
        rows = self._environments.get(identity, [])
        if not isinstance(rows, list | None):
            raise _malformed("environments", identity)
        seen: set[tuple[str, str]] = set()
        lost = self._lost
        for row in rows or ():
            facts = _object(row, "environments", identity)
            database, layer = (clean(text(facts, key, 4096, lost), 4096) for key in ("package_db", "introduced_in"))
            if (database, layer) in seen:
                continue
            seen.add((database, layer))
            prefix, colon, path = database.partition(":")
            path = path if colon and "/" not in prefix else database
            if type_of(database) in SYSTEMS and text(facts, "distribution_id", 40, lost) not in self._distributions:
                self._homeless += 1
            yield Location(path.lstrip("/"), self.layers.of(layer)), database, self._repository(facts.get("repository_ids"))
        if not seen:
            self._lost["packages without a place"] += 1
            yield Location("", 0), "", ""

    def evidence(self) -> Iterator[Evidence]:
        """Yield what the places tell about the report."""
        if self._homeless and self._distributions:
            detail = f"{self._homeless} packages of an operating system belong to no distribution, so Clair did not judge them"
            yield Evidence("unknown_distro", "fail", detail)

    def _repository(self, identities: object) -> str:
        for identity in identities if isinstance(identities, list) else () if identities is None else (None,):
            facts = self._repositories.get(identity, {}) if isinstance(identity, str) else None
            if not isinstance(facts, dict):
                self._lost["repositories have not the right form"] += 1
            elif facts:
                return text(facts, "name", 1000, self._lost)
        return ""


def _distribution(
    distributions: Mapping[str, Any], environments: Mapping[str, Any], lost: Counter[str]
) -> tuple[Distribution | None, list[Evidence]]:
    """Return the distribution of most packages, and what was noticed on the way."""
    from imagegate.cataloger.distribution import told

    if not distributions:
        detail = "Clair recognised no distribution, so it judged no package of an operating system"
        return None, [Evidence("unknown_distro", "fail", detail)]
    used: Counter[str] = Counter()
    for rows in environments.values():
        used.update(str(row.get("distribution_id")) for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict))
    rows = {identity: _object(row, "distributions", identity) for identity, row in distributions.items()}
    facts = rows[max(rows, key=lambda one: (used[one], one))]
    # The version of an os-release has more words than its VERSION_ID, but begins with it.
    version = text(facts, "version_id", 100, lost) or text(facts, "version", 100, lost).partition(" ")[0]
    texts = (text(facts, key, 200, lost) for key in ("did", "version_code_name", "pretty_name"))
    identity, release, codename, pretty = (clean(part, 200) for part in (next(texts), version, *texts))
    named, evidence = told(identity, release, codename, pretty, origin="Clair")
    if len(rows) > 1:
        others = sorted(
            {clean(" ".join(text(row, key, 100, lost) for key in ("did", "version_id")), 60) for row in rows.values()}
        )
        detail = f"Clair sees {len(rows)} distributions ({', '.join(others[:5])}); taken is that of most packages"
        evidence.append(Evidence("unknown_distro", "warn", detail))
    return named, evidence


def _recognised(packages: list[Package], distribution: Distribution | None) -> Iterator[Evidence]:
    """An image in which Clair recognises nothing is answered like one without vulnerabilities."""
    if not packages:
        yield from nothing_recognised()
    elif distribution is not None and not any(one.type in SYSTEMS for one in packages):
        name = f"{distribution.id} {distribution.version}".rstrip()
        yield Evidence("backend", "fail", f"Clair recognised {name}, but not one of its packages")
    yield from unversioned(packages)


def _findings(
    packages: _Places,
    hits: Mapping[str, Any],
    vulnerabilities: Mapping[str, Any],
    enrichments: Enrichments,
    lost: Counter[str],
) -> list[Finding]:
    entries: dict[str, Entry | None] = {}
    of: dict[int, tuple[Package, dict[str, Entry]]] = {}  # what is said of each package at each place
    total = 0
    for identity, listed in hits.items():
        if not isinstance(listed, list | None):
            raise _malformed("package_vulnerabilities", identity)
        if listed and identity not in packages:
            lost["packages that have vulnerabilities are not described"] += 1
            continue
        for number in dict.fromkeys(map(str, listed or ())):  # an id is there again for each repository
            if number not in vulnerabilities:
                lost["vulnerabilities of packages are not described"] += 1
                continue
            if number not in entries:
                entries[number] = entry(_object(vulnerabilities[number], "vulnerabilities", number), number, enrichments, lost)
            one = entries[number]
            if one is None:
                continue
            for place in packages[identity]:
                of.setdefault(id(place), (place, {}))[1][number] = one
                total += len(one.identities)
            if total > _MOST:
                raise BackendError(f"the report of Clair has more than {_MOST:,} findings", _HINT)
    if orphans := len(vulnerabilities) - len(entries):
        lost["vulnerabilities belong to no package"] += orphans
    return [finding for place, said in of.values() for finding in merged(place, said.values())]


def _table(document: Mapping[str, Any], key: str, *, needed: bool = True) -> Mapping[str, Any]:
    table = document.get(key)
    if table is None and not needed:  # an empty map of Go
        return {}
    if not isinstance(table, dict):
        what = "is missing" if key not in document else "is not an object"
        raise BackendError(f"the report of Clair cannot be read: {key} {what}", _HINT)
    if len(table) > _MOST:
        raise BackendError(f"the report of Clair cannot be read: more than {_MOST:,} {key}", _HINT)
    return table


def _object(value: object, table: str, key: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _malformed(table, key)
    return value


def _malformed(table: str, key: str) -> BackendError:
    return BackendError(f"the report of Clair cannot be read: {table}.{clean(key, 60)} has not the right form", _HINT)
