"""The order of rpm packages: epoch:version-release, each compared by rpmvercmp (rpm, rpmio/rpmvercmp.c; rpm-version(7)).

An absent epoch is 0. An absent release is equal to all: a record that says `1.2` speaks of every build of it.
"""

import re

from imagegate.version.keys import Key, cached, number

_VALID = re.compile(r"(?:\d+:)?[A-Za-z0-9._+~^]+(?:-[A-Za-z0-9._+~^]+)?\Z", re.ASCII)
_READABLE = re.compile(r"(?:\d*:)?(?=[^A-Za-z0-9]*[A-Za-z0-9])[\x21-\x39\x3b-\x7e]+\Z", re.ASCII)
_SEGMENT = re.compile(r"(\d+)|([A-Za-z]+)|([~^])", re.ASCII)
# At one place: a tilde comes before the end, a caret after it, then letters, then numbers.
_TILDE, _END, _CARET, _LETTERS, _NUMBER = range(5)


def valid(version: str) -> bool:
    """Return whether rpm would accept the version."""
    return bool(_VALID.match(version))


def readable(version: str) -> bool:
    """Return whether there is something to compare: letters or digits behind an epoch that is a number."""
    return bool(_READABLE.match(version))


def compare(left: str, right: str) -> int:
    """Return a negative number, 0 or a positive number as `left` is earlier, equal or later."""
    if left == right:
        return 0
    ours, theirs = _key(left), _key(right)
    if ours[0] == theirs[0] and (ours[1] is None or theirs[1] is None):
        return 0
    return (ours > theirs) - (ours < theirs)


@cached
def _key(version: str) -> Key:
    epoch, colon, rest = version.partition(":")
    if not colon or (epoch and not (epoch.isascii() and epoch.isdigit())):
        epoch, rest = "", version
    name, dash, release = rest.rpartition("-")
    return (number(epoch), _segments(name if dash else rest)), _segments(release) if dash else None


def _segments(text: str) -> Key:
    return (
        *(
            (_NUMBER, *number(digits)) if digits else (_LETTERS, letters) if letters else (_TILDE if sign == "~" else _CARET,)
            for digits, letters, sign in _SEGMENT.findall(text)
        ),
        (_END,),
    )
