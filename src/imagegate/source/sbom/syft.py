"""The JSON of syft itself (schema/json in anchore/syft), as of its versions 0.2 to 16."""

from typing import Any

from imagegate.source.sbom import distribution, names
from imagegate.source.sbom.cyclonedx import SYFT_TYPES
from imagegate.source.sbom.listing import ImageFacts, Notes, Part, Place, Told
from imagegate.source.sbom.reading import digest, exact, mapping, objects, text
from imagegate.text import clean


def read(document: dict[str, Any]) -> Told:
    """Return what a document tells."""
    notes = Notes()
    exact(document, notes)
    told = Told(f"syft JSON {clean(text(mapping(document, 'schema', notes), 'version', notes), 20)}".rstrip(), notes=notes)
    made = mapping(document, "descriptor", notes)
    told.made_by = clean(" ".join(filter(None, (text(made, key, notes) for key in ("name", "version")))), 200)
    source = mapping(document, "source", notes)
    # Until schema 7 the facts of an image were called `target`, which is a path where it was a folder.
    facts = source.get("metadata") or source.get("target")
    facts = facts if isinstance(facts, dict) else {}
    told.layers = [text(layer, "digest", notes) for layer in objects(facts, "layers", notes)]
    platform = [text(facts, key, notes) for key in ("os", "architecture")]
    told.image = ImageFacts(
        name=clean(text(source, "name", notes) or text(facts, "userInput", notes)),
        digest=digest(text(facts, "manifestDigest", notes)),
        id=digest(text(facts, "imageID", notes)),
        platform=clean("/".join(platform), 100) if all(platform) else "",
    )
    system = mapping(document, "distro", notes)
    name = text(system, "id", notes) or text(system, "name", notes)
    if name:
        version = text(system, "versionID", notes) or text(system, "version", notes)
        codename, pretty = text(system, "versionCodename", notes), text(system, "prettyName", notes)
        told.systems.append(distribution.facts(name, version, codename, pretty))
    told.parts = [_part(exact(artifact, notes), notes) for artifact in objects(document, "artifacts", notes)]
    return told


def _part(artifact: dict[str, Any], notes: Notes) -> Part:
    metadata = mapping(artifact, "metadata", notes)
    source = text(metadata, "source", notes) if isinstance(metadata.get("source"), str) else ""
    version = text(metadata, "sourceVersion", notes)
    if not source:
        source, version = names.source(text(metadata, "originPackage", notes) or text(metadata, "sourceRpm", notes))
    return Part(
        kind="library",
        name=text(artifact, "name", notes),
        version=text(artifact, "version", notes),
        purl=text(artifact, "purl", notes),
        type=SYFT_TYPES.get(text(artifact, "type", notes), ""),
        source=(source, version),
        places=tuple(_places(artifact, notes)),
    )


def _places(artifact: dict[str, Any], notes: Notes) -> list[Place]:
    """Return the locations that told of the package; older documents do not say which did: the first."""
    locations = list(objects(artifact, "locations", notes))
    primary = [one for one in locations if mapping(one, "annotations", notes).get("evidence") == "primary"]
    return [Place(text(one, "path", notes), text(one, "layerID", notes)) for one in primary or locations[:1]]
