"""One layer: what its archive lists, verified against the digests that name it."""

import posixpath
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple, Protocol

from imagegate.errors import SourceError
from imagegate.model.image import KEEP, LOOK, Interest, TooLarge
from imagegate.source import limits, tar
from imagegate.source.content import Scratch
from imagegate.source.stream import Bomb, Hasher, Region, Stream, bounded, compression
from imagegate.text import clean

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


Again = dict[int, tuple[Entry, list[str]]]  # files by offset, with the names under which they did not pass


class Budget:
    """What all layers of one image may take together."""

    def __init__(self) -> None:
        self.paths = limits.PATHS
        self.captured = limits.CAPTURED
        self.notes = limits.NOTES
        self.passes = limits.PASSES

    def name(self, size: int, count: int = 1) -> None:
        """Take the length of so many paths; raises LimitReached."""
        self.paths -= size + count * limits.PATH
        if self.paths < 0:
            raise tar.LimitReached(f"the paths of the image have more than {limits.PATHS:,} bytes")

    def note(self, size: int) -> None:
        """Take the length of what was seen in a file; raises LimitReached."""
        self.notes -= size
        if self.notes < 0:
            raise tar.LimitReached(f"what its files tell of packages has more than {limits.NOTES:,} bytes")

    def capture(self, size: int) -> bool:
        """Tell whether content of this size can be kept."""
        if size > self.captured:
            return False
        self.captured -= size
        return True


class Layer:
    """The paths of a layer, what matters of their content, and what it hides in the layers below."""

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
        self.partial = False  # something that may be asked for was not kept
        self.restored = False  # from a cache
        self.packed = b""  # for a cache
        self.identity = ""  # of the file that the bytes lie in, see source.cache
        self.later: list[Callable[[], None]] = []  # what is still to be done on another core: see `settle`
        self._replaced = 0
        # By offset, since a hard link has the content of its target:
        self.captured: dict[int, bytes] = {}  # files that are kept
        # What the interest saw in files that it looked at, under the path that told it how; "" where the content did.
        self.notes: dict[tuple[int, str], bytes] = {}
        self.leads: list[str] | None = []  # links whose names are of interest, wherever they lead

    def scan(self, reader: Stream | Region, interest: Interest) -> None:
        """List the archive, keep and look at what is of interest as it passes."""
        scratch = Scratch()
        linked: Again = {}
        try:
            self._scan(reader, interest, scratch, linked)
            if linked and isinstance(reader, Region):
                self._look_again(reader.part(0, reader.size), interest, scratch, linked)
            elif linked and isinstance(reader, Stream):
                reader.drain()
                self._look_again(open_reader(self.blob), interest, scratch, linked)
        finally:
            scratch.close()

    def _scan(self, reader: Stream | Region, interest: Interest, scratch: Scratch, linked: "Again") -> None:
        of, smallest = interest.of, interest.smallest
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
                if found and entry.kind == tar.FILE and self._misses(path, entry, interest):
                    linked.setdefault(entry.offset, (entry, []))[1].append(path)  # it passed under another name
            self.order.append((path, entry))
            self.put(path, entry)
            if kind == tar.FILE:
                if size >= smallest or of(path):  # nearly no other file is looked at
                    self._see([path], entry, reader, interest, scratch)
            elif kind in (tar.SYMLINK, tar.HARD) and self.leads is not None and is_lead(path, interest):
                self.leads.append(path)
            elif kind == tar.SPARSE and (interest.of(path) or _begins_sparse(reader, size, interest)):
                role = path if interest.of(path) == LOOK else ""
                self._note(offset, role, interest.refuse("it is a sparse file, whose content is not read"))

    def _see(self, paths: list[str], entry: Entry, reader: Stream | Region, interest: Interest, scratch: Scratch) -> None:
        """Keep or look at the file whose content comes next: as what its names say, and as the program that it may be."""
        size, offset = entry.size, entry.offset
        wanted = [interest.of(path) for path in paths]
        looks = [path for path, what in zip(paths, wanted, strict=True) if what == LOOK]
        if size >= interest.smallest and (offset, "") not in self.notes and interest.knows(reader.peek(4)):
            looks.append("")
        keep = KEEP in wanted and offset not in self.captured and size <= limits.FILE and self.budget.capture(size)
        self.partial |= KEEP in wanted and not keep and offset not in self.captured
        if size > limits.LOOKED:
            for path in looks:
                self._note(offset, path, interest.refuse(f"{size:,} bytes are too many"))
        elif looks or keep:
            content = scratch.content(reader, size)
            if keep:
                self.captured[offset] = content.read_at(0, size)
            for path in looks:
                self._note(offset, path, interest.look(path, content))

    def _note(self, offset: int, path: str, note: bytes) -> None:
        self.budget.note(len(note))
        self.notes[offset, path] = note

    def _look_again(self, reader: Stream | Region, interest: Interest, scratch: Scratch, files: "Again") -> None:
        """Look at files by their offsets, with a reader at the beginning of the archive: one pass for all of them."""
        for offset, (entry, paths) in sorted(files.items()):
            if not reader.skip(offset - reader.at):
                raise _changed(self.blob)
            self._see(paths, entry, reader, interest, scratch)

    def _misses(self, path: str, entry: Entry, interest: Interest) -> bool:
        """Return whether a file has passed, but not as what this name of it says."""
        what = interest.of(path)
        return (what == KEEP and entry.offset not in self.captured) or (what == LOOK and (entry.offset, path) not in self.notes)

    def settle(self) -> None:
        """Wait until `digest`, `diff_id` and `identity` are known; raises SourceError for bytes that cannot be read."""
        while self.later:
            self.later.pop(0)()

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
        layer.leads = None  # under which names they lie, only the tree knows
        layer.order, layer.captured, layer.notes = self.order, self.captured, self.notes
        return layer

    def read(self, path: str) -> bytes:
        """Return the content of a regular file; raises TooLarge beyond the limit for one file."""
        entry = self.entries[path]
        if entry.offset in self.captured:
            return self.captured[entry.offset]
        if entry.size > limits.FILE:
            raise TooLarge(f"{clean(path)} has {entry.size:,} bytes")
        reader = open_reader(self.blob)
        if not isinstance(reader, Region):
            self.budget.passes -= 1
            if self.budget.passes < 0:
                raise TooLarge(f"{clean(path)} is one of too many files in large layers")
        if not reader.skip(entry.offset) or len(data := reader.read(entry.size)) < entry.size:
            raise _changed(self.blob)
        if self.budget.capture(entry.size):
            self.captured[entry.offset] = data
        return data

    def look_at(self, files: "Again", interest: Interest) -> None:
        """Look at files that passed under names of no interest, all in one more pass; raises SourceError."""
        reader = open_reader(self.blob)
        if isinstance(reader, Stream):
            self.budget.passes -= 1
        if self.budget.passes < 0:
            for offset, (_, paths) in files.items():
                for path in paths:
                    self._note(offset, path, interest.refuse("it is one of too many files in large layers"))
            return
        scratch = Scratch()
        try:
            self._look_again(reader, interest, scratch, files)
        except tar.LimitReached as limit:
            raise SourceError(str(limit), "No tool builds such an image.") from None
        finally:
            scratch.close()

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


