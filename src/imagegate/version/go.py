"""The order of Go's modules and of its standard library: golang.org/x/mod/semver and the standard package go/version.

Modules have semantic versions, with a `v` in packages and none in records; `+incompatible` is build metadata.
The standard library and the tools have those of the releases: `go1.21rc2` is 1.21.0-rc.2, `go1.14` is 1.14.0,
`go1.21.3-vendor` and `go1.21.3 X:boringcrypto` are builds of 1.21.3. A bare `go1.21`, which go/version takes for the
language and puts before its release candidates, is 1.21.0 too.
"""

import re

from imagegate.version import semver
from imagegate.version.keys import Key, by_key

_RELEASE = re.compile(r"(go)?(\d+(?:\.\d+){0,2})(?:(alpha|beta|rc)(\d+))?(?(1)(?:[-+ ][\x20-\x7e]*)?)\Z", re.ASCII)


def valid(version: str) -> bool:
    """Return whether this is the version of a module or of a release of Go."""
    return semver.valid(version) or bool(_RELEASE.match(version))


def readable(version: str) -> bool:
    """Return whether the version can be compared."""
    return semver.readable(_semantic(version))


def _semantic(version: str) -> str:
    match = _RELEASE.match(version)
    return version if not match else f"{match[2]}-{match[3]}.{match[4]}" if match[3] else match[2]


def _key(version: str) -> Key:
    return semver.key(_semantic(version))


compare = by_key(_key)
