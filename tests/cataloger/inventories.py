"""Takes the inventory of layers that a test made."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.model.inventory import Inventory
from imagegate.source.opening import Options, open_image
from tests.images import DEBIAN_11, Entry, Image, dpkg, file, layer

STATUS = "var/lib/dpkg/status"
OS_RELEASE = "etc/os-release"


def inventory(path: Path, *layers: Iterable[Entry] | Mapping[str, str | bytes]) -> Inventory:
    image = Image([layer(entries) for entries in layers])
    return take_inventory(open_image(str(image.docker_archive(path / "image.tar")), INTEREST, Options()))


def debian(path: Path, status: str | bytes) -> Inventory:
    """Return the inventory of a Debian image with this status file."""
    return inventory(path, {OS_RELEASE: DEBIAN_11, STATUS: status})


def names(found: Inventory) -> list[str]:
    return [f"{package.name} {package.version}" for package in found.packages]


def failing(found: Inventory) -> list[str]:
    """Return the evidence that stops a build, as `kind: detail`."""
    return [f"{item.kind}: {item.detail}" for item in found.evidence if item.found == "fail"]


CLEAN: dict[str, str | bytes] = {OS_RELEASE: DEBIAN_11, STATUS: dpkg(("libc6", "2.31-13"))}


def clean_files() -> list[Entry]:
    return [file(name, data) for name, data in CLEAN.items()]
