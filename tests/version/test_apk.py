"""The order of Alpine's versions, against the table of apk-tools."""

import pytest

from imagegate.version import apk
from tests.version.versions import lines

TABLE = [tuple(line.split()) for line in lines("apk-tools-version.data")]
_INVALID = {"23_foo", "1.0bc"}


def relation(left: str, right: str) -> str:
    order = apk.compare(left, right)
    return "<" if order < 0 else ">" if order > 0 else "="


def test_the_table_of_apk_tools_holds_in_both_directions() -> None:
    assert len(TABLE) == 729
    turned = {"<": ">", ">": "<", "=": "="}
    assert [row for row in TABLE if relation(row[0], row[2]) != row[1]] == []
    assert [row for row in TABLE if relation(row[2], row[0]) != turned[row[1]]] == []


def test_the_versions_of_the_table_are_valid_but_those_it_calls_invalid() -> None:
    versions = {row[0] for row in TABLE} | {row[2] for row in TABLE}
    assert {version for version in versions if not apk.valid(version)} == _INVALID & versions


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("1.1.1k-r0", "1.1.1l-r0"),
        ("2.0_rc1-r0", "2.0-r0"),
        ("2.0-r9", "2.0_p1-r0"),
        ("1.2.3_rc1", "1.2.3"),
        ("1.2.3_alpha_pre2", "1.2.3_alpha"),
        ("1.36.1-r2", "1.36.1-r15"),
        ("8u372_p7-r0", "8u372_p7-r1"),  # not valid: the versions of Liberica and OpenJDK 8
        ("8u372_p7-r1", "8u402_p7-r0"),
        ("0.8.21-r1", "0.8.21.r2"),  # not valid, in Alpine's own records: meant is -r2
        ("10.2.22.r0", "10.2.22-r1"),
        ("6.6.2-r0", "6.6.2p1-r0"),
        ("1." + "9" * 5000, "1.1" + "0" * 5000),
    ],
)
def test_the_order_in_hard_cases(earlier: str, later: str) -> None:
    assert apk.compare(earlier, later) < 0 < apk.compare(later, earlier)


@pytest.mark.parametrize("version", ["", "a", "1.0.r2", "1..0", "1.0-r", "1_foo", "8u372_p7-r0", "1.0\n", "1.0 ", "١"])
def test_what_apk_would_not_accept_is_not_valid(version: str) -> None:
    assert not apk.valid(version)


@pytest.mark.parametrize("version", ["1.1.1l-r0", "1.0_p20200101-r3", "1_git20240101~0a1b2c-r1", "0", "1.2_rc_p1"])
def test_what_apk_accepts_is_valid(version: str) -> None:
    assert apk.valid(version)
