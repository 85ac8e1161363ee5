"""What every order has to be, whatever someone wrote as a version: total, quick, and never an exception."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.version import Compare, apk, dpkg, is_readable, is_valid, order_of
from tests.version.versions import anything, apk_versions, dpkg_versions, ecosystem_versions

ORDERS = [
    pytest.param(dpkg.compare, st.one_of(dpkg_versions, anything), id="dpkg"),
    pytest.param(apk.compare, st.one_of(apk_versions, anything), id="apk"),
    # Maven's and rpm's own orders are total only for these: see maven.py, rpm.py.
    pytest.param(order_of("Maven"), ecosystem_versions["Maven"], id="Maven"),
    pytest.param(order_of("AlmaLinux"), ecosystem_versions["AlmaLinux"], id="AlmaLinux"),
    *(
        pytest.param(order_of(name), st.one_of(versions, anything), id=name)
        for name, versions in ecosystem_versions.items()
        if name not in ("Maven", "AlmaLinux")
    ),
]
ALL = [pytest.param(order_of(name), id=name) for name in ("Debian", "Alpine", *ecosystem_versions)]


@pytest.mark.parametrize(("compare", "versions"), ORDERS)
def test_the_order_is_total(compare: Compare, versions: st.SearchStrategy[str]) -> None:
    @given(versions, versions, versions)
    @settings(max_examples=120, deadline=None, database=None)
    def check(one: str, two: str, three: str) -> None:
        assert compare(one, one) == 0
        forth, back = compare(one, two), compare(two, one)
        assert (forth > 0) == (back < 0)
        assert (forth == 0) == (back == 0)
        low, middle, high = sorted((one, two, three), key=_key(compare))
        assert compare(low, middle) <= 0
        assert compare(middle, high) <= 0
        assert compare(low, high) <= 0
        if compare(one, two) == 0:  # what is equal is equal to everybody else
            assert _sign(compare(one, three)) == _sign(compare(two, three))

    check()


@pytest.mark.parametrize("compare", ALL)
def test_no_text_raises_and_a_comparison_turned_round_says_the_opposite(compare: Compare) -> None:
    @given(anything, anything)
    @settings(max_examples=80, deadline=None, database=None)
    def check(one: str, two: str) -> None:
        assert compare(one, one) == 0
        assert _sign(compare(one, two)) == -_sign(compare(two, one))
        assert is_valid(compare, one) in (True, False)
        assert is_readable(compare, one) in (True, False)

    check()


@pytest.mark.parametrize("compare", ALL)
@pytest.mark.parametrize("pieces", [("9", "1.", "~"), ("1a", "_rc", "1-"), (":", "0", "\n"), ("é", "a0")])
def test_a_version_of_a_hundred_thousand_characters_takes_no_long_time(compare: Compare, pieces: tuple[str, ...]) -> None:
    for piece in pieces:
        for start in ("1", "") if piece in ("9", "1.", "\n") else ("1",):
            long = start + piece * (100_000 // len(piece))
            # Work that grows with the square of the length would take minutes here.
            assert _sign(compare(long + "1", long + "2")) == -_sign(compare(long + "2", long + "1"))
            assert is_valid(compare, long + "!") in (True, False)
            assert is_readable(compare, long + "!") in (True, False)


def _key(compare: Compare):  # type: ignore[no-untyped-def]
    from functools import cmp_to_key

    return cmp_to_key(compare)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
