"""A file with several names, or with the name of something else, is looked at as all that it may be."""

from pathlib import Path

import pytest

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.source.opening import Options, open_image
from tests.cataloger.test_executable import elf
from tests.cataloger.test_golang import MODULES, inline
from tests.images import Entry, Image, file, hardlink, layer, symlink

NPM = '{"name": "moment", "version": "2.18.0"}'
PLACE = "app/node_modules/moment/package.json"


def seen(path: Path, *layers: list[Entry], cache: Path | None = None) -> list[str]:
    archive = Image([layer(one) for one in layers]).docker_archive(path)
    options = Options(cache_dir=str(cache) if cache else None)
    return [f"{one.type} {one.name}" for one in take_inventory(open_image(str(archive), INTEREST, options)).packages]


@pytest.mark.parametrize("first", ["opt/x.par", "opt/x.jar", "opt/x.gemspec", "opt/yarn.lock", "opt/status", "opt/any"])
def test_a_second_name_counts_whatever_the_first_one_is(tmp_path: Path, first: str) -> None:
    for link in (hardlink(PLACE, first), symlink(PLACE, f"/{first}")):
        assert "npm moment" in seen(tmp_path / "a.tar", [file(first, NPM), link]), link


def test_what_one_image_calls_a_file_does_not_hide_it_from_the_next(tmp_path: Path) -> None:
    below = [file("opt/store/moment/package.json", NPM)]
    other = [symlink("x.par", "/opt/store/moment/package.json")]
    victim = [symlink("app/node_modules", "/opt/store")]
    cache = tmp_path / "cache"
    assert seen(tmp_path / "a.tar", below, other, cache=cache) == []
    assert seen(tmp_path / "b.tar", below, victim, cache=cache) == seen(tmp_path / "c.tar", below, victim) == ["npm moment"]


@pytest.mark.parametrize("name", ["status", "installed", "Packages", "os-release", "svc.par", "svc.kar", "composer.lock"])
def test_a_program_is_looked_at_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    program = elf({".go.buildinfo": inline("go1.21.0", MODULES)}) + bytes(32 << 10)
    assert "golang stdlib" in seen(tmp_path / "a.tar", [file(f"usr/local/bin/{name}", program)])
