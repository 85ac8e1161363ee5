"""An image of which only a bill of materials is at hand: a file, or what is attached to it in its registry."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from imagegate.errors import SourceError
from imagegate.model.image import Evidence, Image, Interest, Layer, OpenImage, Platform
from imagegate.model.inventory import Bill
from imagegate.source import digest as digests
from imagegate.source import limits
from imagegate.source.archive import open_file
from imagegate.source.manifest import is_for
from imagegate.source.reference import Reference, remote
from imagegate.source.sbom import Listing, read_sbom, unwrap
from imagegate.source.sbom.envelope import PREDICATES
from imagegate.source.tree import Tree
from imagegate.text import clean

if TYPE_CHECKING:
    from imagegate.source.registry import Access, Client

REGISTRY = "registry:"
_DOCUMENTS = (
    *(f"application/vnd.{name}" for name in ("cyclonedx+json", "cyclonedx+xml", "syft+json")),
    *("application/spdx+json", "text/spdx", "text/spdx+json"),
)
_STATEMENTS = ("application/vnd.in-toto+json", "application/vnd.dsse.envelope.v1+json", "application/vnd.dev.sigstore.bundle")
_MOST = 100  # referrers that are looked at
_LARGEST = 64 << 20  # bytes of an attached document


def open_file_bill(reference: Reference, distro: str, interest: Interest) -> OpenImage:
    """Open `sbom:FILE`; raises SourceError, UsageError for a distribution that cannot be read."""
    region = open_file(reference.name)
    return _opened(reference, read_sbom(b"".join(region.chunks()), clean(reference.name, 300), distro), interest)


def open_attached_bill(reference: Reference, access: "Access", platform: Platform, distro: str, interest: Interest) -> OpenImage:
    """Open `sbom:registry:NAME`: the SBOM that refers to the image in its registry; raises SourceError.

    Asked are the referrers API of the OCI distribution specification 1.1, the tag that it names for older registries,
    cosign's tags, and the attestations that BuildKit puts into the index.
    """
    from imagegate.source.registry import Client

    place = remote(reference.name.removeprefix(REGISTRY))
    client = Client(place, access)
    found = client.document(f"manifests/{place.digest or place.tag}")
    if found is None:
        raise SourceError(f"{place.host} has no image {place.repository}", "Was it pushed there?")
    raw = found[0]
    if place.digest:
        digests.same(digests.of(raw), place.digest, str(place))
    children = [child for child in _objects(_parsed(raw).get("manifests")) if is_for(child, platform)]
    subjects = [*(str(child.get("digest")) for child in children), digests.of(raw)]  # the platform's own comes first
    for subject in subjects:
        for descriptor in _referring(client, subject, _parsed(raw)):
            for document, what in _documents(client, descriptor, subject, set(subjects)):
                opened = _opened(reference, read_sbom(document, what, distro), interest)
                said = f"the SBOM is attached to {subject}"
                return OpenImage(opened.image, opened.files, (*opened.evidence, Evidence("backend", "ok", said)), opened.bill)
    raise SourceError(
        f"{place}: no SBOM is attached to it",
        "Attach one (`oras attach`, `cosign attest`, `docker buildx --sbom`), or check the image.",
    )


def _opened(reference: Reference, listing: Listing, interest: Interest) -> OpenImage:
    facts = listing.image
    layers = tuple(
        Layer(number, "", digest, 0, "" if digest else "(the SBOM does not say)") for number, digest in enumerate(listing.layers)
    )
    image = Image(clean(reference.text, 1000), "sbom", facts.id, facts.digest or None, facts.platform, (), layers)
    said = (
        f"nobody looked into the image: this is what a {listing.format} document of {listing.made_by or 'an unknown tool'} says"
    )
    evidence = (*listing.evidence, Evidence("backend", "warn", clean(said, 300)))
    told = listing.distribution
    system = (told.id, told.version, told.codename, told.pretty_name) if told else None
    return OpenImage(image, Tree([], interest), evidence, Bill(listing.packages, system))


def _referring(client: "Client", subject: str, index: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield descriptors of manifests that may hold an SBOM of the subject, in all ways that are in use."""
    hexadecimal = subject.partition(":")[2]
    answers = [client.document(f"referrers/{subject}"), client.document(f"manifests/sha256-{hexadecimal}")]
    for answer in answers:
        for count, descriptor in enumerate(_objects(_parsed(answer[0]).get("manifests")) if answer else []):
            if count < _MOST:
                yield descriptor
    for child in _objects(index.get("manifests")):
        notes = child.get("annotations")
        if _is_attestation(child) and isinstance(notes, dict) and notes.get("vnd.docker.reference.digest") == subject:
            yield child
    for tag in (f"sha256-{hexadecimal}.sbom", f"sha256-{hexadecimal}.att"):
        if (answer := client.document(f"manifests/{tag}")) is not None:
            yield {"digest": digests.of(answer[0])}


def _documents(client: "Client", descriptor: dict[str, Any], subject: str, known: set[str]) -> Iterator[tuple[bytes, str]]:
    """Yield the documents that a manifest holds; one in an attestation must be about the image."""
    digest = digests.checked(descriptor.get("digest"), "a referrer")
    answer = client.document(f"manifests/{digest}")
    if answer is None:
        return
    digests.verify(answer[0], digest, "a referrer")
    for layer in _objects(_parsed(answer[0]).get("layers"))[:_MOST]:
        kind, notes = str(layer.get("mediaType")), layer.get("annotations")
        predicate = (
            str(notes.get("in-toto.io/predicate-type") or notes.get("predicateType") or "") if isinstance(notes, dict) else ""
        )
        wrapped = kind.startswith(_STATEMENTS)
        if (not wrapped and kind not in _DOCUMENTS) or (wrapped and predicate and not predicate.startswith(PREDICATES)):
            continue
        blob = digests.checked(layer.get("digest"), "an SBOM")
        chunks = client.blob(blob, _LARGEST)
        data = b"".join(chunks) if chunks is not None else b""
        digests.verify(data, blob, "an SBOM")
        what = f"the SBOM {blob}"
        if wrapped:
            try:
                found = unwrap(data, what)
            except SourceError:
                if predicate:
                    raise
                continue  # an attestation of something else
            if known.isdisjoint(found.subjects):
                raise SourceError(f"{what} is attached to {subject}, but is about another image", "Attach the right one.")
        yield data, what


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw[: limits.JSON])
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _is_attestation(child: dict[str, Any]) -> bool:
    notes = child.get("annotations")
    return isinstance(notes, dict) and notes.get("vnd.docker.reference.type") == "attestation-manifest"
