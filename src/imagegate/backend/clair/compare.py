"""Holds what Clair saw against what imagegate sees itself, where it can: looking away must not pass for finding nothing."""

from collections.abc import Iterable

from imagegate.backend.clair.report import Reading
from imagegate.model.image import Evidence
from imagegate.model.inventory import Inventory, Package
from imagegate.model.releases import SYSTEMS

_FEW = 20  # one package in so many may be named differently on the two sides


def doubts(inventory: Inventory, reading: Reading) -> list[Evidence]:
    """Return what imagegate sees in the image and Clair did not see, or saw otherwise."""
    evidence = [item for item in inventory.evidence if item.kind in ("unreadable", "skipped_layer")]
    names = {name.lower() for package in reading.packages for name in (package.name, package.source_name)}
    ours, theirs = _by_type(inventory.packages), _by_type(reading.packages)
    for kind, packages in sorted(ours.items()):
        if kind in SYSTEMS:
            evidence += _system(kind, packages, names)
        elif kind not in theirs:
            detail = f"the image has {len(packages)} packages of type {kind}, of which Clair saw none"
            evidence.append(Evidence("uncovered", "fail", f"{detail}: {packages[0].locations[0].path}"))
    seen, told = inventory.distribution, reading.distribution
    if seen and told and (seen.id, seen.version.partition(".")[0]) != (told.id, told.version.partition(".")[0]):
        detail = f"Clair takes the image for {told.id} {told.version}, its files say {seen.id} {seen.version}"
        evidence.append(Evidence("backend", "fail", detail))
    return evidence


def _system(kind: str, packages: list[Package], names: set[str]) -> list[Evidence]:
    """What of the distribution's own packages Clair lacks; version 1 lists them by the names of their sources."""
    lost = [package for package in packages if not names & {package.name.lower(), package.source_name.lower()}]
    if not lost:
        return []
    where = packages[0].locations[0].path
    if len(lost) == len(packages):
        detail = f"the image has {len(packages)} {kind} packages ({where}), of which Clair saw none"
        return [Evidence("backend", "fail", detail)]
    detail = f"of {len(packages)} {kind} packages ({where}) Clair did not see {len(lost)}, such as {lost[0].name}"
    return [Evidence("backend", "fail" if len(lost) * _FEW > len(packages) else "warn", detail)]


def _by_type(packages: Iterable[Package]) -> dict[str, list[Package]]:
    found: dict[str, list[Package]] = {}
    for package in packages:
        found.setdefault(package.type, []).append(package)
    return found
