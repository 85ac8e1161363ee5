"""The order of Hackage, GHC, CRAN and Bioconductor: numbers one by one, and 1.2 comes before 1.2.0.

Sources: `Ord Version` of Haskell's Cabal (Distribution.Types.Version); R's numeric_version, which takes `-` for `.`.
"""

import re

from imagegate.version.keys import Key, by_key, number

_VALID = re.compile(r"\d+(?:[.-]\d+)*\Z", re.ASCII)
_NUMBERS = re.compile(r"\d+(?:[.-]\d+)*", re.ASCII)


def valid(version: str) -> bool:
    """Return whether the version is made of numbers, with dots or hyphens between them."""
    return bool(_VALID.match(version))


readable = valid


def _key(version: str) -> Key:
    """What follows the numbers, a tag of former days, decides last."""
    match = _NUMBERS.match(version)
    if not match:
        return (0, version)
    return (1, tuple(number(digits) for digits in match[0].replace("-", ".").split(".")), version[match.end() :])


compare = by_key(_key)
