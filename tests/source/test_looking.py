"""Files that are looked at where they lie: large ones of a stream, sparse ones, and a disk that is full."""

import subprocess
import tempfile
from pathlib import Path

import pytest

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.errors import SourceError
from imagegate.model.inventory import Inventory
from imagegate.source import limits
from imagegate.source.opening import Options, open_image
from tests.cataloger.test_executable import elf
from tests.cataloger.test_golang import MODULES, inline
from tests.ci.tools import require
from tests.images import Image, archive, file, hardlink, layer

PROGRAM = elf({".go.buildinfo": inline("go1.21.5", MODULES), ".text": b"\x90" * (6 << 20)})
GO = ["github.com/Masterminds/semver", "github.com/docker/distribution", "stdlib"]


def taken(reference: Path | str) -> Inventory:
    return take_inventory(open_image(str(reference), INTEREST, Options()))


def names(found: Inventory) -> list[str]:
    return sorted(package.name for package in found.packages)


def forms(path: Path, data: bytes) -> list[str]:
    image = Image([data])
    return [
        str(image.docker_archive(path / "image.tar")),
        f"oci:{image.oci(path / 'oci')}",
        str(archive(path / "image.tar.gz", image.engine_members(), "gzip")),
    ]


def test_a_program_too_large_for_memory_is_looked_at_in_every_form(tmp_path: Path) -> None:
    assert len(PROGRAM) > limits.HELD
    for reference in forms(tmp_path, layer({"a/tool": PROGRAM, "b/other": PROGRAM})):
        assert names(taken(reference)) == [*GO[:1] * 2, *GO[1:2] * 2, *GO[2:] * 2]


def test_a_disk_without_room_is_an_error_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, *streams = forms(tmp_path, layer({"a/tool": PROGRAM}))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert names(taken(plain)) == GO  # which needs no room
    for reference in streams:
        with pytest.raises(SourceError) as caught:
            taken(reference)
        assert "TMPDIR" in caught.value.hint
    monkeypatch.undo()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    for reference in streams:
        with pytest.raises(SourceError, match="No space left on device"):
            taken(reference)


def test_a_file_beyond_the_limit_is_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOOKED", 1 << 20)
    for reference in forms(tmp_path, layer({"a/tool": PROGRAM, "x/y.jar": b"PK" * (1 << 20)})):
        found = [item.detail for item in taken(reference).evidence if item.found == "fail"]
        assert [detail.partition(":")[0] for detail in found if "too many" in detail] == ["a/tool", "x/y.jar"]


def test_a_large_file_with_a_second_name_is_looked_at_again(tmp_path: Path) -> None:
    data = b'{"name": "lodash", "version": "1.0.0", "x": "' + b"x" * (100 << 10) + b'"}'
    entries = [file("store/ab", data), file("z", b"z"), hardlink("node_modules/lodash/package.json", "store/ab")]
    for reference in forms(tmp_path, layer(entries)):
        found = taken(reference)
        assert [(one.name, one.locations[0].path) for one in found.packages] == [("lodash", "node_modules/lodash/package.json")]


@pytest.mark.parametrize(
    "form", ["gnu", "posix --sparse-version=0.0", "posix --sparse-version=0.1", "posix --sparse-version=1.0"]
)
@pytest.mark.parametrize("name", ["tool", "node_modules/lodash/package.json"])
def test_sparse_files_that_hold_packages_are_evidence(tmp_path: Path, form: str, name: str) -> None:
    tar, root = require("tar"), tmp_path / "root"
    path = root / name
    path.parent.mkdir(parents=True)
    with open(path, "wb") as made:
        made.write(PROGRAM[: 64 << 10])
        made.truncate(8 << 20)
    (root / "log").write_bytes(b"")
    with open(root / "log", "r+b") as made:
        made.seek(1 << 20)
        made.write(b"x")
    command = [tar, "-S", *f"--format={form}".split(), "-cf", str(tmp_path / "layer.tar"), "-C", str(root), "."]
    subprocess.run(command, check=True)
    data = (tmp_path / "layer.tar").read_bytes()
    for reference in forms(tmp_path, data):
        found = [item.detail for item in taken(reference).evidence if "sparse" in item.detail]
        assert found == [f"{name}: it is a sparse file, whose content is not read"]
