"""Every order against the tool that owns it: how the tool compares real and generated pairs, kept by make/pairs.py."""

from importlib import import_module

import pytest

from imagegate.version import Compare
from tests.version.versions import lines

# rpm 4.18; packaging 26; node-semver 7; golang.org/x/mod 0.42 and go/version of Go 1.26; github.com/bitnami/go-version of
# May 2025; RubyGems of Ruby 3.1; maven-artifact 3.9.9; composer/semver of Composer 2.5 and PHP 8.2; NuGet.Versioning of
# nuget.exe 5.8; R 4.2's compareVersion; Conan 2.
ROWS = {
    "bitnami": 1400,
    "composer": 1400,
    "conan": 1400,
    "gem": 1400,
    "go": 1900,
    "maven": 2800,
    "nuget": 1900,
    "numeric": 1400,
    "pypi": 1900,
    "rpm": 1900,
    "semver": 1400,
    "toolchain": 500,
}


@pytest.mark.parametrize("name", ROWS)
def test_the_order_is_that_of_the_tool_that_owns_it_in_both_directions(name: str) -> None:
    compare: Compare = import_module(f"imagegate.version.{'go' if name == 'toolchain' else name}").compare
    rows = [tuple(line.split("\t")) for line in lines(f"{name}.tsv")]
    assert len(rows) >= ROWS[name]
    assert {answer for _, answer, _ in rows} >= {"<", ">"}
    turned = {"<": ">", ">": "<", "=": "="}
    assert [row for row in rows if relation(compare, row[0], row[2]) != row[1]] == []
    assert [row for row in rows if relation(compare, row[2], row[0]) != turned[row[1]]] == []


def relation(compare: Compare, left: str, right: str) -> str:
    order = compare(left, right)
    return "<" if order < 0 else ">" if order > 0 else "="
