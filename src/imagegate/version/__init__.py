"""How each ecosystem orders its versions: one file per order, and the table that says which ecosystem uses which.

The ecosystems are those of the OSV schema ("Defined Ecosystems") and of osv.dev. An order is imported when it is asked
for. Android, Homebrew, Linux and OSS-Fuzz have none here.
"""

import sys
from importlib import import_module
from typing import cast

from imagegate.version.keys import Compare

__all__ = ["Compare", "is_ordered", "is_readable", "is_valid", "order_of"]

_ORDERS = {
    "apk": "Alpaquita|Alpine|BellSoft Hardened Containers|Chainguard|CleanStart|MinimOS|Wolfi",
    "bitnami": "Bitnami",
    "builds": "Julia|Pub",
    "composer": "Packagist",
    "conan": "ConanCenter",
    "dpkg": "Debian|Echo|Ubuntu|opam",
    "gem": "RubyGems",
    "go": "Go|Kubernetes",
    "maven": "Maven",
    "nuget": "NuGet",
    "numeric": "Bioconductor|CRAN|GHC|Hackage",
    "pypi": "PyPI",
    "rpm": "AlmaLinux|Azure Linux|Mageia|Photon OS|Red Hat|Rocky Linux|SUSE|openEuler|openSUSE",
    "semver": "GitHub Actions|Hex|SwiftURL|VSCode|crates.io|npm",
}
_FILES = {ecosystem: file for file, ecosystems in _ORDERS.items() for ecosystem in ecosystems.split("|")}
_FILES["Echo:npm"] = "builds"
# These rebuild packages of others, whose ecosystem follows: `TuxCare:Alpine:v3.16`. Echo alone is a Debian.
_REBUILDERS = ("Docker Hardened Images", "Echo", "Root", "TuxCare")


def order_of(ecosystem: str) -> Compare:
    """Return the comparison for an OSV ecosystem such as `Debian:12`; raises KeyError where there is none."""
    return cast(Compare, import_module(f"{__name__}.{_file_of(ecosystem)}").compare)


def _file_of(ecosystem: str) -> str:
    name, _, inner = ecosystem.partition(":")
    if name in _REBUILDERS and ecosystem not in _FILES:
        file = _FILES.get(inner.partition(":")[0])
        if file is not None:
            return file
    return _FILES.get(ecosystem) or _FILES[name]


def is_ordered(ecosystem: str) -> bool:
    """Return whether `order_of` knows the ecosystem."""
    try:
        return bool(_file_of(ecosystem))
    except KeyError:
        return False


def is_valid(compare: Compare, version: str) -> bool:
    """Return whether a version is written as its ecosystem demands; others are compared leniently, and noted."""
    return cast(bool, sys.modules[compare.__module__].valid(version))


def is_readable(compare: Compare, version: str) -> bool:
    """Return whether every part of a version has its place in the order, valid or not."""
    return cast(bool, sys.modules[compare.__module__].readable(version))
