"""The order of Bitnami's components: semantic versions with a revision, as github.com/bitnami/go-version has it.

`1.2.3-4` is the fourth build of 1.2.3, not a pre-release of it, and comes after `1.2.3`, which is build 0. A bound such
as `1.21.0-0`, in records taken from Go, is 1.21.0. `1.2.3-8-gabcdef` (git describe) and `1.2.3-8.el8` follow 1.2.3 too.
Any other suffix is a pre-release, as upstream wrote it.
"""

import re

from imagegate.version import semver
from imagegate.version.keys import Key, by_key, identifiers, number

_REVISION = re.compile(r"(\d*)(?:-g[0-9a-f]+|\.el\d+)?\Z", re.ASCII)

valid, readable = semver.valid, semver.readable


def _key(version: str) -> Key:
    found = semver.parts(version)
    if found is None:
        return (0, version)
    numbers, suffix, _ = found
    if revision := _REVISION.match(suffix):
        return (1, numbers, 1, *number(revision[1]))
    return (1, numbers, 0, identifiers(suffix))


compare = by_key(_key)
