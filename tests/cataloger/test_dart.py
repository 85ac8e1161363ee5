"""Packages of Dart: the cache, and resolutions in the documented form of package_config.json."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.dart import Dart
from tests.cataloger.contents import known
from tests.cataloger.locked_samples import checked

CACHE = "root/.pub-cache/hosted/pub.dev/{}/pubspec.yaml"
RESOLUTION = "app/.dart_tool/package_config.json"


def test_packages_of_the_cache_are_installed() -> None:
    found = checked(Dart(), CACHE.format("http-0.13.5%2B1"), "name: http\n")
    assert [(package.purl, package.basis) for package in found.packages] == [("pkg:pub/http@0.13.5%2B1", "installed")]
    assert not Dart().wants(CACHE.format("http-0.13.5/example"))
    assert not Dart().wants("app/pubspec.yaml")


def test_a_resolution_names_packages_of_the_cache_only() -> None:
    packages = [
        {"name": "async", "rootUri": "file:///root/.pub-cache/hosted/pub.dev/async-2.11.0", "packageUri": "lib/"},
        {"name": "app", "rootUri": "../", "packageUri": "lib/"},
        {"name": "fork", "rootUri": "file:///root/.pub-cache/git/fork-0f/", "packageUri": "lib/"},
    ]
    found = checked(Dart(), RESOLUTION, json.dumps({"configVersion": 2, "packages": packages}))
    assert known(found) == [("async", "2.11.0")]
    assert {package.basis for package in found.packages} == {"locked"}
    assert found.problems == [("fail", "fork: it has no version")]


@given(
    st.recursive(st.none() | st.text(), lambda more: st.lists(more) | st.dictionaries(st.sampled_from(["name", "rootUri"]), more))
)
def test_values_of_any_type_are_answered(packages: Any) -> None:
    checked(Dart(), RESOLUTION, json.dumps({"packages": packages}))
    checked(Dart(), RESOLUTION, json.dumps(packages))
