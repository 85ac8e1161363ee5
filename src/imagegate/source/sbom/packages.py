"""From the entries of a document to packages: what is known of each, and a note for each that is not known."""

from dataclasses import replace

from imagegate.model.inventory import Location, Package
from imagegate.source.sbom import distribution, names
from imagegate.source.sbom.layers import Layers
from imagegate.source.sbom.listing import NOWHERE, DistributionFacts, Part, Place, Told
from imagegate.source.sbom.purl import Purl, parse
from imagegate.source.sbom.reading import MOST
from imagegate.text import clean

_SOURCED = ("deb", "apk")  # whose advisories name source packages
# What a document may list that was never a package, and programs, which may be the root (CycloneDX, component types).
_NOT_PACKAGES = {"file", "operating-system", "container", "device", "data", "machine-learning-model", "cryptographic-asset"}
_PROGRAMS = {"application", "platform", "firmware", "device-driver"}
_KINDS = {*_NOT_PACKAGES, *_PROGRAMS, "library", "framework"}
_IMAGES = ("oci", "docker")


class Collector:
    """Takes the parts of a document; `packages` has one entry for each location, `named` what they say of the distribution."""

    def __init__(self, told: Told) -> None:
        self._notes = told.notes
        self.layers = Layers(told)
        self.named: set[DistributionFacts] = set()
        self._found: dict[tuple[str, Location], Package] = {}
        self._sourced = {kind: [0, 0] for kind in _SOURCED}  # packages, and those of them whose source is told
        for part in told.parts:
            if len(self._found) >= MOST:
                self._notes.note("fail", f"there are more than {MOST:,} packages, and the others were not read")
                break
            self._take(part)
        for kind, (count, told_of) in self._sourced.items():
            if count and not told_of:
                reason = f"the document names no source packages of type {kind}: taken as the packages' own names and versions"
                self._notes.note("warn", reason)
        self.packages = sorted(
            self._found.values(),
            key=lambda one: (one.type, one.name, one.version, one.purl, one.locations[0].path, one.locations[0].layer),
        )

    def _take(self, part: Part) -> None:
        purl = self._purl(part)
        if purl is None or (part.kind == "container" and purl.type in _IMAGES):
            return
        name = names.name_of(purl)
        candidates = [one for one in (part.name, f"{part.group}/{part.name}", f"{part.group}:{part.name}") if part.name]
        spelled = names.spelled_as(name, purl, candidates)
        if part.name and spelled is None:
            self._notes.note("warn", "a name is not that of the package URL, which counts", f"{part.name}, {part.purl}")
        version = names.version_of(purl, purl.version or part.version, part.version)
        if not version:
            harmless = purl.type == "golang" or part.kind in {*_NOT_PACKAGES, *_PROGRAMS}
            reason = "a package without a version is not counted"
            self._notes.note("warn" if harmless else "fail", reason, part.purl or part.name)
            return
        if purl.version and part.version and not names.same_version(purl.version, part.version):
            self._notes.note("warn", "a version is not that of the package URL, which counts", f"{part.version}, {part.purl}")
        if purl.type == "maven" and not purl.namespace:
            self._notes.note("fail", "a Maven package without its group cannot be matched", part.purl)
        self._add(part, replace(purl, version=purl.version or part.version), clean(spelled or name), clean(version))

    def _purl(self, part: Part) -> Purl | None:
        """Return what the part is called; where nothing can be said, that is noted."""
        if part.purl:
            try:
                return _harmless(parse(part.purl))
            except ValueError as error:
                self._notes.note("fail", f"a package URL cannot be read: it {error}", part.purl)
                return None
        if part.type and part.name:
            return _harmless(Purl(part.type, part.group, part.name, part.version))
        if part.kind == "operating-system" and part.name:
            return None  # it was told with the distribution
        said = f"of type {part.kind}" if part.kind in _KINDS else "of an unknown type" if part.kind else "without a type"
        harmless = part.kind in _NOT_PACKAGES or (part.kind in _PROGRAMS and not part.version)
        found = "warn" if harmless else "fail"
        shown = f"{part.name} {part.version}".strip()
        self._notes.note(found, f"a component {said} has no package URL and is not counted", shown)
        return None

    def _add(self, part: Part, purl: Purl, name: str, version: str) -> None:
        claim = distribution.named_by(purl)
        if claim is not None:
            self.named.add(claim)
        source = self._source(part, purl, name, version)
        canonical = str(purl)
        for place in dict.fromkeys(part.places) or (Place(),):
            location = Location(clean(place.path.lstrip("/")) or NOWHERE, self.layers.of(place))
            package = Package(purl.type, name, version, canonical, (location,), *source)
            known = self._found.setdefault((canonical, location), package)
            if known != package:
                self._notes.note("fail", "a package is told twice with different facts, and the first count", canonical)

    def _source(self, part: Part, purl: Purl, name: str, version: str) -> tuple[str, str]:
        """Return the source package, which is called like the package itself where nothing else is told."""
        if purl.type not in distribution.OF_SYSTEMS:
            return "", ""
        told_name, told_version = names.source(purl.qualifier("upstream"))
        if not told_name:
            told_name, told_version = part.source
        if purl.type in self._sourced:
            self._sourced[purl.type][0] += 1
            self._sourced[purl.type][1] += bool(told_name)
            told_name = told_name.lower()
        elif told_version:
            told_version = names.version_of(purl, told_version)  # a source rpm has the epoch of its packages
        return clean(told_name) or name, clean(told_version) or version


def _harmless(purl: Purl) -> Purl:
    pairs = tuple((key, clean(value)) for key, value in purl.qualifiers)
    name = purl.name.lower().replace("_", "-") if purl.type == "pypi" else purl.name  # purl specification, type pypi
    return Purl(purl.type, clean(purl.namespace), clean(name), clean(purl.version), pairs, clean(purl.subpath))
