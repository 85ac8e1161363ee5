"""Packages of dpkg: `var/lib/dpkg/status`, and `status.d/*` as distroless images have it (deb822(5), dpkg(1))."""

import re

from imagegate.cataloger.history import read, states
from imagegate.cataloger.interface import Catalog
from imagegate.cataloger.owners import spellings
from imagegate.cataloger.stanzas import LONGEST, Allowance, Keys, Stanza, catalog_database, stanzas
from imagegate.model.image import Files
from imagegate.model.inventory import Distribution, Location, Package, package_url
from imagegate.text import clean

STATUS = "var/lib/dpkg/status"
FOLDER = "var/lib/dpkg/status.d"
LISTS = "var/lib/dpkg/info"  # NAME[:ARCHITECTURE].list: the files of each package, one a line (dpkg-query(1), -L)
UPDATES = "var/lib/dpkg/updates"  # what dpkg has not yet written into `status`, and counts more
_SUMS = ".md5sums"
_MOST = 5000  # packages with a file of their own: images that are made like that have dozens
_KEYS = Keys({key: key for key in ("Package", "Status", "Version", "Source", "Architecture")}, fold=True)
# deb-control(5); dpkg also takes capital letters, which it lowers, and an underscore.
_MAKER = Keys({key: key for key in ("Package", "Version", "Maintainer", "Vendor", "License", "Origin")}, fold=True)
# What other publishers put into versions: PGDG, NodeSource, Docker, GitLab, sury.org, PPAs of Launchpad.
_OTHERS = re.compile(r"pgdg|nodesource|~(debian|ubuntu)\.\d|-[ce]e\.\d|\+deb\.sury|sury\.org|~ppa|ppa\d")
_PUBLISHERS = tuple(
    f"@{host}"
    for host in ("docker.com", "gitlab.com", "nodesource.com", "hashicorp.com", "elastic.co", "mongodb.com", "f5.com",
                 "nginx.com", "oss.oracle.com", "microsoft.com", "google.com", "chromium.org", "grafana.com", "cloudflare.com")
)  # fmt: skip
_NAME = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9+._-]*)(:[a-z0-9-]+)?\Z")
_SOURCE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9+._-]*)(\s*\((?P<version>[^()\s]+)\))?\Z")
# dpkg(1), "Package states". Whatever else the state is (unpacked, half-configured …), the files are on disk.
_STATUS = re.compile(
    r"(unknown|install|hold|deinstall|purge) (ok|reinstreq) ((?P<gone>not-installed|config-files)"
    r"|half-installed|unpacked|half-configured|triggers-awaited|triggers-pending|installed)\Z"
)
_A_PACKAGE = re.compile(rb"^\s*Package[ \t]*:", re.MULTILINE | re.IGNORECASE)


class Dpkg:
    """See interface.Cataloger."""

    name = "dpkg"
    type = "deb"
    names = ("status", ".list")

    def wants(self, path: str) -> bool:
        """See Cataloger.wants."""
        return path.endswith("/status") or "/status.d/" in path or (path.endswith(".list") and "/dpkg/info/" in path)

    def catalog(self, files: Files, distribution: Distribution | None) -> Catalog:
        """See Cataloger.catalog."""
        found = Catalog()

        def parse(content: bytes, path: str, notes: Catalog, allowance: Allowance) -> dict[tuple[str, ...], Package]:
            entries = stanzas(content, _KEYS, allowance, notes, path)
            packages = [_package(stanza, path, distribution, notes) for stanza in entries]
            return {_identity(package): package for package in packages if package is not None}

        top = files.depth - 1
        everything = list(files.children(FOLDER, top)) if top >= 0 else []
        singles = [path for path in everything if not path.endswith(_SUMS)]
        sums = [path for path in everything if path.endswith(_SUMS)]
        if files.depth:
            catalog_database(files, STATUS, parse, found)
        if len(singles) > _MOST:
            found.unreadable(f"{FOLDER}: only {_MOST:,} of its {len(singles):,} files were read")
        if len(sums) > _MOST:
            found.unreadable(f"{FOLDER}: only {_MOST:,} of its {len(sums):,} lists of files were read")
        for path in sums[:_MOST]:
            _only_sums(files, path, found)
        allowance = Allowance()
        for path in singles[:_MOST]:
            _single(files, path, distribution, found, allowance)
        if top >= 0:
            for path in files.children(UPDATES, top):
                if path.rpartition("/")[2] != "tmp.i":  # which dpkg does not read
                    found.unreadable(f"{clean(path)}: dpkg was interrupted, and what it wrote there is not read")
                    break
        if singles and not found.packages and not found.evidence:
            found.unreadable(f"{FOLDER}: the package database names no package")
        return found

    def owners(self, files: Files, wanted: frozenset[str], distribution: Distribution | None) -> dict[str, tuple[str, bool]]:
        """See Cataloger.owners."""
        top = files.depth - 1
        asked = {spelling: path for path in wanted for spelling in spellings(path)}
        names: dict[str, str] = {}
        for folder, ending in ((LISTS, ".list"), (FOLDER, _SUMS)):
            for path in files.children(folder, top):
                file = files.find(path, top) if path.endswith(ending) else None
                content = read(files, file) if file is not None else ""
                if isinstance(content, bytes):
                    lines = content.split(b"\n") if ending == ".list" else [line[32:].strip() for line in content.split(b"\n")]
                    name = clean(path.rpartition("/")[2].removesuffix(ending).partition(":")[0], LONGEST)
                    names |= {asked[line]: name for line in asked.keys() & {line.lstrip(b"/") for line in lines}}
        own = _own(files, frozenset(names.values()), distribution)
        return {path: (name, name in own) for path, name in names.items()}


