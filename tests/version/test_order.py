"""What every order has to be, whatever someone wrote as a version: total, quick, and never an exception."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.version import Compare, apk, dpkg, is_valid, order_of
from tests.version.versions import anything, apk_versions, dpkg_versions

ORDERS = [
    pytest.param(dpkg.compare, st.one_of(dpkg_versions, anything), id="dpkg"),
    pytest.param(apk.compare, st.one_of(apk_versions, anything), id="apk"),
]


@pytest.mark.parametrize(("compare", "versions"), ORDERS)
def test_the_order_is_total(compare: Compare, versions: st.SearchStrategy[str]) -> None:
    @given(versions, versions, versions)
    @settings(max_examples=600, deadline=None, database=None)
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


@pytest.mark.parametrize(("compare", "versions"), ORDERS)
def test_validity_never_raises(compare: Compare, versions: st.SearchStrategy[str]) -> None:
    @given(versions)
    @settings(max_examples=200, deadline=None, database=None)
    def check(version: str) -> None:
        assert is_valid(compare, version) in (True, False)

    check()


@pytest.mark.parametrize("compare", [dpkg.compare, apk.compare])
@pytest.mark.parametrize(
    "piece", ["9", "1.", "a", "~", "1a", "_rc", "-r1", "1-", ":", "0", ".", "~f", "_", "é", "1~", "\0", "1_p1"]
)
def test_a_version_of_a_hundred_thousand_characters_takes_no_long_time(compare: Compare, piece: str) -> None:
    long = "1" + piece * (100_000 // len(piece))
    # Work that grows with the square of the length would take minutes here.
    assert compare(long + "1", long + "2") <= 0
    assert compare(long + "2", long + "1") >= 0
    is_valid(compare, long)
    is_valid(compare, long + "!")


def test_every_ecosystem_that_can_be_judged_has_an_order() -> None:
    assert order_of("Debian:12") is order_of("Ubuntu:22.04:LTS") is dpkg.compare
    assert order_of("Alpine:v3.19") is order_of("Wolfi") is order_of("Chainguard") is apk.compare
    with pytest.raises(KeyError):
        order_of("PyPI")


def _key(compare: Compare):  # type: ignore[no-untyped-def]
    from functools import cmp_to_key

    return cmp_to_key(compare)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
