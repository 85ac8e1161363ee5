"""The order of Debian package versions: deb-version(7), `dpkg --compare-versions`."""

import re

_VALID = re.compile(r"(\d{1,9}:\d[A-Za-z0-9.+~:-]*|\d[A-Za-z0-9.+~-]*)\Z", re.ASCII)
_READABLE = re.compile(r"(\d+:[A-Za-z0-9.+~:-]+|[A-Za-z0-9.+~-]+)\Z", re.ASCII)
_PARTS = re.compile(r"(\D*)(\d*)", re.ASCII)


def valid(version: str) -> bool:
    """Return whether dpkg would accept the version."""
    return bool(_VALID.match(version))


def readable(version: str) -> bool:
    """Return whether dpkg, which warns of a version that begins with a letter, orders it all the same: a colon ends an epoch."""
    return bool(_READABLE.match(version))


def compare(left: str, right: str) -> int:
    """Return a negative number, 0 or a positive number as `left` is earlier, equal or later."""
    if left == right:
        return 0
    for left_part, right_part in zip(_split(left), _split(right), strict=True):
        if order := _compare(left_part, right_part):
            return order
    return 0


def _split(version: str) -> tuple[str, str, str]:
    """Return epoch, upstream version and revision; an absent epoch or revision is 0."""
    epoch, colon, rest = version.strip().partition(":")
    if not colon or not (epoch.isascii() and epoch.isdigit()):
        epoch, rest = "0", version.strip()
    upstream, dash, revision = rest.rpartition("-")
    return epoch, (upstream if dash else rest), (revision if dash else "0")


def _compare(left: str, right: str) -> int:
    """Text and numbers in turn; an absent number is 0."""
    for (left_text, left_number), (right_text, right_number) in _zip(_PARTS.findall(left), _PARTS.findall(right)):
        if left_text != right_text and (order := _compare_text(left_text, right_text)):
            return order
        if left_number != right_number and (order := _compare_digits(left_number.lstrip("0"), right_number.lstrip("0"))):
            return order
    return 0


def _compare_digits(left: str, right: str) -> int:
    return len(left) - len(right) or (left > right) - (left < right)  # never int(): there may be any number of digits


def _zip(left: list[tuple[str, str]], right: list[tuple[str, str]]) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    size = max(len(left), len(right))
    nothing = ("", "")
    return list(zip(left + [nothing] * (size - len(left)), right + [nothing] * (size - len(right)), strict=True))


def _compare_text(left: str, right: str) -> int:
    """`~` sorts before the end of the text, letters before everything else."""
    for index in range(max(len(left), len(right))):
        order = _weight(left, index) - _weight(right, index)
        if order:
            return order
    return 0


def _weight(text: str, index: int) -> int:
    if index >= len(text):
        return 0
    char = text[index]
    if char == "~":
        return -1
    return ord(char) if char.isascii() and char.isalpha() else ord(char) + 256
