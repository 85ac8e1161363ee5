"""An engine whose layers are all known is not asked for the image again, and gives the same."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.errors import SourceError
from imagegate.model.inventory import Inventory
from imagegate.source.opening import Options, open_image
from tests.images import Image, layer, sha256
from tests.source.test_cache import BASE, IMAGE, SEEN, TOP, names
from tests.source.test_engine import chunked, says, serve

__all__ = ["serve"]  # a fixture
CLASSIC = {"Id": sha256(IMAGE.config()), "RootFS": {"Layers": [sha256(BASE), sha256(TOP)]}}


def answers(image: Image = IMAGE, **facts: Any) -> dict[str, Any]:
    known = CLASSIC | {"RootFS": {"Layers": [sha256(one) for one in image.layers]}, "Id": sha256(image.config())} | facts
    history = [{"CreatedBy": f"RUN step {number}", "Size": 1} for number in reversed(range(len(image.layers)))]
    return {"json": says(200, known), "history": says(200, history), "get": chunked(layer(image.docker_members()))}


def ask(address: str, cache: Path | None) -> Inventory:
    options = Options(env={"HOME": "/nonexistent", "DOCKER_HOST": address}, timeout=5, cache_dir=str(cache) if cache else None)
    return take_inventory(open_image("docker:app:1", INTEREST, options))


def exports(server: Any) -> int:
    return sum(path.endswith("/get") for path in server.asked)


@pytest.mark.parametrize("facts", [{}, {"Id": "sha256:" + "9" * 64, "Descriptor": {"digest": "sha256:" + "9" * 64}}])
def test_an_image_whose_layers_are_known_is_not_exported_again(
    serve: Callable[..., Any], tmp_path: Path, facts: dict[str, Any]
) -> None:
    server, address = serve(**answers(**facts))
    expected, cache = ask(address, None), tmp_path / "cache"
    assert names(expected) == SEEN
    first = ask(address, cache)
    before = exports(server)
    second = ask(address, cache)
    assert exports(server) == before
    for found in (first, second):
        assert (found.packages, found.evidence, found.distribution) == (
            expected.packages,
            expected.evidence,
            expected.distribution,
        )
        assert found.image.id == expected.image.id
        assert [one.diff_id for one in found.image.layers] == [one.diff_id for one in expected.image.layers]


@pytest.mark.parametrize("damage", [b"", b"garbage" * 50, None])
def test_a_damaged_or_lost_cache_leads_to_a_new_export(serve: Callable[..., Any], tmp_path: Path, damage: bytes | None) -> None:
    _, address = serve(**answers())
    cache = tmp_path / "cache"
    expected = ask(address, cache)
    for part in ("layers", "facts"):
        for path in (cache / part).iterdir():
            path.unlink() if damage is None else path.write_bytes(damage)
        assert ask(address, cache).packages == expected.packages
    assert ask(address, cache).packages == expected.packages
    shutil.rmtree(cache)
    assert ask(address, cache).packages == expected.packages


@pytest.mark.parametrize("layers", ["x", [1], [None], ["\ud800"], ["sha256:x"], [], [sha256(TOP), sha256(BASE)]])
def test_nonsense_about_layers_is_never_taken_for_an_image(serve: Callable[..., Any], tmp_path: Path, layers: object) -> None:
    cache = tmp_path / "cache"
    _, sound = serve(**answers())
    expected = ask(sound, cache)
    _, address = serve("other.sock", **answers(RootFS={"Layers": layers}))
    assert ask(address, cache).packages == expected.packages
    _, address = serve("third.sock", **answers(RootFS={"Layers": [sha256(BASE)]}))
    with pytest.raises(SourceError, match="names 1 layers"):  # of an image that had two under the same id
        ask(address, cache)


def test_another_image_of_the_same_name_is_another_image(serve: Callable[..., Any], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    _, address = serve(**answers())
    ask(address, cache)
    other = Image([BASE])
    server, address = serve("other.sock", **answers(other))
    found = ask(address, cache)
    assert "gone" in names(found)
    assert exports(server) in (0, 1)
    assert [one.diff_id for one in found.image.layers] == [sha256(BASE)]
