"""Asks every cataloger and makes one inventory of their answers."""

from imagegate.cataloger import distribution as distributions
from imagegate.cataloger.apk import Apk
from imagegate.cataloger.dpkg import Dpkg
from imagegate.cataloger.interface import Catalog, Cataloger
from imagegate.model.image import Evidence, Files, OpenImage
from imagegate.model.inventory import Distribution, Inventory
from imagegate.model.releases import FAMILIES

BUILT_IN: tuple[Cataloger, ...] = (Dpkg(), Apk())
# Package databases that nobody reads yet: an image that has one is not an image without packages.
_UNREAD = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/pacman/local", "var/db/pkg", "usr/lib/opkg/info")


def wants(path: str) -> bool:
    """Return whether some cataloger may read a file of that path."""
    return distributions.wants(path) or any(cataloger.wants(path) for cataloger in BUILT_IN)


def take_inventory(opened: OpenImage) -> Inventory:
    """Return the packages of the image, sorted, with evidence for whatever could not be seen."""
    files = opened.files
    found, evidence = distributions.detect(files)
    catalogs = {cataloger.type: cataloger.catalog(files, found) for cataloger in BUILT_IN}
    for catalog in catalogs.values():
        evidence += catalog.evidence
    evidence += _unread(files)
    evidence += _missing_database(found, catalogs)
    packages = sorted(
        (package for catalog in catalogs.values() for package in catalog.packages),
        key=lambda package: (package.type, package.name, package.version, package.purl, package.locations[0].path),
    )
    if not packages:
        evidence.append(Evidence("no_packages", "fail", "no package was found in the whole image"))
    return Inventory(opened.image, found, tuple(packages), (*opened.evidence, *evidence))


def _unread(files: Files) -> list[Evidence]:
    top = files.depth - 1
    return [
        Evidence("unreadable", "fail", f"{path}: a package database of a kind that is not read yet")
        for path in _UNREAD
        if top >= 0 and next(files.children(path, top), None) is not None
    ]


def _missing_database(found: Distribution | None, catalogs: dict[str, Catalog]) -> list[Evidence]:
    """Hold the distribution against the databases: each must be there for the other."""
    if found is None:
        present = [kind for kind, catalog in catalogs.items() if catalog.databases]
        if present:
            kinds = " and ".join(present)
            return [
                Evidence("unknown_distro", "fail", f"there is a database of {kinds} packages, but no distribution that is known")
            ]
        return []
    expected = FAMILIES[found.id].database
    evidence = [
        Evidence(
            "unknown_distro",
            "fail",
            f"a contradiction: {found.id} has {expected} packages, but there is a database of {kind} packages",
        )
        for kind, catalog in catalogs.items()
        if kind != expected and catalog.databases
    ]
    if not catalogs[expected].databases:
        evidence.append(
            Evidence(
                "unreadable",
                "fail",
                f"{found.id} {found.version}".rstrip() + f" was found, but not its database of {expected} packages",
            )
        )
    return evidence
