"""Packages of Clair v4 as our own catalogers write them: type, name as OSV has it, package URL, source.

What `package_db` and the repositories are called: the scanners of quay/claircore 1.5 (dpkg, apk, rpm, python, ruby, java,
gobin, nodejs, rhel/rhcc).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from imagegate.backend.clair.names import LONGEST_CLEAN, LONGEST_NAME, text
from imagegate.model.image import Evidence
from imagegate.model.inventory import Distribution, Location, Package, package_url
from imagegate.model.releases import FAMILIES, SYSTEMS
from imagegate.text import clean

# What stands before the path of a package database, or is the name of a repository.
_TYPES = {
    "python": "pypi",
    "pypi": "pypi",
    "ruby": "gem",
    "rubygems": "gem",
    "jar": "maven",
    "maven": "maven",
    "go": "golang",
    "nodejs": "npm",
    "npm": "npm",
    "sqlite": "rpm",
    "bdb": "rpm",
    "ndb": "rpm",
}
_GUESSED = ("jar:", "file:")  # from a manifest or the name of a file, not from Maven's own record
_NAMESPACES = {"rhel": "redhat", "sles": "suse", "opensuse-leap": "opensuse", "opensuse-tumbleweed": "opensuse"}
_DEFAULTS = {"deb": "debian", "apk": "alpine"}
_NO_VERSION = ("(devel)", "unknown")
_EPOCH = re.compile(r"(\d+):(.*)", re.DOTALL)


def package(
    facts: Mapping[str, Any],
    database: str,
    repository: str,
    location: Location,
    distribution: Distribution | None,
    lost: Counter[str],
) -> Package | None:
    """Return a package of a report at one of its places, None for one without a name; `lost` counts what cannot be read."""
    name, version = _word(facts, "name", lost), _word(facts, "version", lost)
    if not name:
        lost["packages without a name"] += 1
        return None
    version = "" if version in _NO_VERSION else version
    kind = type_of(database, repository)
    source = facts.get("source") or {}
    if not isinstance(source, dict):
        lost["sources of packages have not the right form"] += 1
        source = {}
    source_name, source_version = _word(source, "name", lost), _word(source, "version", lost)
    if kind in ("deb", "apk", "rpm"):
        source_name, source_version = source_name or name, source_version or version
        qualifiers = {"arch": _word(facts, "arch", lost)}
        namespace = _DEFAULTS.get(kind, "")
        if distribution is not None and FAMILIES[distribution.id].database == kind:
            namespace = _NAMESPACES.get(distribution.id, distribution.id) if kind == "rpm" else distribution.id
            qualifiers["distro"] = f"{distribution.id}-{distribution.version}" if distribution.version else ""
        bare = version
        if kind == "rpm":
            version, source_version = _without_zero(version), _without_zero(source_version)
            epoch = _EPOCH.match(version)
            qualifiers |= {"epoch": epoch[1] if epoch else "", "rpmmod": _word(facts, "module", lost)}
            bare = epoch[2] if epoch else version
        purl = package_url(kind, namespace, name, bare, qualifiers)
    else:
        source_name = source_version = ""
        if kind == "pypi":
            name = re.sub(r"[-_.]+", "-", name).lower()
        group, _, last = (
            name.rpartition(":" if kind == "maven" else "/") if kind in ("maven", "golang", "npm") else ("", "", name)
        )
        purl = package_url(kind, group, last, version, {})
    basis = "guessed" if database.startswith(_GUESSED) else "installed"
    return Package(
        kind, name, version, purl if version else purl.replace("@", "", 1), (location,), source_name, source_version, basis=basis
    )


def type_of(database: str, repository: str = "") -> str:
    """Return the type of package URL for what a package database holds, "generic" where it is not known."""
    prefix, colon, path = database.partition(":")
    path = f"/{path if colon else database}"
    if "/dpkg/" in path:
        return "deb"
    if "/apk/db/" in path:
        return "apk"
    if colon and prefix in _TYPES:
        return _TYPES[prefix]
    if "/rpm/" in f"{path}/" or "/rpm-ostree/" in path:
        return "rpm"
    return _TYPES.get(repository, "generic")


def unversioned(packages: Iterable[Package]) -> Iterator[Evidence]:
    """Yield what packages without a version mean: a distribution writes one for every package, so there it is a loss."""
    nameless = [one for one in packages if not one.version]
    for found, system in (("fail", True), ("warn", False)):
        if some := [one.name for one in nameless if (one.type in SYSTEMS) == system]:
            detail = f"{len(some)} packages have no version that Clair could judge, such as {some[0][:100]}"
            yield Evidence("unreadable", found, detail)


def _word(facts: Mapping[str, Any], key: str, lost: Counter[str]) -> str:
    return clean(text(facts, key, LONGEST_NAME, lost).strip(), LONGEST_CLEAN)


def _without_zero(version: str) -> str:
    """An epoch of 0 is none."""
    return version.removeprefix("0:")
