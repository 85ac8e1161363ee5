"""Node packages, against what npm, Yarn and pnpm write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.node import Node
from tests.cataloger.contents import known, look
from tests.cataloger.samples_interpreted import BROKEN_JSON, WRONG, canonical, failed, fields, sample

LODASH = "app/node_modules/lodash/package.json"


@pytest.mark.parametrize(
    "path",
    [
        "node_modules/lodash/package.json",
        "app/node_modules/@babel/runtime/package.json",
        "app/node_modules/a/node_modules/b/package.json",
        "app/node_modules/a/node_modules/@s/b/node_modules/c/package.json",
        "app/node_modules/.pnpm/@babel+runtime@7.26.0/node_modules/@babel/runtime/package.json",
        "app/node_modules/.pnpm/lodash@4.17.20/node_modules/lodash/package.json",
        "app/node_modules/.store/@babel/runtime@7.26.0-z6XFwfGW/node_modules/@babel/runtime/package.json",
        "app/node_modules/.store/lodash-npm-4.17.20-c0db62021c/package/package.json",
        "usr/local/lib/node_modules/npm/package.json",
        "usr/lib/node_modules/pnpm/dist/node_modules/glob/package.json",
        "opt/yarn-v1.22.22/package.json",
        "app/.pnp.cjs",
        "app/.pnp.data.json",
    ],
)
def test_what_a_package_manager_installs_is_wanted(path: str) -> None:
    assert Node().wants(path)


@pytest.mark.parametrize(
    "path",
    [
        "app/package.json",
        "app/src/package.json",
        "app/node_modules/package.json",
        "app/node_modules/@babel/package.json",
        "app/node_modules/@babel/runtime/helpers/esm/package.json",
        "app/node_modules/tslib/modules/package.json",
        "app/node_modules/a/test/fixture/package.json",
        "app/node_modules/.vite/deps/package.json",
        "app/node_modules/.pnpm/lodash@4.17.20/package.json",
        "app/node_modules/.store/lodash-npm-4.17.20-c0db62021c/package/helpers/package.json",
        "app/not_node_modules/a/package.json",
        "app/node_modules/a/package.json.bak",
    ],
)
def test_other_files_called_package_json_are_not(path: str) -> None:
    assert not Node().wants(path)


def test_a_package_as_npm_installs_it_is_seen() -> None:
    seen = look(Node(), LODASH, sample("lodash.package.json"))
    assert known(seen) == [("lodash", "4.17.20")]
    assert canonical(seen) == ["pkg:npm/lodash@4.17.20"]
    assert not seen.problems


def test_a_scope_is_encoded_in_the_package_url_and_kept_in_the_name() -> None:
    seen = look(Node(), "node_modules/@babel/runtime/package.json", fields(name="@babel/runtime", version="7.26.0"))
    assert known(seen) == [("@babel/runtime", "7.26.0")]
    assert canonical(seen) == ["pkg:npm/%40babel/runtime@7.26.0"]


def test_an_alias_is_seen_under_the_name_that_the_package_has() -> None:
    seen = look(Node(), "app/node_modules/ansi-styles3/package.json", fields(name="ansi-styles", version="3.2.1"))
    assert known(seen) == [("ansi-styles", "3.2.1")]


def test_an_old_name_keeps_its_case_in_the_name_alone() -> None:
    seen = look(Node(), "app/node_modules/jQuery/package.json", fields(name="jQuery", version="1.7.4"))
    assert known(seen) == [("jQuery", "1.7.4")]
    assert canonical(seen) == ["pkg:npm/jquery@1.7.4"]


@pytest.mark.parametrize("version", ["v1.2.3", "=1.2.3", " 1.2.3 ", "v 1.2.3"])
def test_a_version_is_read_as_npm_reads_it(version: str) -> None:
    assert known(look(Node(), LODASH, fields(name="a", version=version))) == [("a", "1.2.3")]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + fields(name="a", version="1").encode(),
        b'{"name":"a",\r\n"version":"1"}\r\n',
        b'{"name":"a","version":"1","author":"\xff\xfe"}',
        b'{"version":"0","name":"b","name":"a","version":"1"}',
        b'{"name":"a","version":"1","x":' + b"9" * 50_000 + b"}",
        b'{"name":"a","version":"1","x":[NaN, 1e999999]}',
    ],
    ids=["byte order mark", "line ends", "not UTF-8", "keys that occur twice", "a huge number", "not a number"],
)
def test_oddities_cost_nothing(data: bytes) -> None:
    seen = look(Node(), LODASH, data)
    assert known(seen) == [("a", "1")]
    assert not seen.problems


@pytest.mark.parametrize("data", BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_a_broken_file_is_reported(data: bytes) -> None:
    for path in (LODASH, "app/.pnp.data.json", "app/.pnp.cjs"):
        seen = look(Node(), path, data)
        assert failed(seen)
        assert not seen.packages


@pytest.mark.parametrize("wrong", WRONG, ids=ascii)
def test_a_name_or_version_that_is_none_is_reported(wrong: object) -> None:
    for data in (fields(name=wrong, version="1"), fields(name="a", version=wrong)):
        seen = look(Node(), LODASH, data)
        assert failed(seen)
        assert not seen.packages


def test_a_file_too_large_to_be_read_is_reported() -> None:
    assert failed(look(Node(), LODASH, b" " * (50 << 20) + sample("lodash.package.json")))


def test_private_packages_and_those_inside_others_may_have_no_version() -> None:
    for path, data in (
        ("app/node_modules/@acme/ui/package.json", fields(name="@acme/ui", private=True)),
        ("app/node_modules/resolve/test/node_modules/x/package.json", fields(name="x")),
    ):
        seen = look(Node(), path, data)
        assert seen.problems
        assert not failed(seen)
    for path in (
        "app/node_modules/a/node_modules/x/package.json",
        "app/node_modules/.pnpm/x@1/node_modules/x/package.json",
        "app/node_modules/.store/@s/x@1/node_modules/@s/x/package.json",
        "app/node_modules/.store/x-npm-1/package/package.json",
    ):
        assert failed(look(Node(), path, fields(name="x")))


@pytest.mark.parametrize("name", ["yarn-4.pnp.cjs", "yarn-3.pnp.cjs"])
def test_what_plug_and_play_loads_is_seen(name: str) -> None:
    seen = look(Node(), "app/.pnp.cjs", sample(name))
    assert known(seen) == [
        ("@babel/runtime", "7.26.0"),
        ("ansi-styles", "3.2.1"),
        ("color-convert", "1.9.3"),
        ("color-name", "1.1.3"),
        ("lodash", "4.17.20"),
        ("regenerator-runtime", "0.14.1"),
    ]
    assert not seen.problems
    canonical(seen)


def test_a_loader_whose_data_are_apart_is_read_from_there() -> None:
    assert look(Node(), "app/.pnp.cjs", sample("yarn-4-apart.pnp.cjs")).problems == []
    seen = look(Node(), "app/.pnp.data.json", sample("yarn-4.pnp.data.json"))
    assert ("typescript", "5.1.6") in known(seen)  # patched
    assert known(seen).count(("react-dom", "18.2.0")) == 1  # twice there, once with its peers
    assert not seen.problems


def test_references_without_a_version_are_reported() -> None:
    registry = [["app", [["workspace:.", {}]]], ["x", [["https://example.org/x.git#commit=abc", {}]]], ["y", [["npm:1", {}]]]]
    seen = look(Node(), "app/.pnp.data.json", fields(packageRegistryData=registry))
    assert known(seen) == [("y", "1")]
    assert seen.problems == [("fail", "x: it has no version that can be read")]


@pytest.mark.parametrize("entry", [1, [], ["a"], ["a", 1], ["a", [1]], ["a", [[]]], ["a", [[1]]], [[], [["npm:1"]]], [None, 1]])
def test_entries_of_a_loader_that_cannot_be_read_are_reported(entry: object) -> None:
    seen = look(Node(), "app/.pnp.data.json", fields(packageRegistryData=[entry, ["y", [["npm:1", {}]]]]))
    assert failed(seen)
    assert known(seen) == [("y", "1")]


def test_a_loader_with_very_many_entries_is_read_in_part_and_says_so() -> None:
    many = [[f"p{number}", [["npm:1"]]] for number in range(60_000)]
    seen = look(Node(), "app/.pnp.data.json", fields(packageRegistryData=many))
    assert len(seen.packages) == 50_000
    assert failed(seen)
    assert len(look(Node(), "app/.pnp.data.json", fields(packageRegistryData=[1] * 60_000)).problems) < 200


@given(st.binary(), st.sampled_from([LODASH, "a/.pnp.cjs", "a/.pnp.data.json"]), st.sampled_from([b"", b"RAW_RUNTIME_STATE ='{"]))
def test_any_bytes_give_an_answer(data: bytes, path: str, head: bytes) -> None:
    seen = look(Node(), path, head + data)
    assert seen.packages or seen.problems or b".pnp.data.json" in data


@given(st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=4), max_leaves=12))
def test_any_registry_gives_an_answer(registry: object) -> None:
    failed(look(Node(), "a/.pnp.data.json", fields(packageRegistryData=registry)))


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_name_and_version_is_a_canonical_package_url_or_reported(name: str, version: str) -> None:
    seen = look(Node(), LODASH, fields(name=name, version=version))
    assert canonical(seen) or failed(seen)
