"""Which layer brought a package: the states that a package database went through, and who was in it since when."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from imagegate.errors import SourceError
from imagegate.model.image import File, Files, TooLarge

LONGEST = 64 << 20  # bytes: a database of ten thousand packages has less
_K = TypeVar("_K")
_V = TypeVar("_V")


def states(files: Files, path: str) -> Iterator[tuple[int, File | None]]:
    """Yield (layer, file) for each layer after which the file at `path` is another one, None where it is gone."""
    before: File | None = None
    for layer in range(files.depth):
        now = files.find(path, layer)
        if now != before:
            yield layer, now
        before = now


def read(files: Files, file: File, longest: int = LONGEST) -> bytes | str:
    """Return the content, or a sentence that says why it cannot be read; `longest` is in bytes."""
    if file.size > longest:
        return f"{file.size:,} bytes are too many"
    try:
        return files.read(file)
    except TooLarge as error:
        return f"{error}, more than is read of one file"
    except SourceError as error:
        return error.message


def since(before: Mapping[_K, tuple[_V, int]], now: Mapping[_K, _V], layer: int) -> dict[_K, tuple[_V, int]]:
    """Return `now` with the layer that each entry has been there since: an entry that went and came back is new."""
    return {key: (value, before[key][1] if key in before else layer) for key, value in now.items()}
