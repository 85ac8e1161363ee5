"""Bills of materials for the tests: read from the data, or made."""

import json
from pathlib import Path
from typing import Any

import pytest

from imagegate.errors import SourceError
from imagegate.source.sbom import Listing, read_sbom

DATA = Path(__file__).parent / "data"
SYSTEM = {"type": "operating-system", "name": "debian", "version": "11.6"}


def data(name: str) -> bytes:
    return (DATA / name).read_bytes()


def component(purl: str, **facts: Any) -> dict[str, Any]:
    return {"type": "library", "purl": purl, **facts}


def cyclonedx(*components: Any, **facts: Any) -> Listing:
    document = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": list(components), **facts}
    return read_sbom(json.dumps(document).encode(), "a.json")


def spdx(*packages: Any, **facts: Any) -> Listing:
    return read_sbom(
        json.dumps({"spdxVersion": "SPDX-2.3", "name": "doc", "packages": list(packages), **facts}).encode(), "a.json"
    )


def names(listing: Listing) -> list[str]:
    return [f"{package.name} {package.version}" for package in listing.packages]


def said(listing: Listing, found: str) -> list[str]:
    """Return the evidence of one degree, as `kind: detail`."""
    return [f"{item.kind}: {item.detail}" for item in listing.evidence if item.found == found]


def refused(content: bytes | str) -> str:
    """Return why a document was refused, with the hint."""
    with pytest.raises(SourceError) as caught:
        read_sbom(content.encode() if isinstance(content, str) else content, "a.json")
    assert caught.value.message.startswith("a.json: ")
    return f"{caught.value.message} | {caught.value.hint}"
