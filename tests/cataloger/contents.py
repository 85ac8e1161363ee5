"""One file in memory, looked at by one cataloger."""

from imagegate.cataloger.interface import FileCataloger, Sightings


class Memory:
    """Implements model.image.Content."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, at: int, size: int) -> bytes:
        assert at >= 0
        assert size >= 0
        return self.data[at : at + size]


def look(cataloger: FileCataloger, path: str, data: bytes | str) -> Sightings:
    """Return what the cataloger sees; the path must be one that it wants."""
    assert cataloger.executables or cataloger.wants(path)
    return cataloger.look(path, Memory(data.encode() if isinstance(data, str) else data))


def known(sightings: Sightings) -> list[tuple[str, str]]:
    """Return name and version of each package, sorted."""
    return sorted((package.name, package.version) for package in sightings.packages)
