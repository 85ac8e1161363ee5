"""One layer: what its archive lists, verified against the digests that name it."""

import posixpath
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple, Protocol

from imagegate.errors import SourceError
from imagegate.model.image import TooLarge
from imagegate.source import limits, tar
from imagegate.source.stream import Bomb, Hasher, Reader, Region, Stream, bounded, compression
from imagegate.text import clean

Wanted = Callable[[str], bool]
_WHITEOUT = ".wh."  # OCI image specification, layer.md, "Whiteouts"
_OPAQUE = ".wh..wh..opq"


class Blob(Protocol):
    """The stored bytes of a layer, readable as often as needed."""

    name: str

    def region(self) -> Region | None:
        """Return the bytes as part of an open file, or None where they only come as a stream."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the stored bytes from the beginning."""


class Entry(NamedTuple):
    """What the archive says of one path; `offset` is counted in the uncompressed archive."""

    kind: str
    size: int
    link: str
    offset: int


class Budget:
    """What all layers of one image may take together."""

    def __init__(self) -> None:
        self.paths = limits.PATHS
        self.captured = limits.CAPTURED
        self.passes = limits.PASSES

    def name(self, size: int) -> None:
        """Take the length of a path; raises LimitReached."""
        self.paths -= size
        if self.paths < 0:
            raise tar.LimitReached(f"the paths of the image have more than {limits.PATHS:,} bytes")

    def capture(self, size: int) -> bool:
        """Tell whether content of this size can be kept."""
        if size > self.captured:
            return False
        self.captured -= size
        return True


class Layer:
    """The paths of a layer, the content of the wanted ones, and what it hides in the layers below."""

    def __init__(self, blob: Blob, budget: Budget | None = None) -> None:
        self.blob = blob
        self.budget = budget or Budget()
        self.order: list[tuple[str, Entry]] = []  # everything as the archive has it, to be placed anew by the tree
        self.entries: dict[str, Entry] = {}
        self.folders: set[str] = {""}  # named, or implied by what lies in them
        self.hollow: set[str] = set()  # folders made for an opaque marker, which does not replace a file of layers below
        self.unnamed: set[str] = set()  # folders that something was put into before the archive named them
        self.indirect = False  # where something of this layer lies depends on links, of this layer or below
        self.whiteouts: set[str] = set()
        self.opaque: set[str] = set()
        self.problem = ""  # why not all of it was looked at
        self.digest = ""
        self.diff_id = ""
        self.size = 0
        self._replaced = 0
        self._captured: dict[int, bytes] = {}  # by offset: a hard link has the content of its target

    def scan(self, reader: Reader, wanted: Wanted | None) -> None:
        """List the archive; capture the wanted files where going back to them would cost a second pass."""
        for name, kind, size, link, offset in tar.members(reader):
            path = normal(name)
            if not path:
                continue
            self.budget.name(len(path) + len(link))
            if path.count("/") >= limits.DEPTH:
                raise tar.LimitReached(f"a path of more than {limits.DEPTH} folders")
            entry = Entry(kind, size, link, offset)
            if kind == tar.HARD:  # it names what is there now, whatever comes later under that name
                target = normal(link)
                there = self.entries.get(target)
                found = there is not None and there.kind != tar.FOLDER
                entry = there if there is not None and found else Entry(kind, 0, target, offset)
                self.indirect = self.indirect or not found  # it is below, or the way there leads through a link
            self.order.append((path, entry))
            self.put(path, entry)
            if wanted is not None and kind == tar.FILE and size <= limits.FILE and wanted(path) and self.budget.capture(size):
                self._captured[offset] = reader.read(size)

    def put(self, path: str, entry: Entry) -> None:
        """Add what the archive has next; of two entries with one name the last counts."""
        parent, _, base = path.rpartition("/")
        if parent not in self.folders:
            self._imply(parent, self.hollow if base == _OPAQUE else None if base.startswith(_WHITEOUT) else self.folders)
        if base.startswith(_WHITEOUT):
            if base == _OPAQUE:
                self.opaque.add(parent)
            elif not base.startswith(".wh..wh."):  # aufs keeps its own files under that name
                self.whiteouts.add(posixpath.join(parent, base[len(_WHITEOUT) :]))
            return
        if entry.kind == tar.FOLDER:
            before = self.entries.get(path)
            if before is not None and before.kind != tar.FOLDER:
                self.whiteouts.add(path)  # what stood there has already replaced all below
            self.folders.add(path)
        elif path in self.folders or path in self.hollow:
            self._forget_children(path)
        self.entries[path] = entry

    def again(self) -> "Layer":
        """Return a layer of the same archive in which nothing has its place yet."""
        layer = Layer(self.blob, self.budget)
        layer.order, layer._captured = self.order, self._captured
        layer.problem, layer.digest, layer.diff_id, layer.size = self.problem, self.digest, self.diff_id, self.size
        return layer

    def read(self, path: str) -> bytes:
        """Return the content of a regular file; raises TooLarge beyond the limit for one file."""
        entry = self.entries[path]
        if entry.offset in self._captured:
            return self._captured[entry.offset]
        if entry.size > limits.FILE:
            raise TooLarge(f"{clean(path)} has {entry.size:,} bytes")
        reader = open_reader(self.blob)
        if not isinstance(reader, Region):
            self.budget.passes -= 1
            if self.budget.passes < 0:
                raise TooLarge(f"{clean(path)} is one of too many files in large layers")
        if not reader.skip(entry.offset) or len(data := reader.read(entry.size)) < entry.size:
            raise SourceError(f"layer {self.blob.name} changed while it was read", "Try again.")
        if self.budget.capture(entry.size):
            self._captured[entry.offset] = data
        return data

    def _imply(self, folder: str, made: set[str] | None) -> None:
        """Note the folders that a path leads through; a whiteout makes none of them."""
        while folder not in self.folders:
            if made is not None:
                made.add(folder)
            if folder not in self.unnamed:
                self.budget.name(len(folder))
                self.unnamed.add(folder)
            entry = self.entries.get(folder)
            if entry is not None and entry.kind != tar.FOLDER:
                self.indirect = True  # where it really lies, the tree knows
            folder = folder.rpartition("/")[0]

    def _forget_children(self, path: str) -> None:
        """A file or link replaces a folder that the same archive filled before."""
        self._replaced += 1
        if self._replaced > limits.REPLACED:
            raise tar.LimitReached(f"more than {limits.REPLACED} folders that the layer itself replaces")
        inside = path + "/"
        self.hollow = {folder for folder in self.hollow if folder != path and not folder.startswith(inside)}
        self.folders = {folder for folder in self.folders if folder != path and not folder.startswith(inside)}
        self.entries = {name: entry for name, entry in self.entries.items() if not name.startswith(inside)}


