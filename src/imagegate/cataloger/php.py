"""PHP packages: what Composer has installed, `vendor/composer/installed.json`, those for development too.

Format: Composer, src/Composer/Repository/FilesystemRepository.php: a list of packages (Composer 1), or
`{"packages": [...]}` (Composer 2). Versions stay as they are written: OSV lists them with their `v`.
"""

import re

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import PRINTED, Finds, Unreadable, parsed, read_value, rows, text_of
from imagegate.model.image import Content

_NAME = re.compile(r"[a-z0-9_.-]{1,128}/[a-z0-9_.-]{1,128}\Z")


class Php:
    """See interface.FileCataloger."""

    name = "php"
    names = ("installed.json",)
    endings = ()
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return ("/" + path).endswith("/composer/installed.json")  # the folder `vendor` can be called otherwise

    def look(self, path: str, content: Content) -> Sightings:  # noqa: ARG002
        """See FileCataloger.look."""
        return parsed(content, _packages, "composer", names=_NAME, versions=PRINTED)


def _packages(text: str, finds: Finds) -> None:
    held = read_value(text)
    packages = held.get("packages") if isinstance(held, dict) else held
    if not isinstance(packages, list):
        raise Unreadable("it holds no list of packages")
    for package in rows({"packages": packages}, "packages", finds):
        finds.path(text_of(package.get("name")).lower(), package.get("version"))
