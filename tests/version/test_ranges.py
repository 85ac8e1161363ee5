"""Ranges of events, by the evaluation rules of the OSV schema."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.version import dpkg
from imagegate.version.ranges import Event, affecting, fixes, has_last_affected

ALL = [str(number) for number in range(1, 10)]


def affected(*events: Event) -> str:
    """Return which of the versions 1 to 9 one range affects."""
    return "".join(version for version in ALL if affecting(version, [events], dpkg.compare))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([("introduced", "0"), ("fixed", "4")], "123"),
        ([("introduced", "3"), ("fixed", "5")], "34"),
        ([("introduced", "0")], "123456789"),  # never fixed
        ([("introduced", "0"), ("last_affected", "4")], "1234"),  # inclusive
        ([("introduced", "7"), ("last_affected", "7")], "7"),  # exactly one version
        ([("introduced", "0"), ("fixed", "2"), ("introduced", "7"), ("last_affected", "7")], "17"),
        ([("introduced", "0"), ("fixed", "3"), ("introduced", "5"), ("fixed", "7")], "1256"),
        ([("introduced", "0"), ("introduced", "5"), ("fixed", "7"), ("fixed", "3")], "1256"),  # unsorted, as in records
        ([("fixed", "3"), ("introduced", "0")], "12"),
        ([("introduced", "5"), ("fixed", "3")], "56789"),  # the end comes first: affected since
        ([("introduced", "0"), ("fixed", "0")], ""),  # a false positive, as Wolfi writes it
        ([("introduced", "4"), ("fixed", "4")], ""),
        ([("introduced", "0"), ("fixed", "3"), ("introduced", "5"), ("fixed", "5")], "12"),  # an empty interval
        ([("introduced", "0"), ("fixed", "3"), ("introduced", "3"), ("fixed", "5")], "1234"),  # intervals that touch
        ([("introduced", "3"), ("fixed", "5"), ("introduced", "0"), ("fixed", "3")], "1234"),  # touching and unsorted
        ([("introduced", "0"), ("last_affected", "3"), ("introduced", "3"), ("fixed", "5")], "1234"),
        ([("introduced", "0"), ("limit", "4")], "123"),
        ([("introduced", "0"), ("limit", "4"), ("limit", "6")], "12345"),  # before any of them is enough
        ([("introduced", "0"), ("limit", "4"), ("limit", "*")], "123456789"),
        ([("introduced", "2"), ("fixed", "6"), ("limit", "4")], "23"),
        ([("introduced", "1~rc1"), ("fixed", "2")], "1"),
        ([("fixed", "3")], ""),
        ([], ""),
    ],
)
def test_a_range_affects_what_its_events_say(events: list[Event], expected: str) -> None:
    assert affected(*events) == expected


def test_several_ranges_are_a_union() -> None:
    ranges = [[("introduced", "0"), ("fixed", "2")], [("introduced", "5"), ("fixed", "6")]]
    assert "".join(version for version in ALL if affecting(version, ranges, dpkg.compare)) == "15"


def test_the_ranges_that_affect_are_returned_and_no_other() -> None:
    first, second = [("introduced", "0"), ("fixed", "4")], [("introduced", "3"), ("fixed", "6")]
    assert affecting("3", [first, second], dpkg.compare) == [first, second]
    assert affecting("5", [first, second], dpkg.compare) == [second]


@pytest.mark.parametrize(
    ("version", "expected"), [("1", "3"), ("2", "3"), ("3", "7"), ("6", "7"), ("7", ""), ("9", ""), ("2.9~", "3")]
)
def test_the_fix_is_the_first_one_after_the_version(version: str, expected: str) -> None:
    events = [("introduced", "5"), ("fixed", "7"), ("introduced", "0"), ("fixed", "3")]
    assert fixes(version, events, dpkg.compare) == expected


def test_a_last_affected_version_names_no_fix() -> None:
    events = [("introduced", "0"), ("last_affected", "3")]
    assert fixes("1", events, dpkg.compare) == ""
    assert has_last_affected(events)
    assert not has_last_affected([("introduced", "0"), ("fixed", "3")])


def naive(version: int, events: list[tuple[str, int]]) -> bool:
    """Only the latest event before the version counts: a beginning or an end. For events at different versions."""
    before = [(bound, kind) for kind, bound in events if bound < version or (bound == version and kind != "last_affected")]
    return bool(before) and max(before)[1] == "introduced"


@given(
    st.lists(
        st.tuples(st.sampled_from(["introduced", "fixed", "last_affected"]), st.integers(0, 30)),
        max_size=8,
        unique_by=lambda event: event[1],
    ),
    st.integers(0, 31),
)
@settings(max_examples=1000, deadline=None)
def test_a_simple_reading_of_the_schema_gives_the_same(events: list[tuple[str, int]], version: int) -> None:
    written = [(kind, str(bound)) for kind, bound in events]
    assert bool(affecting(str(version), [written], dpkg.compare)) == naive(version, events)


@given(st.permutations([("introduced", "0"), ("fixed", "3"), ("introduced", "5"), ("last_affected", "6"), ("limit", "9")]))
def test_the_order_in_which_events_are_written_does_not_matter(events: list[Event]) -> None:
    assert affected(*events) == "1256"
