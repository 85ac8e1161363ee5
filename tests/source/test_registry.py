"""Images of a registry, against one in this process that behaves and misbehaves."""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from imagegate.errors import SourceError, UsageError
from imagegate.model.image import OpenImage, Platform
from imagegate.source import limits, registry
from imagegate.source.opening import Options, open_image
from imagegate.source.reference import Remote
from tests.images import Image, compressed, file, layer, sha256
from tests.source.interests import EVERYTHING
from tests.source.opened import BASE, HOST, SECOND, content
from tests.source.registries import Answer, Registry, breaks, hangs_up, says, silence, times

STATUS = "var/lib/dpkg/status"
OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = Image([BASE, SECOND])
LARGE = layer([file("etc/os-release", "ID=debian\n"), file("usr/large", os.urandom(3_000_000))])


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(registry, "_LONGEST_WAIT", 0.05)


@pytest.fixture
def server() -> Iterator[Registry]:
    running = Registry()
    yield running
    running.stop()


def pull(reference: str, platform: Platform | None = HOST, **how: Any) -> OpenImage:
    """Open an image with a `timeout`, with `insecure`, and with all else as the environment."""
    timeout, insecure = how.pop("timeout", 5.0), how.pop("insecure", False)
    options = Options(platform=platform, timeout=timeout, env=how, registry_insecure=insecure)
    return open_image(reference, EVERYTHING, options)


def fails(reference: str, **how: Any) -> str:
    with pytest.raises(SourceError) as caught:
        pull(reference, **how)
    assert caught.value.hint
    return f"{caught.value.message} | {caught.value.hint}"


@pytest.mark.parametrize("compression", ["gzip", "zstd", ""])
def test_an_image_is_read_by_tag_and_by_digest(server: Registry, compression: str) -> None:
    blobs, descriptor = IMAGE.blobs(compression)
    name = server.add("1", blobs, descriptor)
    for reference in (name, f"registry:{server.host}/team/app@{descriptor['digest']}", f"{name}@{descriptor['digest']}"):
        found = pull(reference)
        assert content(found.files, STATUS) == b"Package: a\n\nPackage: b\n"
        assert (found.image.source, found.image.digest) == ("registry", descriptor["digest"])
        assert found.image.reference == reference
        assert found.evidence == ()


def test_a_plain_name_is_asked_for_where_no_engine_has_it(server: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    name = server.add("1", *IMAGE.blobs()).removeprefix("registry:")
    monkeypatch.setattr("imagegate.source.engine.os.path.exists", lambda _: False)  # no socket of this machine
    assert pull(name).image.source == "registry"
    assert "no local engine is listening; " in fails(name + "2")
    assert "cannot be reached" in fails(name, DOCKER_HOST="unix:///gone")  # an engine that was named must answer


def test_the_platform_is_chosen_and_others_are_not_fetched(server: Registry) -> None:
    members, first = IMAGE.blobs()
    arm, second = Image([SECOND], architecture="arm64").blobs()
    server.add("amd", members, first)
    server.add("arm", arm, second)
    attestation = {**first, "digest": "sha256:" + "1" * 64, "platform": {"os": "unknown", "architecture": "unknown"}}
    inner = [
        {**first, "platform": {"os": "linux", "architecture": "amd64"}},
        {**second, "platform": {"os": "linux", "architecture": "arm64"}},
        attestation,
    ]
    nested = server.put("inner", {"schemaVersion": 2, "mediaType": INDEX, "manifests": inner}, INDEX)
    size = len(server.documents["inner"][0])
    server.put("1", {"schemaVersion": 2, "manifests": [{"mediaType": INDEX, "digest": nested, "size": size}]}, INDEX)
    for reference in ("inner", "1"):
        found = pull(f"registry:{server.host}/team/app:{reference}")
        assert found.image.digest == first["digest"]
        assert [item.found for item in found.evidence] == ["ok"]
        assert not server.paths(second["digest"])
    assert pull(f"registry:{server.host}/team/app:1", Platform("linux", "arm64")).image.digest == second["digest"]
    missing = pull(f"registry:{server.host}/team/app:1", Platform("linux", "s390x"))
    assert [item.kind for item in missing.evidence] == ["missing_platform"]


def test_a_foreign_layer_is_evidence_and_a_missing_one_an_error(server: Registry) -> None:
    blobs, descriptor = IMAGE.blobs()
    manifest = json.loads(blobs["blobs/sha256/" + descriptor["digest"][7:]])
    server.add("1", blobs, descriptor)
    manifest["layers"][1]["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    server.put("foreign", manifest, OCI)
    del server.blobs[manifest["layers"][1]["digest"]]
    assert [item.kind for item in pull(f"registry:{server.host}/team/app:foreign").evidence] == ["skipped_layer"]
    assert "is missing" in fails(f"registry:{server.host}/team/app:1")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(200, b"<html>log in</html>", "text/html"), "answered text/html instead of a manifest"),
        (says(200, [1]), "instead of a manifest"),
        (says(200, b"[" * 100_000), "instead of a manifest"),
        (says(200, {}), "names no configuration"),
        (says(200, {"schemaVersion": 1, "fsLayers": []}), "schema 1"),
        (says(200, {}, "application/vnd.docker.distribution.manifest.v1+prettyjws"), "schema 1"),
        (says(200, {"manifests": [], "layers": []}), "also an index"),
        (says(200, {}, Docker_Content_Digest="sha256:" + "0" * 64), "is not what its digest says"),
        (says(200, b" " * (limits.JSON + 1)), "sends more than"),
        (says(404, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "x"}]}), "has no image team/app 1"),
        (says(403, {"errors": [{"code": "DENIED", "message": "\x1b[31m"}]}), "(403 DENIED)"),
        (says(403, {"errors": [{"code": "Basic c2VjcmV0"}]}), "(403)"),
        (says(401), "no credentials found"),
        (says(429, {"errors": [{"code": "TOOMANYREQUESTS"}]}), "429 TOOMANYREQUESTS: too many requests"),
        (says(429, Retry_After="99999999999"), "too many requests"),
        (says(503, b"<html>", Retry_After="Wed, 21 Oct 2099 07:28:00 GMT"), "answered 503"),
        (says(500, b"[" * 100_000), "answered 500"),
        (says(418), "answered 418"),
        (says(301), "answered 301"),
        (says(302, Location="/v2/team/app/manifests/1"), "without end"),
        (says(302, Location="http://registry.invalid/x"), "not encrypted"),
        (says(302, Location="file:///etc/passwd"), "not encrypted"),
        (says(302, Location="http://[::1"), "the connection fails"),
        (hangs_up, "the connection fails"),
        (breaks(b"{" * 500, 100), "broke off after 100 bytes"),
    ],
)
def test_every_wrong_answer_is_one_clear_error(server: Registry, answer: Answer, reason: str) -> None:
    name = server.add("1", *IMAGE.blobs())
    server.special["/manifests/1"] = answer
    said = fails(name)
    assert reason in said
    assert said.isprintable()
    assert len(server.asked) < 12