def _own(files: Files, names: frozenset[str], distribution: Distribution | None) -> set[str]:
    """Return those of the packages that the distribution made, as far as their entries tell."""
    top = files.depth - 1
    paths = [STATUS, *files.children(FOLDER, top)] if names and distribution is not None else []
    own = set()
    allowance = Allowance()
    for path in paths:
        file = files.find(path, top)
        content = read(files, file) if file is not None else ""
        for stanza in stanzas(content, _MAKER, allowance, Catalog(), path) if isinstance(content, bytes) else ():
            if stanza.fields.get("Package") in names and _is_own(stanza.fields, distribution):
                own.add(stanza.fields["Package"])
    return own


def _is_own(fields: dict[str, str], distribution: Distribution | None) -> bool:
    """Debian's entries do not name their publisher, so this looks for what others leave."""
    foreign = fields.get("Vendor") or fields.get("License")  # as fpm and others write them, Debian never
    origin, maintainer = fields.get("Origin", "").lower(), fields.get("Maintainer", "").lower()
    if foreign or origin not in ("", "debian", "ubuntu") or _OTHERS.search(fields.get("Version", "")):
        return False
    if distribution is not None and distribution.id == "ubuntu":  # whose builders write themselves into every package
        return "ubuntu.com" in maintainer or "canonical.com" in maintainer
    return bool(maintainer) and not maintainer.rstrip(">").endswith(_PUBLISHERS)


def _only_sums(files: Files, path: str, found: Catalog) -> None:
    """What is called a list of checksums is not read as a package, so it must not be one."""
    file = files.find(path, files.depth - 1)
    content = "it is not a file that can be read" if file is None else read(files, file)
    if isinstance(content, str):
        found.unreadable(f"{clean(path)}: {content}")
    elif _A_PACKAGE.search(content):
        found.unreadable(f"{clean(path)}: it is called a list of checksums, but names a package")


def _single(files: Files, path: str, distribution: Distribution | None, found: Catalog, allowance: Allowance) -> None:
    """A file of its own for each package: the layer that wrote it brought the package."""
    found.databases += 1
    layer, file = [(0, None), *states(files, path)][-1]
    content = "it is not a file that can be read" if file is None else read(files, file)
    if isinstance(content, str):
        found.unreadable(f"{clean(path)}: {content}")
        return
    before = len(found.evidence)
    shown = clean(path)
    entries = stanzas(content, _KEYS, allowance, found, shown)
    packages = [_package(stanza, shown, distribution, found) for stanza in entries]
    known = [package for package in packages if package is not None]
    if not known and len(found.evidence) == before:
        found.unreadable(f"{shown}: names no package")
    for package in known:
        location = Location(shown, layer)
        found.packages.append(
            Package("deb", package.name, package.version, package.purl, (location,), package.source_name, package.source_version)
        )


def _identity(package: Package) -> tuple[str, ...]:
    return package.name, package.version, package.purl, package.source_name, package.source_version


def _package(stanza: Stanza, path: str, distribution: Distribution | None, notes: Catalog) -> Package | None:
    """Return the package, or None where it is not on disk; what is damaged is noted."""
    fields = stanza.fields
    name, version = fields.get("Package", ""), fields.get("Version", "")
    where = f"{path}:{stanza.line}"
    if stanza.problem:
        notes.unreadable(f"{where}: {name or 'a package'}: {stanza.problem}")
    status = " ".join(fields.get("Status", "").split())
    state = _STATUS.match(status)
    if state and state["gone"]:
        return None
    if status and not state:
        notes.doubtful(f"{where}: {name or 'a package'}: its Status {status!r} cannot be read; taken as installed")
    if not name or not version:
        if not stanza.problem:
            missing = "a name" if not name else "a version"
            notes.unreadable(f"{where}: a package entry without {missing}" + (f" ({name})" if name else ""))
        return None
    known = _NAME.match(name)
    if known is None:
        notes.unreadable(f"{where}: {name!r} is not the name of a package")
    else:
        name = known["name"].lower()
    said = fields.get("Source", "")
    source = _SOURCE.match(said)
    if said and source is None:
        notes.unreadable(f"{where}: {name}: its source {said!r} cannot be read")
    source_name = source["name"].lower() if source else name
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
