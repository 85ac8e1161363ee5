"""The bytes of a single file of a stream, so that they can be read by position as those of an open file."""

import os
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO

from imagegate.errors import SourceError
from imagegate.model.image import Content
from imagegate.source import limits
from imagegate.source.stream import OpenFile, Region, Stream


class Memory:
    """Implements model.image.Content over bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read_at(self, at: int, size: int) -> bytes:
        """See Content.read_at."""
        return self._data[at : at + size]


class Scratch:
    """A file without a name, for one large file at a time: what an image holds never gets a name on this disk."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None

    def content(self, reader: Stream | Region, size: int) -> Content:
        """Return the next `size` bytes; they are there until the next call. Raises SourceError for a full disk."""
        if isinstance(reader, Region):
            return reader.part(reader.at, min(size, reader.size - reader.at))
        if size <= limits.HELD:
            return Memory(reader.read(size))
        return self._spilled(reader.take(size))

    def close(self) -> None:
        """Give the disk back."""
        if self._file is not None:
            self._file.close()

    def _spilled(self, chunks: Iterator[bytes]) -> Content:
        try:
            self._file = self._file or TemporaryFile(buffering=0)  # noqa: SIM115 (closed by close)
            number, total = self._file.fileno(), 0
            for chunk in chunks:
                view = memoryview(chunk)
                while view:
                    written = os.pwrite(number, view, total)
                    total += written
                    view = view[written:]
            return Region(OpenFile(os.dup(number)), 0, total)
        except OSError as error:
            raise SourceError(
                f"a large file of the image cannot be looked at: {error.strerror}", "Point TMPDIR to a disk with more room."
            ) from None
