"""Reads OSV records, from a folder in the layout of the OSV bucket, by the package that they speak of."""

import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Entries = dict[tuple[str, str], list[tuple[dict[str, Any], dict[str, Any]]]]  # (ecosystem, package): record, entry


def name_of(ecosystem: str, package: str) -> str:
    """Return the one spelling of a package where several are the same (PEP 503; Composer does not mind case)."""
    base = ecosystem.partition(":")[0]
    if base == "PyPI":
        return re.sub("[-_.]+", "-", package).lower()
    return package.lower() if base == "Packagist" else package


def read(folder: Path, ecosystems: Iterable[str]) -> Entries:
    """Return the entries for the ecosystems, wherever they are filed, without what is withdrawn or no vulnerability."""
    wanted = {ecosystem.partition(":")[0] for ecosystem in ecosystems}
    found: Entries = defaultdict(list)
    for archive in sorted(folder.glob("*/all.zip")):
        with zipfile.ZipFile(archive) as file:
            for name in sorted(file.namelist()):
                record = json.loads(file.read(name))
                if not is_vulnerability(record):
                    continue
                for entry in record.get("affected") or ():
                    package = entry.get("package")
                    if package and package["ecosystem"].partition(":")[0] in wanted:
                        found[package["ecosystem"], name_of(package["ecosystem"], package["name"])].append((record, entry))
    return found


def is_vulnerability(record: dict[str, Any]) -> bool:
    """Tell withdrawn records, AlmaLinux's bug fixes and enhancements, and RustSec's notices from the others."""
    entries = record.get("affected") or ()
    informational = [(entry.get("database_specific") or {}).get("informational") for entry in entries]
    withdrawn = record.get("withdrawn", "9999") <= datetime.now(UTC).isoformat()
    return not (withdrawn or record["id"].startswith(("ALBA-", "ALEA-")) or (informational and all(informational)))


def cut(record: dict[str, Any], packages: set[tuple[str, str]], versions: set[str]) -> dict[str, Any]:
    """Return what matching needs of a record, for some packages and versions only."""
    kept = {key: record[key] for key in ("id", "modified", "aliases", "upstream") if record.get(key)}
    entries = []
    for entry in record["affected"]:
        package = entry.get("package") or {"ecosystem": "", "name": ""}
        if (package["ecosystem"], name_of(package["ecosystem"], package["name"])) in packages:
            one: dict[str, Any] = {"package": {key: package[key] for key in ("ecosystem", "name")}}
            ranges = [{"type": bounds["type"], "events": bounds["events"]} for bounds in entry.get("ranges") or ()]
            listed = entry.get("versions") or ()
            if any(bounds["type"] != "GIT" for bounds in ranges):  # else other spellings count as well
                listed = [version for version in listed if version in versions] or listed[:1]
            entries.append(one | ({"ranges": ranges} if ranges else {}) | ({"versions": listed} if listed else {}))
    if any(entry["package"]["ecosystem"].startswith("AlmaLinux") for entry in entries):
        kept |= {"related": record.get("related", []), "summary": record.get("summary", "")}  # the module's stream
    return kept | {"affected": entries}
