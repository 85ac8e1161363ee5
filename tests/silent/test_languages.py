"""The packages of languages: one that cannot be read, never looks clean."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cataloger.jars import jar, library
from tests.cataloger.test_executable import elf
from tests.cataloger.test_golang import inline
from tests.images import dpkg
from tests.silent.judging import BAD, DEBIAN, OS_RELEASE, STATUS, Gate

SYSTEM = {OS_RELEASE: DEBIAN, STATUS: dpkg(("bash", "5.2"))}
NPM = "app/node_modules/lodash/package.json"
WHEEL = "usr/lib/python3/dist-packages/django-1.0.0.dist-info/METADATA"
GARBAGE = b"\x00\x01\xff garbage " * 2000


def plain(version: str) -> str:
    return version.removesuffix("-1")


def package_json(version: str) -> str:
    return json.dumps({"name": "lodash", "version": plain(version)})


def wheel(version: str) -> dict[str, bytes | str]:
    path = f"usr/lib/python3/dist-packages/django-{plain(version)}.dist-info/METADATA"
    return {path: f"Metadata-Version: 2.1\nName: Django\nVersion: {plain(version)}\n"}


def program(version: str, place: str = "usr/bin/tool") -> dict[str, bytes | str]:
    modules = f"path\texample.com/app\nmod\texample.com/app\t(devel)\t\ndep\texample.com/weak\tv{plain(version)}\th1:x=\n"
    return {place: elf({".go.buildinfo": inline("go1.24.1", modules), ".text": b"\x90" * (32 << 10)})}


INSTALLED: dict[str, Callable[[str], dict[str, bytes | str]]] = {
    "npm": lambda version: {NPM: package_json(version)},
    "npm, deep below": lambda version: {"a/node_modules/b/node_modules/lodash/package.json": package_json(version)},
    "pypi": wheel,
    "pypi, an egg": lambda version: {
        "opt/x/django.egg-info/PKG-INFO": f"Metadata-Version: 1.0\nName: Django\nVersion: {plain(version)}\n"
    },
    "gem": lambda version: {
        f"usr/lib/ruby/gems/3.1.0/specifications/rack-{plain(version)}.gemspec": f"# stub: rack {plain(version)} ruby lib\n"
        f'\nGem::Specification.new do |s|\n  s.name = "rack".freeze\n  s.version = "{plain(version)}"\nend\n'
    },
    "composer": lambda version: {
        "app/vendor/composer/installed.json": json.dumps({"packages": [{"name": "vendor/weak", "version": plain(version)}]})
    },
    "maven": lambda version: {"opt/app.jar": library("org.example", "weak", plain(version))},
    "maven, in capital letters": lambda version: {"opt/APP.JAR": library("org.example", "weak", plain(version))},
    "maven, in a war": lambda version: {
        "opt/app.war": jar({"WEB-INF/lib/weak.jar": library("org.example", "weak", plain(version))}, packed=False)
    },
    "golang": program,
    "golang, in a hidden folder": lambda version: program(version, "root/.cache/x/.bin"),
    "npm, locked": lambda version: {
        "app/package-lock.json": json.dumps(
            {"name": "app", "lockfileVersion": 3, "packages": {"": {}, "node_modules/lodash": {"version": plain(version)}}}
        )
    },
    "pypi, locked": lambda version: {"app/requirements.txt": f"django=={plain(version)}\n"},
    "gem, locked": lambda version: {
        "app/Gemfile.lock": f"GEM\n  remote: https://rubygems.org/\n  specs:\n    rack ({plain(version)})\n"
        "\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rack\n"
    },
    "golang, locked": lambda version: {
        "app/go.mod": f"module example.com/app\n\ngo 1.21\n\nrequire example.com/weak v{plain(version)}\n"
    },
}


@pytest.mark.parametrize("name", INSTALLED)
def test_a_package_is_found_with_and_without_a_system(gated: Gate, name: str) -> None:
    made = INSTALLED[name]
    gated.differ(lambda version: [made(version)])
    gated.differ(lambda version: [SYSTEM, made(version)])
    gated.differ(lambda version: [{**SYSTEM, **made(version)}, {"etc/x": "x"}])


@pytest.mark.parametrize("name", INSTALLED)
def test_beside_an_empty_system_nothing_passes(gated: Gate, name: str) -> None:
    made = INSTALLED[name]
    gated.is_seen([{OS_RELEASE: DEBIAN, STATUS: ""}, made("2.0.0")])
    gated.is_seen([{OS_RELEASE: DEBIAN}, made("2.0.0")])
    assert gated.code([{OS_RELEASE: DEBIAN}, made(BAD)]) == 10


UNREADABLE: dict[str, Any] = {
    "npm, random": {NPM: GARBAGE},
    "npm, cut off": {NPM: '{"name": "lodash", "version": "1'},
    "npm, nested too deep": {NPM: "[" * 100_000},
    "npm, empty": {NPM: ""},
    "npm, a list": {NPM: "[]"},
    "npm, no version": {NPM: '{"name": "lodash"}'},
    "npm, version of another type": {NPM: '{"name": "lodash", "version": 1}'},
    "npm, in UTF-16": {NPM: package_json(BAD).encode("utf-16")},
    "npm, too large": {NPM: b'{"name": "lodash", "version": "2.0.0", "x": "' + b"x" * (5 << 20) + b'"}'},
    "pypi, a name that is none": {WHEEL: "Metadata-Version: 2.1\nName: ../x\nVersion: 2\n"},
    "pypi, without a name": {"a/b/UNKNOWN.egg-info": "Metadata-Version: 1.0\nName: UNKNOWN\nVersion: 0.0.0\n"},
    "composer, random": {"app/vendor/composer/installed.json": GARBAGE},
    "maven, random": {"opt/app.jar": GARBAGE},
    "maven, cut off": {"opt/app.jar": library("org.example", "weak", "1.0.0")[:-30]},
    "golang, cut off": {"usr/bin/tool": program(BAD)["usr/bin/tool"][:20_000]},
    "golang, without its modules": {"usr/bin/tool": elf({".go.buildinfo": inline("go1.24.1", ""), ".text": b"x" * (32 << 10)})},
    "golang, build information overwritten": {"usr/bin/tool": elf({".go.buildinfo": bytes(64), ".text": b"x" * (32 << 10)})},
    "npm, a lock file that cannot be read": {"app/package-lock.json": GARBAGE},
    "golang, a lock file that cannot be read": {"app/go.mod": GARBAGE},
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("with_system", [False, True])
def test_a_file_of_packages_that_cannot_be_read_never_passes(gated: Gate, name: str, with_system: bool) -> None:
    gated.is_seen([*([SYSTEM] if with_system else []), UNREADABLE[name]])
