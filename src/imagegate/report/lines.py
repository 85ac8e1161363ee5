"""JSON that people can read and compare, written fast: the outer levels are indented, what lies deeper takes one line.

Before Python 3.14 `json.dumps(indent=…)` leaves the C encoder: ten thousand findings took a second.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

encode = json.JSONEncoder(check_circular=False).encode  # our values are trees
quoted = encode_basestring_ascii  # what `encode` does with a text
recall = lru_cache(4096, typed=True)(encode)  # for words that come again and again; true is not 1
_SLOT = re.compile(r'"<(\w+)>"')


@dataclass(slots=True)
class Ready:
    """A part that is JSON already; no text of its own kind, or it could be encoded once more."""

    text: str


class Form:
    """An object of which thousands are written: all that is the same in them is encoded once.

    A value "<name>" of the example is a slot, which `fill` replaces by JSON that the caller encoded.
    """

    def __init__(self, example: dict[str, Any]) -> None:
        self._template = _SLOT.sub(r"%(\1)s", json.dumps(example).replace("%", "%%"))

    def fill(self, **slots: str) -> str:
        """Return the object as JSON; every slot takes JSON."""
        return self._template % slots


def listed(texts: Iterable[str]) -> str:
    """Return a list of texts as JSON; `encode` sets itself up anew for every list."""
    return f"[{', '.join(map(quoted, texts))}]"


def dumps(value: Any, levels: int) -> str:
    """Return the value as ASCII-only JSON with this many indented levels, and a line break at its end."""
    pieces: list[str] = []
    _write(value, levels, "\n", pieces.append)
    return "".join((*pieces, "\n"))


def _write(value: Any, levels: int, start: str, write: Callable[[str], None]) -> None:
    if isinstance(value, Ready):
        write(value.text)
        return
    if not levels or not value or not isinstance(value, dict | list):
        write(encode(value))
        return
    inner = start + " "
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    separator = opening + inner
    for name, item in value.items() if isinstance(value, dict) else ((None, item) for item in value):
        write(separator if name is None else f"{separator}{quoted(str(name))}: ")
        _write(item, levels - 1, inner, write)
        separator = "," + inner
    write(start + closing)
