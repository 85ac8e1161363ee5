"""Matches plain package lists against plain records."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from imagegate.advisory.store import Store
from imagegate.matcher.match import Matches, match
from imagegate.model.image import Image
from imagegate.model.inventory import Distribution, Inventory, Location, Package, package_url
from imagegate.model.releases import FAMILIES
from tests.advisories import Record, build_store

BASES = {
    "debian": "Debian",
    "ubuntu": "Ubuntu",
    "alpine": "Alpine",
    "wolfi": "Wolfi",
    "alpaquita": "Alpaquita",
    "almalinux": "AlmaLinux",
}


def installed(name: str, version: str, source: str = "", source_version: str = "") -> Package:
    """Return a package as the catalogers make it: without a source of its own it is its own source."""
    purl = package_url("deb", "debian", name, version, {})
    location = Location("var/lib/dpkg/status", 0)
    return Package("deb", name, version, purl, (location,), source or name, source_version or version)


def inventory(distribution: str, packages: Iterable[Package]) -> Inventory:
    """Return an inventory of a distribution written as `debian 11`."""
    identity, _, version = distribution.partition(" ")
    image = Image("app:1", "test", "sha256:0", None, "linux/amd64")
    kind = FAMILIES[identity].database
    own = tuple(replace(package, type=kind) if package.type == "deb" else package for package in packages)
    return Inventory(image, Distribution(identity, version), own)


def scan(folder: Path, distribution: str, packages: Iterable[Package], records: Iterable[Record], **more: object) -> Matches:
    """Return what the matcher finds."""
    base = BASES[distribution.partition(" ")[0]]
    path = build_store(folder / "s.db", {base: records}, **more)  # type: ignore[arg-type]
    with closing(Store(str(path))) as store:
        return match(inventory(distribution, packages), store, covered=True)


def language(kind: str, name: str, version: str, path: str = "", **more: Any) -> Package:
    """Return a package of a language; `kind` is the purl type, `name` the name that OSV uses."""
    namespace, _, short = name.replace(":", "/").rpartition("/")
    purl = package_url(kind, namespace, short, version, {})
    return Package(kind, name, version, purl, (Location(path or f"srv/{short}", 0),), **more)


def look_up(folder: Path, packages: Iterable[Package], records: Iterable[Record]) -> Matches:
    """Return what the matcher finds in an image without a distribution; records are told apart by their entries."""
    path = build_store(folder / "s.db", {"npm": records})
    with closing(Store(str(path))) as store:
        return match(
            Inventory(Image("app:1", "test", "sha256:0", None, "linux/amd64"), None, tuple(packages)), store, covered=False
        )


def affected(folder: Path, kind: str, name: str, versions: Sequence[str], *records: Record) -> list[str]:
    """Return those of the versions of a package that any of the records applies to."""
    matches = look_up(folder, [language(kind, name, version) for version in versions], records)
    found = {finding.package.version for finding in matches.findings}
    return [version for version in versions if version in found]
