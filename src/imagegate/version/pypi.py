"""The order of Python's packages: the version specifiers of packaging.python.org (PEP 440), as `packaging` has it.

Versions from before PEP 440 have no place in it: they are not readable, and come before all others.
"""

from imagegate.version.keys import Key, by_key

_LONGEST = 1000  # PyPI takes no more than 512; the numbers of a longer one could be more than int() reads


def valid(version: str) -> bool:
    """Return whether this is a version by PEP 440, in any of its spellings."""
    return len(_key(version)) == 2


readable = valid


def _key(version: str) -> Key:
    from packaging.version import InvalidVersion, Version

    if len(version) <= _LONGEST and version.isascii():
        try:
            return 1, Version(version)
        except InvalidVersion:
            pass
    return 0, version, ()


compare = by_key(_key)
