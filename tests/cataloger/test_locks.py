"""Locks of the other ecosystems; where no tool could write one here, they follow the documented format."""

import json

import pytest

from tests.cataloger.contents import known
from tests.cataloger.locked_samples import locked, sample

DIRECT = [("six", "1.15.0")]
ONE_LEFT_OUT = ("ok", "left out, because they are for development only: 1")


def test_pipenv() -> None:
    found = sample("Pipfile.lock", "app/Pipfile.lock")
    assert known(found) == DIRECT
    assert found.problems == [ONE_LEFT_OUT]


def test_uv_leaves_out_what_only_groups_of_development_need() -> None:
    found = sample("uv.lock", "app/uv.lock")
    assert ("six", "1.15.0") in known(found)
    assert ("jaraco-text", "3.11.0") in known(found)
    assert len(found.packages) == 10  # the lock has them, toml for development, and the application
    assert found.problems == [ONE_LEFT_OUT]


def test_pip_compile_and_pip_lock() -> None:
    for name in ("requirements.txt", "pylock.toml"):
        found = sample(name, f"srv/{name}")
        assert known(found) == DIRECT
        assert found.problems == []


def test_only_exact_requirements_count_and_the_others_are_counted() -> None:
    text = (
        "Flask[async]==2.0.1 ; python_version > '3'\nflask>=2\nrequests\n-r other.txt\nx==1.*\n# y==1\nzope.Interface===5.0 # x\n"
    )
    found = locked("app/requirements.txt", text)
    assert known(found) == [("flask", "2.0.1"), ("zope-interface", "5.0")]
    assert found.problems == [("warn", "4 requirements without one exact version are not counted")]


def test_poetry_and_pdm_leave_out_groups_of_development_only() -> None:
    lock = '[[package]]\nname = "{}"\nversion = "1"\n{}\n'
    text = "".join(
        lock.format(name, more)
        for name, more in [
            ("a", 'groups = ["main", "dev"]'),
            ("b", 'groups = ["dev", "test"]'),
            ("c", 'groups = ["worker"]'),
            ("d", 'category = "dev"'),
            ("e", 'category = "main"'),
            ("f", 'source = {type = "directory", url = "f"}'),
            ("g", 'source = {type = "git", url = "g"}'),
        ]
    )
    found = locked("app/poetry.lock", text)
    assert known(found) == [("a", "1"), ("c", "1"), ("e", "1"), ("g", "1")]
    assert found.problems == [("ok", "left out, because they are for development only: 2")]


def test_bundler_without_platforms_and_without_the_gems_of_the_application() -> None:
    text = (
        "GIT\n  remote: https://example.com/x.git\n  specs:\n    x (0.1)\n\n"
        "PATH\n  remote: a\n  specs:\n    gem-a (1.2.3)\n      rake\n\n"
        "GEM\n  remote: https://example.com/\n  specs:\n    nokogiri (1.18.9-x86_64-linux-gnu)\n      racc (~> 1.4)\n"
        "    rake (13.0.6)\n    racc (1.8.1)\n\nPLATFORMS\n  x86_64-linux\n\nDEPENDENCIES\n  gem-a!\n\nBUNDLED WITH\n   2.3.15\n"
    )
    assert known(locked("app/Gemfile.lock", text)) == [
        ("nokogiri", "1.18.9"),
        ("racc", "1.8.1"),
        ("rake", "13.0.6"),
        ("x", "0.1"),
    ]


def test_composer() -> None:
    lock = {
        "packages": [
            {"name": "Monolog/Monolog", "version": "2.3.0"},
            {"name": "acme/lib", "version": "1.0.0", "dist": {"type": "path", "url": "lib"}},
        ],
        "packages-dev": [{"name": "phpunit/phpunit", "version": "9.5.0"}],
    }
    found = locked("var/www/html/composer.lock", json.dumps(lock))
    assert known(found) == [("monolog/monolog", "2.3.0")]
    assert found.packages[0].purl == "pkg:composer/monolog/monolog@2.3.0"
    assert found.problems == [ONE_LEFT_OUT]


def test_cargo_without_the_crates_of_the_application() -> None:
    assert known(sample("Cargo.lock", "src/Cargo.lock")) == [("itoa", "1.0.1"), ("semver", "1.0.0")]


def test_go() -> None:
    found = sample("go.mod.txt", "src/go.mod")
    assert known(found) == [("github.com/BurntSushi/toml", "v0.3.1"), ("golang.org/x/text", "v0.3.7")]
    assert found.packages[0].purl == "pkg:golang/github.com/BurntSushi/toml@v0.3.1"


def test_replaced_modules_of_go() -> None:
    text = (
        "module `x`\nrequire a.b/c v1.0.0 // indirect\nrequire (\n  a.b/d v1.0.0\n"
        "  a.b/e v1.0.0\n  a.b/f v1.0.0+incompatible\n)\n"
        "replace a.b/c => a.b/new v2.0.0\nreplace (\n  a.b/d v9.0.0 => a.b/no v1.0.0\n  a.b/e v1.0.0 => ./e\n)\n"
        "exclude a.b/f v0.9.0\n"
    )
    found = locked("src/go.mod", text)
    assert known(found) == [("a.b/d", "v1.0.0"), ("a.b/f", "v1.0.0+incompatible"), ("a.b/new", "v2.0.0")]
    assert found.problems == [("warn", "a.b/e: a folder takes its place")]


