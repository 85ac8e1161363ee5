"""The inventory of layers that were looked at before, as bytes: what a cache keeps of an image."""

import json
from typing import Any, NamedTuple

from imagegate.model.image import Evidence
from imagegate.model.inventory import Distribution, Location, Package


class Found(NamedTuple):
    """What an inventory holds that depends on nothing but the layers."""

    distribution: Distribution | None
    packages: tuple[Package, ...]
    evidence: tuple[Evidence, ...]


def pack(found: Found) -> bytes:
    """Return it as bytes."""
    system = found.distribution
    told = system and (system.id, system.version, system.codename, system.pretty_name, system.end_of_life)
    packages = [
        (one.type, one.name, one.version, one.purl, [(place.path, place.layer) for place in one.locations],
         one.source_name, one.source_version, one.owned_by, one.by_distribution, one.basis)
        for one in found.packages
    ]  # fmt: skip
    evidence = [(item.kind, item.found, item.detail) for item in found.evidence]
    return json.dumps([told, packages, evidence], separators=(",", ":")).encode()


def unpack(data: bytes) -> Found | None:
    """Return what `pack` was given, None for anything else."""
    try:
        told, packages, evidence = json.loads(data)
        return Found(
            Distribution(*told) if told else None,
            tuple(_package(*row) for row in packages),
            tuple(Evidence(*item) for item in evidence),
        )
    except (ValueError, TypeError):
        return None


def _package(kind: str, name: str, version: str, purl: str, places: list[tuple[str, int]], *rest: Any) -> Package:
    return Package(kind, name, version, purl, tuple(Location(path, layer) for path, layer in places), *rest)
