"""Bytes in order: reading them from a file or out of a compressed stream, and hashing them on another core."""

import hashlib
import os
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Protocol

from imagegate.errors import SourceError
from imagegate.source import hashing, limits

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = tuple(bytes([low, 0x2A, 0x4D, 0x18]) for low in range(0x50, 0x60))
_AHEAD = 16 << 10  # bytes
_PIECE = 4 << 20  # bytes
_UNKNOWN = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x04\x22\x4d\x18": "lz4"}


class Reader(Protocol):
    """Forward reading of an uncompressed archive; `at` is the position, in bytes from its beginning."""

    at: int

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes, or fewer at the end."""

    def skip(self, size: int) -> bool:
        """Move forward; False when the end comes before that."""

    def peek(self, size: int) -> bytes:
        """Return the next bytes without moving; fewer at the end."""


class OpenFile:
    """A file descriptor that is closed when nothing refers to it any more: layers are read as long as they live."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.close(self.number)

    def read(self, size: int, at: int) -> bytes:
        """Return up to `size` bytes from the position `at`; raises SourceError for a failing disk."""
        try:
            return os.pread(self.number, size, at)
        except OSError as error:
            raise SourceError(f"the file cannot be read: {error.strerror}", "Copy it to another disk.") from None

    def fill(self, buffer: memoryview, at: int) -> int:
        """Read into the buffer from the position `at` and return how many bytes came; raises SourceError as `read`."""
        try:
            return os.preadv(self.number, [buffer], at)
        except OSError as error:
            raise SourceError(f"the file cannot be read: {error.strerror}", "Copy it to another disk.") from None


class Region:
    """A part of an open file, read by position: nothing is read that is not asked for."""

    def __init__(self, file: OpenFile, start: int, size: int) -> None:
        self.file = file
        self.start = start
        self.size = size
        self.at = 0
        self._ahead = b""  # what was read beyond what was asked for: headers of small files lie close together
        self._from = 0

    def part(self, start: int, size: int) -> "Region":
        """Return a part of this region, read on its own."""
        return Region(self.file, self.start + start, size)

    def read(self, size: int) -> bytes:
        """See Reader.read."""
        begin = self.at - self._from
        if begin < 0 or begin + size > len(self._ahead):
            wanted = max(0, min(max(size, _AHEAD), self.size - self.at))
            self._ahead, self._from, begin = self.file.read(wanted, self.start + self.at), self.at, 0
        data = self._ahead[begin : begin + size]
        self.at += len(data)
        return data

    def read_at(self, at: int, size: int) -> bytes:
        """See model.image.Content."""
        return self.file.read(max(0, min(size, self.size - at)), self.start + at) if at < self.size else b""

    def peek(self, size: int) -> bytes:
        """See Reader.peek."""
        begin = self.at - self._from
        if 0 <= begin <= len(self._ahead) - size:
            return self._ahead[begin : begin + size]
        return self.read_at(self.at, size)

    def skip(self, size: int) -> bool:
        """See Reader.skip."""
        self.at += size
        whole = self.at <= self.size
        self.at = min(self.at, self.size)
        return whole

    def chunks(self) -> Iterator[bytes]:
        """Yield the whole region from its beginning; raises SourceError when the file has become shorter."""
        at = 0
        while at < self.size:
            data = self.file.read(min(limits.CHUNK, self.size - at), self.start + at)
            if not data:
                raise SourceError("the file became shorter while it was read", "Is something else writing to it?")
            at += len(data)
            yield data

    def views(self) -> Iterator[memoryview]:
        """Yield the whole region in pieces, each valid until the next is asked for; raises SourceError as `chunks`."""
        buffer = memoryview(bytearray(min(_PIECE, self.size)))
        at = 0
        while at < self.size:
            size = self.file.fill(buffer[: min(len(buffer), self.size - at)], self.start + at)
            if not size:
                raise SourceError("the file became shorter while it was read", "Is something else writing to it?")
            at += size
            yield buffer[:size]


