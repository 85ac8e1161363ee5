"""What the orders share: keys that Python compares as it compares tuples, and digits that are never read by int()."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

Compare = Callable[[str, str], int]
Key = tuple[Any, ...]

_LONGEST = 100  # what is longer is not kept, so that the cache stays small


def number(digits: str) -> tuple[int, str]:
    """Return what orders decimal digits of any length: int() refuses more than 4300 and takes quadratic time."""
    digits = digits.lstrip("0")
    return len(digits), digits


def identifiers(text: str) -> Key:
    """Return the key of dotted identifiers: numbers come before words, fewer before more (SemVer 2.0.0, §11.4)."""
    return tuple((0, *number(part)) if part.isascii() and part.isdigit() else (1, part) for part in text.split("."))


def by_key(key: Callable[[str], Key]) -> Compare:
    """Return the comparison of versions by their keys: negative, 0 or positive as the left is earlier, equal or later."""
    kept = cached(key)

    def compare(left: str, right: str) -> int:
        if left == right:
            return 0
        ours, theirs = kept(left), kept(right)
        return (ours > theirs) - (ours < theirs)

    compare.__module__ = key.__module__  # where valid() and readable() are: see is_valid()
    return compare


def cached(read: Callable[[str], Key]) -> Callable[[str], Key]:
    """Return the same function with a memory for short versions: one version meets thousands of bounds."""
    memory = lru_cache(maxsize=8192)(read)
    return lambda version: memory(version) if len(version) <= _LONGEST else read(version)
