"""PHP packages: what Composer has installed, `vendor/composer/installed.json`, those for development too.

Format: Composer, src/Composer/Repository/FilesystemRepository.php: a list of packages (Composer 1), or
`{"packages": [...]}` (Composer 2). Versions stay as they are written: OSV lists them with their `v`.
"""

import re

from imagegate.cataloger.documents import document, note, several
from imagegate.cataloger.interface import Sightings
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
        found = Sightings()
        held = document(content, found)
        packages = held.get("packages") if isinstance(held, dict) else held
        if not isinstance(packages, list):
            if not found.problems:
                found.unreadable("holds no list of packages")
            return found
        for package in several(packages, found):
            fields = package if isinstance(package, dict) else {}
            name = fields.get("name")
            note(found, "composer", _NAME, name.lower() if isinstance(name, str) else name, fields.get("version"))
        return found
