"""Haskell packages of a GHC installation or a project, from the package databases `package.conf.d` and `package.db`.

Format: GHC user's guide, "InstalledPackageInfo: a package specification". A linked program needs none of it at
run time, and says nothing about its packages. The compiler is the package `ghc` of the ecosystem GHC.
"""

import re

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import Finds, parsed
from imagegate.model.image import Content

_FIELD = re.compile(r"(name|version|package-name):[ \t]*(?:\n[ \t]+)?([^\s]*)", re.IGNORECASE)


class Haskell:
    """See interface.FileCataloger."""

    name = "haskell"
    names: tuple[str, ...] = ()
    endings = (".conf",)
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return path.endswith(".conf") and path.split("/")[-2:-1] in (["package.conf.d"], ["package.db"])

    def look(self, path: str, content: Content) -> Sightings:  # noqa: ARG002
        """See FileCataloger.look."""
        return parsed(content, _parse, "hackage")


def _parse(text: str, finds: Finds) -> None:
    fields = {match[1].lower(): match[2] for match in map(_FIELD.match, _fields(text)) if match}
    name = fields.get("package-name") or fields.get("name")  # `name` is that of a part, where a package has several
    finds.add(name, fields.get("version"), kind="generic" if name == "ghc" else "hackage")


def _fields(text: str) -> list[str]:
    """Part the text before each line that does not begin with a blank."""
    return re.split(r"\n(?=[^\s])", text)
