"""SPDX 2.2 and 2.3 (https://spdx.github.io/spdx-spec/v2.3/), in JSON or brought into the form of its JSON."""

import re
from typing import Any

from imagegate.source.sbom import distribution
from imagegate.source.sbom.listing import ImageFacts, Notes, Part, Place, Told
from imagegate.source.sbom.reading import digest, exact, mapping, objects, strings, text
from imagegate.text import clean

KNOWN = ("SPDX-2.2", "SPDX-2.3")
_KINDS = {  # SPDX 2.3, 7.24 Primary Package Purpose, in the words of CycloneDX
    "APPLICATION": "application", "CONTAINER": "container", "OPERATING-SYSTEM": "operating-system", "DEVICE": "device",
    "FIRMWARE": "firmware", "FILE": "file", "ARCHIVE": "file", "SOURCE": "file", "INSTALL": "file", "FRAMEWORK": "framework",
}  # fmt: skip
_BUILT = re.compile(r"built package from: (?P<name>\S+)(?: (?P<version>\S+))?\Z")  # Trivy, pkg/sbom/spdx/marshal.go
_ACQUIRED = re.compile(r"acquired package info from [^:]*: (?P<path>.*?)(?:, /.*)?\Z")  # syft, spdxhelpers/source_info.go
_FOUND = re.compile(r"found in (?P<path>.*?), layer (?P<layer>\d{1,3})(?:, built from (?P<name>\S+)(?: (?P<version>\S+))?)?\Z")
_FACT = re.compile(r"(?P<key>[A-Za-z]+): (?P<value>\S+)\Z")  # Trivy: `LayerDiffID: sha256:…`
_ELSEWHERE = ("DocumentRef-", "NONE", "NOASSERTION")


def read(document: dict[str, Any], form: str) -> Told:
    """Return what a document tells; `form` is "JSON" or "tag-value"."""
    notes = Notes()
    version = text(exact(document, notes), "spdxVersion", notes)
    told = Told(f"{clean(version, 20).replace('-', ' ', 1)} {form}", notes=notes)
    if version not in KNOWN:
        notes.note("warn", "a version of SPDX that is not known, read like the latest that is", version)
    made = mapping(document, "creationInfo", notes)
    creators = strings(made, "creators")
    if text(made, "comment", notes).startswith("incomplete"):  # our own words: SPDX 2 has none
        notes.note("fail", "the document says that it is not complete", text(made, "comment", notes))
    tools = [one.partition(":")[2].strip() for one in creators if one.startswith("Tool:")]
    told.made_by = clean(", ".join(tools), 200)
    described = _relations(document, notes)
    told.image = ImageFacts(name=clean(text(document, "name", notes)))
    for package in objects(document, "packages", notes):
        kind = text(exact(package, notes), "primaryPackagePurpose", notes).replace("_", "-")
        own = text(package, "SPDXID", notes) in described
        parts = _parts(package, _KINDS.get(kind, "library"), notes)
        if own and (kind == "CONTAINER" or (len(described) == 1 and not parts[0].purl)):
            told.image, told.layers = _image(package, notes)
            if kind == "CONTAINER" and not parts[0].purl:
                continue
        if parts[0].kind == "operating-system" and parts[0].name:
            pretty, code = text(package, "description", notes), _facts(package, notes).get("Codename", [""])[0]
            told.systems.append(distribution.facts(parts[0].name, parts[0].version, code, pretty))
        told.parts += parts
    return told


def _relations(document: dict[str, Any], notes: Notes) -> set[str]:
    """Return what the document describes; a relation to something that is not there shows that a part was cut off."""
    elements = (entry for key in ("packages", "files", "snippets") for entry in objects(document, key, notes))
    known = {text(document, "SPDXID", notes), *(text(element, "SPDXID", notes) for element in elements)}
    described = set(strings(document, "documentDescribes"))
    for relation in objects(document, "relationships", notes):
        ends = [text(relation, key, notes) for key in ("spdxElementId", "relatedSpdxElement")]
        kind = text(relation, "relationshipType", notes)
        if kind == "DESCRIBES":
            described.add(ends[1])
        elif kind == "DESCRIBED_BY":
            described.add(ends[0])
        for end in ends:
            if end not in known and not end.startswith(_ELSEWHERE):
                notes.note("fail", "the document relates something that is not in it", end)
    for end in sorted(described - known):
        notes.note("fail", "the document describes something that is not in it", end)
    for reference in objects(document, "externalDocumentRefs", notes):
        notes.note("warn", "the document refers to another one, which is not read", text(reference, "externalDocumentId", notes))
    return described


def _parts(package: dict[str, Any], kind: str, notes: Notes) -> list[Part]:
    """Return a part for each package URL, one without where there is none."""
    purls = [
        text(reference, "referenceLocator", notes)
        for reference in objects(package, "externalRefs", notes)
        if text(reference, "referenceType", notes).rpartition("/")[2] == "purl"
    ]
    name, version = text(package, "name", notes), text(package, "versionInfo", notes)
    info, facts = text(package, "sourceInfo", notes), _facts(package, notes)
    version = "" if version in ("NOASSERTION", "NONE") else version
    place, source = Place("", facts.get("LayerDiffID", [""])[0]), ("", "")
    if built := _BUILT.match(info):
        source = built["name"], built["version"] or ""
    elif found := _FOUND.match(info):
        place = Place(found["path"], facts.get("LayerDigest", [""])[0], int(found["layer"]))
        source = found["name"] or "", found["version"] or ""
    elif acquired := _ACQUIRED.match(info):
        place = Place(acquired["path"], place.layer)
    elif kind == "application" and info:
        place = Place(info, place.layer)
    places = (place,) if place != Place() else ()
    return [Part(kind, name, version, purl, source=source, places=places) for purl in dict.fromkeys(purls) or ("",)]


def _image(package: dict[str, Any], notes: Notes) -> tuple[ImageFacts, list[str]]:
    facts = _facts(package, notes)
    repo = facts.get("RepoDigest", [""])[0]
    found = ImageFacts(
        name=clean(text(package, "name", notes)),
        digest=digest(text(package, "versionInfo", notes)) or digest(repo),
        id=digest(facts.get("ImageID", [""])[0]),
        platform=clean(facts.get("Platform", [""])[0], 100),
    )
    return found, facts.get("DiffID", [])


def _facts(package: dict[str, Any], notes: Notes) -> dict[str, list[str]]:
    """Return what Trivy says in attribution texts, in newer versions in annotations."""
    found: dict[str, list[str]] = {}
    comments = [text(one, "comment", notes) for one in objects(package, "annotations", notes)]
    for line in (*strings(package, "attributionTexts"), *comments):
        if fact := _FACT.match(line):
            found.setdefault(fact["key"], []).append(fact["value"])
    return found
