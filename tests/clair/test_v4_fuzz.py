"""Reports of Clair v4 that were damaged at random: a reading or an error comes of each, never anything else."""

import copy
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.backend.clair import v4_report
from imagegate.errors import BackendError
from imagegate.text import clean
from tests.clair.recordings import recorded

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
_REPORTS = [recorded(f"{image}-report")["response"]["body"] for image in ("heartbleed", "debian-min", "bigapp")]
_SMALL = [report | {"package_vulnerabilities": dict(list(report["package_vulnerabilities"].items())[-3:])} for report in _REPORTS]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in _places(inner, (*path, key)))]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


_PLACES = [[place for place in _places(report) if place] for report in _SMALL]


@settings(max_examples=150)
@given(st.data())
def test_no_damage_ends_in_anything_but_a_reading_or_an_error(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(_SMALL) - 1))
    report = copy.deepcopy(_SMALL[number])
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(_PLACES[number]))
        inside: Any = report
        for key in path:
            inside = inside[key] if isinstance(inside, dict) and key in inside else {}
        if isinstance(inside, dict):
            inside[last] = data.draw(_JSON)
    try:
        reading = v4_report.read(report, None)
    except BackendError:
        return
    assert all(clean(text, len(text)) == text for text in set(_texts(asdict(reading))))
    for finding in reading.findings:
        assert finding.package in reading.packages
        assert clean(finding.id) == finding.id
        assert finding.fix_state in ("fixed", "not-fixed", "unknown")
        assert bool(finding.fixed_in) == (finding.fix_state == "fixed")


@given(st.lists(st.text(alphabet="0123456789.abc-+~:^_ \u0660é", max_size=12), min_size=2, max_size=4), st.integers(0, 2))
def test_no_version_is_too_strange_to_be_compared(versions: list[str], number: int) -> None:
    report = copy.deepcopy(_SMALL[number])
    for index, row in enumerate(report["vulnerabilities"].values()):
        row |= {"name": "CVE-2099-0001", "fixed_in_version": versions[index % len(versions)]}
    every = list(report["vulnerabilities"])[:8]
    report["package_vulnerabilities"] = dict.fromkeys(list(report["packages"])[-30:], every)
    assert all(len(finding.fixed_in) <= 1 for finding in v4_report.read(report, None).findings)
