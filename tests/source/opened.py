"""Opens what a test wrote, with every file wanted."""

from pathlib import Path

import pytest

from imagegate.errors import SourceError
from imagegate.model.image import Files, OpenImage, Platform
from imagegate.source.opening import Options, open_image
from tests.images import Image, layer
from tests.source.interests import EVERYTHING

HOST = Platform("linux", "amd64")


def opened(reference: str | Path, platform: Platform | None = HOST) -> OpenImage:
    return open_image(str(reference), EVERYTHING, Options(platform=platform))


def refused(reference: str | Path, platform: Platform | None = HOST) -> str:
    """Return why the image was refused, with the hint."""
    with pytest.raises(SourceError) as caught:
        opened(reference, platform)
    return f"{caught.value.message} | {caught.value.hint}"


def content(files: Files, path: str, upto: int | None = None) -> bytes | None:
    """Return what a path holds after a layer, the last one if none is named."""
    file = files.find(path, files.depth - 1 if upto is None else upto)
    return None if file is None else files.read(file)


def seen(path: Path, layers: list[bytes]) -> Files:
    """Return the files of an image that consists of these layers."""
    return opened(Image(layers).docker_archive(path / "image.tar")).files


BASE = layer({"etc/os-release": "ID=debian\n", "var/lib/dpkg/status": "Package: a\n"})
SECOND = layer({"var/lib/dpkg/status": "Package: a\n\nPackage: b\n"})
