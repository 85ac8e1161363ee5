"""Packages of .NET, in files of the form that `dotnet publish` and the shared runtimes have."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.dotnet import DotNet
from imagegate.cataloger.interface import Sightings
from tests.cataloger.contents import known
from tests.cataloger.locked_samples import checked


def deps(libraries: Any, target: str = ".NETCoreApp,Version=v8.0", path: str = "app/web.deps.json") -> Sightings:
    return checked(
        DotNet(), path, json.dumps({"runtimeTarget": {"name": target}, "targets": {target: {}}, "libraries": libraries})
    )


def test_packages_count_and_projects_and_references_do_not() -> None:
    found = deps(
        {
            "web/1.0.0": {"type": "project", "serviceable": False, "sha512": ""},
            "Newtonsoft.Json/12.0.1": {"type": "package", "serviceable": True, "path": "newtonsoft.json/12.0.1"},
            "Lib.Reference/1.0.0.0": {"type": "reference"},
        }
    )
    assert known(found) == [("Newtonsoft.Json", "12.0.1")]
    assert found.packages[0].purl == "pkg:nuget/Newtonsoft.Json@12.0.1"
    assert found.problems == []


def test_a_self_contained_application_brings_its_runtime() -> None:
    found = deps({"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"}})
    assert known(found) == [("Microsoft.NETCore.App.Runtime.linux-x64", "8.0.1")]


@pytest.mark.parametrize("name", ["Microsoft.NETCore.App", "Microsoft.AspNetCore.App"])
@pytest.mark.parametrize("libraries", [{}, {"{}.Runtime.linux-musl-arm64/8.0.1": {"type": "package"}}])
def test_a_shared_runtime_is_the_package_that_carries_it(name: str, libraries: dict[str, Any]) -> None:
    path = f"usr/share/dotnet/shared/{name}/8.0.1/{name}.deps.json"
    written = {key.format(name.lower()): value for key, value in libraries.items()}
    assert known(deps(written, ".NETCoreApp,Version=v8.0/linux-musl-arm64", path)) == [
        (f"{name}.Runtime.linux-musl-arm64", "8.0.1")
    ]


def test_a_library_without_a_version_is_reported_and_keeps_its_neighbours() -> None:
    found = deps({"A": {"type": "package"}, "B/1.0.0": {"type": "package"}, "C/1.0.0": 5})
    assert known(found) == [("B", "1.0.0")]
    assert sorted(detail for _, detail in found.problems) == [
        "A: it has no version that can be read",
        "C/1.0.0: its entry is not a table",
    ]


@pytest.mark.parametrize("data", ["", "[]", "{}", "nonsense", '{"libraries": []}', '{"libraries": 3}'])
def test_a_file_that_cannot_be_read_is_never_clean(data: str) -> None:
    if data != '{"libraries": []}':  # an empty list is what some tools write for no table
        assert [kind for kind, _ in checked(DotNet(), "app/web.deps.json", data).problems] == ["fail"]


@given(st.recursive(st.none() | st.integers() | st.text(), lambda more: st.lists(more) | st.dictionaries(st.text(), more)))
def test_values_of_any_type_are_answered(libraries: Any) -> None:
    deps(libraries)


def test_only_files_of_that_kind_are_wanted() -> None:
    assert DotNet().wants("app/web.deps.json")
    assert not DotNet().wants("app/package.json")
