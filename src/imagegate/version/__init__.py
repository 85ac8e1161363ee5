"""How each ecosystem orders its versions: one file per order, and the table that says which ecosystem uses which."""

from collections.abc import Callable

from imagegate.version import apk, dpkg

Compare = Callable[[str, str], int]

_ORDERS: dict[str, Compare] = {
    "Debian": dpkg.compare,
    "Ubuntu": dpkg.compare,
    "Alpine": apk.compare,
    "Alpaquita": apk.compare,
    "BellSoft Hardened Containers": apk.compare,
    "Chainguard": apk.compare,
    "Wolfi": apk.compare,
}
_VALID: dict[Compare, Callable[[str], bool]] = {dpkg.compare: dpkg.valid, apk.compare: apk.valid}
_READABLE: dict[Compare, Callable[[str], bool]] = {dpkg.compare: dpkg.readable, apk.compare: apk.readable}


def order_of(ecosystem: str) -> Compare:
    """Return the comparison for an OSV ecosystem such as `Debian:12`; raises KeyError where there is none."""
    return _ORDERS[ecosystem.partition(":")[0]]


def is_valid(compare: Compare, version: str) -> bool:
    """Return whether a version is written as its ecosystem demands; others are compared leniently, and noted."""
    return _VALID[compare](version)


def is_readable(compare: Compare, version: str) -> bool:
    """Return whether every part of a version has its place in the order, valid or not."""
    return _READABLE[compare](version)
