"""What a backend answers: findings, and what it could and could not see."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from imagegate.model.image import Evidence, Image
from imagegate.model.inventory import Distribution, Location, Package


@dataclass(frozen=True, slots=True)
class Score:
    """A CVSS base score (0.0 to 10.0); `type` is OSV's word: CVSS_V2, CVSS_V3 or CVSS_V4."""

    type: str
    score: float
    vector: str
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One vulnerability, under all its names, in one package at one location.

    `fix_state` is "fixed", "not-fixed" or "unknown"; `known_exploited` is None where the store has no such list;
    `raw_severity` is the vendor's own word; `advisories` are the records that decided; `upgrade`
    is the lowest version of the package that has every fix known for it, not only this one's; `deferrable`: the
    distribution answers for the package, which it ships and may have patched without changing the version.
    """

    id: str
    aliases: tuple[str, ...]
    raw_severity: str
    scores: tuple[Score, ...]
    fixed_in: tuple[str, ...]
    fix_state: str
    published: str | None
    known_exploited: bool | None
    package: Package
    location: Location
    title: str
    url: str
    advisories: tuple[str, ...] = ()
    upgrade: str = ""
    deferrable: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which the vulnerability is known."""
        return (self.id, *self.aliases)

    @property
    def fingerprint(self) -> str:
        """An identity that outlives rebuilds: hexadecimal SHA-256 of id, package, architecture and path.

        The version is left out, and so is the distribution: a new base image keeps its old alerts.
        """
        return _fingerprint(self.id, self.package.purl, self.location.path)


@lru_cache(1 << 14)  # several reports of one finding ask for it
def _fingerprint(identity: str, purl: str, path: str) -> str:
    return sha256(f"{identity}\n{_lasting(purl)}\n{path}".encode()).hexdigest()


@lru_cache(1 << 10)  # a package has many findings
def _lasting(purl: str) -> str:
    url, _, qualifiers = purl.partition("?")
    kept = [pair for pair in qualifiers.split("&") if not pair.startswith("distro=")]
    return "?".join((url.partition("@")[0], "&".join(kept)))


@dataclass(frozen=True, slots=True)
class Database:
    """The advisories that a backend looked into.

    `built` is when the file was made; `newest` the latest change of any record; `confirmed` when the source last
    said that its data is current (for a store built from a folder, its newest record); all RFC 3339, UTC.
    """

    digest: str
    built: str
    newest: str
    confirmed: str
    records: int
    scores: int
    exploited: int


EMBEDDED = "embedded"  # the backend that is ours


@dataclass(frozen=True, slots=True)
class BackendRun:
    """Who scanned, and with which data."""

    name: str
    version: str
    database: Database | None


@dataclass(frozen=True, slots=True)
class ScanReport:
    """The answer of a backend for one image of one platform."""

    image: Image
    backends: tuple[BackendRun, ...]
    distribution: Distribution | None
    packages: tuple[Package, ...]
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]
