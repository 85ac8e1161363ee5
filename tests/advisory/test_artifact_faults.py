"""A push and a pull over a bad line: a real registry behind a relay that spoils what passes."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from imagegate.cli.stores import kind
from imagegate.errors import SourceError
from imagegate.source import artifact, registry
from imagegate.source.artifact import Artifact, place_of
from imagegate.source.registry import Access
from tests.advisory.relay import Relay, cuts_the_answer, cuts_the_upload, relaying, says
from tests.real.test_registry import Registry, plain  # noqa: F401 - a fixture
from tests.source.registries import basic

USER = {"IMAGEGATE_REGISTRY_USERNAME": "me", "IMAGEGATE_REGISTRY_PASSWORD": "s3cret-pass"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(registry, "_LONGEST_WAIT", 0.05)


@pytest.fixture
def relay(plain: Registry) -> Iterator[Relay]:  # noqa: F811
    with relaying(plain.host) as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two megabytes that no other test pushes: more than the buffers of a connection."""
    path = tmp_path / "file"
    path.write_bytes(str(tmp_path).encode() * (2_000_000 // len(str(tmp_path))))
    return path


def push(relay: Relay, file: Path, **env: str) -> str:
    return artifact.push(place_of(f"oci://{relay.host}/team/{file.parent.name}:1"), Access(env), str(file), kind(), {})


def find(relay: Relay, file: Path) -> Artifact:
    return artifact.find(place_of(f"oci://{relay.host}/team/{file.parent.name}:1"), Access({}), kind())


def uploaded(file: Path) -> str:
    """Return what only the address of this file's upload has in it."""
    return f"digest=sha256%3A{hashlib.sha256(file.read_bytes()).hexdigest()}"


def test_an_upload_that_breaks_off_begins_anew_and_arrives_whole(relay: Relay, file: Path, tmp_path: Path) -> None:
    relay.faults = [("PUT", uploaded(file), cuts_the_upload(relay, 700_000))] * 2
    push(relay, file)
    find(relay, file).save(str(tmp_path / "back"), lambda *_: None)
    assert (tmp_path / "back").read_bytes() == file.read_bytes()
    assert relay.count("PUT", uploaded(file)) == 3
    places = {urlsplit(path).path for method, path, _ in relay.asked if method == "PUT" and uploaded(file) in path}
    assert len(places) == 3


def test_an_upload_that_never_gets_through_leaves_no_tag(relay: Relay, file: Path) -> None:
    relay.faults = [("PUT", uploaded(file), cuts_the_upload(relay, 700_000))] * 4
    with pytest.raises(SourceError, match="the connection fails"):
        push(relay, file)
    assert relay.count("PUT", "/manifests/") == 0
    with pytest.raises(SourceError, match="no such artifact"):
        find(relay, file)


def test_a_busy_registry_is_asked_again_at_every_step(relay: Relay, file: Path) -> None:
    steps = [("HEAD", "/blobs/"), ("POST", "/uploads/"), ("PUT", uploaded(file)), ("PUT", "/manifests/")]
    relay.faults = [(method, part, says(status)) for (method, part), status in zip(steps, (503, 429, 500, 502), strict=True)]
    assert push(relay, file) == find(relay, file).digest
    assert relay.faults == []
    relay.faults = [("PUT", "/manifests/", says(503, b'{"errors": [{"code": "TOOMANYREQUESTS"}]}'))] * 4
    with pytest.raises(SourceError, match="answered 503 TOOMANYREQUESTS"):
        push(relay, file)


def test_what_is_there_already_is_not_sent_again(relay: Relay, file: Path) -> None:
    push(relay, file)
    sent = relay.count("PUT", "/uploads/")
    push(relay, file)
    assert relay.count("PUT", "/uploads/") == sent


@pytest.mark.parametrize("status", [400, 403, 405, 413, 302])
def test_a_refusal_is_not_repeated(relay: Relay, file: Path, status: int) -> None:
    relay.faults = [("POST", "/uploads/", says(status, b"<html>no</html>"))]
    with pytest.raises(SourceError, match=str(status)):
        push(relay, file)
    assert relay.count("POST", "/uploads/") == 1


def test_the_token_is_one_that_may_write_and_the_password_goes_to_its_server_alone(relay: Relay, file: Path) -> None:
    relay.required, relay.challenge = "Bearer writes", f'Bearer realm="http://{relay.host}/token",service="s"'
    relay.faults = [("GET", "/token", says(200, json.dumps({"token": "writes", "expires_in": 300}).encode()))]
    push(relay, file, **USER)
    asked = [(path, authorization) for method, path, authorization in relay.asked if path.startswith("/token")]
    assert [authorization for _, authorization in asked] == [basic("me", "s3cret-pass")]
    assert parse_qs(urlsplit(asked[0][0]).query)["scope"] == [f"repository:team/{file.parent.name}:pull,push"]
    assert {seen for _, path, seen in relay.asked if path.startswith("/v2/team")} == {"", "Bearer writes"}


def test_the_upload_goes_elsewhere_without_the_password(relay: Relay, file: Path, plain: Registry) -> None:  # noqa: F811
    relay.required, relay.challenge = basic("me", "s3cret-pass"), "Basic realm=r"
    with relaying(plain.host) as other:
        push(relay, file, **USER)
        relay.changed["Location"] = f"http://{other.host}/v2/elsewhere?a=b"
        other.faults = [("PUT", "/v2/elsewhere", says(201))]
        (file.parent / "file").write_bytes(b"another file")
        with pytest.raises(SourceError):  # the registry did not get it
            push(relay, file, **USER)
        assert [(method, path.partition("=")[0], seen) for method, path, seen in other.asked] == [("PUT", "/v2/elsewhere?a", "")]
        other.faults = [("PUT", "/v2/elsewhere", says(401, WWW_Authenticate=f'Bearer realm="http://{other.host}/token"'))]
        with pytest.raises(SourceError, match="needs other credentials"):
            push(relay, file, **USER)
        assert not any("/token" in path or seen for _, path, seen in other.asked)


@pytest.mark.parametrize("location", ["", "http://203.0.113.1/upload", "ftp://127.0.0.1/", "http://[::1", "https://h:x/"])
def test_no_upload_goes_to_an_address_that_is_not_encrypted_or_none(relay: Relay, file: Path, location: str) -> None:
    relay.changed["Location"] = location
    with pytest.raises(SourceError, match="no encrypted address"):
        push(relay, file)


def test_a_pull_that_breaks_off_goes_on(relay: Relay, file: Path, tmp_path: Path) -> None:
    push(relay, file)
    relay.faults = [("GET", "/blobs/", cuts_the_answer(file.read_bytes(), 900_000))]
    find(relay, file).save(str(tmp_path / "back"), lambda *_: None)
    assert (tmp_path / "back").read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"layers": []},
        {"layers": [1]},
        {"layers": {}},
        {"layers": [{"mediaType": "application/vnd.imagegate.store.v1+zstd", "digest": "sha256:" + "0" * 64, "size": -1}]},
        {"layers": [{"mediaType": "application/vnd.imagegate.store.v1+zstd", "digest": "sha256:" + "0" * 64, "size": True}]},
        {"layers": [{"mediaType": "application/vnd.imagegate.store.v1+zstd", "digest": "sha256:" + "0" * 64, "size": 1 << 40}]},
        {"layers": [{"mediaType": "application/vnd.imagegate.store.v1+zstd", "digest": "md5:1", "size": 4}]},
        {"manifests": []},
        {"artifactType": None},
        {"artifactType": ["application/vnd.imagegate.store.v1"], "config": 1},
    ],
)
def test_a_manifest_that_is_odd_is_refused(relay: Relay, file: Path, change: dict[str, object]) -> None:
    good = {"artifactType": "application/vnd.imagegate.store.v1", "layers": [], "annotations": [1]}
    relay.faults = [("GET", "/manifests/", says(200, json.dumps(good | change).encode()))]
    with pytest.raises(SourceError, match=r"advisory store|digest") as caught:
        find(relay, file)
    assert caught.value.hint


@pytest.mark.parametrize("body", [b"", b"<html>log in</html>", b"[]", b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_no_manifest_is_refused(relay: Relay, file: Path, body: bytes) -> None:
    relay.faults = [("GET", "/manifests/", says(200, body))]
    with pytest.raises(SourceError, match="no manifest"):
        find(relay, file)


def test_a_registry_that_says_another_digest_than_what_it_sends_is_refused(relay: Relay, file: Path) -> None:
    relay.faults = [("GET", "/manifests/", says(200, b"{}", Docker_Content_Digest="sha256:" + "0" * 64))]
    with pytest.raises(SourceError, match="its manifest is sha256:44136fa"):
        find(relay, file)
    relay.changed["Docker-Content-Digest"] = "sha256:" + "0" * 64
    with pytest.raises(SourceError, match="another manifest"):
        push(relay, file)
