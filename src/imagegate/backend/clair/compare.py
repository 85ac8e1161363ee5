"""Holds what Clair saw against what imagegate sees itself, where it can: looking away must not pass for finding nothing."""

import re
from collections.abc import Iterable

from imagegate.backend.clair.report import Reading
from imagegate.model.image import Evidence
from imagegate.model.inventory import Inventory, Package
from imagegate.model.releases import SYSTEMS

_SAME_VERSIONS = ("deb", "apk")  # Clair writes those of rpm in other ways
_RUNS = re.compile(r"[-_.]+")


def doubts(inventory: Inventory, reading: Reading) -> list[Evidence]:
    """Return what imagegate sees in the image and Clair did not see, or saw otherwise."""
    evidence = [item for item in inventory.evidence if item.kind in ("unreadable", "skipped_layer")]
    ours, theirs = _by_type(inventory.packages), _by_type(reading.packages)
    for kind, packages in sorted(ours.items()):
        if kind in SYSTEMS:
            evidence += _system(kind, packages, theirs.get(kind, []))
        else:
            evidence += _language(kind, [one for one in packages if one.basis == "installed"], theirs.get(kind, []))
    seen, told = inventory.distribution, reading.distribution
    if seen and told and (seen.id, seen.version.partition(".")[0]) != (told.id, told.version.partition(".")[0]):
        detail = f"Clair takes the image for {told.id} {told.version}, its files say {seen.id} {seen.version}"
        evidence.append(Evidence("backend", "fail", detail))
    return evidence


def _system(kind: str, packages: list[Package], theirs: list[Package]) -> list[Evidence]:
    """What of the distribution's own packages Clair lacks; version 1 lists them by the names of their sources."""
    exact = kind in _SAME_VERSIONS
    known = {name for package in theirs for name in _names(package, exact)}
    lost = [package for package in packages if known.isdisjoint(_names(package, exact))]
    if not lost:
        return []
    where = packages[0].locations[0].path
    if len(lost) == len(packages):
        detail = f"the image has {len(packages)} {kind} packages ({where}), of which Clair saw none"
    else:
        one = f"{lost[0].name} {lost[0].version}"
        detail = f"of {len(packages)} {kind} packages ({where}) Clair did not see {len(lost)}, such as {one}"
    return [Evidence("backend", "fail", detail)]


def _names(package: Package, exact: bool) -> set[tuple[str, str]]:
    pairs = ((package.name, package.version), (package.source_name, package.source_version or package.version))
    return {(name.lower(), version if exact else "") for name, version in pairs if name}


def _language(kind: str, packages: list[Package], theirs: list[Package]) -> list[Evidence]:
    """Clair does not look for every kind of package, nor everywhere: half of them is no look."""
    known = {_RUNS.sub("-", package.name.lower()) for package in theirs}
    lost = [package for package in packages if _RUNS.sub("-", package.name.lower()) not in known]
    if not lost:
        return []
    where = f"such as {lost[0].name} in {lost[0].locations[0].path}"
    if len(lost) == len(packages):
        return [
            Evidence("uncovered", "fail", f"the image has {len(lost)} packages of type {kind}, of which Clair saw none, {where}")
        ]
    detail = f"of {len(packages)} packages of type {kind} Clair did not see {len(lost)}, {where}"
    return [Evidence("uncovered", "fail" if len(lost) * 2 > len(packages) else "warn", detail)]


def _by_type(packages: Iterable[Package]) -> dict[str, list[Package]]:
    found: dict[str, list[Package]] = {}
    for package in packages:
        found.setdefault(package.type, []).append(package)
    return found
