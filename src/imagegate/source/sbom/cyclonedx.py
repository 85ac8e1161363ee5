"""CycloneDX in JSON, 1.2 to 1.7 (https://cyclonedx.org/docs/), and what syft, Trivy and we put into its properties.

Properties: syft/format/internal/cyclonedxutil/helpers of syft, pkg/sbom/core of Trivy, report/inventory.py of ours.
"""

import re
from collections.abc import Iterator
from typing import Any

from imagegate.source.sbom import distribution
from imagegate.source.sbom.listing import ImageFacts, Notes, Part, Place, Told
from imagegate.source.sbom.reading import digest, exact, first, mapping, objects, properties, text
from imagegate.text import clean

KNOWN = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_TRIVY = "aquasecurity:trivy:"
_SYFT_PLACE = re.compile(r"syft:location:(\d{1,6}):(path|layerID)\Z")
_MOST_PLACES = 1000  # of one package
# What syft calls the kinds of packages, and their purl types (syft/pkg/type.go); used only where there is no purl.
SYFT_TYPES = {
    "apk": "apk", "deb": "deb", "rpm": "rpm", "python": "pypi", "npm": "npm", "gem": "gem", "go-module": "golang",
    "rust-crate": "cargo", "php-composer": "composer", "dotnet": "nuget", "hex": "hex", "dart-pub": "pub",
}  # fmt: skip


def read(document: dict[str, Any], form: str) -> Told:
    """Return what a document tells; `form` is "JSON" or "XML", from which it was converted."""
    notes = Notes()
    version = text(exact(document, notes), "specVersion", notes)
    told = Told(f"CycloneDX {clean(version, 20)} {form}".replace("  ", " "), notes=notes)
    if version not in KNOWN:
        notes.note("warn", "a version of CycloneDX that is not known, read like the latest that is", version)
    metadata = mapping(document, "metadata", notes)
    told.made_by = _tools(metadata, notes)
    root = mapping(metadata, "component", notes)
    facts = properties(root, notes)
    told.layers = facts.get(f"{_TRIVY}DiffID", [])
    told.image = _image(root, facts, notes)
    if root.get("purl") or root.get("type") != "container":
        told.parts += [_part(root, facts, notes)] if root else []
    for component in (*_components(document, notes), *_components(root, notes)):
        facts = properties(component, notes)
        part = _part(component, facts, notes)
        told.parts.append(part)
        if part.kind == "operating-system" and part.name:
            name = first(facts, "syft:distro:id") or part.name
            codename, pretty = first(facts, "syft:distro:versionCodename"), text(component, "description", notes)
            codename = codename or first(facts, "imagegate:codename")
            told.systems.append(distribution.facts(name, part.version, codename, pretty))
    _unused(document, notes)
    return told


def _components(parent: dict[str, Any], notes: Notes) -> Iterator[dict[str, Any]]:
    """Yield all components, those inside of others too, in the order of the document."""
    waiting = [objects(parent, "components", notes)]
    while waiting:
        component = next(waiting[-1], None)
        if component is None:
            waiting.pop()
            continue
        yield exact(component, notes)
        if component.get("components"):
            waiting.append(objects(component, "components", notes))


def _part(component: dict[str, Any], facts: dict[str, list[str]], notes: Notes) -> Part:
    return Part(
        kind=text(component, "type", notes),
        name=text(component, "name", notes),
        version=text(component, "version", notes),
        purl=text(component, "purl", notes),
        group=text(component, "group", notes),
        type=SYFT_TYPES.get(first(facts, "syft:package:type"), ""),
        source=_source(facts),
        places=tuple(_places(component, facts, notes)),
    )


def _source(facts: dict[str, list[str]]) -> tuple[str, str]:
    if name := first(facts, f"{_TRIVY}SrcName"):
        epoch, version, release = (first(facts, f"{_TRIVY}Src{key}") for key in ("Epoch", "Version", "Release"))
        return name, f"{epoch}:" * (epoch not in ("", "0")) + version + f"-{release}" * bool(release)
    if name := first(facts, "syft:metadata:source"):
        return name, first(facts, "syft:metadata:sourceVersion")
    if name := first(facts, "imagegate:source"):
        own, _, version = name.partition(" ")
        return own, version
    return first(facts, "syft:metadata:originPackage"), ""


def _places(component: dict[str, Any], facts: dict[str, list[str]], notes: Notes) -> list[Place]:
    """Return where a component was seen: of the locations that syft lists, the first is the one that told of it."""
    if "imagegate:location:path" in facts:
        number = first(facts, "imagegate:location:layer")
        index = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else None
        return [Place(first(facts, "imagegate:location:path"), first(facts, "imagegate:location:layer-digest"), index)]
    seen: dict[int, dict[str, str]] = {}
    for key, values in facts.items():
        if found := _SYFT_PLACE.match(key):
            seen.setdefault(int(found[1]), {})[found[2]] = values[0]
    if seen:
        place = seen[min(seen)]
        return [Place(place.get("path", ""), place.get("layerID", ""))]
    path, layer = first(facts, f"{_TRIVY}FilePath"), first(facts, f"{_TRIVY}LayerDiffID")
    if path or layer:
        return [Place(path, layer)]
    evidence = mapping(component, "evidence", notes)
    paths = [text(one, "location", notes) for one in objects(evidence, "occurrences", notes)]
    if len(paths) > _MOST_PLACES:
        notes.note("warn", f"a component was seen in more than {_MOST_PLACES:,} places, the others are left out")
    return [Place(path) for path in paths[:_MOST_PLACES]]


def _image(root: dict[str, Any], facts: dict[str, list[str]], notes: Notes) -> ImageFacts:
    version, reference = text(root, "version", notes), text(root, "bom-ref", notes)
    repo = first(facts, f"{_TRIVY}RepoDigest")
    return ImageFacts(
        name=clean(text(root, "name", notes)),
        digest=digest(version) or digest(repo),
        id=digest(first(facts, f"{_TRIVY}ImageID")) or digest(reference),
        platform=clean(first(facts, "imagegate:platform"), 100),
    )


def _tools(metadata: dict[str, Any], notes: Notes) -> str:
    """Return the makers; up to 1.4 they are a list, since 1.5 an object with components and services."""
    tools = metadata.get("tools")
    holder = {"components": tools} if isinstance(tools, list) else mapping(metadata, "tools", notes)
    made = [[text(one, key, notes) for key in ("name", "version")] for one in objects(holder, "components", notes)]
    return clean(", ".join(" ".join(words).strip() for words in made[:10]), 200)


def _unused(document: dict[str, Any], notes: Notes) -> None:
    vulnerabilities = document.get("vulnerabilities")
    if isinstance(vulnerabilities, list) and vulnerabilities:
        count = f"{len(vulnerabilities):,}"
        notes.note("ok", "the document's own vulnerabilities, and what it says about them, are not used", count)
    for entry in objects(document, "compositions", notes):
        said = text(entry, "aggregate", notes)
        if said.startswith("incomplete") and (entry.get("assemblies") or not entry.get("dependencies")):
            notes.note("fail", "the document says that it is not complete", said)
