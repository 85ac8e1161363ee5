"""A mirror is asked before the registry that it mirrors."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from imagegate.errors import SourceError, UsageError
from imagegate.source import registry
from imagegate.source.opening import Options, open_image
from imagegate.source.reference import mirrored, remote
from tests.images import Image
from tests.source.interests import EVERYTHING
from tests.source.opened import BASE, HOST
from tests.source.registries import Registry

IMAGE = Image([BASE])


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Registry, Registry]]:
    monkeypatch.setattr(registry, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(registry, "_LONGEST_WAIT", 0.05)
    both = Registry(), Registry()
    yield both
    for server in both:
        server.stop()


def test_the_mirror_is_asked_and_the_registry_is_not(servers: tuple[Registry, Registry]) -> None:
    origin, mirror = servers
    mirror.add("1", *IMAGE.blobs())
    said: list[str] = []
    options = Options(platform=HOST, registry_mirrors=(f"{origin.host}={mirror.host}",), say=said.append)
    name = f"registry:{origin.host}/team/app:1"
    found = open_image(name, EVERYTHING, options)
    assert (found.image.reference, said, origin.paths()) == (name, [], [])
    below = replace(options, registry_mirrors=(f"{origin.host}={mirror.host}/team",))
    assert open_image(f"registry:{origin.host}/app:1", EVERYTHING, below).image.id == found.image.id


def test_a_mirror_that_does_not_serve_is_told_and_passed_over(servers: tuple[Registry, Registry]) -> None:
    origin, mirror = servers
    origin.add("1", *IMAGE.blobs())
    said: list[str] = []
    options = Options(platform=HOST, registry_mirrors=(f"{origin.host}={mirror.host}",), say=said.append)
    assert open_image(f"registry:{origin.host}/team/app:1", EVERYTHING, options).image.layers
    assert len(said) == 1
    assert f"{mirror.host} has no image" in said[0]
    with pytest.raises(SourceError):
        open_image(f"registry:{origin.host}/team/app:2", EVERYTHING, options)


def test_only_the_registry_that_is_named_is_mirrored() -> None:
    place = remote("nginx:1")
    found = mirrored(place, ["ghcr.io=cache.example.com", "docker.io=mirror.example.com:5000/hub"])
    assert [str(one) for one in found] == ["mirror.example.com:5000/hub/library/nginx:1"]


@pytest.mark.parametrize("text", ["", "docker.io", "docker.io=", "=host", "docker.io=http://x", "docker.io=a b", "a=b/../c"])
def test_what_cannot_be_a_mirror_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        mirrored(remote("nginx:1"), [text])
