"""What a record says of a version, from OSV's words alone and with none of the code under test.

A version is affected when it lies at or after some `introduced` with no `fixed` above that one up to the version, and
no `last_affected` from there to below it. Neighbours `introduced X, fixed X` are nothing.
"""

import re
from collections.abc import Iterator
from typing import Any

from tests.accuracy.make.orders import Order, Undecided

Range = list[tuple[str, str]]
_MODULE = re.compile(r"\.module[_+]el")


def ranges(entry: dict[str, Any]) -> list[Range]:
    """Return the ranges of versions as (kind, bound) pairs."""
    return [
        [(kind, bound) for event in one["events"] for kind, bound in event.items()]
        for one in entry.get("ranges", ())
        if one["type"] != "GIT"
    ]


def pairs(version: str, entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what has to be compared to judge a version."""
    for one in ranges(entry):
        bounds = [bound for _, bound in one if bound not in ("0", "*")]
        for bound in bounds:
            yield version, bound
            for other in bounds:
                yield bound, other
    if not ranges(entry):
        for listed in entry.get("versions", ()):
            yield version, listed


def affected(version: str, entry: dict[str, Any], order: Order) -> bool:
    """Return whether the entry speaks of the version; raises Undecided."""
    if version in entry.get("versions", ()):
        return True
    if not entry.get("ranges") and not entry.get("versions"):
        return True  # no limit is given
    if not ranges(entry):
        return any(_equal(version, listed, order) for listed in entry.get("versions", ()))
    return any(_inside(version, one, order) for one in ranges(entry))


def module_affected(version: str, entries: list[dict[str, Any]], order: Order) -> bool:
    """The same for a package of a distribution with modules, and all entries that one record has for it.

    A module's build is compared with a module's, others with others. Fixed versions that differ behind the mark of the
    module are one build, repeated for later minor releases: the lowest has the fix.
    """
    kind = bool(_MODULE.search(version))
    builds: dict[str, list[str]] = {}
    for entry in entries:
        for one in ranges(entry):
            (fixed,) = [bound for name, bound in one if name == "fixed"]
            if bool(_MODULE.search(fixed)) == kind:
                builds.setdefault(_MODULE.split(fixed)[0] if kind else fixed, []).append(fixed)
    return any(all(order.compare(version, fixed) < 0 for fixed in same) for same in builds.values())


def _equal(left: str, right: str, order: Order) -> bool:
    try:
        return order.compare(left, right) == 0
    except Undecided:
        return False


def _inside(version: str, events: Range, order: Order) -> bool:
    def compare(left: str, right: str) -> int:
        if "0" in (left, right):
            return (left != "0") - (right != "0")  # the very first version
        return order.compare(left, right)

    kept: Range = []
    for kind, bound in events:
        if kind == "fixed" and kept and kept[-1][0] == "introduced" and compare(kept[-1][1], bound) == 0:
            kept.pop()
        else:
            kept.append((kind, bound))
    limits = [bound for kind, bound in kept if kind == "limit"]
    if limits and not any(bound == "*" or compare(version, bound) < 0 for bound in limits):
        return False
    return any(
        kind == "introduced"
        and compare(start, version) <= 0
        and not any(name == "fixed" and compare(start, end) < 0 and compare(end, version) <= 0 for name, end in kept)
        and not any(name == "last_affected" and compare(start, end) <= 0 and compare(end, version) < 0 for name, end in kept)
        for kind, start in kept
    )
