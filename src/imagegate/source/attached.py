"""Finds the SBOM that is attached to an image in its registry.

Asked are the referrers API of the OCI distribution specification 1.1, where there is none the tag that its section
"Referrers Tag Schema" names; the attestations that BuildKit puts into the index (moby/buildkit,
docs/attestations/attestation-storage.md); and the tags of cosign (sigstore/cosign, specs/SBOM_SPEC.md,
specs/ATTESTATION_SPEC.md). Whoever may push to the repository may attach: no signature is checked.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from imagegate.errors import SourceError
from imagegate.model.image import Evidence, Interest, OpenImage, Platform
from imagegate.source import digest as digests
from imagegate.source import limits
from imagegate.source.cache import Cache
from imagegate.source.manifest import Asked, find_manifest, fits, left_out, no_platform, parse_document, platform_of, read_blob
from imagegate.source.reference import Reference, Remote
from imagegate.source.registry import Access, Client, RegistryStore, objects
from imagegate.source.sbom import Listing, unwrap
from imagegate.source.sbom.envelope import PREDICATES
from imagegate.text import clean

# cosign calls SPDX in JSON `spdx+json`, without more (pkg/types/media.go).
_DOCUMENTS = {"application/vnd.cyclonedx+json", "application/vnd.cyclonedx+xml", "application/vnd.cyclonedx"}
_DOCUMENTS |= {"application/spdx+json", "text/spdx+json", "spdx+json", "text/spdx", "application/vnd.syft+json"}
_STATEMENTS = ("application/vnd.in-toto+json", "application/vnd.dsse.envelope.v1+json", "application/vnd.dev.sigstore.bundle")
_PREDICATE = ("in-toto.io/predicate-type", "predicateType", "dev.sigstore.bundle.predicateType")
_MANIFESTS = 100  # that are looked at, of all that is attached to an image
_BLOBS = 20  # that are fetched to see whether they are an SBOM
_LARGEST = 64 << 20  # bytes of an attached document
_ATTACH = "Attach one (`oras attach`, `cosign attest`, `docker buildx build --sbom=true`), or check the image itself."


@dataclass(frozen=True)
class Target:
    """The image of one platform: `layers` are its diff ids and the digests of its blobs, `others` what else its index names."""

    digest: str
    id: str
    platform: str
    depth: int
    layers: frozenset[str]
    indexes: tuple[str, ...]
    others: frozenset[str]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Document:
    """An SBOM as it is stored, and to what it is attached."""

    data: bytes
    what: str
    subject: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class _Candidate:
    """A blob that is or may be an SBOM; `kind` is its media type or predicate, "" for one that must be opened to know."""

    blob: str
    kind: str
    wrapped: bool


def find(
    place: Remote, access: Access, reference: Reference, platform: Platform, interest: Interest
) -> tuple[Target, Document] | OpenImage:
    """Return the image in its registry and its SBOM; an image without layers where the platform is missing.

    Raises SourceError where the image or an SBOM is missing, or what is there is not what it should be.
    """
    store = RegistryStore(place, access)
    asked = Asked(reference, "sbom", platform, platform, interest, Cache(None, interest, lambda _: None))
    target = _target(store, asked, str(place))
    if isinstance(target, OpenImage):
        return target
    client = store.client  # its token is good for all that follows
    for subject in (target.digest, *target.indexes):  # the platform's own comes first
        candidates = list(dict.fromkeys(_candidates(client, subject, store)))
        for number, candidate in enumerate(candidates):
            if number == _BLOBS:
                raise SourceError(
                    f"{place}: no SBOM is among the first {_BLOBS} attestations of {subject}", "Check the image itself."
                )
            if (data := _fetched(client, candidate, target)) is not None:
                others = [one for one in candidates if one.kind and one.blob != candidate.blob]
                said = f"the SBOM {candidate.blob} is attached to {subject}"
                evidence = (Evidence("backend", "ok", said), *_unread(candidate, others, subject))
                return target, Document(data, f"the SBOM {candidate.blob}", subject, evidence)
    raise SourceError(f"{place}: no SBOM is attached to it", _ATTACH)


def held(listing: Listing, target: Target, document: Document) -> tuple[Evidence, ...]:
    """Hold what a document says of its image against the image; raises SourceError for one about another image.

    Tools give an image that was never in a registry a manifest digest of their own, so that one alone proves nothing.
    """
    facts = listing.image
    told = {facts.digest, facts.id} - {""}
    layers = set(listing.layers) - {""}
    if not told.isdisjoint((target.digest, target.id)):
        return ()
    elsewhere = bool(facts.platform) and facts.platform.split("/")[:2] != target.platform.split("/")[:2]
    if elsewhere or not layers <= target.layers or not told.isdisjoint(target.others):
        raise _foreign(document.what, document.subject)
    evidence = []
    if told and told.isdisjoint(target.indexes) and len(layers) < target.depth:  # with fewer layers it may be its base
        detail = f"the SBOM says that it is about {min(told)}, and is attached to {document.subject}"
        evidence.append(Evidence("backend", "fail", detail))
    if document.subject in target.indexes and target.others and not layers:
        detail = f"the SBOM is attached to the index of several images, and does not say that it is about {target.platform}"
        evidence.append(Evidence("missing_platform", "fail", detail))
    return tuple(evidence)


def _target(store: RegistryStore, asked: Asked, place: str) -> Target | OpenImage:
    """Return the image of the platform that was asked for, chosen as when the image itself is read."""
    missing: list[str] = []
    also: list[str] = []
    top = json.loads(store.small("index.json") or b"{}")["manifests"][0]
    found = find_manifest(store, top, asked, limits.NESTED, missing, also, set())
    if found is None:
        return no_platform(asked, missing)
    manifest, digest = found
    config = manifest.get("config")
    if not isinstance(config, dict):
        raise SourceError(f"{place}: the manifest names no configuration", "Is it an image?")
    raw = read_blob(store, config, "the image's configuration")
    facts = parse_document(raw, f"{place}: the image's configuration", dict)
    platform = platform_of(facts)
    if asked.platform and not fits(asked.platform, platform):
        return no_platform(asked, [str(platform)])
    rootfs = facts.get("rootfs")
    told = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    diff_ids = {one for one in (told if isinstance(told, list) else ()) if isinstance(one, str)}
    blobs = {str(layer.get("digest")) for layer in objects(manifest.get("layers"))}
    way, images = [digest], set()
    for name, children in reversed(list(_indexes(store))):
        inside = {str(child.get("digest")) for child in children if not _attested(child)}
        if not inside.isdisjoint(way):
            way.append(name)
            images |= inside
    return Target(
        digest,
        digests.of(raw),
        str(platform),
        len(diff_ids),
        frozenset(diff_ids | blobs),
        tuple(way[1:]),
        frozenset(images.difference(way)),
        tuple(left_out(missing, also)),
    )


def _indexes(store: RegistryStore) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the digest and the entries of each index on the way to the image, the outermost first."""
    for name in store.names():
        if name not in ("oci-layout", "index.json"):
            document = _document(store.small(name))
            if isinstance(document.get("manifests"), list):
                yield name.replace("blobs/sha256/", "sha256:"), objects(document["manifests"])


