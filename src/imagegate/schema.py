"""Checks values against the JSON Schemas that imagegate publishes (the part of draft 2020-12 that they use).

The `jsonschema` package is the reference in the tests; it takes a tenth of a second to import, and its messages do
not say what the user should have written.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache, reduce
from importlib.resources import files
from math import isfinite
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
_EXACT = {**_TYPES, "integer": int, "number": int}  # of what is right; a number may be of another type
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
    return iter(()) if _quick(schema, schema)(value) else _check(value, schema, schema, ())


Test = Callable[[Any], bool]


def _quick(schema: dict[str, Any], root: dict[str, Any]) -> Test:
    """Return a test that only right values pass: the schema as functions, made once for all of ten thousand findings.

    It need not pass all of them (where a keyword is not in the table it passes none): `_check` has the last word, and says
    what is wrong; but it asks the schema anew about every value.
    """
    rules = {key: rule for key, rule in schema.items() if key not in _ANNOTATIONS}
    if not _QUICK.keys() >= rules.keys():
        return lambda _: False
    tests = [_QUICK[key](rule, root) for key, rule in rules.items()]
    return reduce(_both, tests) if tests else lambda _: True


def _both(first: Test, second: Test) -> Test:
    return lambda value: first(value) and second(value)


_ANNOTATIONS = frozenset(("$schema", "$id", "$defs", "title", "description"))
# As in the standard, each speaks only of the values of its own type.
_QUICK: dict[str, Callable[[Any, dict[str, Any]], Test]] = {
    "$ref": lambda name, root: _quick(_target(name, root), root),
    "anyOf": lambda forms, root: _quick_any([_quick(form, root) for form in forms]),
    "const": lambda word, _: lambda value: _same(value, word),
    "enum": lambda words, _: _quick_enum(words),
    "type": lambda kinds, _: _quick_type(kinds),
    "pattern": lambda pattern, _: _quick_pattern(pattern),
    "format": lambda _, __: lambda value: not isinstance(value, str) or _is_date(value),
    "minLength": lambda least, _: lambda value: not isinstance(value, str) or len(value) >= least,
    "minimum": lambda least, _: lambda value: not _is_number(value) or value >= least,
    "maximum": lambda most, _: lambda value: not _is_number(value) or value <= most,
    "minItems": lambda least, _: lambda value: not isinstance(value, list) or len(value) >= least,
    "items": lambda form, root: _quick_items(_quick(form, root)),
    "required": lambda names, _: _quick_required(frozenset(names)),
    "properties": lambda forms, root: _quick_properties({name: _quick(form, root) for name, form in forms.items()}),
    "additionalProperties": lambda form, root: _quick_others(_quick(form, root) if isinstance(form, dict) else lambda _: False),
}


def _quick_any(tests: list[Test]) -> Test:
    return lambda value: any(test(value) for test in tests)


def _quick_enum(words: list[Any]) -> Test:
    known = frozenset(word for word in words if isinstance(word, str))
    return lambda value: value in known if isinstance(value, str) else any(_same(value, word) for word in words)


def _quick_type(kinds: str | list[str]) -> Test:
    types = {_EXACT[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)}
    return lambda value: type(value) in types or _is(value, kinds)


def _quick_pattern(pattern: str) -> Test:
    search = _pattern(pattern).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _quick_items(test: Test) -> Test:
    return lambda value: not isinstance(value, list) or all(map(test, value))


def _quick_required(names: frozenset[str]) -> Test:
    return lambda value: not isinstance(value, dict) or value.keys() >= names


def _quick_others(test: Test) -> Test:
    return lambda value: not isinstance(value, dict) or all(map(test, value.values()))


def _quick_properties(tests: dict[str, Test]) -> Test:
    def test(value: Any) -> bool:
        if isinstance(value, dict):
            for name, item in value.items():
                if name in tests and not tests[name](item):
                    return False
        return True

    return test


def _target(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    target: Any = root
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    found: dict[str, Any] = target
    return found


def _check(value: Any, schema: dict[str, Any], root: dict[str, Any], path: Path) -> Iterator[Problem]:
    if "$ref" in schema:
        yield from _check(value, _target(schema["$ref"], root), root, path)
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
            yield from _check(item, schema["items"], root, (*path, index))


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