def normal(name: str) -> str:
    """Return a path without leading `/` or `./`, as extraction into a root would see it: `..` stops at the root."""
    if name[:1] in ("/", ".") or "//" in name or "/." in name or name.endswith("/"):
        return posixpath.normpath("/" + name).lstrip("/")
    return name


def open_reader(blob: Blob) -> Reader:
    """Return a reader at the beginning of the uncompressed archive."""
    region = _plain_region(blob)
    if region is not None:
        return region
    chunks = blob.chunks()
    head = next(chunks, b"")
    return Stream(bounded(chain([head], chunks), compression(head)))


def _plain_region(blob: Blob) -> Region | None:
    region = blob.region()
    if region is None or compression(region.read(8)):
        return None
    region.at = 0
    return region


def scan_layer(blob: Blob, wanted: Wanted, budget: Budget | None = None) -> Layer:
    """Read a layer once: list it, capture what is wanted, compute `digest`, `diff_id` and `size`.

    A limit that is reached leaves `problem` set and `diff_id` empty. Raises SourceError for damaged data.
    """
    region = _plain_region(blob)
    if region is None:
        return scan_stream(blob, blob.chunks(), wanted, budget)
    layer = Layer(blob, budget)
    layer.size = region.size
    hashed = Hasher()
    hashed.consume(region.chunks())  # on another core, while the headers are walked here
    try:
        layer.scan(region, None)
    except tar.LimitReached as limit:
        layer.problem = str(limit)
    layer.digest = layer.diff_id = "sha256:" + hashed.finish()
    return layer


def scan_stream(blob: Blob, chunks: Iterator[bytes], wanted: Wanted, budget: Budget | None = None) -> Layer:
    """Like `scan_layer` for bytes that come by only once."""
    layer = Layer(blob, budget)
    stored = Hasher()
    counted = _Counted(chunks)
    head = next(counted, b"")
    kind = compression(head)
    compressed = stored.tee(chain([head], counted))
    unpacked = Hasher() if kind else None
    plain = unpacked.tee(bounded(compressed, kind)) if unpacked else compressed
    stream = Stream(plain)
    whole = True
    try:
        layer.scan(stream, wanted)
        stream.drain()
    except (tar.LimitReached, Bomb) as limit:
        layer.problem, whole = str(limit), False
    for _ in compressed:
        pass  # what a limit left unread still belongs to the digest of the blob
    layer.digest = "sha256:" + stored.finish()
    layer.diff_id = layer.digest if unpacked is None else "sha256:" + unpacked.finish()
    if not whole and unpacked is not None:
        layer.diff_id = ""
    layer.size = counted.total
    return layer


class _Counted(Iterator[bytes]):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.total = 0

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self.total += len(chunk)
        return chunk
