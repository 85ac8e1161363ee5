"""The part of YAML that package managers write: nested mappings in block style, one `key: value` a line.

A reader for all of YAML takes a minute for the largest locks; this one takes a second, and knows no aliases.
"""

import re
from collections.abc import Iterator

from imagegate.cataloger.records import Unreadable

_KEY = re.compile(r"(?:'((?:[^']|'')*)'|\"((?:[^\"\\]|\\.)*)\"|([^\s'\"#|>%`{}\[\],:-][^\n]*?)):(?:[ ]+(.*))?\Z")
_DEEPEST = 20
_LONGEST = 10_000  # characters of a line
_MOST = 500_000  # lines: the largest locks of monorepos have half of it


def settings(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each key below all keys that it stands in, with the value on its line, without quotes; "" where there is none.

    Raises Unreadable for a text that no package manager writes.
    """
    above: list[tuple[int, str]] = []
    if text.count("\n") > _MOST:
        raise Unreadable(f"it has more than {_MOST:,} lines")
    for line in text.split("\n"):
        said = line.lstrip(" ")
        if not said or said[0] == "#":
            continue
        if len(line) > _LONGEST:
            raise Unreadable(f"it has a line of {len(line):,} characters")
        if said == "---":
            above.clear()
            continue
        indent = len(line) - len(said)
        if said.startswith("? "):  # a key of more than 1024 characters
            key, value = unquoted(said[2:]), ""
        elif match := _KEY.match(said):
            key = unquoted(said[: match.end(3) if match[3] is not None else said.find(":", max(match.end(1), match.end(2)))])
            value = unquoted(match[4] or "")
        else:
            continue
        while above and above[-1][0] >= indent:
            above.pop()
        if len(above) < _DEEPEST:
            above.append((indent, key))
            yield tuple(name for _, name in above), value


def unquoted(text: str) -> str:
    """Return a scalar without its quotes."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
    return text
