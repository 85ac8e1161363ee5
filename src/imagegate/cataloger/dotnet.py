"""NuGet packages of a .NET application, from the `*.deps.json` beside its program.

Format: dotnet/sdk, documentation/specs/runtime-configuration-file.md. A shared framework is told by its own file
in `shared/NAME/VERSION/`; advisories call it by the package that carries it, `NAME.Runtime.RID`. NuGet compares
names without case; they are given as they are written.
"""

import re

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import Finds, entries, member, parsed, read_json, text_of
from imagegate.model.image import Content

_FRAMEWORK = re.compile(r"(?:^|/)shared/([^/]+)/([^/]+)/\1\.deps\.json\Z")
_RUNTIME_PACK = "runtimepack."  # before the name of the package that a self-contained application carries


class DotNet:
    """See interface.FileCataloger."""

    name = "dotnet"
    names: tuple[str, ...] = ()
    endings = (".json",)
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return path.endswith(".deps.json")

    def look(self, path: str, content: Content) -> Sightings:
        """See FileCataloger.look."""

        def parse(text: str, finds: Finds) -> None:
            document = read_json(text)
            framework = _FRAMEWORK.search(path)
            if framework:
                target = text_of(member(document, "runtimeTarget").get("name"))
                finds.add(f"{framework[1]}.Runtime.{target.partition('/')[2] or 'linux-x64'}", framework[2])
            if "libraries" not in document:
                finds.lost("it has no list of libraries")
            _libraries(document, finds, framework[1] if framework else "")

        return parsed(content, parse, "nuget")


def _libraries(document: dict[str, object], finds: Finds, framework: str) -> None:
    for key, library in entries(document, "libraries", finds):
        name, _, version = key.partition("/")
        kind = text_of(library.get("type")).lower()
        if kind in ("project", "reference", "referenceassembly", "msbuildproject"):
            continue  # built here, or a file that no package brought
        name = name.removeprefix(_RUNTIME_PACK)
        if framework and name.lower().startswith(f"{framework.lower()}.runtime."):
            continue  # the framework itself, which its folder has told
        finds.add(name, version)
