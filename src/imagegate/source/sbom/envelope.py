"""Takes a document out of an attestation.

in-toto statement v0.1 and v1 (in-toto/attestation, spec/v1/statement.md), in a DSSE envelope (secure-systems-lab/dsse,
envelope.md) or not, as BuildKit writes it; the envelope in a sigstore bundle or not. Nothing is said about signatures.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from imagegate.errors import SourceError
from imagegate.source.sbom.listing import Notes
from imagegate.source.sbom.reading import digest, mapping, objects, parse_json, text
from imagegate.text import clean

STATEMENT = "application/vnd.in-toto+json"
# https://spdx.dev/Document, …/Document/v2.3, https://cyclonedx.org/bom, …/bom/v1.5, https://syft.dev/bom
PREDICATES = ("https://spdx.dev/Document", "https://cyclonedx.org/bom", "https://syft.dev/bom", "https://cyclonedx.org/schema")
_HINT = "Only attestations of CycloneDX, SPDX and syft documents hold packages."


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A document and the digests of what its attestation is about; `signed` tells that there is a signature, unchecked."""

    document: bytes
    predicate_type: str
    subjects: tuple[str, ...]
    signed: bool


def is_wrapped(document: dict[str, Any]) -> bool:
    """Return whether a JSON object is an attestation of any kind."""
    return "dsseEnvelope" in document or "payloadType" in document or "predicateType" in document


def unwrap(data: bytes, what: str = "the attestation") -> Unwrapped:
    """Return the document of an attestation, with the digests `sha256:…` of its subjects.

    Raises SourceError for anything that is no attestation of an SBOM.
    """
    return opened(parse_json(data, what), what)


def opened(outer: dict[str, Any], what: str) -> Unwrapped:
    """Return the same of a JSON object."""
    envelope = outer.get("dsseEnvelope", outer)
    signed = isinstance(envelope, dict) and bool(envelope.get("signatures"))
    statement = _statement(envelope, what) if isinstance(envelope, dict) and "payload" in envelope else envelope
    if not isinstance(statement, dict) or not isinstance(statement.get("predicateType"), str):
        raise SourceError(f"{what}: not an attestation: it holds no in-toto statement", _HINT)
    kind = statement["predicateType"]
    if not any(kind == known or kind.startswith(f"{known}/") for known in PREDICATES):
        raise SourceError(f"{what}: an attestation, but not of an SBOM: {clean(kind, 200)}", _HINT)
    notes = Notes()
    named = [mapping(subject, "digest", notes) for subject in objects(statement, "subject", notes)]
    subjects = tuple(dict.fromkeys(filter(None, (digest(f"sha256:{text(one, 'sha256', notes)}") for one in named))))
    return Unwrapped(_predicate(statement.get("predicate"), what), clean(kind, 200), subjects, signed)


def _statement(envelope: dict[str, Any], what: str) -> dict[str, Any]:
    payload, kind = envelope["payload"], envelope.get("payloadType")
    if not isinstance(payload, str) or kind != STATEMENT:
        raise SourceError(f"{what}: an envelope, but not of an in-toto statement: {clean(str(kind), 100)}", _HINT)
    try:
        plain = base64.b64decode(payload.translate(str.maketrans("-_", "+/")), validate=True)  # DSSE takes both alphabets
    except (binascii.Error, ValueError):
        raise SourceError(f"{what}: the payload of its envelope is not base64", "It is damaged or was cut off.") from None
    return parse_json(plain, f"{what}: its payload")


def _predicate(predicate: Any, what: str) -> bytes:
    """Return the document; cosign put it into `Data` until 1.x, tag-value as text."""
    if isinstance(predicate, dict) and "Data" in predicate and predicate.keys() <= {"Data", "Timestamp"}:
        predicate = predicate["Data"]
    if isinstance(predicate, str):
        return predicate.encode("utf-8", "replace")
    if isinstance(predicate, dict):
        return json.dumps(predicate).encode()
    raise SourceError(f"{what}: an attestation without a document", _HINT)
