"""PHP packages, against what Composer writes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.php import Php
from tests.cataloger.contents import known, look
from tests.cataloger.samples_interpreted import BROKEN_JSON, WRONG, canonical, failed, fields, sample

INSTALLED = "var/www/html/vendor/composer/installed.json"
PACKAGES = [("acme/log-writer", "v1.2.3"), ("drupal/token", "1.11.0"), ("psr/log", "dev-main")]


def test_what_composer_installs_is_seen_those_for_development_too() -> None:
    seen = look(Php(), INSTALLED, sample("composer-2.installed.json"))
    assert known(seen) == PACKAGES
    assert canonical(seen) == [
        "pkg:composer/acme/log-writer@v1.2.3",
        "pkg:composer/drupal/token@1.11.0",
        "pkg:composer/psr/log@dev-main",
    ]
    assert not seen.problems


def test_the_list_of_composer_1_is_read_too() -> None:
    packages = json.loads(sample("composer-2.installed.json"))["packages"]
    assert known(look(Php(), INSTALLED, json.dumps(packages))) == PACKAGES


def test_names_are_lower_case() -> None:
    seen = look(Php(), INSTALLED, json.dumps([{"name": "Monolog/Monolog", "version": "1.0"}]))
    assert known(seen) == [("monolog/monolog", "1.0")]
    assert canonical(seen) == ["pkg:composer/monolog/monolog@1.0"]


@pytest.mark.parametrize("data", ["[]", '{"packages": [], "dev": true}'])
def test_a_project_without_dependencies_is_none(data: str) -> None:
    seen = look(Php(), INSTALLED, data)
    assert not seen.packages
    assert not seen.problems


def test_the_folder_may_be_called_otherwise() -> None:
    assert Php().wants("app/libraries/composer/installed.json")
    assert Php().wants("composer/installed.json")
    assert not Php().wants("app/vendor/x/installed.json")
    assert not Php().wants("app/notcomposer/installed.json")
    assert not Php().wants("app/composer.json")


@pytest.mark.parametrize("data", BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_a_broken_file_is_reported(data: bytes) -> None:
    seen = look(Php(), INSTALLED, data)
    assert failed(seen)
    assert not seen.packages


@pytest.mark.parametrize("wrong", [*WRONG, "no-vendor", "a/b/c", "/a", "a/", "@a/b"], ids=ascii)
def test_an_entry_that_cannot_be_read_is_reported_and_costs_no_other(wrong: object) -> None:
    good = {"name": "a/b", "version": "1"}
    bad = [wrong, {"name": wrong, "version": "1"}] + ([{"name": "x/y", "version": wrong}] if wrong in WRONG else [])
    for entry in bad:
        seen = look(Php(), INSTALLED, fields(packages=[entry, good]))
        assert failed(seen)
        assert known(seen) == [("a/b", "1")]
    assert failed(look(Php(), INSTALLED, fields(packages=wrong))) or wrong == []


def test_large_and_long_files_are_bounded() -> None:
    assert failed(look(Php(), INSTALLED, b" " * (50 << 20) + b"[]"))
    assert len(look(Php(), INSTALLED, json.dumps([1] * 1_000_000)).problems) < 200
    many = look(Php(), INSTALLED, json.dumps([{"name": "a/b", "version": f"{number}"} for number in range(60_000)]))
    assert failed(many)
    assert len(many.packages) == 50_000


@given(st.binary())
def test_any_bytes_give_an_answer(data: bytes) -> None:
    assert failed(look(Php(), INSTALLED, data))


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.floats(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "version", "packages"]), inner),
        max_leaves=12,
    )
)
def test_any_value_gives_an_answer(value: object) -> None:
    failed(look(Php(), INSTALLED, json.dumps(value)))


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_name_and_version_is_a_canonical_package_url_or_reported(name: str, version: str) -> None:
    seen = look(Php(), INSTALLED, json.dumps([{"name": name, "version": version}]))
    assert canonical(seen) or failed(seen)
