"""What in versions and records can not be read as its ecosystem demands: told, and never to the benefit of the image."""

from collections.abc import Iterator
from dataclasses import replace

from imagegate.advisory.store import Candidate, Store
from imagegate.model.image import Evidence
from imagegate.model.inventory import Package
from imagegate.text import clean
from imagegate.version import Compare, is_readable, is_valid

Asked = list[tuple[str, Candidate]]  # the version that a record speaks of, and the record

_UNBOUNDED = "without a list of versions it counts for all of them"


def settle(package: Package, asked: Asked, compare: Compare, store: Store) -> tuple[Asked, list[Evidence]]:
    """Return what can be judged, and what was doubtful.

    A bound without a place in the order would sort below all others, and everything would look fixed. A range with
    such an end says nothing: the record's list of versions decides, and without one every version counts as affected.
    So it does where a record has only ranges of commits.
    """
    bounds = {bound for _, candidate in asked for events in candidate.ranges for _, bound in events} - {"0", "*"}
    odd = {bound for bound in bounds if not is_valid(compare, bound)}
    unreadable = {bound for bound in odd if not is_readable(compare, bound)}
    evidence = [
        *_versions(package, asked, compare),
        *_records(package, asked, odd - unreadable, "is not quite a version", store),
        *_records(package, asked, unreadable, f"cannot be compared; {_UNBOUNDED}", store),
    ]
    commits = [candidate.advisory for _, candidate in asked if not candidate.ranges and not candidate.versions]
    if commits:
        name = store.advisory(min(commits)).name
        evidence.append(_warn(package, f"{name} speaks of commits only{_others(commits)}; {_UNBOUNDED}"))
    if unreadable or commits:
        asked = [(version, _without(candidate, unreadable)) for version, candidate in asked]
    return asked, evidence


def _versions(package: Package, asked: Asked, compare: Compare) -> Iterator[Evidence]:
    for version in sorted({version for version, _ in asked}):
        shown = f"{clean(version, 100)!r}"
        if not is_readable(compare, version):
            detail = f"{clean(package.name, 100)}: {shown} is not a version that can be compared"
            yield Evidence("unreadable", "fail", detail)
        elif not is_valid(compare, version):
            yield _warn(package, f"{shown} is not quite a version; compared as far as it can be read")


def _records(package: Package, asked: Asked, bounds: set[str], trouble: str, store: Store) -> Iterator[Evidence]:
    """Yield one note, however many records have such bounds."""
    if not bounds:
        return
    having = [
        (candidate.advisory, bound)
        for _, candidate in asked
        for events in candidate.ranges
        for _, bound in events
        if bound in bounds
    ]
    number, bound = min(having)
    others = _others([advisory for advisory, _ in having])
    yield _warn(package, f"{store.advisory(number).name} speaks of {clean(bound, 100)!r}{others}, which {trouble}")


def _others(advisories: list[int]) -> str:
    more = len({*advisories}) - 1
    return f" (and {more} more like it)" if more else ""


def _warn(package: Package, detail: str) -> Evidence:
    return Evidence("unreadable", "warn", f"{clean(package.name, 100)}: {detail}")


def _without(candidate: Candidate, unreadable: set[str]) -> Candidate:
    bounded = [kept for events in candidate.ranges if (kept := _kept(events, unreadable)) is not None]
    if not candidate.versions and (not bounded or len(bounded) < len(candidate.ranges)):
        bounded = [[("introduced", "0")]]
    return replace(candidate, ranges=bounded)


def _kept(events: list[tuple[str, str]], unreadable: set[str]) -> list[tuple[str, str]] | None:
    """Return what a range still says: where its one interval ends, or None for nothing."""
    odd = [kind for kind, bound in events if bound in unreadable]
    if odd == ["introduced"] and len(events) == 2:
        return [("introduced", "0"), *(event for event in events if event[0] != "introduced")]
    return None if odd else events
