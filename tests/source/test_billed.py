"""SBOMs that are attached to an image in a registry: found in every way that is in use, and held against the image."""

import base64
import json
import socketserver
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from imagegate.errors import SourceError
from imagegate.model.image import OpenImage, Platform
from imagegate.source import attached, registry
from imagegate.source.opening import Options, open_image
from tests.images import Image, sha256
from tests.source.interests import EVERYTHING
from tests.source.opened import BASE, SECOND
from tests.source.registries import Registry, basic, query, says

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CYCLONEDX, SPDX = "application/vnd.cyclonedx+json", "application/spdx+json"
DSSE, STATEMENT = "application/vnd.dsse.envelope.v1+json", "application/vnd.in-toto+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
IMAGE = Image([BASE, SECOND])
MEMBERS, DESCRIPTOR = IMAGE.blobs()
DIGEST, CONFIG = DESCRIPTOR["digest"], sha256(IMAGE.config())
ARM_MEMBERS, ARM_DESCRIPTOR = Image([SECOND, BASE], architecture="arm64").blobs()
FOREIGN = "sha256:" + "f" * 64


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(registry, "_LONGEST_WAIT", 0.05)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setattr(socketserver.StreamRequestHandler, "disable_nagle_algorithm", True)  # 40 ms for every answer
    running = Registry()
    running.add("1", MEMBERS, DESCRIPTOR)
    yield running
    running.stop()


def several(server: Registry, *more: dict[str, Any], tag: str = "many") -> str:
    """Put an index of two platforms in."""
    server.add("amd", MEMBERS, DESCRIPTOR)
    server.add("arm", ARM_MEMBERS, ARM_DESCRIPTOR)
    entries = [
        {**descriptor, "platform": {"os": "linux", "architecture": architecture}}
        for descriptor, architecture in ((DESCRIPTOR, "amd64"), (ARM_DESCRIPTOR, "arm64"))
    ]
    return server.put(tag, {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*entries, *more]}, INDEX)


def cyclonedx(name: str = "openssl", **root: Any) -> bytes:
    component = {"type": "library", "name": name, "version": "1", "purl": f"pkg:npm/{name}@1"}
    metadata = {"component": {"type": "container", "name": "app", **root}}
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": metadata, "components": [component]}).encode()


def spdx(name: str = "openssl") -> bytes:
    purl = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": f"pkg:npm/{name}@1"}
    package = {"SPDXID": "SPDXRef-a", "name": name, "versionInfo": "1", "externalRefs": [purl]}
    return json.dumps({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "app", "packages": [package]}).encode()


def statement(document: bytes, about: str = DIGEST, kind: str = "https://cyclonedx.org/bom") -> bytes:
    subject = [{"name": "app", "digest": {"sha256": about.removeprefix("sha256:")}}]
    whole = {"_type": "https://in-toto.io/Statement/v0.1", "subject": subject, "predicateType": kind}
    return json.dumps({**whole, "predicate": json.loads(document)}).encode()


def envelope(inner: bytes) -> bytes:
    payload = base64.b64encode(inner).decode()
    return json.dumps({"payloadType": STATEMENT, "payload": payload, "signatures": [{"sig": "MEUC"}]}).encode()


def put(server: Registry, data: bytes, kind: str, subject: str = "", tag: str = "attached", **notes: str) -> str:
    """Put a manifest with one blob in, and return its digest."""
    server.blobs[sha256(data)] = data
    layer = {"mediaType": kind, "digest": sha256(data), "size": len(data), "annotations": notes}
    manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI, "layers": [layer]}
    if subject:
        manifest |= {"subject": {"mediaType": OCI, "digest": subject, "size": 1}, "artifactType": kind}
    return server.put(tag, manifest, OCI)


def refer(server: Registry, subject: str, *digests: str, api: bool = True) -> None:
    """Say what refers to a subject: with the API, or with the tag that takes its place in older registries."""
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": OCI, "digest": one} for one in digests]}
    if api:
        server.special[f"/referrers/{subject}"] = says(200, index, INDEX)
    else:
        server.put(subject.replace(":", "-"), index, INDEX)


def opened(server: Registry, tag: str = "1", platform: Platform = AMD, env: Mapping[str, str] | None = None) -> OpenImage:
    options = Options(platform=platform, timeout=5, env=env or {})
    return open_image(f"sbom:registry:{server.host}/team/app:{tag}", EVERYTHING, options)


