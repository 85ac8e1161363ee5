"""Semantic versions of which the build metadata is compared too: Pub, Julia, and what Echo builds of npm packages.

Sources: `Version.compareTo` of Dart's pub_semver (lib/src/version.dart); `isless` of Julia's base/version.jl, whose
binary packages count their builds (`4.3.0+0`); Echo's `+echo.1`.
"""

from imagegate.version import semver
from imagegate.version.keys import Key, by_key, identifiers

valid, readable = semver.valid, semver.readable


def _key(version: str) -> Key:
    """A version without metadata comes before the same one with it."""
    found = semver.parts(version)
    if found is None:
        return (0, version)
    numbers, prerelease, build = found
    release: Key = (0, identifiers(prerelease)) if prerelease else (1, ())
    return (1, numbers, *release, identifiers(build) if build else ())


compare = by_key(_key)
