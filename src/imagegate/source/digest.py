"""Digests: recognised, computed, compared."""

import hashlib
import re

from imagegate.errors import SourceError
from imagegate.text import clean

_SHA256 = re.compile(r"sha256:[0-9a-f]{64}\Z")


def checked(value: object, what: str) -> str:
    """Return `value` when it is a SHA-256 digest; raises SourceError naming `what` otherwise."""
    if isinstance(value, str) and _SHA256.match(value):
        return value
    shown = clean(str(value), 80)
    raise SourceError(f"{what} has the digest {shown!r}", "Only sha256 digests are understood, which is what registries use.")


def verify(data: bytes, expected: str, what: str) -> None:
    """Raises SourceError when the bytes are not those that the digest names."""
    same(of(data), expected, what)


def of(data: bytes) -> str:
    """Return the digest of the bytes."""
    return "sha256:" + hashlib.sha256(data, usedforsecurity=False).hexdigest()


def same(found: str, expected: str, what: str) -> None:
    """Raises SourceError when a computed digest differs from the one that was promised."""
    if found != expected:
        raise SourceError(
            f"{what} is not what its digest says: expected {expected}, found {found}",
            "The image is damaged or was tampered with; save or pull it again.",
        )
