"""Images that were made to cost hours or gigabytes: each limit is reached early, and told."""

from pathlib import Path

import pytest

from imagegate.cataloger.collect import INTEREST
from imagegate.errors import SourceError
from imagegate.source import limits
from imagegate.source.archive import open_file
from imagegate.source.opening import Options, open_image
from tests.images import Image, file, folder, layer, symlink
from tests.source.opened import opened


def test_many_names_for_a_long_chain_of_links_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STEPS", 10_000)
    chain = [symlink(f"l{number}", "d/../" * 100 + f"l{number + 1}") for number in range(20)]
    leads = [symlink(f"{number}.jar", "l0") for number in range(20)]
    image = Image([layer([folder("d"), file("d/f"), symlink("l20", "d/f"), *chain, *leads])])
    path = str(image.docker_archive(tmp_path / "image.tar"))
    with pytest.raises(SourceError, match="looked up through links"):
        list(open_image(path, INTEREST, Options()).files.looked())


def test_a_million_of_the_shortest_names_count_for_what_they_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATHS", 100_000)
    image = Image([layer({f"{number:x}": b"" for number in range(2000)})])
    assert "the paths of the image have more than" in opened(image.docker_archive(tmp_path / "image.tar")).evidence[0].detail


def test_a_place_that_no_file_has_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    region = open_file(str(path))
    assert [region.read_at(at, 5) for at in (0, 2, 3, 1 << 63, 1 << 64)] == [b"abc", b"c", b"", b"", b""]
