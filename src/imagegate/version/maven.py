"""The order of Maven's artifacts: ComparableVersion of maven-artifact 3.9 (maven.apache.org/pom.html, "Version Order").

Numbers and qualifiers stand in lists; a hyphen, and every change between digits and letters, opens a list in the list.
Here the lists follow each other with a mark between them, so that no depth is too deep. Where a qualifier stands right
behind a dot in the middle (`1.sp.1`), the order of Maven itself runs in a circle; it is followed all the same.
"""

import re
from itertools import zip_longest

from imagegate.version.keys import Key, cached, number

_READABLE = re.compile(r"(?=[^0-9]*[0-9])[0-9A-Za-z._+~^,:=@ -]+\Z")
_PART = re.compile(r"[0-9]+|[^0-9.-]+|[.-]")
_QUALIFIERS = {name: str(rank) for rank, name in enumerate(("alpha", "beta", "milestone", "rc", "snapshot", "", "sp"))}
_ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}  # before a number
_RELEASE = _QUALIFIERS[""]
_DIGITS = "0123456789"
_WORD, _LIST, _NUMBER = range(3)  # in the order they have at one place
_OPEN, _ZERO, _EMPTY = (_LIST,), (_NUMBER, 0, ""), (_WORD, _RELEASE)


def valid(version: str) -> bool:
    """Return whether there is a number: Maven itself accepts every text."""
    return readable(version)


def readable(version: str) -> bool:
    """Return whether the version holds a number, and only characters that can be in the name of a file."""
    return bool(_READABLE.match(version))


def compare(left: str, right: str) -> int:
    """Return a negative number, 0 or a positive number as `left` is earlier, equal or later."""
    if left == right:
        return 0
    for ours, theirs in zip_longest(_items(left), _items(right)):
        if ours == theirs:
            continue
        if ours is None or theirs is None:
            order = -_beyond(theirs) if ours is None else _beyond(ours)
        else:
            order = (ours > theirs) - (ours < theirs)
        if order:
            return order
    return 0


def _beyond(item: Key) -> int:
    """Compare an item with the end of the other version: 1.0 is 1, 1-rc comes before it, 1-sp after it."""
    if item[0] == _WORD:
        return int(item[1] > _RELEASE) - int(item[1] < _RELEASE)
    return int(item[0] == _NUMBER and item != _ZERO)


@cached
def _items(version: str) -> Key:
    lists: list[list[Key]] = [[]]
    before = ""
    for part in _PART.findall(version.lower()):
        if part in ".-":
            lists[-1].append(_item(before) if before else _ZERO)
            if part == "-":
                lists.append([])
            before = ""
            continue
        if before:  # digits after letters, or letters after digits
            if lists[-1] and before[0] not in _DIGITS:
                lists.append([])
            lists[-1].append(_item(_SHORT.get(before, before)))
            lists.append([])
        before = part
    if before:
        if lists[-1] and before[0] not in _DIGITS:
            lists.append([])
        lists[-1].append(_item(before))
    return _flat(lists)


def _item(text: str) -> Key:
    if text[0] in _DIGITS:
        return (_NUMBER, *number(text))
    text = _ALIASES.get(text, text)
    return _WORD, _QUALIFIERS.get(text, f"{len(_QUALIFIERS)}-{text}")


def _flat(lists: list[list[Key]]) -> Key:
    """Return the items with a mark where a list opens; zeros and empty qualifiers at the end of a list do not count."""
    items: list[Key] = []
    size = 0
    for one in lists:
        while one and one[-1] in (_ZERO, _EMPTY):
            one.pop()
        items += one
        size = len(items) if one else size
        items.append(_OPEN)
    return tuple(items[:size])
