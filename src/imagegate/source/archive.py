"""Where the blobs of an image lie: a folder, a tar file, or a tar stream that comes by only once."""

import errno
import os
import stat
from collections.abc import Callable, Container, Iterator
from itertools import chain
from typing import Protocol
from weakref import WeakValueDictionary

from imagegate.errors import SourceError
from imagegate.model.image import Content, Interest
from imagegate.source import limits, tar
from imagegate.source.cache import Known, Wish, identity, stamps
from imagegate.source.layer import Budget, Layer, normal, scan_layer, scan_stream
from imagegate.source.stream import Bomb, OpenFile, Region, Stream, bounded, compression
from imagegate.text import clean

Chunks = Callable[[], Iterator[bytes]]


class Store(Protocol):
    """Named blobs; `what` says in an error where they are."""

    what: str
    elsewhere: bool  # a registry: whoever scans can get the layers there

    def names(self) -> list[str]:
        """Return the names of all blobs."""

    def small(self, name: str) -> bytes | None:
        """Return a whole blob such as a manifest, or None where there is none; raises SourceError when too large."""

    def layer(self, name: str, wish: Wish) -> Layer | Known | None:
        """Return a layer, scanned or known from before, or None where there is none."""

    def here(self, name: str) -> Content | None:
        """Return a blob as it is stored, None where that is not on this machine, or not to be read twice."""

    def there(self, name: str) -> tuple[str, dict[str, str]]:
        """Return the address of a blob and the headers that open it; raises SourceError where it has none."""


class Local:
    """What blobs on this machine have in common: no address."""

    what = ""
    elsewhere = False

    def here(self, name: str) -> Content | None:  # noqa: ARG002 (of the protocol)
        """See Store.here."""
        return None

    def there(self, name: str) -> tuple[str, dict[str, str]]:
        """See Store.there."""
        raise SourceError(f"{self.what}: {clean(name, 200)} is in no registry", "Please report this.")


class FileBlob:
    """A blob that is a region of an open file."""

    def __init__(self, name: str, region: Region) -> None:
        self.name = name
        self._region = region

    def region(self) -> Region:
        """See Blob.region."""
        return self._region.part(0, self._region.size)

    def chunks(self) -> Iterator[bytes]:
        """See Blob.chunks."""
        return self._region.chunks()

    def whole(self) -> bytes:
        """Return all bytes; raises SourceError when they are too many for a manifest."""
        if self._region.size > limits.JSON:
            raise SourceError(f"{self.name} has {self._region.size:,} bytes, too many for a manifest", "Is it an image?")
        return b"".join(self.chunks())


def open_file(path: str) -> Region:
    """Open a regular file; raises SourceError, and never waits for a pipe or a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise SourceError(f"{clean(path)}: no such file", "Check the path; it is relative to the working folder.") from None
        raise SourceError(f"{clean(path)}: {error.strerror}", "Can this user read it?") from None
    file = OpenFile(descriptor)
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        raise SourceError(f"{clean(path)}: not a regular file", "For a folder in OCI layout write oci:FOLDER.")
    return Region(file, 0, facts.st_size)


class _Files(Local):
    """Blobs that are regions of open files."""

    def __init__(self) -> None:
        self._budget = Budget()

    def _blob(self, name: str) -> FileBlob | None:
        raise NotImplementedError

    def small(self, name: str) -> bytes | None:
        """See Store.small."""
        blob = self._blob(name)
        return None if blob is None else blob.whole()

    def layer(self, name: str, wish: Wish) -> Layer | Known | None:
        """See Store.layer."""
        blob = self._blob(name)
        if blob is None:
            return None

        def scan() -> Layer:
            before, known = stamps(blob.region()), identity(blob.region())
            layer = scan_layer(blob, wish.interest, self._budget)

            def identify() -> None:
                if before != stamps(blob.region()):  # what was listed may not be what was hashed
                    raise SourceError("it changed while it was read", "Is something else writing to it?")
                layer.identity = known

            layer.later.append(identify)
            return layer

        return wish.known(blob, scan, self._budget) or scan()

    def here(self, name: str) -> Content | None:
        """See Store.here."""
        blob = self._blob(name)
        return None if blob is None else blob.region()


class Folder(_Files):
    """A folder in OCI image layout."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.what = clean(path)
        self._path = path
        # What was read is what is lent, whatever has that name by then; layers keep theirs open.
        self._open: WeakValueDictionary[str, FileBlob] = WeakValueDictionary()

    def names(self) -> list[str]:
        """See Store.names: the two files that make a layout."""
        return [name for name in ("oci-layout", "index.json") if os.path.exists(os.path.join(self._path, name))]

    def _blob(self, name: str) -> FileBlob | None:
        blob, path = self._open.get(name), os.path.join(self._path, name)
        if blob is None and os.path.lexists(path):
            blob = self._open[name] = FileBlob(name, open_file(path))
        return blob


class TarFile(_Files):
    """An uncompressed tar file: its members are read where they lie."""

    def __init__(self, path: str, region: Region) -> None:
        super().__init__()
        self.what = clean(path)
        self._members: dict[str, Region] = {}
        self._links: dict[str, str] = {}
        try:
            for member in tar.members(region):
                name = normal(member.name)
                self._budget.name(len(name) + len(member.link))
                self._members.pop(name, None)  # of two members with one name the last counts
                self._links.pop(name, None)
                if member.kind == tar.FILE:
                    self._members[name] = region.part(member.offset, member.size)
                elif member.kind in (tar.SYMLINK, tar.HARD):
                    self._links[name] = _target(name, member)
        except tar.LimitReached as limit:
            raise SourceError(f"{self.what}: {limit}", "It is not an image archive.") from None

    def names(self) -> list[str]:
        """See Store.names."""
        return [*self._members, *self._links]

    def _blob(self, name: str) -> FileBlob | None:
        found = follow(name, self._members, self._links)
        return None if found is None else FileBlob(found, self._members[found])


