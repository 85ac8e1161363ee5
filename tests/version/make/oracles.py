"""Reads pairs of versions, tab-separated; prints how the tool named by the argument orders each; "!" for an error.

rpm is python3-rpm (Debian: apt-get install python3-rpm), pypi is packaging, conan is conan (pip install conan).
"""

import sys
from collections.abc import Callable
from typing import Any


def rpm() -> Callable[[str, str], int]:
    import rpm as module  # type: ignore[import-not-found]

    def split(version: str) -> tuple[str, str, str | None]:
        epoch, colon, rest = version.partition(":")
        name, dash, release = (rest if colon else version).rpartition("-")
        return (epoch if colon else "0"), (name if dash else release), (release if dash else None)

    def compare(left: str, right: str) -> int:
        one, two = split(left), split(right)
        if one[2] is None or two[2] is None:
            one, two = (*one[:2], "1"), (*two[:2], "1")  # as in a dependency: only what both have
        return int(module.labelCompare(one, two))

    return compare


def by_class(version: Callable[[str], Any]) -> Callable[[str, str], int]:
    def compare(left: str, right: str) -> int:
        one, two = version(left), version(right)
        return int(one > two) - int(one < two)

    return compare


def main() -> None:
    if sys.argv[1] == "rpm":
        compare = rpm()
    elif sys.argv[1] == "pypi":
        from packaging.version import Version

        compare = by_class(Version)
    else:
        from conan.internal.model.version import Version as ConanVersion  # type: ignore[import-not-found]

        compare = by_class(ConanVersion)
    for line in sys.stdin:
        left, right = line.rstrip("\n").split("\t")
        try:
            print("<=>"[compare(left, right) + 1])
        except ValueError:
            print("!")


if __name__ == "__main__":
    main()
