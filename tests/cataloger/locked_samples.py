"""Lock files as the tools wrote them (see data/locks; the addresses of registries are replaced, long lists shortened)."""

from pathlib import Path

from packageurl import PackageURL

from imagegate.cataloger.interface import FileCataloger, Sightings
from imagegate.cataloger.locks import Locks
from imagegate.text import clean
from tests.cataloger.contents import look

SAMPLES = Path(__file__).parent / "data" / "locks"


def locked(path: str, data: bytes | str) -> Sightings:
    """Return what a lock file tells, after checking what holds for all of them."""
    found = checked(Locks(), path, data)
    assert {package.basis for package in found.packages} <= {"locked"}
    return found


def checked(cataloger: FileCataloger, path: str, data: bytes | str) -> Sightings:
    """Return what a file tells, after checking that its package URLs are canonical and its words harmless."""
    found = look(cataloger, path, data)
    for package in found.packages:
        purl = PackageURL.from_string(package.purl)
        assert purl.to_string() == package.purl
        assert purl.version == package.version
    assert len(found.problems) <= 25
    assert all(kind in ("fail", "warn", "ok") and clean(detail) == detail for kind, detail in found.problems)
    return found


def sample(name: str, path: str) -> Sightings:
    """Return what one of the samples tells."""
    return locked(path, (SAMPLES / name).read_bytes())