def refused(server: Registry, tag: str = "1", platform: Platform = AMD, env: Mapping[str, str] | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        opened(server, tag, platform, env)
    assert caught.value.hint
    return f"{caught.value.message} | {caught.value.hint}"


def names(found: OpenImage) -> list[str]:
    assert found.bill is not None
    return [package.name for package in found.bill.packages]


def said(found: OpenImage, degree: str) -> str:
    return " | ".join(f"{item.kind}: {item.detail}" for item in found.evidence if item.found == degree)


@pytest.mark.parametrize("api", [True, False])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (cyclonedx(), CYCLONEDX),
        (cyclonedx(), f"{CYCLONEDX};version=1.6"),
        (spdx(), SPDX),
        (statement(cyclonedx()), STATEMENT),
        (envelope(statement(cyclonedx())), DSSE),
        (json.dumps({"mediaType": BUNDLE, "dsseEnvelope": json.loads(envelope(statement(cyclonedx())))}).encode(), BUNDLE),
    ],
)
def test_an_sbom_that_refers_to_the_image_is_found(server: Registry, api: bool, data: bytes, kind: str) -> None:
    refer(server, DIGEST, put(server, data, kind, DIGEST), api=api)
    for name in (f"{server.host}/team/app:1", f"{server.host}/team/app@{DIGEST}"):
        found = open_image(f"sbom:registry:{name}", EVERYTHING, Options(platform=AMD, timeout=5))
        assert names(found) == ["openssl"]
        assert (found.image.source, found.image.digest, found.image.id) == ("sbom", DIGEST, CONFIG)
        assert (found.image.reference, found.image.platform) == (f"sbom:registry:{name}", "linux/amd64")
        assert said(found, "fail") == ""
        assert f"the SBOM {sha256(data)} is attached to {DIGEST}" in said(found, "ok")
        assert "nobody looked into the image" in said(found, "warn")


def test_an_artifact_whose_blob_has_a_type_of_no_meaning_is_known_by_its_own_type(server: Registry) -> None:
    server.blobs[sha256(spdx())] = spdx()
    layer = {"mediaType": "application/json", "digest": sha256(spdx()), "size": 1}
    manifest = {"schemaVersion": 2, "layers": [layer], "subject": {"digest": DIGEST}, "artifactType": SPDX}
    refer(server, DIGEST, server.put("a", manifest, OCI))
    assert names(opened(server)) == ["openssl"]


@pytest.mark.parametrize(
    ("ending", "data", "kind", "notes"),
    [
        ("att", envelope(statement(cyclonedx())), DSSE, {"predicateType": "https://cyclonedx.org/bom"}),
        ("att", envelope(statement(spdx(), kind="https://spdx.dev/Document")), DSSE, {}),
        ("sbom", spdx(), "spdx+json", {}),
        ("sbom", cyclonedx(), CYCLONEDX, {}),
    ],
)
def test_what_cosign_attaches_is_found(server: Registry, ending: str, data: bytes, kind: str, notes: dict[str, str]) -> None:
    put(server, data, kind, tag=f"{DIGEST.replace(':', '-')}.{ending}", **notes)
    assert names(opened(server)) == ["openssl"]


def test_what_buildkit_puts_into_an_index_is_found_for_the_platform_that_was_asked_for(server: Registry) -> None:
    kind, entries = "https://spdx.dev/Document", []
    for about, name in ((ARM_DESCRIPTOR["digest"], "of-arm"), (DIGEST, "of-amd")):
        digest = put(server, statement(spdx(name), about, kind), STATEMENT, **{"in-toto.io/predicate-type": kind})
        marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about}
        unknown = {"os": "unknown", "architecture": "unknown"}
        entries.append({"mediaType": OCI, "digest": digest, "annotations": marks, "platform": unknown})
    several(server, *entries)
    for platform, name in ((AMD, "of-amd"), (ARM, "of-arm")):
        found = opened(server, "many", platform)
        assert names(found) == [name]
        assert found.image.platform == str(platform)
        assert "not looked at, because not asked for: linux/" in said(found, "ok")
        assert said(found, "fail") == ""


