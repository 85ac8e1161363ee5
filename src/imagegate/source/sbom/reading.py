"""From bytes to values: JSON with limits, and access to fields that may be of any type."""

import json
import re
from collections.abc import Iterator
from typing import Any

from imagegate.errors import SourceError
from imagegate.source.sbom.listing import Notes
from imagegate.text import clean

LARGEST = 256 << 20  # bytes of a document
VALUES = 6_000_000  # values in it: each costs about a hundred bytes of memory, however short it is written
MOST = 500_000  # packages
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
# What is read of any document. Tools written in Go look fields up without regard to case (encoding/json).
_WORDS = """
    annotations artifacts attributionTexts components compositions creationInfo description distro documentDescribes
    evidence externalRefs group id locations metadata name packages primaryPackagePurpose properties purl relationships
    source sourceInfo spdxVersion specVersion type version versionInfo
"""
_FIELDS = frozenset(_WORDS.split())
_FOLDED = frozenset(field.lower() for field in _FIELDS)
_DAMAGED = "It is damaged or was cut off: write the document again."


def parse_json(data: bytes, what: str) -> dict[str, Any]:
    """Return a JSON object; raises SourceError for anything else, and for an object that names a key twice."""
    if sum(map(data.count, (b",", b"[", b"{"))) > VALUES:
        raise SourceError(f"{what}: more than {VALUES:,} values are too many for an SBOM", "Is it the right file?")
    try:
        text = data.decode(json.detect_encoding(data))
        found = json.loads(text, object_pairs_hook=_no_twins)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise SourceError(f"{what}: {place}: not JSON: {clean(error.msg, 200)}", _DAMAGED) from None
    except RecursionError:
        raise SourceError(f"{what}: not JSON that can be read: nested too deeply", "Is it the right file?") from None
    except ValueError as error:
        raise SourceError(f"{what}: not JSON that can be read: {clean(str(error), 200)}", _DAMAGED) from None
    if not isinstance(found, dict):
        raise SourceError(f"{what}: JSON, but not a document: it holds no object", "Is it the right file?")
    return found


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Readers differ on which of two values counts, so a document could show each of them another."""
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twin = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twin!r} is there twice in one object")
    return found


def text(item: dict[str, Any], key: str, notes: Notes) -> str:
    """Return a field's text, "" where there is none; what is there but no text is noted."""
    value = item.get(key)
    if value is None or isinstance(value, str):
        return value or ""
    notes.note("fail", f"a field {key!r} is not text", str(value)[:200] if isinstance(value, int | float) else "")
    return ""


def mapping(item: dict[str, Any], key: str, notes: Notes) -> dict[str, Any]:
    """Return a field's object, {} where there is none; what is there but no object is noted."""
    value = item.get(key)
    if value is None or isinstance(value, dict):
        return value or {}
    notes.note("fail", f"a field {key!r} is not an object")
    return {}


def objects(item: dict[str, Any], key: str, notes: Notes) -> Iterator[dict[str, Any]]:
    """Yield the objects of a list; anything else that is there is noted."""
    value = item.get(key)
    if value is None:
        return
    if not isinstance(value, list):
        notes.note("fail", f"a field {key!r} is not a list")
        return
    for entry in value:
        if isinstance(entry, dict):
            yield entry
        else:
            notes.note("fail", f"an entry of {key!r} is not an object")


def properties(item: dict[str, Any], notes: Notes) -> dict[str, list[str]]:
    """Return CycloneDX properties: name to values, for a name may be there more than once."""
    found: dict[str, list[str]] = {}
    for pair in objects(item, "properties", notes):
        value = pair.get("value")
        found.setdefault(text(pair, "name", notes), []).append("" if value is None else str(value))
    return found


def exact(item: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """Return the object; a field that other readers would take for one of those above, and we do not, is noted."""
    for key in item.keys() - _FIELDS:
        if key.lower() in _FOLDED:
            notes.note("fail", "a field is not written as its format says, and readers take it differently", key)
    return item


def strings(item: dict[str, Any], key: str) -> list[str]:
    """Return the texts of a list that nothing depends on."""
    value = item.get(key)
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def first(values: dict[str, list[str]], key: str) -> str:
    """Return the first value of a property, "" where there is none."""
    return values.get(key, [""])[0]


def digest(value: str) -> str:
    """Return the digest, also out of `name@sha256:…`; "" for anything else."""
    end = value.rpartition("@")[2]
    return end if _DIGEST.match(end) else ""
