"""What layers hold, kept between runs, so that a base image is read once per machine.

A layer is kept under its diff id, and only after that was computed from its bytes; a blob digest leads there only
after both were. An open file counts as verified while device, inode, size, mtime and ctime are what they were.
Everything is written under another name and moved, so that parallel and killed runs leave whole files; every file
carries a checksum, and one that is damaged counts as not there. Whoever may write here decides what is seen.
"""

import json
import os
import stat
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import starmap
from typing import NamedTuple

from imagegate.errors import SourceError
from imagegate.model.image import Interest
from imagegate.source import limits, tar
from imagegate.source.layer import Blob, Budget, Entry, Layer
from imagegate.source.stream import Region
from imagegate.text import clean

_FORM = "2"
_LARGEST = 1 << 30  # bytes of all layers together
_FACTS = 20_000  # small files; beyond that the oldest half goes
_TICK = 50_000_000  # nanoseconds: a file changed so shortly ago could change again without a trace
_CHARACTERS = {tar.FILE: "f", tar.HARD: "h", tar.SYMLINK: "s", tar.FOLDER: "d", tar.SPARSE: "p", tar.DEVICE: "v"}
_KINDS = {character: kind for kind, character in _CHARACTERS.items()}


class Cache:
    """A folder of layers and facts; `folder` None keeps nothing and knows nothing."""

    def __init__(self, folder: str | None, interest: Interest, say: Callable[[str], None] = lambda _: None) -> None:
        self._folder = _prepared(folder, say) if folder else None
        numbers = sorted((name, value) for name, value in vars(limits).items() if isinstance(value, int))
        self._version = _digest(f"{_FORM} {interest.version} {numbers}") if self._folder else ""

    def layer(self, diff_id: str, blob: Blob, budget: Budget) -> Layer | None:
        """Return the layer of this diff id as it was read, None where it is not known; the bytes are not verified here."""
        data = self._read("layers", f"{self._version} {diff_id}")
        if data is None:
            return None
        try:
            return _restored(data, diff_id, blob, budget)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            return None

    def holds(self, diff_id: str) -> bool:
        """Return whether the layer is known, and not damaged."""
        return self._sound("layers", f"{self._version} {diff_id}") is not None

    def prepare(self, layer: Layer) -> None:
        """Do what `keep` needs of a layer before its digests are known: another core computes them meanwhile."""
        if self._wants(layer):
            layer.packed = _compressed(_stored(layer))

    def _wants(self, layer: Layer) -> bool:
        return self._folder is not None and not (layer.problem or layer.partial or layer.restored)

    def keep(self, layer: Layer) -> None:
        """Keep a layer whose digest and diff id were computed from its bytes."""
        if not self._wants(layer) or not layer.diff_id:
            return
        self.remember(f"blob {layer.digest}", layer.diff_id)
        if layer.identity:
            self.remember(layer.identity, layer.digest)
        if not self.holds(layer.diff_id):
            self._write("layers", f"{self._version} {layer.diff_id}", layer.packed or _compressed(_stored(layer)))
            self._tidy()

    def made(self, key: str) -> bytes | None:
        """Return what was made of layers by the same version."""
        return self._read("layers", f"{self._version} {key}")

    def make(self, key: str, data: bytes) -> None:
        """Keep what was made of layers."""
        if self._folder is not None:
            self._write("layers", f"{self._version} {key}", _compressed(data))
            self._tidy()

    def fact(self, key: str) -> str:
        """Return what was remembered, "" where nothing was."""
        data = self._read("facts", key)
        return "" if data is None else data.decode("utf-8", "replace")

    def remember(self, key: str, value: str) -> None:
        """Remember a short text."""
        if self._folder is not None and self.fact(key) != value:
            self._write("facts", key, _compressed(value.encode("utf-8", "replace")))
            if _digest(key).startswith("00"):  # now and then, since a run may only add facts
                self._tidy()

    def _path(self, kind: str, key: str) -> str:
        return os.path.join(self._folder or "", kind, _digest(key))

    def _read(self, kind: str, key: str) -> bytes | None:
        body = self._sound(kind, key)
        return None if body is None else _unpacked(body)

    def _sound(self, kind: str, key: str) -> bytes | None:
        """Return a file without its checksum; one that is damaged makes room for a new one."""
        if self._folder is None:
            return None
        path = self._path(kind, key)
        try:
            with open(path, "rb") as file:
                data = file.read()
            os.utime(path)  # the oldest go first
        except OSError:
            return None
        if _checksum(data[4:], key) == data[:4]:
            return data[4:]
        with suppress(OSError):
            os.unlink(path)
        return None

    def _write(self, kind: str, key: str, body: bytes) -> None:
        import tempfile

        path = self._path(kind, key)
        with suppress(OSError):  # a full disk costs the next run its time, and nothing else
            number, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".new-")
            try:
                with open(number, "wb") as file:
                    file.write(_checksum(body, key) + body)
                os.replace(temporary, path)
            except OSError:
                os.unlink(temporary)
                raise

    def _tidy(self) -> None:
        """Remove what was not used for longest, until the rest fits; also what killed runs left."""
        with suppress(OSError):
            for kind, largest, most in (("layers", _LARGEST, 1 << 30), ("facts", 1 << 40, _FACTS)):
                folder = os.path.join(self._folder or "", kind)
                facts = []
                for entry in os.scandir(folder):
                    with suppress(FileNotFoundError):
                        found = entry.stat(follow_symlinks=False)
                        stale = entry.name.startswith(".new-") and time.time() - found.st_mtime > 3600
                        facts.append((0.0 if stale else found.st_mtime, found.st_size, entry.path))
                facts.sort()
                total, count = sum(size for _, size, _ in facts), len(facts)
                for moment, size, path in facts:
                    if moment and total <= largest and count <= most:
                        break
                    with suppress(FileNotFoundError):
                        os.unlink(path)
                    total, count = total - size, count - (1 if count <= most else 2)


