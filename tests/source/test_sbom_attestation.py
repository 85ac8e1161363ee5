"""Documents inside of attestations: in-toto statements, DSSE envelopes, sigstore bundles."""

import base64
import json
from typing import Any

import pytest

from imagegate.errors import SourceError
from imagegate.source.sbom import read_sbom, unwrap

from .sboms import data, names, refused, said

DIGEST = "2" * 64
CYCLONEDX = json.loads(data("trivy.cdx.json"))
SPDX = json.loads(data("syft.spdx.json"))


def statement(predicate: Any, kind: str = "https://cyclonedx.org/bom", **facts: Any) -> dict[str, Any]:
    subject = [{"name": "r.example.org/app", "digest": {"sha256": DIGEST}}]
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": subject,
        "predicateType": kind,
        "predicate": predicate,
        **facts,
    }


def envelope(inner: dict[str, Any], **facts: Any) -> dict[str, Any]:
    payload = base64.b64encode(json.dumps(inner).encode()).decode()
    signatures = [{"keyid": "", "sig": "MEUC"}]
    return {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": signatures, **facts}


def as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("predicate", "kind"),
    [
        (CYCLONEDX, "https://cyclonedx.org/bom"),
        (CYCLONEDX, "https://cyclonedx.org/bom/v1.6"),
        (SPDX, "https://spdx.dev/Document"),
        (SPDX, "https://spdx.dev/Document/v2.3"),
        ({"Data": json.dumps(SPDX), "Timestamp": "2026-11-22T12:00:00Z"}, "https://spdx.dev/Document"),
        (json.loads(data("syft.json")), "https://syft.dev/bom"),
    ],
)
@pytest.mark.parametrize("wrapped", ["statement", "envelope", "bundle"])
def test_the_document_comes_out_with_the_digests_that_it_is_about(wrapped: str, predicate: Any, kind: str) -> None:
    content: dict[str, Any] = statement(predicate, kind)
    if wrapped != "statement":
        content = envelope(content)
    if wrapped == "bundle":
        content = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": content}
    found = unwrap(as_bytes(content))
    document = json.loads(predicate["Data"]) if "Data" in predicate else predicate
    assert json.loads(found.document) == document
    assert found.subjects == (f"sha256:{DIGEST}",)
    assert (found.predicate_type, found.signed) == (kind, wrapped != "statement")
    listing, plain = read_sbom(as_bytes(content), "a.json"), read_sbom(as_bytes(document), "a.json")
    assert listing.packages == plain.packages
    assert listing.image.digest == plain.image.digest or listing.image.digest == f"sha256:{DIGEST}"
    assert any("signature was not checked" in line for line in said(listing, "warn"))


def test_tag_value_inside_of_an_attestation_is_read_too() -> None:
    purl = "ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\n"
    inner = {"Data": f"SPDXVersion: SPDX-2.3\nPackageName: a\n{purl}", "Timestamp": "now"}
    listing = read_sbom(as_bytes(envelope(statement(inner, "https://spdx.dev/Document"))), "a.json")
    assert (listing.format, names(listing)) == ("SPDX 2.3 tag-value", ["a 1"])


def test_subjects_are_digests_or_nothing() -> None:
    subject = [{"digest": {"sha256": DIGEST}}, {"digest": {"sha256": DIGEST}}, {"digest": {"sha1": "1" * 40}}]
    odd: list[Any] = [{"digest": {"sha256": "../../x"}}, {"digest": 5}, 7, {}, {"digest": {"sha256": None}}]
    found = unwrap(as_bytes(statement(CYCLONEDX, subject=[*subject, *odd])))
    assert found.subjects == (f"sha256:{DIGEST}",)
    assert unwrap(as_bytes(statement(CYCLONEDX, subject="x"))).subjects == ()


def test_the_digest_of_an_attestation_over_several_images_names_none() -> None:
    subject = [{"digest": {"sha256": DIGEST}}, {"digest": {"sha256": "3" * 64}}]
    assert read_sbom(as_bytes(statement(CYCLONEDX, subject=subject)), "a.json").image.digest == ""


def test_both_alphabets_of_base64_are_taken() -> None:
    signed = envelope(statement({**CYCLONEDX, "x": "\u00ff\u00ff>>>???" * 20}))
    plain = base64.b64decode(signed["payload"])
    assert unwrap(as_bytes({**signed, "payload": base64.urlsafe_b64encode(plain).decode()})) == unwrap(as_bytes(signed))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (statement({}, "https://slsa.dev/provenance/v1"), "not of an SBOM: https://slsa.dev/provenance/v1"),
        (statement({}, "https://cyclonedx.org/bomb"), "not of an SBOM"),
        (statement(None), "without a document"),
        (statement([]), "without a document"),
        (statement(statement(CYCLONEDX)), "inside of an attestation"),
        ({"predicateType": 5, "predicate": {}}, "no in-toto statement"),
        ({"dsseEnvelope": 5}, "no in-toto statement"),
        (envelope(statement(CYCLONEDX), payload="%%%"), "not base64"),
        (envelope(statement(CYCLONEDX), payload="\u00e9"), "not base64"),
        (envelope(statement(CYCLONEDX), payload="e30="), "no in-toto statement"),
        (envelope(statement(CYCLONEDX), payload="W10="), "holds no object"),
        (envelope(statement(CYCLONEDX), payload=None), "not of an in-toto statement"),
        (envelope(statement(CYCLONEDX), payloadType="text/plain"), "not of an in-toto statement: text/plain"),
    ],
)
def test_other_attestations_are_refused_in_words(content: dict[str, Any], reason: str) -> None:
    assert reason in refused(as_bytes(content))


def test_unwrapping_what_is_no_attestation_is_refused() -> None:
    for content in (as_bytes(CYCLONEDX), b"", b"{", b"[]", b"\xff"):
        with pytest.raises(SourceError):
            unwrap(content)
