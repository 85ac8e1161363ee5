"""Programs as Go itself builds them, against what `go version -m` says of them."""

import base64
import os
import shutil
import struct
import zipfile
from pathlib import Path

import pytest

from imagegate.cataloger.executable import Executables
from imagegate.cataloger.interface import Sightings
from tests.cataloger.contents import known, look
from tests.ci.tools import environment, passes, require

# The smallest programs, since everything is built anew on a new machine.
VARIANTS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "stripped": ({"GOARCH": "amd64", "GOOS": "linux"}, ("-ldflags=-s -w",)),
    "windows of 32 bits": ({"GOARCH": "386", "GOOS": "windows"}, ()),
}
EXPECTED = [("example.com/dep", "v1.2.3"), ("example.com/other", "v2.0.0+incompatible")]


def published(proxy: Path, module: str, version: str) -> None:
    """Put a module into a folder that serves as Go's module proxy."""
    folder = proxy / module / "@v"
    folder.mkdir(parents=True)
    (folder / f"{version}.info").write_text(f'{{"Version": "{version}"}}')
    (folder / f"{version}.mod").write_text(f"module {module}\n")
    with zipfile.ZipFile(folder / f"{version}.zip", "w") as archive:
        archive.writestr(f"{module}@{version}/a.go", "package a\n\nvar X = 1\n")
        if "incompatible" not in version:
            archive.writestr(f"{module}@{version}/go.mod", f"module {module}\n")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require("go")
    folder = tmp_path_factory.mktemp("go")
    for module, version in EXPECTED:
        published(folder / "proxy", module, version)
    (folder / "app").mkdir()
    (folder / "app" / "main.go").write_text(
        'package main\n\nimport (\n\ta "example.com/dep"\n\tb "example.com/other"\n)\n\nfunc main() { println(a.X, b.X) }\n'
    )
    needed = "".join(f"require {module} {version}\n" for module, version in EXPECTED)
    (folder / "app" / "go.mod").write_text(f"module example.com/app\n\ngo 1.17\n\n{needed}")
    return folder


def built(source: Path, to: Path, *flags: str, **variables: str) -> Path:
    """Build the program without any network, and return its path."""
    offline = {"GOPROXY": (source / "proxy").as_uri(), "GONOSUMDB": "*", "GOSUMDB": "off", "GOTOOLCHAIN": "local"}
    offline |= {"GOMODCACHE": str(source / "cache"), "GOFLAGS": "-mod=mod -modcacherw", "CGO_ENABLED": "0"}
    variables = environment(**offline, **variables)
    passes(require("go"), "build", "-o", to, *flags, ".", cwd=source / "app", env=variables)
    return to


def seen(path: Path) -> Sightings:
    return look(Executables(), "bin/x", path.read_bytes())


@pytest.mark.parametrize(("variables", "flags"), VARIANTS.values(), ids=VARIANTS)
def test_what_go_builds_tells_what_go_says_of_it(
    source: Path, tmp_path: Path, variables: dict[str, str], flags: tuple[str, ...]
) -> None:
    program = built(source, tmp_path / "app", *flags, **variables)
    said = passes(require("go"), "version", "-m", program)
    modules = [tuple(line.split("\t")[2:4]) for line in said.splitlines() if line.startswith("\tdep\t")]
    version = said.split()[1].removeprefix("go")
    found = seen(program)
    assert modules == EXPECTED
    assert known(found) == [*EXPECTED, ("stdlib", version)]
    assert found.problems == []


def test_a_program_without_section_headers_is_read_through_its_segments(source: Path, tmp_path: Path) -> None:
    program = built(source, tmp_path / "app", GOARCH="amd64", GOOS="linux")
    data = bytearray(program.read_bytes())
    struct.pack_into("<Q", data, 40, 0)  # e_shoff
    struct.pack_into("<HHH", data, 58, 0, 0, 0)  # e_shentsize, e_shnum, e_shstrndx
    found = look(Executables(), "bin/x", bytes(data))
    assert known(found)[:2] == EXPECTED
    assert found.problems == []


def test_a_program_whose_build_information_was_wiped_is_unreadable(source: Path, tmp_path: Path) -> None:
    program = built(source, tmp_path / "app", GOARCH="amd64", GOOS="linux")
    data = program.read_bytes().replace(b"\xff Go buildinf:", bytes(14))
    found = look(Executables(), "bin/x", data)
    assert found.packages == []
    assert found.problems == [("fail", "a Go program without build information: its modules are not known")]


def test_a_program_that_is_cut_off_never_raises(source: Path, tmp_path: Path) -> None:
    data = built(source, tmp_path / "app", "-ldflags=-s -w", GOARCH="amd64", GOOS="linux").read_bytes()
    for end in (*range(0, 8192, 64), *range(8192, len(data), len(data) // 50)):
        found = look(Executables(), "bin/x", data[:end])
        assert end < 64 or known(found) or found.problems, end


def test_the_program_of_go_1_17_that_go_tests_itself_with_is_read() -> None:
    go = shutil.which("go")
    root = passes(require("go"), "env", "GOROOT").strip()
    path = os.path.join(root, "src", "debug", "buildinfo", "testdata", "go117", "go117.base64")
    if go is None or not os.path.exists(path):
        pytest.skip("this Go was installed without its tests")
    with open(path, "rb") as file:
        data = base64.b64decode(file.read())
    found = look(Executables(), "bin/x", data)
    assert known(found) == [("stdlib", "1.17.0")]
    assert found.problems == []  # it uses the standard library alone
