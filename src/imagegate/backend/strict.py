"""Strict JSON: every key of an object once, and no words for numbers that JSON does not have.

Of two values for one key, one reader would take the first and another the last.
"""

from typing import Any


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs, as `object_pairs_hook` of `json.loads`; raises ValueError where a key comes twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice in an object")
    return found


def refused(word: str) -> None:
    """Raise ValueError for `NaN` and `Infinity`, as `parse_constant` of `json.loads`."""
    raise ValueError(f"{word} is not a number of JSON")
