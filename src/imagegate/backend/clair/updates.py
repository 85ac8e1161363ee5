"""What the matcher of Clair v4 has been fed, as far as it tells.

`GET /matcher/api/v1/internal/update_operation` (httptransport/matcher_v1.go of quay/clair) is meant for Clair's own parts,
so it may be closed to others. Names of updaters: the folders of quay/claircore 1.5.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from imagegate.backend.clair.client import Client, Denied
from imagegate.errors import BackendError
from imagegate.model.image import Evidence
from imagegate.model.inventory import Distribution, Package

_PATH = "/matcher/api/v1/internal/update_operation"
_MOST = 16 << 20  # bytes
# How the names of the updaters begin that speak of a distribution, or of packages of a type.
_DISTRIBUTIONS = {
    "almalinux": ("alma",),
    "amzn": ("aws", "amazon"),
    "centos": ("rhel",),
    "ol": ("oracle",),
    "opensuse-leap": ("suse", "opensuse"),
    "opensuse-tumbleweed": ("suse", "opensuse"),
    "sles": ("suse",),
}
_LANGUAGES = {
    "pypi": ("osv/pypi", "pyupio"),
    "golang": ("osv/go",),
    "maven": ("osv/maven",),
    "gem": ("osv/rubygems", "ruby-advisory"),
    "npm": ("osv/npm",),
}


_BY_RELEASE = ("alpine", "amzn", "opensuse-leap", "photon", "sles", "ubuntu")
_WORDS = re.compile(r"[a-z]+|[0-9]+(?:\.[0-9]+)*")
_CLOSED = (404, 405)
_SKEW = timedelta(days=1)
_QUIET = timedelta(days=30)  # a publisher who has said nothing for so long longer than the others is told


@dataclass(frozen=True)
class Updates:
    """When each updater last brought something new (Clair does not tell when it last asked); `digest` changes with any.

    `problem` is why its answer is none.
    """

    updaters: Mapping[str, datetime]
    enrichers: frozenset[str]
    digest: str
    problem: str = ""

    def newest(self, distribution: Distribution | None, packages: Iterable[Package]) -> str:
        """Return the latest update about the distribution, else about the languages, else of all; RFC 3339, UTC.

        "" where there was none.
        """
        groups = _groups(self.updaters, distribution, packages)
        about = groups.get(distribution.id) if distribution else None
        about = about or max(groups.values() or self.updaters.values(), default=None)
        return about.strftime("%Y-%m-%dT%H:%M:%SZ") if about else ""


def _groups(
    updaters: Mapping[str, datetime], distribution: Distribution | None, packages: Iterable[Package]
) -> dict[str, datetime]:
    """Return the latest update of the distribution, whatever its release, and of each language in the image."""
    wanted = {kind: _LANGUAGES[kind] for kind in {package.type for package in packages} & _LANGUAGES.keys()}
    if distribution is not None:
        wanted[distribution.id] = _DISTRIBUTIONS.get(distribution.id, (distribution.id,))
    moments = {
        name: [moment for updater, moment in updaters.items() if updater.startswith(starts)] for name, starts in wanted.items()
    }
    return {name: max(found) for name, found in moments.items() if found}


def ask(client: Client) -> Updates | None:
    """Return what Clair was fed, None where that is closed to us."""
    found = {}
    for kind in ("vulnerability", "enrichment"):
        try:
            answer = client.call("GET", f"{_PATH}?kind={kind}&latest=true", matcher=True, most=_MOST)
            if answer.status in _CLOSED:
                return None
            if answer.status != 200:
                raise answer.error("it does not tell what it was fed")
            operations = answer.document()
        except Denied:
            return None
        except BackendError as error:
            return Updates({}, frozenset(), "", error.message)
        found[kind] = {name: list(_operations(listed)) for name, listed in operations.items()}
    told = {kind: {name: done for name, done in table.items() if done} for kind, table in found.items()}
    stamps = sorted(f"{name} {reference}" for table in told.values() for name, done in table.items() for _, reference in done)
    return Updates(
        updaters={name.lower(): max(moment for moment, _ in done) for name, done in told["vulnerability"].items()},
        enrichers=frozenset(told["enrichment"]),
        digest="sha256:" + sha256("\n".join(stamps).encode("utf-8", "replace")).hexdigest(),
    )


def _operations(listed: object) -> Iterator[tuple[datetime, str]]:
    """Yield when each update of one updater was, and its reference; one without either says nothing."""
    for facts in listed[:1000] if isinstance(listed, list) else ():
        date: Any = facts.get("date") if isinstance(facts, dict) else None
        try:
            moment = datetime.fromisoformat(date)
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            continue
        if moment < datetime.now(UTC) + _SKEW:  # what comes from the future tells nothing
            yield moment, str(facts.get("ref"))[:100]


def cover(
    updates: Updates | None, distribution: Distribution | None, packages: Iterable[Package], *, found: bool
) -> list[Evidence]:
    """Return whether Clair was fed with anything about the image: what nobody told it about looks clean.

    `found` says that it found a vulnerability in a package of the distribution, so it was told something.
    """
    name = f"{distribution.id} {distribution.version}".rstrip() if distribution is not None else ""
    if updates is None:
        detail = f"Clair reports nothing about {name}, and does not tell whether it has any advisories for it"
        return [Evidence("uncovered", "warn", detail)] if name and not found else []
    if updates.problem:
        return [Evidence("uncovered", "fail", updates.problem)]
    evidence, packages = [], tuple(packages)
    groups = _groups(updates.updaters, distribution, packages)
    for about, moment in sorted(groups.items()):
        if max(groups.values()) - moment > _QUIET:
            evidence.append(Evidence("uncovered", "warn", f"Clair was last fed anything new about {about} on {moment:%Y-%m-%d}"))
    if distribution is not None:
        good = _speaks_of(frozenset(updates.updaters), distribution)
        detail = f"Clair has advisories for {name}" if good else f"Clair has no updater for {name}: whatever is in it looks clean"
        evidence.append(Evidence("uncovered", "ok" if good else "fail", detail))
    for kind in sorted({package.type for package in packages} & _LANGUAGES.keys()):
        if not any(updater.startswith(_LANGUAGES[kind]) for updater in updates.updaters):
            detail = f"Clair has no updater for packages of type {kind}: they look clean"
            evidence.append(Evidence("uncovered", "fail", detail))
    return evidence


def _speaks_of(updaters: frozenset[str], distribution: Distribution) -> bool:
    """Return whether an updater of the distribution ran, of its release where there is one for each."""
    own = [one for one in updaters if one.startswith(_DISTRIBUTIONS.get(distribution.id, (distribution.id,)))]
    if distribution.id not in _BY_RELEASE:
        return bool(own)
    major = distribution.version.partition(".")[0]
    release = {distribution.version, distribution.codename, "1" if distribution.version == "2018.03" else major} - {""}
    return any(not release.isdisjoint(_WORDS.findall(one)) for one in own)
