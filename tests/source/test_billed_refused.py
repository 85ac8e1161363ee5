"""SBOMs that are attached to an image but are not about it, or not what their digests say; and those in bad files."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from imagegate.errors import SourceError
from imagegate.model.image import Platform
from imagegate.source import attached
from imagegate.source.billed import open_file_bill
from imagegate.source.reference import parse
from imagegate.source.sbom import reading
from tests.images import sha256
from tests.source.interests import EVERYTHING
from tests.source.opened import BASE, SECOND
from tests.source.registries import Registry, says
from tests.source.test_billed import (
    AMD,
    ARM,
    ARM_DESCRIPTOR,
    CONFIG,
    CYCLONEDX,
    DIGEST,
    DSSE,
    FOREIGN,
    OCI,
    STATEMENT,
    cyclonedx,
    envelope,
    names,
    opened,
    put,
    refer,
    refused,
    said,
    server,
    several,
    statement,
)

__all__ = ["server"]  # a fixture
ARM_DIGEST = ARM_DESCRIPTOR["digest"]
TRIVY = "aquasecurity:trivy:"


def trivy(*facts: tuple[str, str], **root: Any) -> bytes:
    return cyclonedx(properties=[{"name": f"{TRIVY}{key}", "value": value} for key, value in facts], **root)


@pytest.mark.parametrize("wrap", [statement, lambda *facts: envelope(statement(*facts))])
def test_an_attestation_of_another_image_is_refused(server: Registry, wrap: Any) -> None:
    data = wrap(cyclonedx(), FOREIGN)
    refer(server, DIGEST, put(server, data, STATEMENT if wrap is statement else DSSE, DIGEST))
    assert f"the SBOM {sha256(data)} is attached to {DIGEST}, but is about another image" in refused(server)


def test_an_attestation_without_a_subject_is_refused(server: Registry) -> None:
    data = json.dumps(json.loads(statement(cyclonedx())) | {"subject": []}).encode()
    refer(server, DIGEST, put(server, data, STATEMENT, DIGEST))
    assert "about another image" in refused(server)


@pytest.mark.parametrize("api", [True, False])
@pytest.mark.parametrize("subject", [FOREIGN, ""])
def test_a_manifest_that_does_not_refer_to_the_image_is_refused(server: Registry, subject: str, api: bool) -> None:
    refer(server, DIGEST, put(server, cyclonedx(), CYCLONEDX, subject), api=api)
    assert "about another image" in refused(server)


@pytest.mark.parametrize(
    "document",
    [
        trivy(("ImageID", FOREIGN), ("DiffID", FOREIGN)),
        trivy(("DiffID", sha256(BASE)), ("DiffID", FOREIGN)),
        cyclonedx(version=FOREIGN, properties=[{"name": "imagegate:platform", "value": "linux/arm64"}]),
    ],
)
def test_a_document_that_tells_other_layers_or_another_platform_is_refused(server: Registry, document: bytes) -> None:
    refer(server, DIGEST, put(server, document, CYCLONEDX, DIGEST))
    assert "about another image" in refused(server)


@pytest.mark.parametrize(
    "document",
    [
        cyclonedx(version=DIGEST),
        trivy(("ImageID", CONFIG)),
        trivy(("ImageID", CONFIG), ("DiffID", FOREIGN)),  # the digests of its blobs, compressed differently
        trivy(("DiffID", sha256(BASE)), ("DiffID", sha256(SECOND))),
        trivy(("DiffID", sha256(BASE)), ("DiffID", sha256(SECOND)), version=FOREIGN),  # made before it was pushed
        trivy(("RepoDigest", f"elsewhere.example.com/app@{DIGEST}")),
    ],
)
def test_a_document_that_tells_the_image_in_any_of_its_names_is_taken(server: Registry, document: bytes) -> None:
    refer(server, DIGEST, put(server, document, CYCLONEDX, DIGEST))
    found = opened(server)
    assert (names(found), said(found, "fail")) == (["openssl"], "")
    assert (found.image.digest, found.image.id) == (DIGEST, CONFIG)


@pytest.mark.parametrize("facts", [[], [("DiffID", sha256(BASE))]])
def test_a_document_with_another_digest_and_not_all_layers_proves_nothing(server: Registry, facts: list[tuple[str, str]]) -> None:
    refer(server, DIGEST, put(server, trivy(*facts, version=FOREIGN), CYCLONEDX, DIGEST))
    assert said(opened(server), "fail") == f"backend: the SBOM says that it is about {FOREIGN}, and is attached to {DIGEST}"


def test_what_is_attached_to_an_index_must_tell_its_platform(server: Registry) -> None:
    index = several(server)
    refer(server, index, put(server, cyclonedx(), CYCLONEDX, index))
    assert "missing_platform: the SBOM is attached to the index of several images" in said(opened(server, "many"), "fail")
    refer(server, index, put(server, statement(cyclonedx(), index), STATEMENT, index))
    assert "does not say that it is about linux/amd64" in said(opened(server, "many"), "fail")
    refer(server, index, put(server, cyclonedx(version=DIGEST), CYCLONEDX, index))
    assert said(opened(server, "many"), "fail") == ""
    assert "about another image" in refused(server, "many", ARM)


def test_the_platforms_own_comes_before_that_of_the_index(server: Registry) -> None:
    index = several(server)
    refer(server, index, put(server, cyclonedx("of-index"), CYCLONEDX, index))
    refer(server, ARM_DIGEST, put(server, cyclonedx("of-arm"), CYCLONEDX, ARM_DIGEST))
    assert names(opened(server, "many", ARM)) == ["of-arm"]
    assert names(opened(server, "many", AMD)) == ["of-index"]


def test_an_image_is_not_mixed_up_with_the_other_one_of_its_index(server: Registry) -> None:
    several(server)
    refer(server, DIGEST, put(server, cyclonedx(version=ARM_DIGEST), CYCLONEDX, DIGEST))
    assert "about another image" in refused(server, "many")


def test_swapped_bytes_are_noticed(server: Registry) -> None:
    attached_to = put(server, cyclonedx(), CYCLONEDX, DIGEST)
    refer(server, DIGEST, attached_to)
    server.blobs[sha256(cyclonedx())] = cyclonedx("harmless")
    assert "is not what its digest says" in refused(server)
    del server.blobs[sha256(cyclonedx())]
    assert "does not have the blob" in refused(server)
    server.documents[attached_to] = (b'{"layers": []}', OCI)
    assert "is not what its digest says" in refused(server)
    del server.documents[attached_to]
    assert "lists the manifest" in refused(server)
    config = server.blobs.pop(CONFIG)
    assert "configuration" in refused(server)
    server.blobs[CONFIG] = config + b" "
    assert "is not what its digest says" in refused(server)


@pytest.mark.parametrize("digest", ["../../../secret/manifests/1", "sha512:00", 5, None, {}])
def test_a_digest_that_is_none_leads_nowhere(server: Registry, digest: Any) -> None:
    server.special[f"/referrers/{DIGEST}"] = says(200, {"manifests": [{"digest": digest}]})
    assert "has the digest" in refused(server)
    manifest = {"layers": [{"mediaType": CYCLONEDX, "digest": digest}], "subject": {"digest": DIGEST}}
    refer(server, DIGEST, server.put("a", manifest, OCI))
    assert "has the digest" in refused(server)
    assert not server.paths("secret")


@pytest.mark.parametrize("layers", [5, [5], [{}], [{"mediaType": 5, "annotations": 5}], {"a": 1}, None])
@pytest.mark.parametrize("subject", [{"digest": DIGEST}, 5])
def test_manifests_of_any_form_are_no_sbom(server: Registry, layers: Any, subject: Any) -> None:
    manifest = {"layers": layers, "subject": subject, "artifactType": 5, "config": 5, "annotations": 5}
    refer(server, DIGEST, server.put("a", manifest, OCI))
    assert ("no SBOM is attached" if isinstance(subject, dict) else "another image") in refused(server)


def test_a_damaged_sbom_is_not_passed_over_for_the_next(server: Registry) -> None:
    cut = cyclonedx()[:-20]
    refer(server, DIGEST, put(server, cut, CYCLONEDX, DIGEST), put(server, cyclonedx(), CYCLONEDX, DIGEST))
    assert "not JSON" in refused(server)
    damaged = put(server, envelope(b"{"), DSSE, DIGEST, predicateType="https://cyclonedx.org/bom")
    refer(server, DIGEST, damaged, put(server, cyclonedx(), CYCLONEDX, DIGEST))
    assert "not JSON" in refused(server)


def test_a_document_that_is_too_long_is_not_read_to_its_end(server: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached, "_LARGEST", 100)
    refer(server, DIGEST, put(server, cyclonedx(), CYCLONEDX, DIGEST))
    assert "sends more than 100 bytes" in refused(server)


def test_what_is_no_image_has_no_sbom(server: Registry) -> None:
    server.put("chart", {"schemaVersion": 2, "layers": []}, OCI)
    assert "names no configuration" in refused(server, "chart")


def test_files_that_cannot_be_one_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def why(path: Path) -> str:
        with pytest.raises(SourceError) as caught:
            open_file_bill(parse(f"sbom:{path}"), "", EVERYTHING)
        return f"{caught.value.message} | {caught.value.hint}"

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(300 << 20)
    assert "large: 314,572,800 bytes are too many for an SBOM" in why(tmp_path / "large")
    for name in (".", "pipe"):
        assert "not a regular file | Write the SBOM into a file first" in why(tmp_path / name)
    assert "none: no such file" in why(tmp_path / "none")
    assert "loop: " in why(tmp_path / "loop")
    (tmp_path / "a.json").write_bytes(cyclonedx())
    monkeypatch.setattr(reading, "LARGEST", 10)
    assert "a.json: " in why(tmp_path / "a.json")


def test_a_file_of_another_platform_than_was_asked_for_is_evidence(tmp_path: Path) -> None:
    def told(platform: str, asked: Platform | None, degree: str) -> str:
        (tmp_path / "a.json").write_bytes(cyclonedx(properties=[{"name": "imagegate:platform", "value": platform}]))
        return said(open_file_bill(parse(f"sbom:{tmp_path}/a.json"), "", EVERYTHING, asked), degree)

    assert told("linux/amd64", None, "fail") == told("linux/amd64/v2", AMD, "fail") == ""
    assert told("linux/amd64", ARM, "fail") == "missing_platform: no image for linux/arm64: the SBOM is of linux/amd64"
    assert "does not say of which platform it is" in told("", ARM, "warn")
