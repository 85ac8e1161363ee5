"""What package managers wrote (origins in `interpreted/ORIGIN.md`), and what hostile ones might write."""

import json
from pathlib import Path

from packageurl import PackageURL

from imagegate.cataloger.interface import Sightings

FOLDER = Path(__file__).parent / "interpreted"

# Not one of these is a JSON document that tells of a package.
BROKEN_JSON = {
    "nothing": b"",
    "cut off": b'{"name": "a", "version": "1',
    "deep": b"[" * 200_000,
    "deep objects": b'{"a":' * 100_000,
    "a number": b"1" * 100_000,
    "a list": b"[1, 2]",
    "text": b'"text"',
    "null": b"null",
    "UTF-16": '{"name": "a", "version": "1"}'.encode("utf-16"),
    "zeros": b"\0" * 1000,
    "a page": b"<!doctype html><title>Sign in</title>",
}
# What may stand where a name or version is expected; no package can be made of it.
WRONG = [None, "", 0, 1.5, True, [], ["a"], {}, {"a": "b"}, "a b", "a\nb", "a\x1b[2J", "\u202eb", "\ud800", "a" * 5000, "\u0430"]


def sample(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def fields(**values: object) -> str:
    return json.dumps(values)


def canonical(sightings: Sightings) -> list[str]:
    """Return the package URLs, which must be what the reference implementation makes of them."""
    for package in sightings.packages:
        read = PackageURL.from_string(package.purl)
        assert read.to_string() == package.purl
        assert read.version == package.version
        assert read.type == package.type
    return [package.purl for package in sightings.packages]


def failed(sightings: Sightings) -> bool:
    """Return whether packages may be missing; whatever is said is short and can be shown."""
    for _, detail in sightings.problems:
        assert detail.isprintable()
        assert len(detail) < 400
    return any(found == "fail" for found, _ in sightings.problems)
