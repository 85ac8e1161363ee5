"""CycloneDX in XML (https://cyclonedx.org/docs/1.6/xml/), brought into the form of its JSON.

A document type is refused before anything of it is read, so there are no entities, and nothing external.
"""

from typing import Any, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from imagegate.errors import SourceError
from imagegate.source.sbom.reading import VALUES
from imagegate.text import clean

NAMESPACE = "http://cyclonedx.org/schema/bom/"
_DEEPEST = 200  # elements inside of elements
_TEXTS = ("group", "name", "version", "purl", "description")


class _Refused(Exception):
    pass


def parse(data: bytes, what: str) -> dict[str, Any]:
    """Return the document as it would be in JSON; raises SourceError for what is not CycloneDX."""
    root = _tree(data, what)
    space, _, tag = root.tag.rpartition("}")
    if tag != "bom" or not space.startswith(NAMESPACE):
        hint = "SPDX is read as JSON or tag-value, not as RDF." if "rdf" in space else "Is it the right file?"
        raise SourceError(f"{what}: XML, but not CycloneDX: its root is {clean(tag, 60)!r}", hint)
    prefix = f"{space}}}"
    metadata = root.find(f"{prefix}metadata")
    document: dict[str, Any] = {
        "specVersion": space.removeprefix(NAMESPACE),
        "components": _components(root, prefix),
        "vulnerabilities": [{} for _ in root.iterfind(f"{prefix}vulnerabilities/{prefix}vulnerability")],
        "compositions": [
            {"aggregate": _text(one, f"{prefix}aggregate"), "dependencies": one.find(f"{prefix}assemblies") is None
             and one.find(f"{prefix}dependencies") is not None}
            for one in root.iterfind(f"{prefix}compositions/{prefix}composition")
        ],
    }  # fmt: skip
    if metadata is not None:
        component = metadata.find(f"{prefix}component")
        tools = [*metadata.iterfind(f"{prefix}tools/{prefix}tool"), *metadata.iterfind(f"{prefix}tools/{prefix}components/*")]
        named = [{key: _text(tool, prefix + key) for key in ("name", "version")} for tool in tools]
        document["metadata"] = {"tools": named, "component": {} if component is None else _component(component, prefix)}
    return document


def _components(parent: Element, prefix: str) -> list[dict[str, Any]]:
    return [_component(one, prefix) for one in parent.iterfind(f"{prefix}components/{prefix}component")]


def _component(element: Element, prefix: str) -> dict[str, Any]:
    properties = element.iterfind(f"{prefix}properties/{prefix}property")
    places = element.iterfind(f"{prefix}evidence/{prefix}occurrences/{prefix}occurrence/{prefix}location")
    return {
        "type": element.get("type", ""),
        "bom-ref": element.get("bom-ref", ""),
        **{key: _text(element, prefix + key) for key in _TEXTS},
        "properties": [{"name": one.get("name", ""), "value": (one.text or "").strip()} for one in properties],
        "evidence": {"occurrences": [{"location": (one.text or "").strip()} for one in places]},
        "components": _components(element, prefix),
    }


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _tree(data: bytes, what: str) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    depth = count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > _DEEPEST or count > VALUES:
            raise _Refused("too many elements for an SBOM, or nested too deeply")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> NoReturn:
        raise _Refused("it has a document type, which may define entities; an SBOM needs none")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        place = f"line {error.lineno}, column {error.offset + 1}"
        raise SourceError(
            f"{what}: {place}: not XML: {expat.ErrorString(error.code)}", "It is damaged or was cut off: write it again."
        ) from None
    except (_Refused, ValueError, LookupError) as error:
        raise SourceError(f"{what}: {clean(str(error), 200)}", "Is it the right file?") from None
    return builder.close()
