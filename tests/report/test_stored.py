"""A stored result that is wrong, cut or hostile gives an error, never a verdict by accident."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.backend import stored
from imagegate.errors import BackendError
from imagegate.model.image import Evidence
from imagegate.model.scan import ScanReport
from imagegate.report.json import Json
from tests.scans import busy, finding, judged, scan

GOOD: dict[str, Any] = json.loads(Json().render([busy()]))
BLIND: dict[str, Any] = json.loads(
    Json().render([judged(scan([finding(severity="low")], [Evidence("unreadable", "fail", "x")]))])
)
BOTH: dict[str, Any] = json.loads(Json().render([judged(scan()), busy()]))


def read(value: Any) -> list[ScanReport | BackendError]:
    return stored.read(value if isinstance(value, bytes) else json.dumps(value).encode(), "r.json")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*path, key))


def changed(value: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    value = copy.deepcopy(value)
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    change(inner, path[-1])
    return value


def put(new: Any) -> Callable[[Any, Any], None]:
    return lambda inner, key: inner.__setitem__(key, new)


def take(inner: Any, key: Any) -> None:
    del inner[key]


WRONG: dict[str, Any] = {
    "not JSON": b"{",
    "empty": b"",
    "not UTF-8": b'{"schema": "\xff"}',
    "a list": [],
    "another schema": {"schema": "imagegate/result/2"},
    "a schema that is a list": {"schema": []},
    "deep nesting": b"[" * 100_000,
    "deep nesting inside": json.dumps(GOOD).replace('"labels": {', '"labels": ' + '{"a":' * 50_000 + "{").encode(),
    "a number that is none": json.dumps(changed(GOOD, ("findings", 0, "scores", 0, "score"), put(float("nan")))).encode(),
    "an endless number": json.dumps(changed(GOOD, ("findings", 0, "scores", 0, "score"), put(float("inf")))).encode(),
    "a number of many digits": json.dumps(GOOD).replace('"size": 1000', '"size": ' + "9" * 5000).encode(),
    "a score out of range": changed(GOOD, ("findings", 0, "scores", 0, "score"), put(11)),
    "no results": {**BOTH, "results": []},
    "a result less": {**BOTH, "results": BOTH["results"][:1]},
    "a package less": changed(GOOD, ("packages", 0), take),
    "a layer less": changed(GOOD, ("image", "layers", 1), take),
    "a layer that is not there": changed(GOOD, ("findings", 0, "location", "layer"), put(7)),
    "a negative layer": changed(GOOD, ("findings", 0, "location", "layer"), put(-1)),
    "half a layer": changed(GOOD, ("findings", 0, "location", "layer"), put(0.5)),
    "a package in no layer": changed(GOOD, ("packages", 0, "locations", 0, "layer"), put(9)),
    "a finding less": changed(GOOD, ("findings", 5), take),
    "two packages in one": {**GOOD, "packages": [*GOOD["packages"], {**GOOD["packages"][0], "source_name": "other"}]},
    "no evidence": {**GOOD, "evidence": []},
    "no evidence and no reasons": {**BLIND, "evidence": [], "verdict": {"status": "pass", "exit_code": 0, "reasons": []}},
    "a failure of evidence less": {**BLIND, "evidence": [item for item in BLIND["evidence"] if item["kind"] != "unreadable"]},
    "a pass with reasons": changed(BLIND, ("verdict", "status"), put("pass")),
    "no scanner": {**GOOD, "backend": [], "packages": GOOD["packages"]},
    "an end that is no day": changed(GOOD, ("distribution", "end_of_life"), put("zzzz")),
    "a rule on findings that are not there": changed(GOOD, ("policy", "rules", 0, "findings"), put([99])),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_an_error(name: str) -> None:
    with pytest.raises(BackendError) as caught:
        read(WRONG[name])

    assert caught.value.message.startswith("r.json: ")
    assert caught.value.message.isprintable()
    assert caught.value.hint


def test_a_result_from_which_the_scan_was_taken_is_no_pass() -> None:
    empty: dict[str, Any] = {"backend": [], "packages": [], "findings": [], "evidence": [], "waivers": [], "distribution": None}
    for verdict in ({"status": "pass", "exit_code": 0, "reasons": []}, GOOD["verdict"]):
        (found,) = read({**GOOD, **empty, "verdict": verdict, "policy": {**GOOD["policy"], "rules": []}})

        assert isinstance(found, BackendError)


def test_a_result_from_which_packages_and_findings_were_taken_is_no_pass() -> None:
    rules = [{**rule, "findings": [], "status": "holds"} for rule in GOOD["policy"]["rules"]]
    reasons = GOOD["verdict"]["reasons"][3:]
    cut = {
        **GOOD,
        "packages": [],
        "findings": [],
        "policy": {**GOOD["policy"], "rules": rules},
        "verdict": {**GOOD["verdict"], "reasons": reasons},
    }

    (found,) = read(cut)

    assert isinstance(found, ScanReport)
    assert judged(found).exit_code == 4


def test_text_is_cleaned_on_the_way_in() -> None:
    evil = "\x1b[31m\u202e\n::error::\ud800"
    for path in (
        ("findings", 0, "title"),
        ("findings", 0, "fixed_in"),
        ("image", "labels", "maintainer"),
        ("evidence", 0, "detail"),
    ):
        value = changed(GOOD, path, put([evil] if path[-1] == "fixed_in" else evil))
        if path[-1] == "detail":
            value["evidence"][0]["status"] = "ok"
        (found,) = read(value)

        assert isinstance(found, ScanReport)
        assert "\\u001b[31m\\u202e\\n::error::\\ud800" in repr(found).replace("\\\\", "\\")


PLACES = [path for path in places(GOOD) if path]
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.0,
    1e308,
    10**30,
    "",
    "x",
    "\x1b",
    "\ud800",
    [],
    {},
    [[]],
    "pkg:deb/x@1",
    "2026-13-01",
    1.5,
    [None],
    {"a": {}},
]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.one_of(st.just(take), st.sampled_from(ODD).map(put))), min_size=1, max_size=3)
)
def test_no_change_gives_another_exception_or_a_report_that_cannot_be_judged(changes: list[Any]) -> None:
    value = GOOD
    for path, change in changes:
        try:
            value = changed(value, path, change)
        except (KeyError, IndexError, TypeError, AttributeError):  # taken away by the change before
            continue
    try:
        found = read(value)
    except BackendError:
        return
    for one in found:
        if isinstance(one, ScanReport):
            again = Json().render([judged(one)])
            assert isinstance(stored.read(again.encode(), "again")[0], ScanReport)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 4000), st.binary(max_size=4))
def test_no_cut_or_foreign_bytes_give_another_exception(at: int, foreign: bytes) -> None:
    text = json.dumps(GOOD).encode()
    for data in (text[:at], text[:at] + foreign + text[at + len(foreign) :]):
        try:
            stored.read(data, "r.json")
        except BackendError:
            continue
