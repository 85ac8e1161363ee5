"""Matches plain package lists against plain records."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from imagegate.advisory.store import Store
from imagegate.matcher.match import Matches, match
from imagegate.model.image import Image
from imagegate.model.inventory import Distribution, Inventory, Location, Package, package_url
from imagegate.model.releases import FAMILIES
from tests.advisories import Record, build_store

BASES = {"debian": "Debian", "ubuntu": "Ubuntu", "alpine": "Alpine", "wolfi": "Wolfi", "alpaquita": "Alpaquita"}


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
