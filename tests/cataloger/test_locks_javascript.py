"""Locks of npm 11.19, yarn 1.22 and 4, pnpm 7.33, 8.15 and 10.34, and bun 1.2, of one and the same package.json:

minimist 1.2.5, @sindresorhus/is 4.0.0, debug 2.6.9, `old-ms` as an alias of ms 2.0.0, optional fsevents 2.3.2; and for
development left-pad 1.3.0 and ms 2.0.0.
"""

import json

import pytest

from tests.cataloger.contents import known
from tests.cataloger.locked_samples import locked, sample

PRODUCTION = [("@sindresorhus/is", "4.0.0"), ("debug", "2.6.9"), ("fsevents", "2.3.2"), ("minimist", "1.2.5"), ("ms", "2.0.0")]
EVERYTHING = sorted([*PRODUCTION, ("left-pad", "1.3.0")])
LEFT_OUT = [("ok", "left out, because they are for development only: 1")]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("npm-1.json", "package-lock.json"),
        ("npm-2.json", "npm-shrinkwrap.json"),
        ("npm-3.json", "package-lock.json"),
        ("pnpm-5.yaml", "pnpm-lock.yaml"),
        ("pnpm-6.yaml", "pnpm-lock.yaml"),
        ("pnpm-9.yaml", "pnpm-lock.yaml"),
    ],
)
def test_packages_for_development_are_left_out_and_counted_where_the_lock_tells(name: str, path: str) -> None:
    found = sample(name, f"usr/src/app/{path}")
    assert known(found) == PRODUCTION
    assert found.problems == LEFT_OUT


@pytest.mark.parametrize(("name", "path"), [("yarn-1.lock", "yarn.lock"), ("yarn-4.lock", "yarn.lock"), ("bun.lock", "bun.lock")])
def test_locks_of_yarn_and_bun_do_not_tell_what_is_for_development(name: str, path: str) -> None:
    found = sample(name, f"app/{path}")
    assert known(found) == EVERYTHING
    assert found.problems == []


def test_a_scope_is_the_namespace_of_the_package_url() -> None:
    purls = {package.purl for package in sample("npm-3.json", "app/package-lock.json").packages}
    assert "pkg:npm/%40sindresorhus/is@4.0.0" in purls


def test_workspaces_links_and_folders_are_the_application() -> None:
    packages = {
        "": {"name": "app", "version": "1"},
        "packages/one": {"version": "1.0.0"},
        "node_modules/one": {"link": True, "resolved": "packages/one"},
        "packages/one/node_modules/ms": {"version": "2.0.0"},
        "node_modules/folder": {"version": "1.0.0", "resolved": "file:../folder.tgz"},
    }
    assert known(locked("app/package-lock.json", json.dumps({"lockfileVersion": 3, "packages": packages}))) == [("ms", "2.0.0")]


def test_nested_dependencies_of_the_first_version_are_all_read() -> None:
    inner = {"version": "2.0.0", "dependencies": {"deep": {"version": "3.0.0"}, "tool": {"version": "1.0.0", "dev": True}}}
    lock = {"lockfileVersion": 1, "dependencies": {"outer": {"version": "1.0.0", "dependencies": {"inner": inner}}}}
    found = locked("app/package-lock.json", json.dumps(lock))
    assert known(found) == [("deep", "3.0.0"), ("inner", "2.0.0"), ("outer", "1.0.0")]
    assert found.problems == LEFT_OUT


def test_what_has_no_version_is_reported_and_keeps_its_neighbours() -> None:
    packages = {
        "node_modules/a": {"version": "1.0.0"},
        "node_modules/b": {},
        "node_modules/c": 7,
        "node_modules/d": {"version": []},
    }
    found = locked("app/package-lock.json", json.dumps({"packages": packages}))
    assert known(found) == [("a", "1.0.0")]
    assert sorted(found.problems) == [
        ("fail", "b: it has no version that can be read"),
        ("fail", "d: it has no version that can be read"),
        ("fail", "node_modules/c: its entry is not a table"),
    ]


def test_aliases_patches_and_repositories_of_yarn() -> None:
    classic = (
        '# yarn lockfile v1\n\n"@a/b@^1", "@a/b@^1.2":\n  version "1.2.0"\n\nold@npm:@x/new@^2:\n  version "2.1.0"\n\n'
        '"tool@git+https://example.com/tool.git":\n  version "3.0.0"\n\nlost@^1:\n  resolved "x"\n'
    )
    found = locked("app/yarn.lock", classic)
    assert known(found) == [("@a/b", "1.2.0"), ("@x/new", "2.1.0"), ("tool", "3.0.0")]
    assert found.problems == [("fail", "lost: it has no version")]


def test_peers_and_repositories_of_pnpm() -> None:
    old = "lockfileVersion: 5.4\npackages:\n  /@a/b/1.2.3_react@17.0.2:\n    dev: false\n  /c/2.0.0-rc.1:\n    dev: false\n"
    assert known(locked("app/pnpm-lock.yaml", old)) == [("@a/b", "1.2.3"), ("c", "2.0.0-rc.1")]
    new = (
        "lockfileVersion: '9.0'\npackages:\n  a@1.0.0(b@2.0.0):\n    resolution: {integrity: x}\n"
        "  c@https://example.com/c.tar.gz:\n    resolution: {tarball: https://example.com/c.tar.gz}\n    version: 3.0.0\n"
        "  d@file:d:\n    resolution: {directory: d, type: directory}\n  e@file:e.tgz:\n    resolution: {tarball: file:e.tgz}\n"
    )
    found = locked("app/pnpm-lock.yaml", new)
    assert known(found) == [("a", "1.0.0"), ("c", "3.0.0")]
    assert found.problems == [("fail", "e: it has no version that can be read")]


def test_a_dependency_of_what_runs_stays_though_it_is_also_one_of_a_tool() -> None:
    lock = (
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n"
        "      a:\n        specifier: 1\n        version: 1.0.0(p@1.0.0)\n"
        "    devDependencies:\n      t:\n        specifier: 1\n        version: 1.0.0\n"
        "packages:\n  a@1.0.0:\n    resolution: {}\n  b@1.0.0:\n    resolution: {}\n  p@1.0.0:\n    resolution: {}\n"
        "  t@1.0.0:\n    resolution: {}\n  u@1.0.0:\n    resolution: {}\n"
        "snapshots:\n  a@1.0.0(p@1.0.0):\n    dependencies:\n      b: 1.0.0\n      p: 1.0.0\n  b@1.0.0: {}\n  p@1.0.0: {}\n"
        "  t@1.0.0:\n    dependencies:\n      b: 1.0.0\n      u: 1.0.0\n  u@1.0.0: {}\n"
    )
    found = locked("app/pnpm-lock.yaml", lock)
    assert known(found) == [("a", "1.0.0"), ("b", "1.0.0"), ("p", "1.0.0")]
    assert found.problems == [("ok", "left out, because they are for development only: 2")]
