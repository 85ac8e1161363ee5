"""JSON objects that have every key once: of two values, one reader would take the first and another the last."""

from typing import Any


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs, as `object_pairs_hook` of `json.loads`; raises ValueError where a key comes twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice in an object")
    return found
