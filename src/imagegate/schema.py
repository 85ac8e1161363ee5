"""Checks values against the JSON Schemas that imagegate publishes (the part of draft 2020-12 that they use).

The `jsonschema` package is the reference in the tests; it takes a tenth of a second to import, and its messages do
not say what the user should have written.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "null": "nothing",
    "integer": "a whole number",
    "number": "a number",
}


class Problem(NamedTuple):
    """What is wrong with the value at `path`; `known` are the words that would have been right, `hint` how to write it."""

    path: Path
    message: str
    word: str = ""
    known: tuple[str, ...] = ()
    hint: str = ""


@cache
def load(folder: str, name: str) -> dict[str, Any]:
    """Return a published schema of the package, such as ("policy", "policy.schema.json")."""
    text = files("imagegate").joinpath(folder, name).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def problems(value: Any, schema: dict[str, Any]) -> Iterator[Problem]:
    """Yield everything that is wrong with the value, outermost first."""
    return _check(value, schema, schema, ())


_RESTRICTED = frozenset(("$ref", "anyOf", "const", "enum", "pattern", "minLength", "maxLength", "format"))


def _check(value: Any, schema: dict[str, Any], root: dict[str, Any], path: Path) -> Iterator[Problem]:
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from _check(value, target, root, path)
        return
    if "anyOf" in schema:
        yield from _any(value, schema["anyOf"], root, path)
        return
    if "const" in schema and not _same(value, schema["const"]):
        yield Problem(path, f"must be {schema['const']!r}, not {_shown(value)}")
        return
    if "enum" in schema and not any(_same(value, word) for word in schema["enum"]):
        known = tuple(str(word) for word in schema["enum"])
        yield Problem(path, f"{_shown(value)} is none of {', '.join(known)}", value if isinstance(value, str) else "", known)
        return
    if "type" in schema and not _is(value, schema["type"]):
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        wanted = " or ".join(_WORDS[kind] for kind in kinds)
        yield Problem(path, f"must be {wanted}, not {_shown(value)}", hint=schema.get("description", ""))
        return
    if isinstance(value, dict):
        yield from _mapping(value, schema, root, path)
    elif isinstance(value, list):
        yield from _list(value, schema, root, path)
    else:
        yield from _scalar(value, schema, path)


def _is(value: Any, kinds: str | list[str]) -> bool:
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind in ("integer", "number"):
            if _is_number(value) and (kind == "number" or value == int(value)):
                return True
        elif isinstance(value, _TYPES[kind]):
            return True
    return False


def _is_number(value: Any) -> bool:
    """JSON has neither infinity nor NaN, and to it 1.0 is a whole number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and (isinstance(value, int) or isfinite(value))


def _same(left: Any, right: Any) -> bool:
    """Equal as JSON sees it: true is not 1."""
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _any(value: Any, options: list[dict[str, Any]], root: dict[str, Any], path: Path) -> Iterator[Problem]:
    """Of several forms, report the one that came closest: the one whose problems lie deepest."""
    found = [list(_check(value, option, root, path)) for option in options]
    if all(found):
        best = max(found, key=lambda option: (len(option[0].path), bool(option[0].known), "must be" not in option[0].message))
        yield from best


def _mapping(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], path: Path) -> Iterator[Problem]:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            yield Problem(path, f"the key {name!r} is missing")
    if len(value) < schema.get("minProperties", 0):
        yield Problem(path, "is empty; leave it out, or say something")
    for name, item in value.items():
        if name in known:
            if not _is_plainly_right(item, known[name]):
                yield from _check(item, known[name], root, (*path, name))
        elif others is False:
            yield Problem((*path, name), f"unknown key {_shown(name)}", str(name), tuple(known))
        elif isinstance(others, dict):
            yield from _check(item, others, root, (*path, name))


def _list(value: list[Any], schema: dict[str, Any], root: dict[str, Any], path: Path) -> Iterator[Problem]:
    if len(value) < schema.get("minItems", 0):
        yield Problem(path, "is an empty list")
    if schema.get("uniqueItems"):
        seen: set[str] = set()
        for index, item in enumerate(value):
            text = _canonical(item)
            if text in seen:
                yield Problem((*path, index), f"{_shown(item)} is there twice")
            seen.add(text)
    if "items" in schema:
        for index, item in enumerate(value):
            if not _is_plainly_right(item, schema["items"]):
                yield from _check(item, schema["items"], root, (*path, index))


def _is_plainly_right(value: Any, schema: dict[str, Any]) -> bool:
    """Most values are text that may be anything: ten thousand findings have a hundred thousand of them."""
    return isinstance(value, str) and schema.get("type") == "string" and not _RESTRICTED.intersection(schema)


def _scalar(value: Any, schema: dict[str, Any], path: Path) -> Iterator[Problem]:
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            yield Problem(path, "is empty")
        elif "pattern" in schema and not _pattern(schema["pattern"]).search(value):
            yield Problem(path, f"{_shown(value)} is not written as it should be", hint=schema.get("description", ""))
        elif schema.get("format") == "date" and not _is_date(value):
            yield Problem(path, f"{_shown(value)} is not a day that exists, written YYYY-MM-DD")
    elif _is_number(value):
        if value < schema.get("minimum", value):
            yield Problem(path, f"{value} is less than {schema['minimum']}")
        elif value > schema.get("maximum", value):
            yield Problem(path, f"{value} is more than {schema['maximum']}")


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\$\Z", r"\\Z", pattern))  # in JSON Schema `$` is the very end, not before a line break


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _canonical(value: Any) -> str:
    """Return equal text for values that are equal as JSON sees it."""
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{json.dumps(key)}:{_canonical(item)}" for key, item in value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _shown(value: Any) -> str:
    from imagegate.text import clean

    if isinstance(value, dict | list):
        return _WORDS["object" if isinstance(value, dict) else "array"]
    return clean(repr(value), 80)
