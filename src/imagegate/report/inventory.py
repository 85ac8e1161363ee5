"""An inventory by itself: as a table for people, as JSON, CycloneDX 1.6 and SPDX 2.3 for programs.

CycloneDX: https://cyclonedx.org/docs/1.6/json/. SPDX: https://spdx.github.io/spdx-spec/v2.3/.
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from imagegate import __version__
from imagegate.model.inventory import Inventory, Package
from imagegate.report.console import harmless

_HOME = "https://github.com/imagegate/imagegate"


def table(inventory: Inventory, created: str) -> str:  # noqa: ARG001 - a table does not say when it was made
    """Return a line for each package, under the layer that brought it."""
    lines = []
    image = inventory.image
    system = inventory.distribution
    name = "" if system is None else system.pretty_name or f"{system.id} {system.version}".rstrip()
    of, on = f" of {name}" if name else "", f", {image.platform}" if image.platform else ""
    lines.append(f"{image.reference}: {len(inventory.packages)} packages{of}{on}")
    for layer in image.layers:
        brought = [package for package in inventory.packages if package.locations[0].layer == layer.index]
        lines += ["", f"layer {layer.index}  {layer.digest[:19]}  {layer.size / 1e6:.1f} MB  {layer.created_by}".rstrip()]
        width = max((len(package.name) for package in brought), default=0)
        for package in brought:
            source = f"  from {package.source_name}" if package.source_name not in ("", package.name) else ""
            lines.append(f"  {package.type}  {package.name.ljust(width)}  {package.version}{source}")
    for item in inventory.evidence:
        if item.found != "ok":
            lines += ["", f"{item.kind}: {item.detail}"]
    return "\n".join(map(harmless, lines)) + "\n"


def as_json(inventory: Inventory, created: str) -> str:
    """Return the inventory as JSON, in the words of the result document."""
    system = inventory.distribution
    document = {
        "schema": "imagegate/inventory/1",
        "created": created,
        "tool": {"name": "imagegate", "version": __version__},
        "image": {**asdict(inventory.image), "labels": dict(inventory.image.labels)},
        "distribution": None if system is None else asdict(system),
        "packages": [asdict(package) for package in inventory.packages],
        "evidence": [asdict(item) for item in inventory.evidence],
    }
    return json.dumps(document, indent=1) + "\n"


def cyclonedx(inventory: Inventory, created: str) -> str:
    """Return a CycloneDX 1.6 document; its serial number follows from image and packages, so it can be made again."""
    image = inventory.image
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_identity(inventory)}",
        "version": 1,
        "metadata": {
            "timestamp": created,
            "tools": {"components": [{"type": "application", "name": "imagegate", "version": __version__}]},
            "component": {
                "type": "container",
                "bom-ref": image.id or "image",
                "name": image.reference,
                **({"version": image.digest} if image.digest else {}),
                "properties": [_property("imagegate:platform", image.platform)],
            },
        },
        "components": [*_system(inventory), *(_component(package, inventory) for package in inventory.packages)],
        **({"compositions": [{"aggregate": "incomplete", "assemblies": [image.id or "image"]}]} if _unseen(inventory) else {}),
    }
    return json.dumps(document, indent=1) + "\n"


def _unseen(inventory: Inventory) -> int:
    """Return how much could not be seen: who reads the document must not take it as the whole image."""
    return sum(item.found == "fail" for item in inventory.evidence)


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _system(inventory: Inventory) -> list[dict[str, Any]]:
    system = inventory.distribution
    if system is None:
        return []
    version = {"version": system.version} if system.version else {}
    return [
        {
            "type": "operating-system",
            "bom-ref": f"os:{system.id}",
            "name": system.id,
            **version,
            "description": system.pretty_name,
            **({"properties": [_property("imagegate:codename", system.codename)]} if system.codename else {}),
        }
    ]


def _component(package: Package, inventory: Inventory) -> dict[str, Any]:
    location = package.locations[0]
    layers = inventory.image.layers
    layer = layers[location.layer] if location.layer < len(layers) else None
    digest = (layer.digest or layer.diff_id) if layer else ""
    properties = [
        _property("imagegate:location:path", location.path),
        _property("imagegate:location:layer", str(location.layer)),
        _property("imagegate:location:layer-digest", digest),
    ]
    if package.source_name:
        properties.append(_property("imagegate:source", f"{package.source_name} {package.source_version}".rstrip()))
    return {
        "type": "library",
        "bom-ref": _reference(package),
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "properties": properties,
    }


def _reference(package: Package) -> str:
    """A package URL is unique only together with its location."""
    place = sha256(package.locations[0].path.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{package.purl}#{place}"


def _identity(inventory: Inventory) -> str:
    content = "\n".join([inventory.image.reference, inventory.image.id, *(_reference(package) for package in inventory.packages)])
    return str(uuid5(NAMESPACE_URL, f"{_HOME}/{sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()}"))


def spdx(inventory: Inventory, created: str) -> str:
    """Return an SPDX 2.3 document in JSON."""
    image = inventory.image
    root = {
        "SPDXID": "SPDXRef-Image",
        "name": image.reference,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "primaryPackagePurpose": "CONTAINER",
        "attributionTexts": [f"ImageID: {image.id}", f"Platform: {image.platform}"],
        **({"versionInfo": image.digest} if image.digest else {}),
    }
    packages = [*_spdx_system(inventory), *(_spdx_package(package, inventory) for package in inventory.packages)]
    contains = [
        {"spdxElementId": "SPDXRef-Image", "relationshipType": "CONTAINS", "relatedSpdxElement": package["SPDXID"]}
        for package in packages
    ]
    describes = {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-Image"}
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": image.reference,
        "documentNamespace": f"{_HOME}/spdx/{_identity(inventory)}",
        "creationInfo": {
            "created": created,
            "creators": [f"Tool: imagegate-{__version__}"],
            **({"comment": f"incomplete: {_unseen(inventory)} notes of what could not be seen"} if _unseen(inventory) else {}),
        },
        "packages": [root, *packages],
        "relationships": [describes, *contains],
    }
    return json.dumps(document, indent=1) + "\n"


def _spdx_system(inventory: Inventory) -> list[dict[str, Any]]:
    system = inventory.distribution
    if system is None:
        return []
    return [
        {
            "SPDXID": "SPDXRef-OperatingSystem",
            "name": system.id,
            **({"versionInfo": system.version} if system.version else {}),
            "description": system.pretty_name,
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "primaryPackagePurpose": "OPERATING-SYSTEM",
            **({"attributionTexts": [f"Codename: {system.codename}"]} if system.codename else {}),
        }
    ]


def _spdx_package(package: Package, inventory: Inventory) -> dict[str, Any]:
    location = package.locations[0]
    layers = inventory.image.layers
    layer = layers[location.layer] if location.layer < len(layers) else None
    digest = (layer.digest or layer.diff_id) if layer else ""
    built = f", built from {package.source_name} {package.source_version}".rstrip() if package.source_name else ""
    label = re.sub(r"[^A-Za-z0-9.-]", "-", f"{package.type}-{package.name}")
    return {
        "SPDXID": f"SPDXRef-{label}-{sha256(_reference(package).encode('utf-8', 'surrogatepass')).hexdigest()[:16]}",
        "name": package.name,
        "versionInfo": package.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "sourceInfo": f"found in {location.path}, layer {location.layer}{built}",
        **({"attributionTexts": [f"LayerDigest: {digest}"]} if digest else {}),
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": package.purl}],
    }


FORMS: dict[str, Callable[[Inventory, str], str]] = {"table": table, "json": as_json, "cyclonedx": cyclonedx, "spdx": spdx}
