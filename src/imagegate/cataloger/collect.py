"""Asks every cataloger and makes one inventory of their answers."""

import re
from collections.abc import Iterable
from dataclasses import replace

from imagegate.cataloger import distribution as distributions
from imagegate.cataloger.apk import Apk
from imagegate.cataloger.dpkg import Dpkg
from imagegate.cataloger.interface import Catalog, Cataloger, FileCataloger
from imagegate.cataloger.locked import Seen, without_locked
from imagegate.cataloger.looking import Looking, read
from imagegate.cataloger.memory import Found, pack, unpack
from imagegate.cataloger.rpm import Rpm
from imagegate.model.image import Evidence, Files, OpenImage
from imagegate.model.inventory import Bill, Distribution, Inventory, Location, Package
from imagegate.model.releases import FAMILIES
from imagegate.text import clean


def singles() -> tuple[FileCataloger, ...]:
    """Return the catalogers that look at one file at a time."""
    from imagegate.cataloger import (
        bitnami,
        conan,
        dart,
        dotnet,
        erlang,
        executable,
        haskell,
        java,
        locks,
        node,
        php,
        python,
        r,
        ruby,
        swift,
    )

    return (
        python.Python(), node.Node(), ruby.Ruby(), php.Php(), java.Java(), dotnet.DotNet(), executable.Executables(),
        erlang.Erlang(), r.R(), dart.Dart(), conan.Conan(), swift.Swift(), haskell.Haskell(), bitnami.Bitnami(), locks.Locks(),
    )  # fmt: skip


DATABASES: tuple[Cataloger, ...] = (Dpkg(), Apk(), Rpm())
INTEREST = Looking(DATABASES, singles)
# Where the packages of distributions put their files (Filesystem Hierarchy Standard 3.0): never below `/app` or `/opt`,
# whatever a list of files in the image says.
_SYSTEM = re.compile(r"(?!usr/local/)(?:usr|lib|lib32|lib64|libx32|bin|sbin|etc|var/lib)/")
# Package databases that nobody reads yet: an image that has one is not an image without packages.
_UNREAD = ("var/lib/pacman/local", "var/db/pkg", "usr/lib/opkg/info")


def take_inventory(opened: OpenImage) -> Inventory:
    """Return the packages of the image, sorted, with evidence for whatever could not be seen."""
    if opened.bill is not None:
        return _billed(opened, opened.bill)
    memory = opened.memory
    known = memory.recall() if memory else None
    found = unpack(known) if known else None
    if found is None:
        found = _find(opened.files)
        if memory:
            memory.remember(pack(found))
    return Inventory(opened.image, found.distribution, found.packages, (*opened.evidence, *found.evidence))


def _find(files: Files) -> Found:
    found, evidence = distributions.detect(files)
    catalogs = {cataloger.type: cataloger.catalog(files, found) for cataloger in DATABASES}
    present = [cataloger for cataloger in DATABASES if catalogs[cataloger.type].databases]
    looked = without_locked(_looked(files))
    listed = [package for catalog in catalogs.values() for package in catalog.packages]
    looked.packages = _owned(looked.packages, listed, files, present, found)
    for catalog in (*catalogs.values(), looked):
        evidence += catalog.evidence
    evidence += _unread(files)
    evidence += _missing_database(found, catalogs)
    packages = _sorted(package for catalog in (*catalogs.values(), looked) for package in catalog.packages)
    if not packages:
        evidence.append(Evidence("no_packages", "fail", "no package was found in the whole image"))
    return Found(found, packages, tuple(evidence))


def _sorted(packages: Iterable[Package]) -> tuple[Package, ...]:
    def key(package: Package) -> tuple[str, ...]:
        return package.type, package.name, package.version, package.purl, package.locations[0].path

    return tuple(sorted(dict.fromkeys(packages), key=key))


def _billed(opened: OpenImage, bill: Bill) -> Inventory:
    """Return what a bill of materials says, held against itself: who names packages of a system must name the system."""
    found, evidence = distributions.told(*bill.distribution) if bill.distribution else (None, [])
    system = FAMILIES[found.id].database if found else ""
    kinds = sorted({package.type for package in bill.packages} & {cataloger.type for cataloger in DATABASES} - {system})
    for kind in kinds if not evidence else ():
        whose = f"it names {found.id}" if found else "it names no distribution"
        evidence.append(
            Evidence("unknown_distro", "fail", f"the SBOM lists {kind} packages, but {whose}; say which with --distro")
        )
    return Inventory(opened.image, found, _sorted(bill.packages), (*opened.evidence, *evidence))


def _looked(files: Files) -> list[Seen]:
    """Return what was seen in each file that was looked at on its own."""
    found = []
    for file, note in files.looked():
        path, seen = clean(file.path), read(note)
        packages = [
            Package(
                one.type,
                one.name,
                one.version,
                one.purl,
                (Location(f"{path}!/{one.inside}" if one.inside else path, file.layer),),
                basis=one.basis,
            )
            for one in seen.packages
        ]
        found.append(Seen(path, packages, seen.problems))
    return found


def _owned(
    packages: list[Package], listed: list[Package], files: Files, present: list[Cataloger], found: Distribution | None
) -> list[Package]:
    """Say which packages the distribution's packages brought: their metadata files are on the lists of those.

    What another layer wrote than the one that brought the owner is not what the owner has there: `npm install -g npm`.
    """
    since = {(package.name, package.locations[0].layer) for package in listed}
    paths = frozenset(_file(package) for package in packages)
    owners: dict[str, tuple[str, bool]] = {}
    for cataloger in present if paths else ():
        owners |= cataloger.owners(files, paths, found)
    owned = []
    for package in packages:
        owner, own = owners.get(_file(package), (None, False))
        own = own and _SYSTEM.match(_file(package)) is not None and (owner, package.locations[0].layer) in since
        owned.append(replace(package, owned_by=owner, by_distribution=own) if owner else package)
    return owned


def _file(package: Package) -> str:
    return package.locations[0].path.partition("!/")[0]


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
