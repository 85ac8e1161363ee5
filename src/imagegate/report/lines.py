"""JSON that people can read and compare, written fast: the outer levels are indented, what lies deeper takes one line.

Before Python 3.14 `json.dumps(indent=…)` leaves the C encoder: ten thousand findings took a second.
"""

import json
from typing import Any


def dumps(value: Any, levels: int) -> str:
    """Return the value as ASCII-only JSON with this many indented levels, and a line break at its end."""
    return _lines(value, levels, "\n") + "\n"


def _lines(value: Any, levels: int, start: str) -> str:
    if not levels or not value or not isinstance(value, dict | list):
        return json.dumps(value)
    inner = start + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(str(key))}: {_lines(item, levels - 1, inner)}" for key, item in value.items()]
        return "{" + inner + f",{inner}".join(parts) + start + "}"
    return "[" + inner + f",{inner}".join(_lines(item, levels - 1, inner) for item in value) + start + "]"
