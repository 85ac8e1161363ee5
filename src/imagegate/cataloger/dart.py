"""Dart packages: those in the cache that a program runs from, and those that a resolution names.

Format: dart.dev, "The pubspec file", "System cache" (`hosted/HOST/NAME-VERSION`) and the specification of
`.dart_tool/package_config.json`. A program compiled ahead of time says nothing about its packages.
"""

import re
from urllib.parse import unquote

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import Finds, parsed, read_json, rows, text_of
from imagegate.model.image import Content

_CACHED = re.compile(r"/hosted/[^/]+/([a-zA-Z_]\w*)-([0-9][^/]*?)(?:/|\Z)")
_RESOLUTION = ".dart_tool/package_config.json"


class Dart:
    """See interface.FileCataloger."""

    name = "dart"
    names = ("package_config.json", "pubspec.yaml")
    endings: tuple[str, ...] = ()
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        cached = _CACHED.search(path)
        return path.endswith(_RESOLUTION) or (cached is not None and path[cached.end() :] == "pubspec.yaml")

    def look(self, path: str, content: Content) -> Sightings:
        """See FileCataloger.look."""
        if path.endswith(_RESOLUTION):
            return parsed(content, _resolution, "pub", "locked")
        cached = _CACHED.search(path)

        def parse(text: str, finds: Finds) -> None:  # noqa: ARG001
            if cached:
                finds.add(cached[1], unquote(cached[2]))

        return parsed(content, parse, "pub")


def _resolution(text: str, finds: Finds) -> None:
    for package in rows(read_json(text), "packages", finds):
        name, root = package.get("name"), text_of(package.get("rootUri"))
        cached = _CACHED.search(root)
        if cached and cached[1] == name:
            finds.add(name, unquote(cached[2]))
        elif "/git/" in root or not root:  # others are folders of the application, or of Flutter
            finds.lost(f"{name}: it has no version")