def _candidates(client: Client, subject: str, store: RegistryStore) -> Iterator[_Candidate]:
    """Yield what is attached to the subject and is or may be an SBOM."""
    for number, (raw, must) in enumerate(_attached(client, subject, store)):
        if number == _MANIFESTS:
            raise SourceError(f"more than {_MANIFESTS} things are attached to {subject}", "Check the image itself.")
        manifest = _document(raw)
        about = manifest.get("subject")
        about = about.get("digest") if isinstance(about, dict) else None
        if about != subject and (must or about is not None):
            raise _foreign(f"the manifest {digests.of(raw)}", subject)
        config = manifest.get("config")
        named = str(manifest.get("artifactType") or (config.get("mediaType") if isinstance(config, dict) else ""))
        for layer in objects(manifest.get("layers")):
            kinds = [kind.partition(";")[0].strip().lower() for kind in (str(layer.get("mediaType")), named)]
            predicate = _predicate(layer, manifest)
            if kinds[0].startswith(_STATEMENTS):
                if not predicate or predicate.startswith(PREDICATES):
                    yield _Candidate(digests.checked(layer.get("digest"), "an attestation"), predicate, True)
            elif kind := next((one for one in kinds if one in _DOCUMENTS), ""):
                yield _Candidate(digests.checked(layer.get("digest"), "an SBOM"), kind, False)


