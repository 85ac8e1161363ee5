"""Lock files made to mislead, damaged ones, and those that are none of the application's."""

import json
import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.cataloger.locks import Locks
from imagegate.cataloger.locks.blocks import settings as lines
from tests.cataloger.contents import Memory, known
from tests.cataloger.locked_samples import SAMPLES, locked

PATHS = ["dist-newstyle/cache/plan.json" if name == "plan.json" else name for name in Locks.names]
FORMS = [path for path in PATHS if path != "requirements.txt"]
WORDS = st.sampled_from(
    re.findall(
        r"[\w/-]+",
        """packages dependencies default version name object pins state source graph_lock nodes ref requires install-plan Packages
        node_modules/a develop packages-dev dev groups location""",
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda more: st.lists(more, max_size=3) | st.dictionaries(WORDS, more, max_size=3),
    max_leaves=12,
)
JSON = [path for path in PATHS if path.endswith(("json", ".resolved")) or path in ("Pipfile.lock", "composer.lock", "renv.lock")]


@pytest.mark.parametrize("path", PATHS)
@given(data=st.binary(max_size=200) | st.text(alphabet="\"'{}[]<>:=,-@/#%\\\n ()a1.", max_size=200).map(str.encode))
@settings(max_examples=25)
def test_any_bytes_are_answered(path: str, data: bytes) -> None:
    locked(path, data)


@pytest.mark.parametrize("path", JSON)
@given(document=VALUES)
@settings(max_examples=60)
def test_values_of_any_type_are_answered(path: str, document: Any) -> None:
    locked(path, json.dumps(document))


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("data", [b"", b"<!DOCTYPE html>\n<title>502 Bad Gateway</title>\n", b"\x00" * 100])
def test_a_file_that_is_no_lock_is_never_clean(path: str, data: bytes) -> None:
    found = locked(path, data)
    assert found.packages == []
    assert {kind for kind, _ in found.problems} == {"fail"}


@pytest.mark.parametrize("sample", sorted(SAMPLES.iterdir()), ids=lambda sample: sample.name)
@given(share=st.floats(0, 1), damage=st.binary(max_size=4))
@settings(max_examples=15)
def test_damaged_samples_are_answered(sample: Any, share: float, damage: bytes) -> None:
    path = {"npm": "package-lock.json", "pnpm": "pnpm-lock.yaml", "yarn": "yarn.lock", "go.mod.txt": "go.mod"}.get(
        sample.name.split("-")[0], sample.name
    )
    data = sample.read_bytes()
    at = int(len(data) * share)
    locked(path, data[:at] + damage + data[at + len(damage) :])
    locked(path, data[:at])


@pytest.mark.parametrize("path", ["package-lock.json", "composer.lock", "Pipfile.lock", "poetry.lock"])
@pytest.mark.parametrize(
    "data", ["[" * 100_000, '{"a":' * 100_000, "a = " + "[" * 100_000, "a = " + "{a=" * 50_000, "a." * 100_000 + "a = 1"]
)
def test_deep_nesting_is_reported(path: str, data: str) -> None:
    assert [kind for kind, _ in locked(path, data).problems] == ["fail"]


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("pnpm-lock.yaml", "lockfileVersion: 5\npackages:\n  ? "),
        ("yarn.lock", '"a@'),
        ("bun.lock", '"lockfileVersion"\n"a": ["'),
        ("mix.lock", '%{ "a": {:hex, '),
        ("rebar.lock", '[{<<"a">>,{pkg,'),
        ("requirements.txt", "a [ == "),
        ("cabal.project.freeze", "constraints: any.a == "),
        ("stack.yaml.lock", "packages: hackage: -1-1."),
        ("go.mod", "module require ("),
        ("Gemfile.lock", "GEM\n    a (1-"),
        ("gradle.lockfile", "a:b:1="),
        ("pubspec.lock", 'packages:\n  "\\"'),
    ],
)
def test_megabytes_of_one_thing_are_answered_in_little_memory(path: str, unit: str) -> None:
    for data in (unit * (1_000_000 // len(unit)), unit + " " * 1_000_000, unit + unit[-1] * 1_000_000):
        tracemalloc.start()
        found = locked(path, data)
        assert tracemalloc.get_traced_memory()[1] < 400e6
        tracemalloc.stop()
        assert len(found.packages) < 3


def test_a_file_that_is_too_large_is_reported_and_not_read() -> None:
    class Endless(Memory):
        size = 1 << 40

        def read_at(self, at: int, size: int) -> bytes:
            raise AssertionError

    found = Locks().look("package-lock.json", Endless(b""))
    assert [kind for kind, _ in found.problems] == ["fail"]


def test_so_many_problems_are_summed_up() -> None:
    packages: dict[str, dict[str, str]] = {f"node_modules/x{number}": {} for number in range(1000)}
    found = locked("package-lock.json", json.dumps({"packages": packages}))
    assert len(found.problems) == 21
    assert found.problems[-1] == ("fail", "980 more entries cannot be read")


def test_names_that_forge_a_log_line_are_not_taken() -> None:
    packages = {
        "node_modules/a\n::error::b": {"version": "1"},
        "node_modules/\ud800": {"version": "1"},
        "node_modules/c": {"version": "\u202e1"},
    }
    found = locked("package-lock.json", json.dumps({"packages": packages}))
    assert found.packages == []
    assert [kind for kind, _ in found.problems] == ["fail"] * 3


@pytest.mark.parametrize(
    "folder",
    [
        "app/node_modules/x", "app/vendor/x", "usr/lib/python3/dist-packages/x", "usr/local/lib/python3.12/site-packages/x",
        "usr/local/bundle/gems/x-1", "usr/share/doc/x", "go/pkg/mod/x@v1", "root/.cargo/registry/src/x", "app/test/fixtures/x",
        "src/testdata", "app/.build/checkouts/x", "app/deps/x", "root/.cache/x", "usr/local/go/src", "usr/lib/go-1.22/src",
    ],
)  # fmt: skip
def test_locks_of_dependencies_caches_and_fixtures_are_refused(folder: str) -> None:
    assert not any(Locks().wants(f"{folder}/{name}") for name in Locks.names)


@pytest.mark.parametrize("folder", ["", "app/", "usr/src/app/", "srv/vendors/", "home/node/my-gems/", "opt/fixtures-service/"])
def test_locks_of_applications_are_wanted(folder: str) -> None:
    assert all(Locks().wants(f"{folder}{path}") for path in PATHS)
    assert not Locks().wants(f"{folder}plan.json")
    assert not Locks().wants(f"{folder}x-package-lock.json")


def test_blocks_know_quotes_comments_long_keys_and_documents() -> None:
    text = "a: 1 \n'b''c':\n  \"d:e\": '2'\n  # f: 3\n  - g: 4\n  ? long\n  : h: 5\n---\na:b: 'x'\n"
    assert list(lines(text)) == [
        (("a",), "1"), (("b'c",), ""), (("b'c", "d:e"), "2"), (("b'c", "long"), ""), (("a:b",), "x"),
    ]  # fmt: skip


def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing() -> None:
    data = b"\xef\xbb\xbf" + (SAMPLES / "pnpm-6.yaml").read_bytes().replace(b"\n", b"\r\n")
    assert len(known(locked("pnpm-lock.yaml", data))) == 5
