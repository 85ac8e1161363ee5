"""Databases of rpm: the real samples, headers made from plain values, and what the cataloger makes of an image."""

import gzip
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

from imagegate.cataloger.distribution import detect
from imagegate.cataloger.interface import Catalog
from imagegate.cataloger.rpm import Rpm
from imagegate.model.image import OpenImage
from imagegate.source.opening import Options, open_image
from tests.images import Entry, Image, layer
from tests.source.interests import Keeping

DATA = Path(__file__).parent / "data" / "rpm"
OS_RELEASE = "etc/os-release"
ROCKY = b'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"\n'
SQLITE, NDB, BDB = (f"var/lib/rpm/{name}" for name in ("rpmdb.sqlite", "Packages.db", "Packages"))


def sample(name: str) -> bytes:
    return gzip.decompress((DATA / f"{name}.gz").read_bytes())


def opened(path: Path, *layers: Iterable[Entry] | Mapping[str, str | bytes]) -> OpenImage:
    image = Image([layer(entries) for entries in layers])
    return open_image(str(image.docker_archive(path / "image.tar")), Keeping(), Options())


def catalog(path: Path, *layers: Iterable[Entry] | Mapping[str, str | bytes]) -> Catalog:
    files = opened(path, *layers).files
    return Rpm().catalog(files, detect(files)[0])


def names(found: Catalog) -> list[str]:
    return sorted(f"{package.name} {package.version}" for package in found.packages)


def failing(found: Catalog) -> list[str]:
    return [item.detail for item in found.evidence if item.found == "fail"]


def header(name: str | None, version: str = "1", release: str = "1", epoch: int | None = None, **more: str) -> bytes:
    """Return the header of a package; `more` are the texts of other tags by their number, as `t1044`."""
    texts = {1000: name, 1001: version, 1002: release, **{int(tag[1:]): text for tag, text in more.items()}}
    index, data = b"", b""
    if epoch is not None:
        index, data = struct.pack(">4I", 1003, 4, 0, 1), struct.pack(">I", epoch)
    for tag, text in texts.items():
        if text is not None:
            index += struct.pack(">4I", tag, 6, len(data), 1)
            data += text.encode() + b"\0"
    return struct.pack(">II", len(index) // 16, len(data)) + index + data


def sqlite(
    *blobs: bytes, table: str = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)"
) -> bytes:
    """Return a database with these headers."""
    import sqlite3

    database = sqlite3.connect(":memory:")
    database.execute(table)
    database.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
    database.commit()
    data = database.serialize()
    database.close()
    return data
