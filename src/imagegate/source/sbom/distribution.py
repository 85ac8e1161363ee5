"""Which distribution a document speaks of: what it says outright, and what its package URLs say."""

import re
from collections.abc import Iterable

from imagegate.errors import UsageError
from imagegate.model.inventory import Package
from imagegate.model.releases import FAMILIES
from imagegate.source.sbom.listing import DistributionFacts, Notes
from imagegate.source.sbom.purl import Purl
from imagegate.text import clean

# Trivy has names of its own where os-release(5) has others (pkg/fanal/types/const.go); so have some purl namespaces.
_ALIASES = {
    "alma": "almalinux",
    "amazon": "amzn",
    "azurelinux": "azurelinux",
    "cbl-mariner": "mariner",
    "oracle": "ol",
    "oraclelinux": "ol",
    "redhat": "rhel",
    "opensuse.leap": "opensuse-leap",
    "opensuse.tumbleweed": "opensuse-tumbleweed",
    "suse linux enterprise server": "sles",
}
OF_SYSTEMS = ("deb", "apk", "rpm", "alpm")
_NUMBERED = re.compile(r"(?P<id>.*?)-(?P<version>[0-9][^-]*)\Z")
_SHARED = ({"wolfi", "chainguard"},)  # each installs packages of the other
_CODENAMES = {
    release.codename: (identity, release.version)
    for identity, family in FAMILIES.items()
    for release in family.releases
    if release.codename
}


def facts(identity: str, version: str, codename: str = "", pretty_name: str = "") -> DistributionFacts:
    """Return the facts made harmless, the id as os-release has it."""
    word = clean(identity.strip().lower(), 100)
    return DistributionFacts(_ALIASES.get(word, word), clean(version, 100), clean(codename.lower(), 100), clean(pretty_name, 200))


def given(text: str) -> DistributionFacts:
    """Return the distribution that a person wrote as `debian:11`; raises UsageError."""
    identity, colon, version = text.strip().partition(":")
    if not identity or not colon or not version:
        raise UsageError(f"{clean(text, 100)!r} is not a distribution", "Write its id and release, such as debian:11.")
    return facts(identity, version)


def named_by(purl: Purl) -> DistributionFacts | None:
    """Return what a package URL says: `distro=debian-11`, `distro=bullseye`, `os_name=` (Docker Scout), or its namespace."""
    if purl.type not in OF_SYSTEMS:
        return None
    values = dict(purl.qualifiers)
    if values.get("os_name"):
        return facts(values["os_name"], values.get("os_version", ""), values.get("os_distro", ""))
    distro = values.get("distro", "").lower()
    if not distro:
        return facts(purl.namespace, "") if purl.namespace else None
    if numbered := _NUMBERED.match(distro):
        return facts(numbered["id"], numbered["version"])
    if named := _CODENAMES.get(distro.rpartition("-")[2]):
        return facts(named[0], named[1], distro.rpartition("-")[2])
    known = distro in FAMILIES or not purl.namespace
    return facts(distro, "") if known else facts(purl.namespace, "", distro.removeprefix(f"{purl.namespace}-"))


def settle(
    option: str, systems: Iterable[DistributionFacts], named: Iterable[DistributionFacts], packages: list[Package], notes: Notes
) -> DistributionFacts | None:
    """Return the one distribution: given, else said, else named by the packages; contradictions are noted."""
    claims = [*([given(option)] if option else []), *systems, *sorted(set(named), key=lambda one: (not one.version, one))]
    claims = [claim for claim in claims if claim.id]
    kinds = {package.type for package in packages} & {*OF_SYSTEMS}
    if not claims:
        if kinds:
            detail = f"packages of type {' and '.join(sorted(kinds))}, but the document names no distribution"
            notes.note("fail", detail, kind="unknown_distro")
        return None
    chosen = claims[0]
    for other in dict.fromkeys(claims):
        if not _agree(chosen, other):
            notes.note("fail", "a contradiction", f"{_shown(chosen)} and {_shown(other)}", "unknown_distro")
    _against_packages(chosen, kinds, notes)
    better = next((claim for claim in claims if claim.id == chosen.id and claim.version), chosen)
    return chosen if chosen.version or chosen.codename else better


def _against_packages(chosen: DistributionFacts, kinds: set[str], notes: Notes) -> None:
    """The distribution and its packages must be there for each other, as in an image's own databases."""
    family = FAMILIES.get(chosen.id)
    if family is None:
        if not kinds:
            notes.note("fail", "a distribution is named, but none of its packages is listed", _shown(chosen))
        return
    if family.database not in kinds:
        notes.note("fail", f"a distribution is named, but no package of type {family.database} is listed", _shown(chosen))
    for kind in sorted(kinds - {family.database}):
        notes.note("fail", f"a contradiction: packages of type {kind}", _shown(chosen), "unknown_distro")


def _shown(claim: DistributionFacts) -> str:
    return f"{claim.id} {claim.version or claim.codename}".rstrip()


def _agree(left: DistributionFacts, right: DistributionFacts) -> bool:
    if left.id != right.id:
        return any({left.id, right.id} <= shared for shared in _SHARED)
    first, second = _release(left), _release(right)
    if not first or not second or left.id in FAMILIES:
        return not first or not second or first == second
    return f"{first}.".startswith(f"{second}.") or f"{second}.".startswith(f"{first}.")  # 8 and 8.5


def _release(claim: DistributionFacts) -> str:
    """Return the release as far as its distribution counts it; "" where all are one, or none is told."""
    family = FAMILIES.get(claim.id)
    if family is None:
        return claim.version
    if claim.version:
        return ".".join(claim.version.split(".")[: family.parts])
    return _CODENAMES.get(claim.codename, ("", claim.codename))[1]