def _changed(blob: Blob) -> SourceError:
    return SourceError(f"layer {blob.name} changed while it was read", "Try again.")


def normal(name: str) -> str:
    """Return a path without leading `/` or `./`, as extraction into a root would see it: `..` stops at the root."""
    if name[:2] == "./":
        name = name[2:]
    if name[:1] in ("/", ".") or "//" in name or "/." in name or name.endswith("/"):
        return posixpath.normpath("/" + name).lstrip("/")
    return name


def _begins_sparse(reader: Stream | Region, size: int, interest: Interest) -> bool:
    """Return whether a sparse file may begin as those of interest: its content follows its map, at a block of its own."""
    head = reader.peek(min(size, 8 << 10))
    return any(interest.knows(head[at : at + 4]) for at in range(0, len(head), 512))


def is_lead(path: str, interest: Interest) -> bool:
    """Return whether what a link of that name leads to is of interest: a file, or the files in a folder."""
    return LOOK in (interest.of(path), interest.of(path + "/"))


def open_reader(blob: Blob) -> Stream | Region:
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


def scan_layer(blob: Blob, interest: Interest, budget: Budget | None = None) -> Layer:
    """Read a layer once: list it, keep and look at what is of interest, compute `digest`, `diff_id` and `size`.

    Digests may not be known before `Layer.settle`: whoever goes on meanwhile must not believe what was read. A limit
    that is reached leaves `problem` set and, where it was compressed, `diff_id` empty. Raises SourceError for damaged data.
    """
    region = _plain_region(blob)
    if region is None:
        return scan_stream(blob, blob.chunks(), interest, budget)
    layer = Layer(blob, budget)
    layer.size = region.size
    hashed = Hasher()
    hashed.consume(region)  # on another core, while the headers are walked here
    try:
        layer.scan(region, interest)
    except tar.LimitReached as limit:
        layer.problem = str(limit)

    def finish() -> None:
        layer.digest = layer.diff_id = "sha256:" + hashed.finish()

    layer.later.append(finish)
    return layer


def scan_stream(blob: Blob, chunks: Iterator[bytes], interest: Interest, budget: Budget | None = None) -> Layer:
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
        layer.scan(stream, interest)
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
