"""Packages of apk: the installed database of apk-tools 2, `lib/apk/db/installed`, and its newer place below `usr`.

Format: apk-tools, doc/apk-v2.5.scd and the wiki page "Apk spec" (P name, V version, A architecture, o origin).
"""

import re

from imagegate.cataloger.history import read
from imagegate.cataloger.interface import Catalog
from imagegate.cataloger.owners import spellings
from imagegate.cataloger.stanzas import LONGEST, Allowance, Keys, catalog_database, stanzas
from imagegate.model.image import Files
from imagegate.model.inventory import Distribution, Package, package_url
from imagegate.text import clean, decode

DATABASES = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_KEYS = Keys({"P": "name", "V": "version", "A": "architecture", "o": "origin"}, fold=False)
_NAME = re.compile(r"[A-Za-z0-9._+@-]+\Z")


class Apk:
    """See interface.Cataloger."""

    name = "apk"
    type = "apk"
    names = ("installed",)

    def wants(self, path: str) -> bool:
        """See Cataloger.wants."""
        return path.endswith("/installed")

    def catalog(self, files: Files, distribution: Distribution | None) -> Catalog:
        """See Cataloger.catalog."""
        found = Catalog()

        def parse(content: bytes, path: str, notes: Catalog, allowance: Allowance) -> dict[tuple[str, ...], Package]:
            return _packages(content, path, distribution, notes, allowance)

        top = files.depth - 1
        first, second = (files.find(path, top) if top >= 0 else None for path in DATABASES)
        wanted = DATABASES[:1] if first == second and first else DATABASES  # `lib` may be a link to `usr/lib`
        for path in wanted:
            catalog_database(files, path, parse, found)
        return found

    def owners(self, files: Files, wanted: frozenset[str], distribution: Distribution | None) -> dict[str, tuple[str, bool]]:
        """See Cataloger.owners: `F:` names a folder, the `R:` lines below it the files in it."""
        top = files.depth - 1
        asked = {spelling: path for path in wanted for spelling in spellings(path)}
        folders = {spelling.rpartition(b"/")[0] for spelling in asked}
        found: dict[str, tuple[str, bool]] = {}
        for database in DATABASES:
            file = files.find(database, top)
            content = read(files, file) if file is not None else ""
            name, folder = b"", b""
            for line in content.split(b"\n") if isinstance(content, bytes) else ():
                if line.startswith(b"P:"):
                    name = line[2:]
                elif line.startswith(b"F:"):
                    folder = line[2:]
                elif line.startswith(b"R:") and folder in folders and (path := asked.get(folder + b"/" + line[2:])):
                    found[path] = (clean(decode(name[:LONGEST])), distribution is not None)
        return found


def _packages(
    content: bytes, path: str, distribution: Distribution | None, notes: Catalog, allowance: Allowance
) -> dict[tuple[str, ...], Package]:
    packages: dict[tuple[str, ...], Package] = {}
    for stanza in stanzas(content, _KEYS, allowance, notes, path):
        name, version = stanza.fields.get("name", ""), stanza.fields.get("version", "")
        where = f"{path}:{stanza.line}"
        if stanza.problem:
            notes.unreadable(f"{where}: {name or 'a package'}: {stanza.problem}")
        if not name or not version:
            if not stanza.problem:
                missing = "a name" if not name else "a version"
                notes.unreadable(f"{where}: a package entry without {missing}" + (f" ({name})" if name else ""))
            continue
        origin = stanza.fields.get("origin") or name
        for said, kind in {origin: "origin", name: "name"}.items():
            if not _NAME.match(said):
                notes.unreadable(f"{where}: {name}: its {kind} {said!r} cannot be read")
        distro = f"{distribution.id}-{distribution.version}" if distribution and distribution.version else ""
        qualifiers = {"arch": stanza.fields.get("architecture", ""), "distro": distro}
        purl = package_url("apk", distribution.id if distribution else "alpine", name, version, qualifiers)
        packages[(name, version, purl, origin)] = Package("apk", name, version, purl, (), origin, version)
    return packages