def identity(region: Region | None) -> str:
    """Return what an open file's content is known by, "" for one that changed so shortly ago that it may change unseen."""
    known = stamps(region)
    if region is None or time.time_ns() - max(known[3:5]) < _TICK:
        return ""
    return "file " + " ".join(map(str, (*known, region.start, region.size)))


def stamps(region: Region | None) -> tuple[int, ...]:
    """Return device, inode, size, mtime and ctime of an open file, in bytes and nanoseconds; () without one."""
    if region is None:
        return ()
    facts = os.fstat(region.file.number)
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _prepared(folder: str, say: Callable[[str], None]) -> str | None:
    """Make the folder, for this user alone; return None where it cannot be used."""
    try:
        for path in (folder, *(os.path.join(folder, kind) for kind in ("layers", "facts"))):
            os.makedirs(path, mode=0o700, exist_ok=True)
            facts = os.stat(path)
            if facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o022:
                say(f"warning: {clean(path, 300)} is not used as a cache: it is not this user's alone")
                return None
            if path != folder and stat.S_IMODE(facts.st_mode) != 0o700:  # the folder itself may be the user's for more
                os.chmod(path, 0o700)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        say(f"warning: {clean(folder, 300)} cannot be used as a cache: {reason}")
        return None
    return folder


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _compressed(data: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=1).compress(data)


def _checksum(body: bytes, key: str) -> bytes:
    return zlib.crc32(body, zlib.crc32(key.encode("utf-8", "surrogatepass"))).to_bytes(4, "big")


def _unpacked(body: bytes) -> bytes | None:
    import zstandard

    try:
        return zstandard.ZstdDecompressor().decompress(body, max_output_size=_LARGEST)
    except (zstandard.ZstdError, MemoryError):
        return None


def _stored(layer: Layer) -> bytes:
    """Return the layer as JSON, its length before it, and the kept contents and notes behind it."""
    entries = [entry for _, entry in layer.order]
    plain = [(path, entry) for path, entry in layer.order if not path.rpartition("/")[2].startswith(".wh.")]
    blobs = (*layer.captured.values(), *layer.notes.values())
    facts = {
        "paths": "\0".join(path for path, _ in layer.order),
        "kinds": "".join(_CHARACTERS[entry.kind] for entry in entries),
        "links": "\0".join(entry.link for entry in entries),
        "sizes": [entry.size for entry in entries],
        "offsets": [entry.offset for entry in entries],
        "captured": [(offset, len(data)) for offset, data in layer.captured.items()],
        "notes": [(offset, path, len(data)) for (offset, path), data in layer.notes.items()],
        # Where nothing came twice and nothing replaced something else, it need not be put together again.
        "sets": {name: sorted(getattr(layer, name)) for name in _SETS} if plain == list(layer.entries.items()) else None,
        "indirect": layer.indirect,
        "leads": layer.leads,
        "size": layer.size,
    }
    head = json.dumps(facts, separators=(",", ":")).encode()
    return b"".join((len(head).to_bytes(8, "big"), head, *blobs))