def _attached(client: Client, subject: str, store: RegistryStore) -> Iterator[tuple[bytes, bool]]:
    """Yield manifests of what is attached to the subject, and whether they must name it."""
    tag = subject.replace(":", "-")
    answer = client.document(f"referrers/{subject}") or client.document(f"manifests/{tag}")
    for descriptor in objects(_document(answer[0] if answer else None).get("manifests")):
        yield _manifest_of(client, descriptor), True
    for _, children in _indexes(store):
        for child in children:
            if _attested(child) and child["annotations"].get("vnd.docker.reference.digest") == subject:
                yield _manifest_of(client, child), False
    for ending in (".att", ".sbom"):  # an attestation says what it is about
        if (answer := client.document(f"manifests/{tag}{ending}")) is not None:
            yield answer[0], False


def _manifest_of(client: Client, descriptor: dict[str, Any]) -> bytes:
    digest = digests.checked(descriptor.get("digest"), "a manifest that is attached to the image")
    answer = client.document(f"manifests/{digest}")
    if answer is None:
        raise SourceError(f"{client.remote.host} lists the manifest {digest}, but does not have it", "Attach it again.")
    digests.verify(answer[0], digest, "a manifest that is attached to the image")
    return answer[0]


def _fetched(client: Client, candidate: _Candidate, target: Target) -> bytes | None:
    """Return an SBOM, verified, and where it is in an attestation, about the image; None for an attestation of something else."""
    what = f"the SBOM {candidate.blob}"
    chunks = client.blob(candidate.blob, _LARGEST)
    if chunks is None:
        raise SourceError(f"{client.remote.host} does not have the blob of {what}", "Attach it again.")
    data = b"".join(chunks)
    digests.verify(data, candidate.blob, what)
    if candidate.wrapped:
        try:
            found = unwrap(data, what)
        except SourceError:
            if candidate.kind:
                raise
            return None
        if {target.digest, *target.indexes}.isdisjoint(found.subjects):
            raise _foreign(what, target.digest)
    return data


def _unread(used: _Candidate, others: list[_Candidate], subject: str) -> tuple[Evidence, ...]:
    if not others:
        return ()
    listed = ", ".join(f"{one.blob} ({clean(one.kind, 60)})" for one in others[:5])
    detail = f"{len(others) + 1} SBOMs are attached to {subject}: read was {used.blob} ({clean(used.kind, 60)}), not {listed}"
    return (Evidence("backend", "warn", detail),)


def _foreign(what: str, subject: str) -> SourceError:
    return SourceError(f"{what} is attached to {subject}, but is about another image", "Attach the right one.")


def _predicate(layer: dict[str, Any], manifest: dict[str, Any]) -> str:
    notes = [notes for holder in (layer, manifest) if isinstance(notes := holder.get("annotations"), dict)]
    return next((str(note[key]) for note in notes for key in _PREDICATE if note.get(key)), "")


def _attested(child: dict[str, Any]) -> bool:
    notes = child.get("annotations")
    return isinstance(notes, dict) and notes.get("vnd.docker.reference.type") == "attestation-manifest"


def _document(raw: bytes | None) -> dict[str, Any]:
    """Return a document; one that cannot be read names nothing."""
    try:
        document = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
