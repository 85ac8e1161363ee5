"""Precision and recall on package lists of every ecosystem, judged by the tools that own the orders of versions."""

import csv
from pathlib import Path

import pytest

from tests.accuracy.measure import LEAST, Result, load, measure, names, table

KNOWN = Path(__file__).parent / "known.tsv"
Row = tuple[str, str, str, str]


def differences(result: Result) -> set[Row]:
    groups = (("missed", result.missed), ("extra", result.extra), ("untold", result.untold))
    return {(result.name, kind, package, record) for kind, pairs in groups for package, record in pairs}


def known() -> set[Row]:
    """Return the differences that are known; the last column says why they are right as they are."""
    with KNOWN.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    assert all(len(row) == 5 and row[4] for row in rows), "every known difference is explained"
    return {(row[0], row[1], row[2], row[3]) for row in rows}


@pytest.mark.parametrize("name", names())
def test_a_list_has_the_findings_that_its_records_say_it_has(name: str) -> None:
    result = measure(name, load(name))
    print("\n" + table([result]))
    assert result.right > 10
    assert result.precision >= LEAST
    assert result.recall >= LEAST
    assert differences(result) == {row for row in known() if row[0] == name}, "see known.tsv and differences.md"


def test_every_order_of_the_measured_ecosystems_is_there() -> None:
    assert {load(name)["ecosystem"].partition(":")[0] for name in names()} == {
        "AlmaLinux",
        "Alpaquita",
        "Alpine",
        "BellSoft Hardened Containers",
        "Bitnami",
        "Debian",
        "Go",
        "Hackage",
        "Maven",
        "Packagist",
        "PyPI",
        "RubyGems",
        "Wolfi",
        "crates.io",
        "npm",
    }


def test_known_differences_are_of_lists_that_exist() -> None:
    assert {row[0] for row in known()} <= set(names())


def test_what_is_missed_or_made_up_is_seen() -> None:
    """Show that the measure can fail: a record taken away is a miss, an expectation taken away is a finding too many."""
    document = load("hackage")
    first = document["expected"][0]
    fewer = document | {"expected": document["expected"][1:]}
    assert [record for _, record in measure("hackage", fewer).extra] == [first[1]]
    gone = document | {"records": [record for record in document["records"] if record["id"] != first[1]]}
    assert first[1] in [record for _, record in measure("hackage", gone).missed]
