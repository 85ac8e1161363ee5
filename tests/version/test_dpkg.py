"""The order of Debian versions, against dpkg itself."""

import random
import subprocess
from functools import cmp_to_key
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.version import dpkg
from tests.ci.tools import require
from tests.version.versions import dpkg_versions, lines

REAL = lines("debian-versions.txt")
ASK = 'while read -r l r; do if "$0" --compare-versions "$l" lt "$r"; then echo -1; elif "$0" --compare-versions "$l" eq "$r"; then echo 0; else echo 1; fi; done'  # noqa: E501


def asked(pairs: list[tuple[str, str]], folder: Path) -> list[int]:
    """Return what dpkg says of each pair."""
    questions = folder / "pairs"
    questions.write_text("".join(f"{left} {right}\n" for left, right in pairs), encoding="utf-8")
    with questions.open() as file:
        done = subprocess.run(["sh", "-c", ASK, require("dpkg")], stdin=file, capture_output=True, text=True, check=True)
    assert done.stderr == "", "a version is written in a way that dpkg does not like"
    return [int(line) for line in done.stdout.split()]


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


def test_real_versions_are_ordered_as_dpkg_orders_them(tmp_path: Path) -> None:
    chain = sorted(REAL, key=cmp_to_key(dpkg.compare))
    shuffled = random.Random(1).sample(REAL, len(REAL))
    pairs = list(pairwise(chain)) + list(zip(REAL, shuffled, strict=True))
    wrong = [
        (pair, ours, theirs)
        for pair, theirs in zip(pairs, asked(pairs, tmp_path), strict=True)
        if (ours := sign(dpkg.compare(*pair))) != theirs
    ]
    assert not wrong


def test_generated_versions_are_ordered_as_dpkg_orders_them(tmp_path: Path) -> None:
    dice = random.Random(20)
    letters = "0019ab.+~Z"

    def version() -> str:
        epoch = dice.choice(["", "", "", "0:", "1:", "01:", "12:"])
        upstream = str(dice.randrange(3)) + "".join(dice.choices(letters + "-", k=dice.randrange(6)))
        revision = "".join(dice.choices(letters, k=dice.randrange(1, 5)))
        return f"{epoch}{upstream}-{revision}" if dice.random() < 0.5 or upstream.endswith("-") else f"{epoch}{upstream}"

    def near(text: str) -> str:
        at = dice.randrange(text.rfind(":") + 2, len(text) + 1)
        return text[:at] + dice.choice(letters) + text[at + dice.randrange(2) :]

    pairs = [(one, version() if dice.random() < 0.5 else near(one)) for one in (version() for _ in range(2500))]
    pairs = [pair for pair in pairs if all(dpkg.valid(one) and not one.endswith("-") for one in pair)]
    assert len(pairs) > 2000
    wrong = [
        (pair, ours, theirs)
        for pair, theirs in zip(pairs, asked(pairs, tmp_path), strict=True)
        if (ours := sign(dpkg.compare(*pair))) != theirs
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("1.3.1-1", "1:1.2.13.dfsg-1"),  # an epoch beats every number
        ("241-7~deb10u7", "241-7"),
        ("1.0~rc1-1", "1.0-1"),
        ("1.0", "1.0+b1"),
        ("2.31-13+deb11u9", "2.31-13+deb11u10"),
        ("1.0a", "1.0+"),  # letters come before everything else
        ("9" * 4999, "1" + "0" * 4999),  # more digits than Python's int() would read
        ("1:1", "9" * 5000 + ":1"),
    ],
)
def test_the_order_in_hard_cases(earlier: str, later: str) -> None:
    assert dpkg.compare(earlier, later) < 0 < dpkg.compare(later, earlier)


@pytest.mark.parametrize(("left", "right"), [("1.0", "1.0-0"), ("0:1.0", "1.0"), ("1.01", "1.1"), ("1.", "1.0")])
def test_different_spellings_of_one_version_are_equal(left: str, right: str) -> None:
    assert dpkg.compare(left, right) == 0 == dpkg.compare(right, left)


@pytest.mark.parametrize("version", REAL[:50])
def test_real_versions_are_valid(version: str) -> None:
    assert dpkg.valid(version)


@pytest.mark.parametrize("version", ["", " ", "a1", "1_2", "1 2", "1\n", "1.0\0", "²", "x:1", "1234567890:1", "1é"])
def test_what_dpkg_would_not_accept_is_not_valid(version: str) -> None:
    assert not dpkg.valid(version)


@given(st.tuples(dpkg_versions, dpkg_versions))
@settings(max_examples=300, deadline=None)
def test_an_absent_revision_is_a_zero(pair: tuple[str, str]) -> None:
    left, right = pair
    if "-" not in left:
        assert sign(dpkg.compare(left, right)) == sign(dpkg.compare(f"{left}-0", right))


@pytest.mark.parametrize("version", ["1:1.0", "99999999999:1.0", "1:1:2", "a1"])
def test_a_version_with_a_numeric_epoch_is_readable(version: str) -> None:
    assert dpkg.readable(version)


@pytest.mark.parametrize("version", ["x:1.0", ":1.0", "1:", "1.0:1", "1a:1", "\u0663:1"])
def test_a_colon_behind_anything_but_a_number_is_not_readable(version: str) -> None:
    assert not dpkg.readable(version)
