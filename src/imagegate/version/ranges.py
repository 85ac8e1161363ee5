"""Whether a version lies in the ranges of an advisory (OSV schema, "Evaluation" of `affected[].ranges[].events`)."""

from collections.abc import Sequence
from functools import cmp_to_key

from imagegate.version import Compare

Event = tuple[str, str]  # "introduced", "fixed", "last_affected" or "limit", and a version
# At one version an exclusive end comes first; an inclusive one and a beginning stay in the record's order.
_STEP = {"fixed": 0, "last_affected": 1, "introduced": 1}


def affecting(
    version: str, ranges: Sequence[Sequence[Event]], compare: Compare, *, ordered: bool = False
) -> list[Sequence[Event]]:
    """Return those of the ranges that the version lies in; `ordered`: their events went through `in_order`."""
    return [events for events in ranges if _inside(version, events if ordered else in_order(events, compare), compare)]


def fixes(version: str, events: Sequence[Event], compare: Compare) -> str:
    """Return the first version after `version` in which the range says it is fixed; "" when it names none."""
    later = [bound for kind, bound in events if kind == "fixed" and compare(bound, version) > 0]
    return min(later, key=cmp_to_key(compare)) if later else ""


def has_last_affected(events: Sequence[Event]) -> bool:
    """Return whether the range ends with the last bad version, without saying in which one it is fixed."""
    return any(kind == "last_affected" for kind, _ in events)


def _inside(version: str, events: Sequence[Event], compare: Compare) -> bool:
    limits = [bound for kind, bound in events if kind == "limit"]
    if limits and not any(bound == "*" or compare(version, bound) < 0 for bound in limits):
        return False
    inside = False
    for kind, bound in events:
        if kind == "introduced":
            inside = inside or _at_least(version, bound, compare)
        elif kind == "fixed":
            inside = inside and not _at_least(version, bound, compare)
        elif kind == "last_affected":
            inside = inside and compare(version, bound) <= 0
    return inside


def _at_least(version: str, bound: str, compare: Compare) -> bool:
    return bound == "0" or compare(version, bound) >= 0  # "0" stands for the very first version


def _same(left: str, right: str, compare: Compare) -> bool:
    """Return whether two bounds are one, in whatever spelling; "0" is the very first version and not a spelling of it."""
    return left == right or ("0" not in (left, right) and compare(left, right) == 0)


def in_order(events: Sequence[Event], compare: Compare) -> list[Event]:
    """Return the events sorted by version, limits last; records are often unsorted.

    Neighbours `introduced X, fixed X` are an empty interval and drop out; otherwise, at one version, a fix comes
    before a new beginning: the record lists intervals that touch. `introduced X, last_affected X` is X alone.
    """
    kept: list[Event] = []
    limits = [event for event in events if event[0] == "limit"]
    for event in events:
        if event[0] == "limit":
            continue
        if kept and event[0] == "fixed" and kept[-1][0] == "introduced" and _same(kept[-1][1], event[1], compare):
            kept.pop()
            continue
        kept.append(event)
    if len(kept) < 3 and (not kept or kept[0] == ("introduced", "0")):
        return kept + limits  # nearly every record

    def order(left: Event, right: Event) -> int:
        if left[1] == right[1]:
            return _STEP[left[0]] - _STEP[right[0]]
        if left[1] == "0" or right[1] == "0":
            return -1 if left[1] == "0" else 1
        return compare(left[1], right[1]) or _STEP[left[0]] - _STEP[right[0]]

    return sorted(kept, key=cmp_to_key(order)) + limits