def test_another_manifest_than_the_digest_names_is_refused(server: Registry) -> None:
    server.add("1", *IMAGE.blobs())
    wanted = "sha256:" + "2" * 64
    server.documents[wanted] = server.documents["1"]
    assert "is not what its digest says" in fails(f"registry:{server.host}/team/app@{wanted}")


@pytest.mark.parametrize(("which", "bad"), [("config", b"{}"), ("layer", compressed(SECOND, "gzip")), ("layer", b"")])
def test_another_blob_than_the_digest_names_is_refused(server: Registry, which: str, bad: bytes) -> None:
    image = Image([BASE])
    name = server.add("1", *image.blobs())
    digest = sha256(image.config()) if which == "config" else sha256(compressed(BASE, "gzip"))
    server.blobs[digest] = bad
    said = fails(name)
    assert "is not what its digest says" in said or "bytes" in said


def test_a_layer_without_end_is_cut_at_its_size(server: Registry) -> None:
    name = server.add("1", *Image([BASE]).blobs(""))
    server.blobs[sha256(BASE)] = BASE + b"\0" * 5_000_000
    assert "sends more than" in fails(name)


def test_a_layer_that_breaks_off_is_fetched_again_and_not_for_ever(server: Registry) -> None:
    name = server.add("1", *Image([LARGE]).blobs(""))
    end = f"/blobs/{sha256(LARGE)}"
    server.special[end] = times(2, breaks(LARGE, 1_500_000))
    assert content(pull(name).files, "etc/os-release") == b"ID=debian\n"
    assert len(server.paths(end)) == 3
    server.special[end] = breaks(LARGE, 1_500_000)
    assert "4 times" in fails(name)
    assert len(server.paths(end)) == 7


@pytest.mark.parametrize("answer", [says(503), says(429, Retry_After="0"), says(502), hangs_up])
def test_a_registry_that_is_busy_is_asked_again(server: Registry, answer: Answer) -> None:
    name = server.add("1", *IMAGE.blobs())
    server.special["/manifests/1"] = times(2, answer)
    server.special["/blobs/" + sha256(IMAGE.config())] = times(2, answer)
    assert pull(name).image.id == sha256(IMAGE.config())


def test_silence_ends_in_a_timeout(server: Registry) -> None:
    name = server.add("1", *IMAGE.blobs())
    server.special["/manifests/1"] = silence
    assert "does not answer in time" in fails(name, timeout=0.3)


def test_a_name_that_leads_nowhere_is_answered_soon() -> None:
    begun = time.monotonic()
    assert "nothing listens there" in fails("registry:127.0.0.1:1/app")
    assert "cannot be reached" in fails("registry:registry.invalid/app")
    assert time.monotonic() - begun < 60


def test_plain_http_is_for_this_machine_only(server: Registry) -> None:
    server.add("1", *IMAGE.blobs())
    assert pull(f"registry:localhost:{server.port}/team/app:1").image.source == "registry"
    access = registry.Access({}, 1)
    for host, schemes in (("example.invalid", "https"), ("127.0.0.1.example.invalid", "https"), ("10.0.0.1:5000", "https")):
        client = registry.Client(Remote(host, "a", "1", ""), access)
        assert client._base == f"{schemes}://{host}"


def test_a_name_that_can_not_be_one_is_a_mistake_of_the_user() -> None:
    for name in (
        "App",
        "a/../b",
        "host:5000/A",
        "a:",
        "a@sha256:1",
        "a@md5:" + "0" * 64,
        "u:p@host/a",
        "a?b",
        "host:99999/a",
        "sha256:" + "0" * 64,
    ):
        with pytest.raises(UsageError):
            pull(f"registry:{name}")


def test_two_readers_of_a_layer_get_the_same(server: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    name = server.add("1", *Image([LARGE]).blobs())
    monkeypatch.setattr(limits, "CAPTURED", 0)  # nothing is kept: reading a file costs a second download
    found = pull(name)
    assert content(found.files, "etc/os-release") == b"ID=debian\n"
    assert len(server.paths("/blobs/" + found.image.layers[0].digest)) == 2
