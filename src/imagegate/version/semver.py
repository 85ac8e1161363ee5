"""The order of npm, crates.io, Hex, SwiftURL, GitHub Actions and other semantic versions: semver.org, version 2.0.0, §11.

Build metadata is not compared. Records and packages hold versions that are not quite semantic: a `v` before, fewer or
more than three numbers, a pre-release without its hyphen. An absent number is 0; whatever follows the numbers is
taken as a pre-release, which comes before the release: so a doubtful version is affected rather than fixed.
"""

import re

from imagegate.version.keys import Key, by_key, identifiers, number

_WORD = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VALID = re.compile(rf"v?\d+\.\d+\.\d+(?:-{_WORD})?(?:\+{_WORD})?\Z", re.ASCII)
_PARTS = re.compile(r"[vV=]?(\d+(?:\.\d+)*+)([^+]*+)(?:\+(.*))?\Z", re.ASCII | re.DOTALL)
_REST = re.compile(r"[0-9A-Za-z._-]*\Z")


def valid(version: str) -> bool:
    """Return whether this is a semantic version, with or without a `v`."""
    return bool(_VALID.match(version))


def readable(version: str) -> bool:
    """Return whether there are numbers, and nothing after them that could not be a pre-release or build metadata."""
    match = _PARTS.match(version.strip())
    return bool(match and _REST.match(match[2]) and _REST.match(match[3] or ""))


def parts(version: str) -> tuple[tuple[tuple[int, str], ...], str, str] | None:
    """Return the numbers without zeros at the end, the pre-release and the build metadata; None without a number."""
    match = _PARTS.match(version.strip())
    if not match:
        return None
    numbers = [number(digits) for digits in match[1].split(".")]
    while numbers and not numbers[-1][0]:
        numbers.pop()
    return tuple(numbers), match[2].removeprefix("-" if match[2][:1] == "-" else "."), match[3] or ""


def key(version: str) -> Key:
    """Return what orders a version; those without a number come first."""
    found = parts(version)
    if found is None:
        return (0, version)
    numbers, prerelease, _ = found
    return (1, numbers, 0, identifiers(prerelease)) if prerelease else (1, numbers, 1)


compare = by_key(key)
