"""The image's file system as it is after each layer, without building it.

A path is looked up from the top layer down, one component at a time, so that links, whiteouts and opaque folders
take effect as they would in the running container (OCI image specification, layer.md; path_resolution(7)).
"""

from collections.abc import Iterator
from typing import NamedTuple

from imagegate.model.image import File
from imagegate.source import limits, tar
from imagegate.source.layer import Entry, Layer


class _Place(NamedTuple):
    """What stands at a path: `entry` is None for a folder, `layer` is where it comes from, `floor` the lowest layer
    that may still show something inside it."""

    entry: Entry | None
    path: str
    layer: int
    floor: int


class Tree:
    """Implements `model.image.Files` over a stack of layers, the base first."""

    def __init__(self, layers: list[Layer]) -> None:
        self._layers = layers

    @property
    def depth(self) -> int:
        """See Files.depth."""
        return len(self._layers)

    def find(self, path: str, upto: int) -> File | None:
        """See Files.find."""
        place = self._resolve(path, upto)
        seen = 0
        while place is not None and place.entry is not None and place.entry.kind == tar.HARD and not place.entry.size:
            seen += 1
            if seen > limits.LINKS:
                return None
            # A hard link names what was there when its layer was made, whatever happened to that name since.
            place = self._resolve(place.entry.link, place.layer)
        if place is None or place.entry is None or place.entry.kind not in (tar.FILE, tar.HARD):
            return None
        return File(place.path, place.layer, place.entry.size)

    def exists(self, path: str, upto: int) -> bool:
        """See Files.exists."""
        parent, _, base = path.rpartition("/")
        folder = self._resolve(parent, upto)
        if folder is None or folder.entry is not None:
            return False
        return self._topmost(f"{folder.path}/{base}".lstrip("/"), upto, folder.floor) is not None

    def children(self, folder: str, upto: int) -> Iterator[str]:
        """See Files.children."""
        place = self._resolve(folder, upto)
        if place is None or place.entry is not None:
            return
        names: set[str] = set()
        for spelling in {folder, place.path}:
            inside = spelling + "/"
            for layer in self._layers[place.floor : upto + 1]:
                if spelling in layer.folders:
                    names |= {
                        path[len(inside) :]
                        for path in layer.entries
                        if path.startswith(inside) and "/" not in path[len(inside) :]
                    }
        for name in sorted(names):
            child = f"{place.path}/{name}"
            if self._resolve(child, upto) is not None:
                yield child

    def read(self, file: File) -> bytes:
        """See Files.read."""
        return self._layers[file.layer].read(file.path)

    def _resolve(self, path: str, upto: int) -> _Place | None:
        """Follow every symbolic link; None where something is missing, is not a folder, or turns in circles."""
        waiting = [part for part in reversed(path.split("/")) if part]
        trail = [_Place(None, "", 0, 0)]
        links = 0
        through: _Place | None = None  # a file that a later layer wrote through a linked folder, under its other name
        while waiting:
            part = waiting.pop()
            if part == ".":
                continue
            if part == "..":
                trail[1:] = trail[1:-1]
                continue
            folder = trail[-1]
            if folder.entry is not None:
                return through
            place = self._topmost(f"{folder.path}/{part}" if folder.path else part, upto, folder.floor)
            if place is None:
                return through
            if place.entry is not None and place.entry.kind == tar.SYMLINK:
                links += 1
                if links > limits.LINKS:
                    return through
                if waiting and through is None:
                    through = self._topmost("/".join([place.path, *reversed(waiting)]), upto, place.layer + 1)
                if place.entry.link.startswith("/"):
                    trail = trail[:1]
                waiting += [step for step in reversed(place.entry.link.split("/")) if step]
                continue
            trail.append(place)
        found = trail[-1]
        return through if through is not None and through.entry and through.layer > found.layer else found

    def _topmost(self, path: str, upto: int, floor: int) -> _Place | None:
        """What the layers from `upto` down to `floor` say of a path whose parents hold no link.

        A folder that a layer only implies (a tool wrote `lib/x` without `lib`) does not replace a link of that name
        below it: container engines extract the file through the link.
        """
        folder: _Place | None = None
        named = False
        parent = path.rpartition("/")[0]
        for index in range(upto, floor - 1, -1):
            layer = self._layers[index]
            entry = layer.entries.get(path)
            if entry is not None and entry.kind != tar.FOLDER:
                if folder is None or (entry.kind == tar.SYMLINK and not named):
                    return _Place(entry, path, index, floor)
                return folder._replace(floor=index + 1)
            if path in layer.folders:
                folder = folder or _Place(None, path, index, floor)
                named = named or entry is not None
            if path in layer.opaque or path in layer.whiteouts or parent in layer.opaque:
                return folder and folder._replace(floor=index)
        return folder
