"""The image's file system as it is after each layer, without building it.

A path is looked up from the top layer down, one component at a time, so that links, whiteouts and opaque folders
take effect as they would in the running container (OCI image specification, layer.md; path_resolution(7)).
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from imagegate.errors import SourceError
from imagegate.model.image import LOOK, File, Interest
from imagegate.source import limits, tar
from imagegate.source.cache import Known
from imagegate.source.layer import Again, Entry, Layer, is_lead

_LINKS = (tar.SYMLINK, tar.HARD)


class _Place(NamedTuple):
    """What stands at a path: `entry` is None for a folder.

    `floor` is the lowest layer that may still show something inside it.
    """

    entry: Entry | None
    path: str
    layer: int
    floor: int


class Tree:
    """Implements `model.image.Files` over a stack of layers, the base first."""

    def __init__(self, layers: Sequence[Layer | Known], interest: Interest) -> None:
        self._interest = interest
        self._steps = limits.STEPS  # that look-ups may take behind links, all together
        self._looked: dict[tuple[str, int], tuple[Entry, set[str]]] | None = None
        self._stack = layers
        self._layers: list[Layer] = []
        if any(isinstance(layer, Layer) for layer in layers):
            self._place()

    @property
    def depth(self) -> int:
        """See Files.depth."""
        return len(self._stack)

    def _ready(self) -> None:
        """Load what is known from before, now that somebody asks."""
        if not self._layers and self._stack:
            self._place()

    def _place(self) -> None:
        """Put the layers upon each other; raises SourceError."""
        links: set[str] = set()
        for number, known in enumerate(self._stack):
            layer = known.load() if isinstance(known, Known) else known
            if layer.indirect or not links.isdisjoint(layer.unnamed):
                try:
                    self._extract(layer)
                except tar.LimitReached as limit:
                    raise SourceError(f"layer {number}: {limit}", "No tool builds such an image.") from None
            else:
                self._layers.append(layer)
            links |= {path for path, entry in self._layers[-1].entries.items() if entry.kind in _LINKS}

    def find(self, path: str, upto: int) -> File | None:
        """See Files.find."""
        self._ready()
        place = self._resolve(path, upto)
        if place is None or place.entry is None or place.entry.kind != tar.FILE:
            return None
        return File(place.path, place.layer, place.entry.size)

    def exists(self, path: str, upto: int) -> bool:
        """See Files.exists."""
        self._ready()
        parent, _, base = path.rpartition("/")
        folder = self._resolve(parent, upto)
        if folder is None or folder.entry is not None:
            return False
        return self._topmost(_join(folder.path, base), upto, folder.floor) is not None

    def children(self, folder: str, upto: int) -> Iterator[str]:
        """See Files.children."""
        self._ready()
        place = self._resolve(folder, upto)
        if place is None or place.entry is not None:
            return
        inside = place.path + "/" if place.path else ""
        names: set[str] = set()
        for layer in self._layers[place.floor : upto + 1]:
            if place.path in layer.folders or place.path in layer.hollow:
                for paths in (layer.entries, layer.folders, layer.hollow):
                    names |= {path[len(inside) :] for path in paths if path.startswith(inside) and "/" not in path[len(inside) :]}
        for name in sorted(names - {""}):
            child = inside + name
            if self._topmost(child, upto, place.floor) is not None:
                yield child

    def read(self, file: File) -> bytes:
        """See Files.read."""
        self._ready()
        return self._layers[file.layer].read(file.path)

    def looked(self) -> Iterator[tuple[File, bytes]]:
        """See Files.looked."""
        found = self.catch_up()
        # Of a file with several names, as in the stores of pnpm, those count by which it is a package.
        named = {(layer, entry.offset) for (_, layer), (entry, roles) in found.items() if roles - {""}}
        for (path, layer), (entry, roles) in sorted(found.items()):
            if roles - {""} or (layer, entry.offset) not in named:
                notes = self._layers[layer].notes
                for role in sorted({*roles, ""}):
                    if (entry.offset, role) in notes:
                        yield File(path, layer, entry.size), notes[entry.offset, role]

    def catch_up(self) -> dict[tuple[str, int], tuple[Entry, set[str]]]:
        """Look at what has a name of interest only now that the layers lie upon each other; raises SourceError.

        Returns all that was looked at and is there in the finished image, by path and layer, with the names that told how.
        """
        self._ready()
        if self._looked is not None:
            return self._looked
        found: dict[tuple[str, int], tuple[Entry, set[str]]] = {}
        missing: dict[int, Again] = {}
        for path in chain(self._interesting(), self._behind_links()):
            place = self._resolve(path, self.depth - 1)
            if place is None or place.entry is None:
                continue
            entry, kind = place.entry, self._interest.kind(path)
            # A link is only looked through where the file's own name does not say the same.
            role = path if kind and kind != self._interest.kind(place.path) else place.path if kind else ""
            if (entry.offset, role) not in self._layers[place.layer].notes:
                if entry.kind != tar.FILE or not role:
                    continue
                paths = missing.setdefault(place.layer, {}).setdefault(entry.offset, (entry, []))[1]
                paths += [] if role in paths else [role]
            found.setdefault((place.path, place.layer), (entry, set()))[1].add(role)
        for layer, files in missing.items():
            self._layers[layer].look_at(files, self._interest)
        self._looked = found
        return found

    def _interesting(self) -> Iterator[str]:
        """Yield what was looked at, and the links that may lead to something that was not, because of its name."""
        for layer in self._layers:
            yield from self._leads(layer)
            offsets = {offset for offset, _ in layer.notes}
            yield from (path for path, entry in layer.entries.items() if entry.offset in offsets)

    def _leads(self, layer: Layer) -> list[str]:
        if layer.leads is not None:
            return layer.leads
        return [path for path, entry in layer.entries.items() if entry.kind in _LINKS and is_lead(path, self._interest)]

    def _behind_links(self) -> Iterator[str]:
        """Yield what lies in folders that are only of interest under the name of a link: `node_modules/x` to `opt/x`."""
        waiting = [link for layer in self._layers for link in self._leads(layer) if self._interest.of(link + "/") == LOOK]
        names: dict[str, set[str]] = {}
        seen: set[tuple[str, str]] = set()
        steps = 0
        for link in waiting:
            place = self._resolve(link, self.depth - 1)
            if place is None or place.entry is not None or self._interest.of(place.path + "/") == LOOK:
                continue
            if (place.path, last := link.rpartition("/")[2]) in seen:
                continue
            seen.add((place.path, last))
            names = names or self._names()
            for name in sorted(names.get(place.path, ())):
                steps += 1
                if steps > limits.STEPS:
                    raise SourceError("too many files lie behind links", "No tool builds such an image.")
                inside = f"{link}/{name}"
                if self._interest.of(inside) == LOOK:
                    yield inside
                elif self._interest.of(inside + "/") == LOOK:
                    waiting.append(inside)

    def _names(self) -> dict[str, set[str]]:
        """Return what any layer has in each folder."""
        names: dict[str, set[str]] = {}
        for layer in self._layers:
            for path in chain(layer.entries, layer.folders):
                parent, _, base = path.rpartition("/")
                names.setdefault(parent, set()).add(base)
        return names

    def _extract(self, layer: Layer) -> None:
        """Add a layer that writes through links (`lib/x` where `lib` is one), entry by entry as an engine extracts it."""
        placed = layer.again()
        self._layers.append(placed)
        top = len(self._layers) - 1
        real: dict[str, str] = {}
        steps = 0
        for path, entry in layer.order:
            parent, _, base = path.rpartition("/")
            if parent not in real:
                steps += (parent.count("/") + 1) * (top + 1)
                if steps > limits.STEPS:
                    raise tar.LimitReached("too much is written through links")
                folder = self._resolve(parent, top, create=True)
                real[parent] = parent if folder is None else folder.path
            placed.put(_join(real[parent], base), self._made(entry, top) if entry.kind == tar.HARD else entry)
            if entry.kind != tar.FILE or path in real or base.startswith(".wh."):
                real.clear()

    def _made(self, entry: Entry, top: int) -> Entry:
        """Return a hard link of the top layer so that it leads there without the links of its own layer."""
        target = self._resolve(entry.link, top, last=False)
        if target is None or target.entry is None or target == self._resolve(entry.link, top - 1, last=False):
            return entry
        return target.entry if target.layer == top else entry._replace(link=target.path)

    def _resolve(self, path: str, upto: int, *, create: bool = False, last: bool = True) -> _Place | None:
        """Follow every symbolic link; None where something is missing, is not a folder, or turns in circles.

        With `create`, what is missing counts as a folder made on the spot; without `last`, a link at the end stays.
        """
        waiting = [part for part in reversed(path.split("/")) if part]
        trail = [_Place(None, "", 0, 0)]
        links = 0
        while waiting:
            part = waiting.pop()
            folder = trail[-1]
            if links and not create:
                self._step(upto + 1 - folder.floor)
            if folder.entry is not None and not create:
                return None
            if part == ".":
                continue
            if part == "..":
                trail[1:] = trail[1:-1]
                continue
            inner = _join(folder.path, part)
            place = self._topmost(inner, upto, folder.floor)
            if place is not None and place.entry is not None and place.entry.kind == tar.HARD:
                place = self._linked(place)
            if place is None:
                if not create:
                    return None
                place = _Place(None, inner, upto, upto)
            if place.entry is not None and place.entry.kind == tar.SYMLINK and (last or waiting):
                links += 1
                if links > limits.LINKS:
                    return None
                if place.entry.link.startswith("/"):
                    trail = trail[:1]
                waiting += [step for step in reversed(place.entry.link.split("/")) if step]
                continue
            trail.append(place)
        return trail[-1]

    def _step(self, layers: int) -> None:
        """Bound what chains of links cost, each to thousands of folders, behind a hundred thousand names."""
        self._steps -= layers
        if self._steps < 0:
            raise SourceError("too much is looked up through links", "No tool builds such an image.")

    def _linked(self, place: _Place) -> _Place:
        """Return what a hard link names: something of the layers below, as its own layer is searched by `Layer.scan`."""
        entry = place.entry
        target = self._resolve(entry.link, place.layer - 1, last=False) if entry is not None and place.layer else None
        return place if target is None or target.entry is None else target

    def _topmost(self, path: str, upto: int, floor: int) -> _Place | None:
        """Return what the layers from `upto` down to `floor` say of a path whose parents hold no link."""
        folder: _Place | None = None
        hollow: _Place | None = None  # a folder that is there only if nothing else is
        parent = path.rpartition("/")[0]
        for index in range(upto, floor - 1, -1):
            layer = self._layers[index]
            entry = layer.entries.get(path)
            if entry is not None and entry.kind != tar.FOLDER:
                return (
                    _Place(entry, path, index, floor) if folder is None else folder._replace(floor=max(index + 1, folder.floor))
                )
            if folder is None and path in layer.folders:
                folder = hollow or _Place(None, path, index, floor)
            elif folder is None and path in layer.hollow:
                hollow = hollow or _Place(None, path, index, floor)
            if folder is not None and path in layer.opaque:
                return folder._replace(floor=max(index, folder.floor))
            if hollow is not None and path in layer.opaque:
                hollow = hollow._replace(floor=max(index, hollow.floor))
            if path in layer.whiteouts or parent in layer.opaque:
                folder = folder or hollow
                return folder and folder._replace(floor=max(index, folder.floor))
        return folder or hollow


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
