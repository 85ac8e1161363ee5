"""Writes data/NAME.json.gz: a list of packages, the records that name them, and which of those apply.

    python -m tests.accuracy.make.expected ADVISORIES TOOLS NAME ECOSYSTEM LIST

ADVISORIES is a folder in the layout of the OSV bucket, TOOLS the one that setup.sh prepared. LIST has a package in each
line: name, version and, of a distribution, source and version of the source, tab-separated. ECOSYSTEM is OSV's, with the
release: `Debian:11`. What applies is decided by the tool that owns the order of versions, see ranges.py; no code of
imagegate takes part.
"""

import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.accuracy.make.orders import Order, Undecided, commands
from tests.accuracy.make.ranges import affected, module_affected, pairs
from tests.accuracy.make.records import Entries, cut, name_of, read

Row = list[str]


def asked(ecosystem: str, row: Row, entries: Entries) -> list[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Return (version, record, its entries for the package) for every record that names the package or its source."""
    spellings = [ecosystem]
    if ecosystem.startswith("Debian:"):
        spellings += [f"{ecosystem}.0", "Debian"]
    if ecosystem == "Packagist" and row[0].startswith("drupal/"):
        spellings.append("Packagist:https://packages.drupal.org/8")
    found = []
    for name, version in sorted({(row[0], row[1]), *([(row[2], row[3])] if row[2:] else [])}):
        by_record: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
        for spelling in spellings:
            for record, entry in entries.get((spelling, name_of(ecosystem, name)), ()):
                by_record.setdefault(record["id"], (record, []))[1].append(entry)
        found += [(version, record, parts) for record, parts in by_record.values()]
    return found


def decide(ecosystem: str, rows: list[Row], entries: Entries, tools: Path) -> tuple[list[list[Any]], list[list[Any]]]:
    """Return (index of the row, record) that apply, and those that the tool could not decide."""
    questions = [(index, *question) for index, row in enumerate(rows) for question in asked(ecosystem, row, entries)]
    command = commands(tools)[ecosystem.partition(":")[0]]
    order = Order(command, (pair for _, version, _, parts in questions for entry in parts for pair in pairs(version, entry)))
    expected: dict[tuple[int, str], None] = {}
    undecided: dict[tuple[int, str], None] = {}
    for index, version, record, parts in questions:
        try:
            modular = ecosystem.startswith("AlmaLinux")
            hit = module_affected(version, parts, order) if modular else any(affected(version, part, order) for part in parts)
            if hit:
                expected[index, record["id"]] = None
        except Undecided:
            undecided[index, record["id"]] = None
    return [list(pair) for pair in sorted(expected)], [list(pair) for pair in sorted(undecided.keys() - expected.keys())]


def write(name: str, ecosystem: str, rows: list[Row], entries: Entries, tools: Path) -> None:
    """Write the file of one list."""
    expected, undecided = decide(ecosystem, rows, entries, tools)
    packages: dict[str, set[tuple[str, str]]] = defaultdict(set)
    records: dict[str, dict[str, Any]] = {}
    for row in rows:
        for _, record, parts in asked(ecosystem, row, entries):
            records[record["id"]] = record
            packages[record["id"]] |= {
                (part["package"]["ecosystem"], name_of(ecosystem, part["package"]["name"])) for part in parts
            }
    versions = {version for row in rows for version in row[1::2]}
    document = {
        "ecosystem": ecosystem,
        "packages": rows,
        "expected": expected,
        "undecided": undecided,
        "records": [cut(record, packages[identity], versions) for identity, record in sorted(records.items())],
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    target = Path(__file__).parents[1] / "data" / f"{name}.json.gz"
    target.write_bytes(gzip.compress(text, 9, mtime=0))
    print(f"{name}: {len(rows)} packages, {len(records)} records, {len(expected)} expected, {len(undecided)} undecided,", end=" ")
    print(f"{target.stat().st_size:,} bytes")


def main() -> None:
    """See above."""
    advisories, tools, name, ecosystem, source = sys.argv[1:]
    rows = [line.split("\t") for line in Path(source).read_text(encoding="utf-8").splitlines()]
    write(name, ecosystem, rows, read(Path(advisories), [ecosystem]), Path(tools))


if __name__ == "__main__":
    main()
