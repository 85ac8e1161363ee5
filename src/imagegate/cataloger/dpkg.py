"""Packages of dpkg: `var/lib/dpkg/status`, and `status.d/*` as distroless images have it (deb822(5), dpkg(1))."""

import re

from imagegate.cataloger.history import read, states
from imagegate.cataloger.interface import Catalog
from imagegate.cataloger.stanzas import Stanza, catalog_database, stanzas
from imagegate.model.image import Files
from imagegate.model.inventory import Distribution, Location, Package, package_url
from imagegate.text import clean

STATUS = "var/lib/dpkg/status"
FOLDER = "var/lib/dpkg/status.d"
_MOST = 5000  # packages with a file of their own: images that are made like that have dozens
_FIELDS = {
    b"package:": "Package",
    b"status:": "Status",
    b"version:": "Version",
    b"source:": "Source",
    b"architecture:": "Architecture",
}
# Whatever else the state is (unpacked, half-configured, triggers-pending …), the files are on disk.
_NOT_THERE = ("not-installed", "config-files")
_SOURCE = re.compile(r"(?P<name>\S+)(\s+\((?P<version>[^()\s]+)\))?\Z")


class Dpkg:
    """See interface.Cataloger."""

    name = "dpkg"
    type = "deb"

    def wants(self, path: str) -> bool:
        """See Cataloger.wants."""
        return path.endswith("/status") or "/status.d/" in path

    def catalog(self, files: Files, distribution: Distribution | None) -> Catalog:
        """See Cataloger.catalog."""
        found = Catalog()

        def parse(content: bytes, path: str, notes: Catalog) -> dict[tuple[str, ...], Package]:
            entries = stanzas(content, _FIELDS, b"package:", fold=True)
            packages = [_package(stanza, path, distribution, notes) for stanza in entries]
            return {_identity(package): package for package in packages if package is not None}

        top = files.depth - 1
        singles = [path for path in files.children(FOLDER, top) if not path.endswith(".md5sums")] if top >= 0 else []
        if files.depth:
            catalog_database(files, STATUS, parse, found)
        if len(singles) > _MOST:
            found.unreadable(f"{FOLDER}: only {_MOST:,} of its {len(singles):,} files were read")
        for path in singles[:_MOST]:
            _single(files, path, distribution, found)
        if singles and not found.packages and not found.evidence:
            found.unreadable(f"{FOLDER}: the package database names no package")
        return found


def _single(files: Files, path: str, distribution: Distribution | None, found: Catalog) -> None:
    """A file of its own for each package: the layer that wrote it brought the package."""
    found.databases += 1
    layer, file = [(0, None), *states(files, path)][-1]
    content = "it is not a file that can be read" if file is None else read(files, file)
    if isinstance(content, str):
        found.unreadable(f"{clean(path)}: {content}")
        return
    before = len(found.evidence)
    shown = clean(path)
    packages = [_package(stanza, shown, distribution, found) for stanza in stanzas(content, _FIELDS, b"package:", fold=True)]
    known = [package for package in packages if package is not None]
    if not known and len(found.evidence) == before:
        found.unreadable(f"{shown}: names no package")
    for package in known:
        location = Location(shown, layer)
        found.packages.append(
            Package("deb", package.name, package.version, package.purl, (location,), package.source_name, package.source_version)
        )


def _identity(package: Package) -> tuple[str, ...]:
    return package.name, package.version, package.purl


def _package(stanza: Stanza, path: str, distribution: Distribution | None, notes: Catalog) -> Package | None:
    """Return the package, or None where it is not on disk; what is damaged is noted."""
    fields = stanza.fields
    name, version = fields.get("Package", ""), fields.get("Version", "")
    where = f"{path}:{stanza.line}"
    if stanza.problem:
        notes.unreadable(f"{where}: {name or 'a package'}: {stanza.problem}")
    state = fields.get("Status", "").split()
    if state and state[-1] in _NOT_THERE:
        return None
    if not name or not version:
        if not stanza.problem:
            missing = "a name" if not name else "a version"
            notes.unreadable(f"{where}: a package entry without {missing}" + (f" ({name})" if name else ""))
        return None
    source = _SOURCE.match(fields.get("Source", "") or name)
    if source is None:
        notes.unreadable(f"{where}: {name}: its source {fields['Source']!r} cannot be read")
    source_name = source["name"] if source else name
    source_version = (source["version"] if source else "") or version
    distro = f"{distribution.id}-{distribution.version}" if distribution and distribution.version else ""
    purl = package_url(
        "deb",
        distribution.id if distribution else "debian",
        name,
        version,
        {"arch": fields.get("Architecture", ""), "distro": distro},
    )
    return Package("deb", name, version, purl, (), source_name, source_version)
