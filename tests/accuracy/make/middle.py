"""Prints a list of packages of an ecosystem whose records know no list: real packages, in versions that records name.

    python -m tests.accuracy.make.middle ADVISORIES TOOLS ECOSYSTEM COUNT

A package has the middle one of the versions that its records name, and every third one the build before it, where the
version tells which that was (`1.2-r3` after `1.2-r2`, `1.2+deb10u1` after `1.2`).
"""

import functools
import hashlib
import re
import sys
from pathlib import Path

from tests.accuracy.make.orders import Order, Undecided, commands
from tests.accuracy.make.ranges import ranges
from tests.accuracy.make.records import read


def before(version: str) -> str:
    """Return the build before, or the same version."""
    if build := re.search(r"-r([1-9]\d*)$", version):
        return f"{version[: build.start()]}-r{int(build[1]) - 1}"
    return re.sub(r"\+deb\d+u1$", "", version)


def main() -> None:
    """See above."""
    advisories, tools, ecosystem, count = sys.argv[1:]
    named: dict[str, set[str]] = {}
    for (where, package), found in read(Path(advisories), [ecosystem]).items():
        if where == ecosystem:
            named[package] = {bound for _, entry in found for one in ranges(entry) for _, bound in one if bound not in ("0", "*")}
    chosen = sorted((name for name in named if named[name]), key=lambda name: hashlib.sha256(name.encode()).digest())[
        : int(count)
    ]
    command = commands(Path(tools))[ecosystem.partition(":")[0]]
    order = Order(command, ((left, right) for name in chosen for left in named[name] for right in named[name]))

    def compare(left: str, right: str) -> int:
        try:
            return order.compare(left, right)
        except Undecided:
            return (left > right) - (left < right)

    for number, name in enumerate(sorted(chosen)):
        versions = sorted(sorted(named[name]), key=functools.cmp_to_key(compare))
        version = versions[len(versions) // 2]
        print(name, before(version) if number % 3 == 0 else version, sep="\t")


if __name__ == "__main__":
    main()
