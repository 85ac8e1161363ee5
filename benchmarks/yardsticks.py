"""What this machine needs for the work that cannot be avoided, measured in the same run."""

import hashlib
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import bigapp
from isal import isal_zlib
from measuring import Measured, Table, measure, timed

_BLOCK = 256 << 10


@dataclass(frozen=True)
class Yardsticks:
    """Seconds: `typer` a process that imports it, `archive` hashes that file, `layers` and `app` inflate and hash."""

    typer: float
    archive: float
    layers: float
    app: float


def inflate(path: Path) -> None:
    """Inflate a gzip file with ISA-L and keep nothing."""
    unpacker = isal_zlib.decompressobj(31)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            unpacker.decompress(block)


def inflate_and_hash(paths: Sequence[Path]) -> None:
    """Inflate on one core, and hash what comes out and what went in on the other: both digests of a layer."""
    blocks: Queue[bytes] = Queue(maxsize=16)

    def consume() -> None:
        packed, unpacked = hashlib.sha256(), hashlib.sha256()
        while block := blocks.get():
            packed.update(block)
            unpacked.update(blocks.get())

    other = threading.Thread(target=consume)
    other.start()
    for path in paths:
        unpacker = isal_zlib.decompressobj(31)
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                blocks.put(block)
                blocks.put(unpacker.decompress(block))
    blocks.put(b"")
    other.join()


def take(image: bigapp.Image, table: Table, runs: int) -> Yardsticks:
    """Measure and print the yardsticks."""
    table.head("yardsticks")
    python = measure([sys.executable, "-c", ""], runs)
    typer = measure([sys.executable, "-c", "import typer"], runs)
    table.line("python starts", python)
    table.line("import typer, whole process", typer)
    archive = timed(lambda: bigapp.sha256(image.archive), runs)
    table.line(f"SHA-256 of the archive, {image.archive.stat().st_size / 1e6:.0f} MB, one core", Measured(archive))
    base, app = image.blobs
    biggest = max(image.blobs, key=lambda blob: blob.stat().st_size)
    table.line("inflating the biggest layer alone", Measured(timed(lambda: inflate(biggest), runs)))
    layers = timed(lambda: inflate_and_hash([base, app]), runs)
    table.line("inflating and hashing all layers, two threads", Measured(layers))
    top = timed(lambda: inflate_and_hash([app]), runs)
    table.line("inflating and hashing the top layer, two threads", Measured(top))
    return Yardsticks(typer.seconds, archive, layers, top)
