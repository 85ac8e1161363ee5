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
    if root.tag != "bom":
        space, _, tag = root.tag.rpartition("}")
        hint = "SPDX is read as JSON or tag-value, not as RDF." if "rdf" in space else "Is it the right file?"
        raise SourceError(f"{what}: XML, but not CycloneDX: its root is {clean(tag, 60)!r}", hint)
    metadata = _only(root, "metadata", what)
    document: dict[str, Any] = {
        "specVersion": root.get("", ""),
        "components": _components(root, what),
        "vulnerabilities": [{} for _ in root.iterfind("vulnerabilities/vulnerability")],
        "compositions": [
            {"aggregate": _text(one, "aggregate", what), "dependencies": one.find("assemblies") is None
             and one.find("dependencies") is not None}
            for one in root.iterfind("compositions/composition")
        ],
    }  # fmt: skip
    if metadata is not None:
        component = _only(metadata, "component", what)
        tools = [*metadata.iterfind("tools/tool"), *metadata.iterfind("tools/components/*")]
        named = [{key: _text(tool, key, what) for key in ("name", "version")} for tool in tools]
        document["metadata"] = {"tools": named, "component": {} if component is None else _component(component, what)}
    return document


def _components(parent: Element, what: str) -> list[dict[str, Any]]:
    return [_component(one, what) for one in parent.iterfind("components/component")]


def _component(element: Element, what: str) -> dict[str, Any]:
    properties = element.iterfind("properties/property")
    places = element.iterfind("evidence/occurrences/occurrence/location")
    return {
        "type": element.get("type", ""),
        "bom-ref": element.get("bom-ref", ""),
        **{key: _text(element, key, what) for key in _TEXTS},
        "properties": [{"name": one.get("name", ""), "value": (one.text or "").strip()} for one in properties],
        "evidence": {"occurrences": [{"location": (one.text or "").strip()} for one in places]},
        "components": _components(element, what),
    }


def _text(element: Element, tag: str, what: str) -> str:
    found = _only(element, tag, what)
    return "" if found is None else "".join(found.itertext()).strip()


def _only(element: Element, tag: str, what: str) -> Element | None:
    """Return the one child of that name; of two, readers take different ones."""
    found = element.findall(tag)
    if len(found) > 1:
        raise SourceError(f"{what}: <{clean(element.tag, 60)}> has <{tag}> twice", "Write the document again.")
    return found[0] if found else None


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
        space, _, name = tag.rpartition("}")
        if depth == 1 and space.startswith(NAMESPACE):
            attributes[""] = space.removeprefix(NAMESPACE)  # no attribute is called so
        builder.start(name if space.startswith(NAMESPACE) else tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        space, _, name = tag.rpartition("}")
        builder.end(name if space.startswith(NAMESPACE) else tag)

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
