"""Checkouts of SwiftPM, in the documented form of workspace-state.json."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.swift import Swift
from tests.cataloger.contents import known
from tests.cataloger.locked_samples import checked


def state(dependencies: Any) -> Sightings:
    return checked(
        Swift(), "src/.build/workspace-state.json", json.dumps({"object": {"dependencies": dependencies}, "version": 6})
    )


def test_checkouts_downloads_and_folders() -> None:
    checkout = {"checkoutState": {"revision": "f", "version": "1.26.0"}, "name": "sourceControlCheckout"}
    nio = {"identity": "swift-nio", "kind": "remoteSourceControl", "location": "https://github.com/apple/swift-nio.git"}
    registry = {"identity": "mona.linkedlist", "kind": "registry", "location": "mona.LinkedList"}
    found = state(
        [
            {"packageRef": nio, "state": checkout},
            {"packageRef": registry, "state": {"name": "registryDownload", "version": "1.2.0"}},
            {"packageRef": {"identity": "own", "kind": "fileSystem", "location": "/src/own"}, "state": {"name": "fileSystem"}},
        ]
    )
    assert known(found) == [("github.com/apple/swift-nio", "1.26.0"), ("mona.linkedlist", "1.2.0")]
    assert found.problems == []


@pytest.mark.parametrize(
    "address", ["https://GitHub.com/a/b.git", "ssh://git@github.com:22/a/b", "git@github.com:a/b.git", "http://github.com/a/b/"]
)
def test_an_address_is_named_without_its_scheme(address: str) -> None:
    found = state([{"packageRef": {"location": address}, "state": {"checkoutState": {"version": "1.0.0"}}}])
    assert known(found) == [("github.com/a/b", "1.0.0")]


def test_a_checkout_without_a_version_is_reported() -> None:
    found = state([{"packageRef": {"location": "https://github.com/a/b"}, "state": {"checkoutState": {"branch": "main"}}}])
    assert found.problems == [("fail", "github.com/a/b: it has no version that can be read")]


@given(
    st.recursive(
        st.none() | st.text(),
        lambda more: st.lists(more) | st.dictionaries(st.sampled_from(["packageRef", "state", "location"]), more),
    )
)
def test_values_of_any_type_are_answered(dependencies: Any) -> None:
    state(dependencies)