def test_provenance_and_signatures_are_passed_over(server: Registry) -> None:
    notes = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
    slsa = statement(b"{}", kind="https://slsa.dev/provenance/v1")
    others = [
        put(server, slsa, STATEMENT, DIGEST, **notes),
        put(server, envelope(slsa), DSSE, DIGEST),
        put(server, b"{}", "application/vnd.dev.cosign.simplesigning.v1+json", DIGEST),
    ]
    refer(server, DIGEST, *others)
    assert "no SBOM is attached to it | Attach one" in refused(server)
    refer(server, DIGEST, *others, put(server, cyclonedx(), CYCLONEDX, DIGEST))
    assert names(opened(server)) == ["openssl"]
    assert "SBOMs are attached" not in said(opened(server), "warn")


def test_of_two_sboms_it_is_said_which_one_was_read(server: Registry) -> None:
    refer(server, DIGEST, put(server, cyclonedx("one"), CYCLONEDX, DIGEST), put(server, spdx("two"), SPDX, DIGEST))
    found = opened(server)
    assert names(found) == ["one"]
    expected = f"read was {sha256(cyclonedx('one'))} ({CYCLONEDX}), not {sha256(spdx('two'))} ({SPDX})"
    assert f"2 SBOMs are attached to {DIGEST}: {expected}" in said(found, "warn")


def test_without_an_sbom_or_an_image_there_is_no_answer(server: Registry) -> None:
    assert "team/app:1: no SBOM is attached to it | Attach one (`oras attach`" in refused(server)
    assert "has no image team/app none" in refused(server, "none")
    refer(server, DIGEST)
    assert "no SBOM is attached" in refused(server)
    server.special[f"/referrers/{DIGEST}"] = says(200, b"<html>", "text/html")
    assert "no SBOM is attached" in refused(server)


def test_a_platform_that_is_missing_is_evidence_as_for_the_image(server: Registry) -> None:
    several(server)
    found = opened(server, "many", Platform("linux", "s390x"))
    assert said(found, "fail") == "missing_platform: no image for linux/s390x; there is: linux/amd64, linux/arm64"
    found = opened(server, "1", ARM)
    assert said(found, "fail") == "missing_platform: no image for linux/arm64; there is: linux/amd64"


def test_credentials_and_tokens_are_those_of_the_registry(server: Registry) -> None:
    refer(server, DIGEST, put(server, cyclonedx(), CYCLONEDX, DIGEST))
    server.asks_for("Bearer T", challenge=f'Bearer realm="http://{server.host}/token",service="s"')
    server.special["/token"] = says(200, {"token": "T"})
    user = {"IMAGEGATE_REGISTRY_USERNAME": "me", "IMAGEGATE_REGISTRY_PASSWORD": "pass-w0rd"}
    assert names(opened(server, env=user)) == ["openssl"]
    (token,) = [request for request in server.asked if "/token" in request[1]]
    assert token[2] == basic("me", "pass-w0rd")
    assert query(token[1]) == {"service": "s", "scope": "repository:team/app:pull"}
    assert {header for _, path, header in server.asked if "referrers" in path} == {"Bearer T"}
    server.special["/token"] = says(401)
    assert "pass-w0rd" not in refused(server, env=user)


def test_the_fallback_tag_is_asked_only_where_there_is_no_api(server: Registry) -> None:
    refer(server, DIGEST, put(server, cyclonedx(), CYCLONEDX, DIGEST))
    opened(server)
    assert not server.paths(DIGEST.replace(":", "-") + "?")
    assert not [path for path in server.paths("manifests/sha256-") if path.endswith(DIGEST[7:])]


def test_no_more_is_asked_of_a_registry_than_there_is_reason_for(server: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached, "_BLOBS", 3)
    monkeypatch.setattr(attached, "_MANIFESTS", 5)
    unnamed = [put(server, envelope(statement(b"{}", kind=f"https://a/{number}")), DSSE, DIGEST) for number in range(5)]
    refer(server, DIGEST, *unnamed)
    assert "no SBOM is among the first 3 attestations" in refused(server)
    assert len(server.paths("/blobs/")) == 1 + 3  # the configuration
    refer(server, DIGEST, *unnamed, put(server, cyclonedx(), CYCLONEDX, DIGEST))
    assert "more than 5 things are attached" in refused(server)
