"""Node packages: what npm, Yarn and pnpm have installed below `node_modules`, and what Yarn's Plug'n'Play loads.

Formats: npm documentation, "folders" and "package.json"; pnpm documentation, "Symlinked node_modules structure" (the
real folders lie in `node_modules/.pnpm`, those of npm's linked strategy and of Yarn's pnpm linker in `.store`); Yarn
documentation, "Plug'n'Play", whose specification describes `packageRegistryData`. The zips of Yarn's cache are not
read: what `.pnp.cjs` names is installed, the rest is only a cache.
"""

import re
from collections.abc import Iterator
from functools import partial

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import PRINTED, Finds, Unreadable, parsed, read_json, read_value
from imagegate.model.image import Content

_INSTALLED = re.compile(
    r"(?:\A|/)(?:(?:node_modules|usr/share/nodejs)/(?:(?:@[^/]+/)?[^/@.][^/]*|\.store/[^/]+/package)|yarn-v\d[\w.]*)"
    r"/package\.json\Z"
)  # Debian has its packages below `usr/share/nodejs`, the images of Node a Yarn below `opt`
_PLACE = re.compile(r"(?:(?:@[^/]+/)?[^/@.][^/]*|\.[\w-]+/(?:@[^/]+/)?[^/]+(?:/package)?)\Z")  # directly below `node_modules`
_NAME = re.compile(r"(?:@[A-Za-z0-9~!'()*._-]+/)?[A-Za-z0-9~!'()*_-][A-Za-z0-9~!'()*._-]{0,213}\Z")
_PNP = (".pnp.cjs", ".pnp.js", ".pnp.data.json")
_STATE = re.compile(r"(?:RAW_RUNTIME_STATE\s*=\s*|hydrateRuntimeState\(\s*(?:JSON\.parse\(\s*)?)('?)(?=\{)")
_LOCAL = ("workspace:", "link:", "portal:")  # the application's own
_LOST = "a loader of Yarn whose packages cannot be found"
_LONGEST = 4 << 20  # bytes of a package.json: the largest on the registry have less than one


class Node:
    """See interface.FileCataloger."""

    name = "node"
    names = ("package.json", *_PNP)
    endings = ()
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return path.endswith(_PNP) or _INSTALLED.search(path) is not None

    def look(self, path: str, content: Content) -> Sightings:
        """See FileCataloger.look."""
        if path.endswith(_PNP):
            return parsed(content, _plug_and_play, "npm", names=_NAME, versions=PRINTED)
        parse = partial(_package, direct=_is_direct(path))
        return parsed(content, parse, "npm", names=_NAME, versions=PRINTED, longest=_LONGEST)


def _package(text: str, finds: Finds, *, direct: bool) -> None:
    fields = read_json(text)
    name, version = fields.get("name"), fields.get("version")
    if not name or not version:
        # npm refuses to publish those, so no advisory can mean them; others were published with both.
        if fields.get("private") is True:
            return finds.doubtful("a private package without a name or version")
        if not direct:
            return finds.doubtful("a package inside another one, without a name or version")
    return _note(finds, name, version)


def _is_direct(path: str) -> bool:
    """Return whether every package on the way is directly in the `node_modules` of the one before it."""
    plain = ("/" + path).removesuffix("/package.json").replace("/usr/share/nodejs/", "/node_modules/", 1)
    folders = plain.partition("/node_modules/")[2]
    return all(_PLACE.match(folder) for folder in folders.split("/node_modules/"))


def _note(finds: Finds, name: object, version: object) -> None:
    finds.npm(name, version.strip().lstrip("v=").strip() if isinstance(version, str) else version)  # as npm takes it


def _plug_and_play(text: str, finds: Finds) -> None:
    """Note what Yarn's loader knows; its file is JSON, or a script with that JSON in a string or as an object."""
    written = text.lstrip()
    if not written.startswith("{"):
        state = _STATE.search(written)
        if state is None:
            if ".pnp.data.json" not in written:  # where it is read from
                raise Unreadable(_LOST)
            return
        written = written[state.end() :]
        if state[1]:
            written = re.sub(r"\\(.)", r"\1", written, flags=re.DOTALL)
    data = read_value(written, whole=False)
    registry = data.get("packageRegistryData") if isinstance(data, dict) else None
    if not isinstance(registry, list):
        raise Unreadable(_LOST)
    for name, reference in _references(registry):
        if not isinstance(name, str) or not isinstance(reference, str):
            finds.lost("an entry of Yarn's loader that cannot be read")
            continue
        source = reference.partition("#")[2] if reference.startswith("virtual:") else reference
        if not source.startswith(_LOCAL):
            _note(finds, name, _version(source))


def _version(source: str) -> str:
    """Return the version that a reference tells, "" where it tells none, as that of a git repository."""
    if source.startswith("npm:"):
        return source.removeprefix("npm:").partition("::")[0]
    bound = source.rpartition("::")[2].split("&") if source.startswith("patch:") else ()
    return next((value.removeprefix("version=") for value in bound if value.startswith("version=")), "")


def _references(registry: list[object]) -> Iterator[tuple[object, object]]:
    """Yield name and reference of each package, None for what cannot be read; the application itself has no name."""
    for entry in registry:
        match entry:
            case [None, list()]:
                pass
            case [name, list(stores)]:
                for store in stores:
                    yield name, store[0] if isinstance(store, list) and store else None
            case _:
                yield None, None
