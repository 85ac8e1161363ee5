"""Matches the lists of data/ against their records, and holds the findings against what is expected."""

import gzip
import json
import tempfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagegate.advisory.store import Store
from imagegate.matcher.match import Matches, match
from imagegate.model.image import Image
from imagegate.model.inventory import Distribution, Inventory, Location, Package, package_url
from tests.advisories import build_store

DATA = Path(__file__).parent / "data"
LEAST = 0.99  # of precision and of recall
# OSV's ecosystem: the type of the package URL, and the distribution as os-release names it
KINDS = {
    "AlmaLinux": ("rpm", "almalinux"),
    "Alpaquita": ("apk", "alpaquita"),
    "Alpine": ("apk", "alpine"),
    "BellSoft Hardened Containers": ("apk", "bellsoft-hardened-containers"),
    "Bitnami": ("bitnami", ""),
    "Debian": ("deb", "debian"),
    "Go": ("golang", ""),
    "Hackage": ("hackage", ""),
    "Maven": ("maven", ""),
    "Packagist": ("composer", ""),
    "PyPI": ("pypi", ""),
    "RubyGems": ("gem", ""),
    "Wolfi": ("apk", "wolfi"),
    "crates.io": ("cargo", ""),
    "npm": ("npm", ""),
}


@dataclass(frozen=True, slots=True)
class Result:
    """How the findings of one list compare; pairs are (package and version, record)."""

    name: str
    ecosystem: str
    packages: int
    right: int
    missed: tuple[tuple[str, str], ...]
    extra: tuple[tuple[str, str], ...]
    untold: tuple[tuple[str, str], ...]  # what nobody could decide, and no note says so

    @property
    def precision(self) -> float:
        """The share of the findings that is expected."""
        return self.right / (self.right + len(self.extra) or 1)

    @property
    def recall(self) -> float:
        """The share of what is expected that was found."""
        return self.right / (self.right + len(self.missed) or 1)


def names() -> list[str]:
    """Return the lists that there are."""
    return sorted(path.name.removesuffix(".json.gz") for path in DATA.glob("*.json.gz"))


def load(name: str) -> dict[str, Any]:
    """Return one list with its records and what is expected."""
    document: dict[str, Any] = json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))
    return document


def measure(name: str, document: dict[str, Any]) -> Result:
    """Match one list against its own records."""
    base = document["ecosystem"].partition(":")[0]
    with tempfile.TemporaryDirectory() as folder:
        store = build_store(Path(folder) / "s.db", {base: document["records"]})
        matches = find(document["ecosystem"], document["packages"], store)
    return compare(name, document, matches)


def find(ecosystem: str, rows: Iterable[list[str]], store: Path) -> Matches:
    """Return what the matcher finds; each package has its number in the list as its path."""
    base, _, release = ecosystem.partition(":")
    kind, identity = KINDS[base]
    distribution = Distribution(identity, release.removeprefix("v")) if identity else None
    packages = tuple(_package(kind, identity, row, number) for number, row in enumerate(rows))
    image = Image("app:1", "test", "sha256:0", None, "linux/amd64")
    with closing(Store(str(store))) as opened:
        return match(Inventory(image, distribution, packages), opened, covered=True)


def compare(name: str, document: dict[str, Any], matches: Matches) -> Result:
    """Hold findings against what is expected, record by record."""
    rows = document["packages"]
    found = {(int(finding.location.path), record) for finding in matches.findings for record in finding.advisories}
    expected = {(index, record) for index, record in document["expected"]}
    undecided = {(index, record) for index, record in document["undecided"]}
    noted = {detail.partition(": ")[0] for detail in (note.detail for note in matches.evidence)}

    def told(pairs: set[tuple[int, str]]) -> tuple[tuple[str, str], ...]:
        return tuple((" ".join(rows[index][:2]), record) for index, record in sorted(pairs))

    return Result(
        name,
        document["ecosystem"],
        len(rows),
        len(found & expected),
        told(expected - found),
        told(found - expected - undecided),
        told({(index, record) for index, record in undecided - found if rows[index][0] not in noted}),
    )


def _package(kind: str, namespace: str, row: list[str], number: int) -> Package:
    name, version = row[:2]
    if not namespace:
        namespace, _, short = name.replace(":", "/").rpartition("/")
    purl = package_url(kind, namespace, name if namespace == "" or kind in ("apk", "deb", "rpm") else short, version, {})
    source, source_version = row[2:] or ("", "")
    return Package(kind, name, version, purl, (Location(str(number), 0),), source, source_version)


def table(results: Iterable[Result]) -> str:
    """Return a line for each list."""
    lines = [f"{'list':24} {'packages':>8} {'findings':>8} {'missed':>6} {'extra':>6} {'precision':>9} {'recall':>8}"]
    for result in results:
        counts = f"{result.packages:8} {result.right + len(result.extra):8} {len(result.missed):6} {len(result.extra):6}"
        lines.append(f"{result.name:24} {counts} {result.precision:9.2%} {result.recall:8.2%}")
    return "\n".join(lines)
