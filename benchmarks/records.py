"""Advisories in the layout of the OSV bucket: made up, or a folder's multiplied."""

import json
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import shapes

RECORDS = 9000  # what Debian has


def made_up(folder: Path, base: Path) -> None:
    """Write records for the Debian packages of a layer, and for the npm packages that shapes.py knows."""
    with tarfile.open(base) as layer:
        name = next(member for member in layer if member.name.removeprefix("./") == "var/lib/dpkg/status")
        file = layer.extractfile(name)
        assert file is not None
        names = [line.split()[1] for line in file.read().decode().splitlines() if line.startswith("Package: ")]
    # Two thirds are about packages that the image does not have.
    names += [f"absent-{number}" for number in range(2 * len(names))]
    _write(folder, "Debian", (record(f"DSA-{number}-1", "Debian:12", names[number % len(names)]) for number in range(RECORDS)))
    _write(folder, "npm", (record(f"MADE-{name}", "npm", name) for name in shapes.NPM_NAMES))


def many(folder: Path, names: Iterable[str], each: int) -> None:
    """Write `each` records for every Debian package named."""
    records = (record(f"DSA-{number}-{copy}", "Debian:12", name) for number, name in enumerate(names) for copy in range(each))
    _write(folder, "Debian", records)


def record(identifier: str, ecosystem: str, name: str) -> dict[str, Any]:
    """Return one that every version is affected by."""
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99999.1"}]}]
    return {
        "id": identifier,
        "modified": "2026-01-01T00:00:00Z",
        "published": "2025-12-01T00:00:00Z",
        "summary": f"{name}: made up, in as many words as a real one has",
        "affected": [{"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges}],
    }


def _write(folder: Path, source: str, records: Iterable[dict[str, Any]]) -> None:
    (folder / source).mkdir(parents=True)
    with zipfile.ZipFile(folder / source / "all.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for made in records:
            out.writestr(f"{made['id']}.json", json.dumps(made))


def multiply(folder: Path, target: Path, times: int) -> None:
    """Write a folder's records, and as many again under new ids, for packages of other names, `times` in all."""
    for archive in sorted(folder.glob("*/all.zip")):
        _write(target, archive.parent.name, _copies(archive, times))


def _copies(archive: Path, times: int) -> Iterable[dict[str, Any]]:
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            content = opened.read(name)
            for copy in range(times):
                document = json.loads(content)
                yield _renamed(document, f"00000{copy}") if copy else document


def _renamed(document: dict[str, Any], end: str) -> dict[str, Any]:
    document["id"] += end
    for key in ("aliases", "upstream", "related"):
        if key in document:
            document[key] = [name + end for name in document[key]]
    for affected in document.get("affected", ()):
        affected["package"]["name"] += f"-{end}"
    return document


def count(folder: Path) -> int:
    """Return how many records a folder has."""
    total = 0
    for archive in folder.glob("*/all.zip"):
        with zipfile.ZipFile(archive) as opened:
            total += len(opened.namelist())
    return total