def test_conan_of_both_generations() -> None:
    assert known(sample("conan.lock", "src/conan.lock")) == [("zlib", "1.2.11")]
    nodes = {
        "0": {"ref": "app/1.0"},
        "1": {"ref": "zlib/1.2.11@user/channel#1", "context": "host"},
        "2": {"ref": "cmake/3.1", "context": "build"},
    }
    found = locked("src/conan.lock", json.dumps({"graph_lock": {"nodes": nodes}}))
    assert known(found) == [("zlib", "1.2.11")]
    assert found.problems == [ONE_LEFT_OUT]


def test_swift_of_all_generations() -> None:
    state = {"revision": "f", "version": "2.1.0"}
    first = {"package": "nio", "repositoryURL": "https://github.com/apple/swift-nio.git", "state": state}
    second = {"identity": "nio", "kind": "remoteSourceControl", "location": "git@github.com:apple/swift-nio.git", "state": state}
    for lock in ({"object": {"pins": [first]}, "version": 1}, {"pins": [second], "version": 2}, {"pins": [second], "version": 3}):
        found = locked("src/Package.resolved", json.dumps(lock))
        assert known(found) == [("github.com/apple/swift-nio", "2.1.0")]
        assert found.packages[0].purl == "pkg:swift/github.com/apple/swift-nio@2.1.0"
    branch = {**second, "state": {"branch": "main", "revision": "f"}}
    found = locked("src/Package.resolved", json.dumps({"pins": [branch]}))
    assert found.problems == [("fail", "github.com/apple/swift-nio: it has no version that can be read")]


def test_nuget() -> None:
    net = {"Newtonsoft.Json": {"type": "Direct", "resolved": "12.0.1"}, "mine": {"type": "Project"}}
    found = locked("src/packages.lock.json", json.dumps({"version": 1, "dependencies": {"net8.0": net}}))
    assert known(found) == [("Newtonsoft.Json", "12.0.1")]


def test_gradle() -> None:
    text = "# comment\norg.a:b:1.0=compileClasspath,testCompileClasspath\njunit:junit:4.13=testRuntimeClasspath\nempty=x\n"
    found = locked("src/gradle.lockfile", text)
    assert known(found) == [("org.a:b", "1.0")]
    assert found.packages[0].purl == "pkg:maven/org.a/b@1.0"
    assert found.problems == [ONE_LEFT_OUT]


def test_mix_and_rebar() -> None:
    mix = '%{\n  "plug": {:hex, :plug, "1.14.0", "0f", [:mix], [], "hexpm", "bf"},\n  "x": {:git, "https://x", "f", []},\n}\n'
    found = locked("src/mix.lock", mix)
    assert known(found) == [("plug", "1.14.0")]
    assert found.problems == [("fail", "x: it comes from a repository, without a version")]
    rebar = '{"1.2.0",\n[{<<"cowlib">>,{pkg,<<"cowlib">>,<<"2.11.0">>},0}]}.\n[\n{pkg_hash,[\n {<<"cowlib">>, <<"0B">>}]}\n].\n'
    assert known(locked("src/rebar.lock", rebar)) == [("cowlib", "2.11.0")]


def test_pub() -> None:
    entry = '  {}:\n    dependency: {}\n    description:\n      name: x\n    source: {}\n    version: "1.0.0"\n'
    parts = [("async", "transitive", "hosted"), ("lints", '"direct dev"', "hosted"), ("flutter", '"direct main"', "sdk")]
    found = locked("app/pubspec.lock", "packages:\n" + "".join(entry.format(*part) for part in parts) + "sdks:\n  dart: x\n")
    assert known(found) == [("async", "1.0.0")]
    assert found.problems == [ONE_LEFT_OUT]


def test_renv() -> None:
    packages = {
        "digest": {"Package": "digest", "Version": "0.6.31", "Source": "Repository"},
        "S4": {"Version": "1", "Source": "Bioconductor"},
    }
    found = locked("app/renv.lock", json.dumps({"R": {"Version": "4.2.2"}, "Packages": packages}))
    assert [package.purl for package in found.packages] == ["pkg:cran/digest@0.6.31", "pkg:bioconductor/S4@1"]


def test_stack_and_cabal() -> None:
    stack = (
        "packages:\n- completed:\n    hackage: acme-missiles-0.3@sha256:2b,613\n  original:\n    hackage: acme-missiles-0.3\n"
        "- completed:\n    git: x\n    name: mine\n    version: '1.1'\nsnapshots:\n- completed:\n    sha256: 1\n"
    )
    found = locked("src/stack.yaml.lock", stack)
    assert known(found) == [("acme-missiles", "0.3"), ("mine", "1.1")]
    assert found.problems == [("warn", "the packages of its snapshot are not listed there")]
    freeze = "active-repositories: x\nconstraints: any.aeson ==2.0.3.0,\n  aeson -cffi +ordered,\n  any.base ==4.15.1.0\n"
    assert known(locked("src/cabal.project.freeze", freeze)) == [("aeson", "2.0.3.0"), ("base", "4.15.1.0")]
    units = [
        {"pkg-name": "aeson", "pkg-version": "2.0.3.0", "style": "global"},
        {"pkg-name": "x", "pkg-version": "1", "style": "local"},
    ]
    assert known(locked("src/dist-newstyle/cache/plan.json", json.dumps({"install-plan": units}))) == [("aeson", "2.0.3.0")]


@pytest.mark.parametrize("name", ["uv.lock", "go.mod.txt"])
def test_every_sighting_of_a_lock_says_so(name: str) -> None:
    assert {package.basis for package in sample(name, name.removesuffix(".txt")).packages} == {"locked"}
