"""The order of NuGet's packages: learn.microsoft.com/nuget/concepts/package-versioning; NuGet.Versioning, VersionComparer.cs.

Up to four numbers, then a pre-release as in semantic versions, but with no difference between upper and lower case.
Build metadata is not compared. A label is a number when it is one of 32 bits, as in NuGet.
"""

import re

from imagegate.version.keys import Key, by_key, number

_WORD = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VALID = re.compile(rf"\s*(\d+(?:\.\d+){{0,3}})(?:-({_WORD}))?(?:\+{_WORD})?\s*\Z", re.ASCII)
_INT = re.compile(r"-?\d{1,10}\Z", re.ASCII)


def valid(version: str) -> bool:
    """Return whether NuGet would accept the version."""
    return bool(_VALID.match(version))


readable = valid


def _key(version: str) -> Key:
    match = _VALID.match(version)
    if not match:
        return (0, version)
    numbers = [number(digits) for digits in match[1].split(".")]
    numbers += [(0, "")] * (4 - len(numbers))
    if match[2] is None:
        return (1, *numbers, 1)
    return (1, *numbers, 0, tuple(_label(label) for label in match[2].upper().split(".")))


def _label(label: str) -> Key:
    if _INT.match(label) and abs(int(label)) < 2**31:
        return (0, int(label))
    return (1, label)


compare = by_key(_key)
