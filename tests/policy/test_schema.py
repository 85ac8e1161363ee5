"""Our reading of the published schemas is that of the `jsonschema` package."""

import copy
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate import schema
from imagegate.report.json import Json
from tests import scans

POLICY = schema.load("policy", "policy.schema.json")
RESULT = schema.load("report", "result.schema.json")


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    """Draft 2020-12 takes its patterns from ECMA-262, where `$` is the very end, not before a line break."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$\Z", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError("does not match")


REFERENCE: Any = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})

CHECKERS = {form["title"]: REFERENCE(form, format_checker=jsonschema.FormatChecker()) for form in (POLICY, RESULT)}


def agree(value: Any, form: dict[str, Any]) -> bool:
    """Return whether the value is accepted, after making sure that both say the same."""
    ours = list(schema.problems(value, form))
    assert (not ours) == CHECKERS[form["title"]].is_valid(value), (ours, value)
    return not ours


GOOD: dict[str, Any] = {
    "version": 1,
    "extends": ["recommended", "org.yaml"],
    "severity": {"source": ["vendor", "cvss"], "unknown": "high"},
    "rules": [
        {"id": "a", "match": {"severity": [">=high", "unknown"], "fix": "available", "cvss": 7.5}, "action": "fail"},
        {
            "id": "b",
            "match": {"known_exploited": True, "id": ["CVE-*"], "package": "openssl", "type": "deb"},
            "max": 3,
            "action": "warn",
        },
        {"id": "c", "match": {"path": "usr/**", "cvss": ["<9.0", 10]}, "action": "warn"},
    ],
    "evidence": {"database_max_age": "3d", "unreadable": "warn"},
    "waivers": {
        "require": ["reason"],
        "max_days": 90,
        "list": [{"id": "CVE-1", "package": ["a", "b"], "reason": "r", "owner": "o", "expires": "2026-12-31"}],
    },
}
ONE = json.loads(Json().render([scans.judged(scans.scan([scans.finding(scores=scans.scores(("CVSS_V3", 8.0)))]))]))
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    1.0,
    1.5,
    -1,
    10**30,
    "",
    "1",
    "high",
    ">=high",
    "3d",
    "2026-02-30",
    "2026-12-31\n",
    "high\n",
    [],
    [1, True, 1.0],
]
ODD += [
    {},
    [""],
    ["cvss", "cvss"],
    {"": None},
    "\u0662026-01-01",
    "vendor",
    ["vendor"],
    {"id": "x"},
    [{"id": "x"}],
    [{"a": 1}, {"a": 1.0}],
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    value = copy.deepcopy(value)
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = new
    return value


def without(value: Any, path: tuple[Any, ...]) -> Any:
    value = copy.deepcopy(value)
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return value


@pytest.mark.parametrize(("form", "good"), [(POLICY, GOOD), (RESULT, ONE)], ids=["policy", "result"])
def test_every_change_of_one_value_is_judged_alike(form: dict[str, Any], good: Any) -> None:
    assert agree(good, form)
    seen = set()
    verdicts = []
    for path in places(good):
        kind = tuple("*" if isinstance(step, int) else step for step in path)
        if kind in seen:
            continue
        seen.add(kind)
        verdicts += [agree(changed(good, path, odd), form) for odd in ODD]
        if path:
            verdicts.append(agree(without(good, path), form))
    assert True in verdicts
    assert False in verdicts


def test_the_published_schemas_are_schemas() -> None:
    for form in (POLICY, RESULT):
        jsonschema.Draft202012Validator.check_schema(form)


SEVERITY = st.sampled_from(["unknown", "negligible", "low", "medium", "high", "critical", "urgent"])
COMPARED = st.builds(
    "{}{}{}".format, st.sampled_from(["", ">=", "<=", "<", ">", "=", "=="]), st.sampled_from(["", " ", "\n"]), SEVERITY
)
SCORE = st.one_of(
    st.integers(-1, 11), st.floats(-1, 11), st.builds("{}{}".format, st.sampled_from(["", ">=", "<"]), st.floats(-1, 11))
)
TEXT = st.one_of(st.text(max_size=5), st.sampled_from(["CVE-1", "openssl", "a b", "*"]))
LEVEL = st.sampled_from(["fail", "warn", "ignore", "off", None])


def some(one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(one, st.lists(one, max_size=3))


def mapping(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={**values, "other": st.just(1)} if len(values) % 3 == 0 else values)


MATCH = mapping(
    severity=some(COMPARED),
    fix=some(st.sampled_from(["available", "none", "fixed"])),
    known_exploited=st.sampled_from([True, False, 1, "yes"]),
    cvss=some(SCORE),
    id=some(TEXT),
    package=some(TEXT),
    type=some(TEXT),
    path=some(TEXT),
)
RULE = mapping(id=TEXT, match=MATCH, max=st.sampled_from([0, 1, -1, 2.0, 2.5, True]), action=LEVEL)
WAIVER = mapping(id=TEXT, package=some(TEXT), reason=TEXT, owner=TEXT, expires=st.one_of(st.dates().map(date.isoformat), TEXT))
WORDS = st.sampled_from(["vendor", "cvss", "highest", "epss"])
POLICIES = mapping(
    version=st.sampled_from([1, 1.0, True, "1", 2]),
    extends=some(TEXT),
    severity=mapping(source=some(WORDS), unknown=SEVERITY),
    rules=st.lists(RULE, max_size=3),
    evidence=mapping(unreadable=LEVEL, backend=LEVEL, database_max_age=st.from_regex(r"[0-9]{0,6}[dhm]?")),
    waivers=mapping(
        require=some(st.sampled_from(["reason", "owner", "date"])),
        max_days=st.integers(-1, 4000),
        list=st.lists(WAIVER, max_size=2),
    ),
)


@settings(max_examples=400, deadline=None)
@given(POLICIES)
def test_generated_policies_are_judged_alike(value: Any) -> None:
    agree(value, POLICY)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_generated_changes_are_judged_alike(data: st.DataObject) -> None:
    value = GOOD
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(value))))
        new = data.draw(
            st.one_of(st.sampled_from(ODD), st.recursive(st.text(max_size=3), lambda inner: st.lists(inner, max_size=2)))
        )
        value = changed(value, path, new)
    agree(value, POLICY)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_write_is_no_number(number: float) -> None:
    assert list(schema.problems(number, {"type": "number"}))
    assert list(schema.problems(number, {"type": "integer"}))


def test_a_hundred_thousand_values_are_compared_for_doubles_in_no_time() -> None:
    values = [{"a": [number]} for number in range(100_000)]

    assert not list(schema.problems(values, {"type": "array", "uniqueItems": True}))
    assert len(list(schema.problems([*values, {"a": [7.0]}], {"type": "array", "uniqueItems": True}))) == 1
