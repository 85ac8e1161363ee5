"""Bills of materials in place of an image: what somebody says is in it.

Nobody has looked: what a document leaves out cannot be seen, so whatever it says of its own gaps is evidence.
"""

from dataclasses import replace
from typing import Any

from imagegate.errors import SourceError
from imagegate.source.sbom import cyclonedx, cyclonedx_xml, distribution, envelope, spdx, spdx_tags, syft
from imagegate.source.sbom.envelope import Unwrapped, unwrap
from imagegate.source.sbom.listing import DistributionFacts, ImageFacts, Listing, Told
from imagegate.source.sbom.packages import Collector
from imagegate.source.sbom.reading import LARGEST, parse_json

__all__ = ["DistributionFacts", "ImageFacts", "Listing", "Unwrapped", "read_sbom", "unwrap"]

_FORMS = "CycloneDX (JSON, XML), SPDX 2.2 and 2.3 (JSON, tag-value) and syft JSON can be read."
_BEFORE = b" \t\r\n\x00\xef\xbb\xbf\xfe\xff"  # spaces, and the marks of UTF-8 and UTF-16
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"PK\x03\x04")


def read_sbom(data: bytes, what: str, distribution: str = "") -> Listing:
    """Return what a bill of materials lists; its format is found out from its content.

    `what` names the document in messages; `distribution` is one that a person gives, such as `debian:11`. Raises
    SourceError for what is no such document, damaged or too big, UsageError for a distribution that cannot be read.
    """
    if len(data) > LARGEST:
        raise SourceError(f"{what}: {len(data):,} bytes are too many for an SBOM", "Is it the right file?")
    told = _told(data, what)
    return _listing(told, distribution)


def _listing(told: Told, option: str) -> Listing:
    found = Collector(told)
    if not found.packages:
        told.notes.note("fail", "the document lists no package", kind="no_packages")
    system = distribution.settle(option, told.systems, found.named, found.packages, told.notes)
    evidence = told.notes.evidence()
    return Listing(tuple(found.packages), system, told.image, found.layers.all(), evidence, told.format, told.made_by)


def _told(data: bytes, what: str) -> Told:
    start = data[:256].lstrip(_BEFORE)
    if not start:
        raise SourceError(f"{what}: empty, or nothing but spaces", _FORMS)
    if start.startswith(_PACKED):
        raise SourceError(f"{what}: compressed", "Unpack it first, for example with gzip -d.")
    if start.startswith(b"<"):
        return cyclonedx.read(cyclonedx_xml.parse(data, what), "XML")
    if start.startswith((b"{", b"[")):
        return _from_json(parse_json(data, what), what)
    if spdx_tags.MARK.search(data, 0, 1 << 20):
        return spdx.read(spdx_tags.parse(data, what), "tag-value")
    raise SourceError(f"{what}: not an SBOM that is known", _FORMS)


def _from_json(document: dict[str, Any], what: str) -> Told:
    if envelope.is_wrapped(document):
        return _from_attestation(document, what)
    if document.get("bomFormat") == "CycloneDX":
        return cyclonedx.read(document, "JSON")
    if isinstance(document.get("spdxVersion"), str):
        return spdx.read(document, "JSON")
    if isinstance(document.get("artifacts"), list) and "source" in document and "matches" not in document:
        return syft.read(document)
    if "spdx.org/rdf/3" in str(document.get("@context"))[:2000]:
        raise SourceError(f"{what}: SPDX 3, which cannot be read yet", "Write SPDX 2.3 or CycloneDX instead.")
    raise SourceError(
        f"{what}: JSON, but not an SBOM that is known", f"{_FORMS} A scanner's report goes to `imagegate evaluate FILE`."
    )


def _from_attestation(document: dict[str, Any], what: str) -> Told:
    found = envelope.opened(document, what)
    if found.document.lstrip().startswith(b"{") and envelope.is_wrapped(parse_json(found.document, what)):
        raise SourceError(f"{what}: an attestation inside of an attestation", _FORMS)
    told = _told(found.document, what)
    told.notes.note("warn", "taken out of an attestation, whose signature was not checked", kind="backend")
    if len(found.subjects) == 1 and not told.image.digest:
        told.image = replace(told.image, digest=found.subjects[0])
    return told