_SETS = ("folders", "hollow", "unnamed", "whiteouts", "opaque")


def _restored(data: bytes, diff_id: str, blob: Blob, budget: Budget) -> Layer:
    end = 8 + int.from_bytes(data[:8], "big")
    facts = json.loads(data[8:end])
    layer = Layer(blob, budget)
    layer.restored = True
    layer.diff_id = diff_id
    paths = facts["paths"].split("\0") if facts["sizes"] else []
    links = facts["links"].split("\0") if facts["sizes"] else []
    kinds = [_KINDS[character] for character in facts["kinds"]]
    rows = zip(kinds, facts["sizes"], links, facts["offsets"], strict=True)
    layer.order = list(zip(paths, starmap(Entry, rows), strict=True))
    budget.name(len(facts["paths"]) + len(facts["links"]), len(paths))
    for offset, size in facts["captured"]:
        layer.captured[offset] = data[end : end + size]
        end += size
    for offset, path, size in facts["notes"]:
        layer.notes[offset, path] = data[end : end + size]
        end += size
    budget.note(sum(size for *_, size in facts["notes"]))
    if facts["sets"] is None:
        for path, entry in layer.order:
            layer.put(path, entry)
    else:
        whiteouts = facts["sets"]["whiteouts"] or facts["sets"]["opaque"]
        layer.entries = dict(
            [pair for pair in layer.order if not pair[0].rpartition("/")[2].startswith(".wh.")] if whiteouts else layer.order
        )
        for name in _SETS:
            setattr(layer, name, set(facts["sets"][name]))
    layer.indirect, layer.leads = facts["indirect"], facts["leads"]
    return layer


@dataclass(frozen=True, slots=True)
class Wish:
    """A layer as manifest and configuration promise it; `digest` is "" where its name does not say it."""

    digest: str
    diff_id: str
    size: int | None
    interest: Interest
    cache: Cache

    def known(self, blob: Blob, scan: Callable[[], Layer], budget: Budget) -> "Known | None":
        """Return the layer where it was read before, and its bytes are or now were verified; None where it must be read.

        Bytes that do not lie here, those of a registry, need not be fetched: they could only be the same. `scan` reads
        the layer after all, where the cache turns out to have lost it.
        """
        expected = self.digest or self.diff_id
        if not self.cache.holds(self.diff_id) or self.cache.fact(f"blob {expected}") != self.diff_id:
            return None
        region = blob.region()
        if region is not None and not _is_verified(self.cache, region, expected):
            return None
        size = region.size if region is not None else self.size or 0

        def load() -> Layer:
            try:
                if (layer := self.cache.layer(self.diff_id, blob, budget)) is not None:
                    return layer
            except tar.LimitReached as limit:
                raise SourceError(str(limit), "No tool builds such an image.") from None
            layer = scan()
            layer.settle()
            if layer.problem or (layer.digest, layer.diff_id) != (expected, self.diff_id):
                raise SourceError("it changed while it was read, or was not read as a whole", "Try again.")
            self.cache.keep(layer)
            return layer

        return Known(expected, self.diff_id, size, load)


class Known(NamedTuple):
    """A layer that was read before; what it holds is only loaded where somebody asks."""

    digest: str
    diff_id: str
    size: int
    load: Callable[[], Layer]
    problem: str = ""


class Memory:
    """What was made of the layers of one image together; implements model.image.Memory."""

    def __init__(self, cache: Cache, diff_ids: list[str]) -> None:
        self._cache = cache
        self._key = f"image {' '.join(diff_ids)}"
        self._confirmed = False
        self._waiting: dict[str, bytes] = {}

    def recall(self, what: str = "") -> bytes | None:
        """See model.image.Memory.recall."""
        return self._cache.made(f"{what}{self._key}")

    def remember(self, data: bytes, what: str = "") -> None:
        """See model.image.Memory.remember."""
        if self._confirmed:
            self._cache.make(f"{what}{self._key}", data)
        else:
            self._waiting[what] = data

    def confirm(self) -> None:
        """Keep what was remembered, now that the layers are known to be those that were promised."""
        self._confirmed = True
        for what, data in self._waiting.items():
            self.remember(data, what)


def _is_verified(cache: Cache, region: Region, expected: str) -> bool:
    known = identity(region)
    if known and cache.fact(known) == expected:
        return True
    hashed = sha256(usedforsecurity=False)
    for piece in region.views():
        hashed.update(piece)
    found = "sha256:" + hashed.hexdigest()
    if known and known == identity(region):
        cache.remember(known, found)
    return found == expected