def kept(what: str, chunks: Iterator[bytes]) -> TarFile:
    """Return an archive that comes by only once from a file without a name: it is there as long as somebody reads it."""
    import tempfile

    try:
        with tempfile.TemporaryFile(prefix="imagegate-") as file:
            for chunk in chunks:
                file.write(chunk)
                if file.tell() > limits.UNPACKED:
                    raise SourceError(f"{what}: more than {limits.UNPACKED:,} bytes", "It is not an image archive.")
            file.flush()
            size = file.tell()
            region = Region(OpenFile(os.dup(file.fileno())), 0, size)
    except OSError as error:
        raise SourceError(f"{what}: it cannot be kept: {error.strerror}", f"Make room in {tempfile.gettempdir()}.") from None
    return TarFile(what, region)


class TarStream(Local):
    """A tar archive that is compressed or comes from an engine: read once, from beginning to end.

    The manifest may come last, so every member that could be a layer is scanned as it passes.
    """

    def __init__(self, what: str, chunks: Chunks, interest: Interest, progress: Callable[[int], None] = lambda _: None) -> None:
        self.what = what
        self._chunks = chunks
        self._small: dict[str, bytes] = {}
        self._layers: dict[str, Layer | SourceError] = {}
        self._links: dict[str, str] = {}
        self._times: dict[str, int] = {}  # how often a name came: the last one counts
        self._kept = 0
        self._budget = Budget()
        self._broken: SourceError | None = None
        stream = self._open(progress)
        try:
            for member in tar.members(stream):
                name = normal(member.name)
                self._budget.name(len(name) + len(member.link))
                for kept in (self._small, self._layers, self._links):
                    kept.pop(name, None)
                if member.kind == tar.FILE:
                    self._times[name] = self._times.get(name, 0) + 1
                if member.kind in (tar.SYMLINK, tar.HARD):
                    self._links[name] = _target(name, member)
                elif member.kind == tar.FILE:
                    self._pass(name, member.size, stream, interest)
            stream.drain()
        except tar.LimitReached as limit:
            raise SourceError(f"{what}: {limit}", "It is not an image archive.") from None

    def names(self) -> list[str]:
        """See Store.names."""
        return [*self._small, *self._layers, *self._links]

    def small(self, name: str) -> bytes | None:
        """See Store.small."""
        found = follow(name, self._small, self._links)
        return None if found is None else self._small[found]

    def layer(self, name: str, wish: Wish) -> Layer | None:
        """See Store.layer."""
        if (found := follow(name, self._layers, self._links)) is not None:
            layer = self._layers[found]
            if isinstance(layer, SourceError):
                raise layer
            return layer
        found = follow(name, self._small, self._links)
        if found is None:
            return None
        return scan_stream(_Passed(self, found, self._times[found]), iter([self._small[found]]), wish.interest, self._budget)

    def _open(self, progress: Callable[[int], None] = lambda _: None) -> Stream:
        chunks = self._chunks()

        def counted() -> Iterator[bytes]:
            for chunk in chunks:
                progress(len(chunk))
                yield chunk

        def unpacked() -> Iterator[bytes]:
            arriving = counted()
            head = next(arriving, b"")
            try:
                yield from bounded(chain([head], arriving), compression(head))
            except Bomb as limit:
                self._broken = SourceError(f"{self.what}: {limit}", "It is not an image archive.")
            except SourceError as error:
                self._broken = error
            if self._broken:
                raise self._broken

        return Stream(unpacked())

    def _pass(self, name: str, size: int, stream: Stream, interest: Interest) -> None:
        document = stream.peek(1) in (b"{", b"[")
        if size <= (limits.JSON if document else limits.TINY):
            self._kept += size
            if self._kept > limits.KEPT:
                raise SourceError(f"{self.what}: too many small files for an image", "It is not an image archive.")
            self._small[name] = stream.read(size)
            return
        try:
            self._layers[name] = scan_stream(_Passed(self, name, self._times[name]), stream.take(size), interest, self._budget)
        except SourceError as error:
            if self._broken:  # not this member, but the archive itself
                raise
            self._layers[name] = error  # matters only if the manifest calls it a layer

    def again(self, name: str, time: int) -> Iterator[bytes]:
        """Yield the bytes of a member in a second pass: where the name comes repeatedly, those of the given time."""
        stream = self._open()
        for member in tar.members(stream):
            if normal(member.name) == name and member.kind == tar.FILE:
                time -= 1
                if not time:
                    yield from stream.take(member.size)
                    return
        raise SourceError(f"{self.what} changed while it was read", "Try again.")


class _Passed:
    """A blob of a stream: it can only be had by reading the stream again."""

    def __init__(self, stream: TarStream, name: str, time: int) -> None:
        self.name = name
        self._stream = stream
        self._time = time

    def region(self) -> Region | None:
        """See Blob.region."""
        return None

    def chunks(self) -> Iterator[bytes]:
        """See Blob.chunks."""
        return self._stream.again(self.name, self._time)


def _target(name: str, member: tar.Member) -> str:
    """A symbolic link is relative to its folder, a hard link to the archive."""
    if member.kind == tar.HARD or member.link.startswith("/"):
        return normal(member.link)
    return normal(os.path.join(os.path.dirname(name), member.link))


def follow(name: str, members: Container[str], links: dict[str, str]) -> str | None:
    """Return the member that a name leads to through links, or None."""
    name = normal(name)
    for _ in range(limits.LINKS):
        if name in members:
            return name
        if name not in links:
            return None
        name = links[name]
    return None
