"""The order of Conan's packages: conan-io/conan, conan/internal/model/version.py.

Items between dots, a pre-release after `-` and a build after `+`, each of items again; a zero at the end does not count.
Conan compares an item that is no number as text (`1k` with `10`), which is no order at all once three of them meet;
here the number that an item begins with comes first, then its text: `1.1.1k` lies between `1.1.1` and `1.1.2`.
"""

import re

from imagegate.version.keys import Key, by_key, number

_VALID = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_+.-]*\Z")
_DIGITS = re.compile(r"\d*", re.ASCII)
_WORD = 1 << 62  # more digits than there are: a word comes after every number


def valid(version: str) -> bool:
    """Return whether Conan would accept the version in a reference."""
    return bool(_VALID.match(version))


readable = valid


def _key(version: str) -> Key:
    version, plus, build = version.rpartition("+") if "+" in version else (version, "", "")
    version, dash, prerelease = version.partition("-")
    release: Key = (0, _items(prerelease)) if dash else (1, ())
    return (_items(version), *release, (1, _items(build)) if plus else (0, ()))


def _items(text: str) -> Key:
    items = [_item(part) for part in text.split(".")]
    while items and items[-1] == (0, "", ""):
        items.pop()
    return tuple(items)


def _item(part: str) -> Key:
    digits = _DIGITS.match(part)[0]  # type: ignore[index]
    return (*number(digits), part[len(digits) :]) if digits else (_WORD, "", part)


compare = by_key(_key)