class Stream:
    """Reader over chunks that arrive one after the other."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._used = 0  # of the chunk
        self.at = 0

    def read(self, size: int) -> bytes:
        """See Reader.read."""
        end = self._used + size
        if end <= len(self._chunk):
            data = self._chunk[self._used : end]
            self._used = end
            self.at += size
            return data
        return b"".join(self.take(size))

    def skip(self, size: int) -> bool:
        """See Reader.skip."""
        while size > 0:
            if not self._fill():
                return False
            step = min(size, len(self._chunk) - self._used)
            self._used += step
            self.at += step
            size -= step
        return True

    def take(self, size: int) -> Iterator[bytes]:
        """Yield the next `size` bytes in chunks; fewer at the end."""
        while size > 0 and self._fill():
            part = self._chunk[self._used : self._used + size]
            self._used += len(part)
            self.at += len(part)
            size -= len(part)
            yield part

    def peek(self, size: int) -> bytes:
        """See Reader.peek."""
        if size <= len(self._chunk) - self._used:
            return self._chunk[self._used : self._used + size]
        rest = b""
        while len(rest) < size and self._fill():
            rest += self._chunk[self._used :]
            self._used = len(self._chunk)
        self._chunk, self._used = rest, 0
        return rest[:size]

    def drain(self) -> None:
        """Read to the end, so that whoever hashes along has seen every byte."""
        while self._fill():
            self.at += len(self._chunk) - self._used
            self._used = len(self._chunk)

    def _fill(self) -> bool:
        while self._used >= len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._chunk, self._used = chunk, 0
        return True


_CORES = Semaphore(max(1, (os.cpu_count() or 2) - 1))


class Hasher:
    """SHA-256 on a thread of its own: hashlib releases the interpreter lock, so it uses another core."""

    _AHEAD = 8  # chunks that may wait: bounds the memory

    def __init__(self) -> None:
        self._hash = hashlib.sha256(usedforsecurity=False)
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._room = Semaphore(self._AHEAD)
        self._error: Exception | None = None
        self._digest = ""
        self._thread: Thread | None = None

    def tee(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the chunks unchanged and hash them on the way."""
        self._start(iter(self._queue.get, None), self._room.release)
        try:
            for chunk in chunks:
                self._room.acquire()
                self._queue.put(chunk)
                yield chunk
        finally:  # also where the reader gives up: the thread must not wait forever
            self._queue.put(None)

    def consume(self, region: Region) -> None:
        """Hash a whole region, and leave a core to whoever reads headers meanwhile."""

        def in_turn() -> Iterator[memoryview]:
            with _CORES:
                self._digest = hashing.elsewhere(region.file.number, region.start, region.size)
                if not self._digest:
                    yield from region.views()

        self._start(in_turn(), lambda: None)

    def finish(self) -> str:
        """Return the hexadecimal digest of all that came by; raises what reading them raised."""
        self._queue.put(None)
        if self._thread is not None:
            _CORES.release()  # whoever waits leaves a core to those that hash
            try:
                self._thread.join()
            finally:
                _CORES.acquire()
        if self._error is not None:
            raise self._error
        return self._digest or self._hash.hexdigest()

    def _start(self, chunks: Iterator[bytes | None] | Iterator[memoryview], done: Callable[[], None]) -> None:
        def run() -> None:
            try:
                for chunk in chunks:
                    self._hash.update(chunk or b"")
                    done()
            except Exception as error:  # noqa: BLE001 - handed to the thread that waits in finish()
                self._error = error

        self._thread = Thread(target=run, daemon=True)
        self._thread.start()


def compression(head: bytes) -> str:
    """Return "gzip", "zstd" or "" for the first bytes of a blob; raises SourceError for one that OCI does not have."""
    if head.startswith(GZIP):
        return "gzip"
    if head.startswith(ZSTD) or head[:4] in _ZSTD_SKIPPABLE:
        return "zstd"
    for magic, name in _UNKNOWN.items():
        if head.startswith(magic):
            raise SourceError(f"compressed with {name}, which neither OCI nor Docker images use", "Build it with gzip or zstd.")
    return ""


def inflate(chunks: Iterator[bytes], kind: str) -> Iterator[bytes]:
    """Yield the uncompressed bytes; raises SourceError for damaged data.

    A gzip stream that ends in the middle is damaged too; a zstd stream that does so just ends, and its digest tells.
    """
    inflated: Callable[[Iterator[bytes]], Iterator[bytes]] = {"gzip": _gunzip, "zstd": _unzstd}.get(kind, iter)
    return inflated(chunks)


class Bomb(Exception):
    """A stream expands beyond the limits."""


def bounded(compressed: Iterator[bytes], kind: str) -> Iterator[bytes]:
    """Yield the uncompressed bytes like `inflate`; raises Bomb when they become too many."""
    seen = 0

    def count() -> Iterator[bytes]:
        nonlocal seen
        for chunk in compressed:
            seen += len(chunk)
            yield chunk

    total = 0
    for chunk in inflate(count(), kind):
        total += len(chunk)
        if total > limits.UNPACKED or (total > limits.RATIO_FROM and total > seen * limits.RATIO):
            raise Bomb(f"{seen:,} bytes expand to more than {total - len(chunk):,}")
        yield chunk


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Members may follow each other (RFC 1952 section 2.2); only zeros may follow the last one."""
    from isal import igzip_lib, isal_zlib

    def start() -> igzip_lib.IgzipDecompressor:
        return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)

    member, fresh = start(), False
    try:
        for chunk in chunks:
            data = chunk
            while data or not (member.eof or member.needs_input or fresh):
                if fresh:  # between two members
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    member, fresh = start(), False
                out = member.decompress(data, limits.CHUNK)
                data = b""
                if out:
                    yield out
                if member.eof:
                    data, fresh = member.unused_data, True
    except (isal_zlib.error, EOFError) as error:  # type: ignore[misc]  # its stubs call the class an instance
        raise SourceError(f"damaged gzip data: {error}", "Save or pull the image again.") from error
    if not fresh:
        raise SourceError("the gzip data ends in the middle", "The file is cut short; save or pull the image again.")


def _unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Frames may follow each other (RFC 8878 section 3.1); a window above 128 MiB is refused."""
    import zstandard

    class Source:
        def __init__(self) -> None:
            self.rest = b""

        def read(self, size: int) -> bytes:
            if not self.rest:
                self.rest = next(chunks, b"")
            data, self.rest = self.rest[:size], self.rest[size:]
            return data

    source = Source()
    engine = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    try:
        with engine.stream_reader(source, read_across_frames=True) as reader:  # type: ignore[arg-type]
            while data := reader.read(limits.CHUNK):
                yield data
    except zstandard.ZstdError as error:
        raise SourceError(f"damaged zstd data: {error}", "Save or pull the image again.") from error
