"""Who gets the credentials of a registry, how they become tokens, and who never sees them."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagegate.model.image import OpenImage
from imagegate.source.reference import Remote
from imagegate.source.registry import Access, Client, challenges
from tests.images import Image, sha256
from tests.source.opened import BASE, SECOND
from tests.source.registries import Answer, Handler, Registry, basic, query, says
from tests.source.test_registry import _quick, fails, pull  # noqa: F401 - the fixture counts here too

IMAGE = Image([BASE, SECOND])
SECRET = "s3cret-pass"
USER: dict[str, Any] = {"IMAGEGATE_REGISTRY_USERNAME": "me", "IMAGEGATE_REGISTRY_PASSWORD": SECRET}


@pytest.fixture
def servers() -> Iterator[list[Registry]]:
    running = [Registry(), Registry()]
    yield running
    for server in running:
        server.stop()


def guarded(server: Registry, tokens: Registry, answer: Answer, realm: str = "") -> str:
    """Let the registry want a token of the other server, and return the image's name."""
    realm = realm or f"http://{tokens.host}/token"
    challenge = f'Bearer realm="{realm}",service="a, \\"b\\"",scope="repository:team/app:pull,push"'
    server.asks_for("Bearer good", challenge=challenge)
    tokens.special["/token"] = answer
    return server.add("1", *IMAGE.blobs())


@pytest.mark.parametrize(
    "answer", [{"token": "good"}, {"access_token": "good", "expires_in": 300}, {"token": "good", "expires_in": "x"}]
)
def test_a_token_is_fetched_once_with_what_the_challenge_says(servers: list[Registry], answer: object) -> None:
    server, tokens = servers
    found = pull(guarded(server, tokens, says(200, answer)), **USER)
    assert len(found.image.layers) == 2
    [(method, path, authorization)] = tokens.asked
    assert (method, authorization) == ("GET", basic("me", SECRET))
    assert query(path) == {"service": 'a, "b"', "scope": "repository:team/app:pull,push"}
    assert {seen for _, _, seen in server.asked} == {"", "Bearer good"}


def test_who_has_no_credentials_asks_anonymously(servers: list[Registry]) -> None:
    server, tokens = servers
    assert pull(guarded(server, tokens, says(200, {"token": "good"}))).image.source == "registry"
    assert tokens.asked[0][2] == ""


def test_an_identity_token_is_exchanged_and_not_put_into_an_address(servers: list[Registry]) -> None:
    server, tokens = servers
    name = guarded(server, tokens, says(200, {"access_token": "good"}))
    config = json.dumps({"auths": {server.host: {"identitytoken": SECRET}}})
    assert pull(name, DOCKER_AUTH_CONFIG=config).image.source == "registry"
    [(method, path, authorization)] = tokens.asked
    assert (method, authorization) == ("POST", "")
    sent = query(path)
    assert (sent["grant_type"], sent["refresh_token"], sent["service"]) == ("refresh_token", SECRET, 'a, "b"')


def test_a_token_that_is_given_is_sent_as_it_is(servers: list[Registry]) -> None:
    server, tokens = servers
    name = guarded(server, tokens, says(500))
    assert pull(name, IMAGEGATE_REGISTRY_TOKEN="good").image.source == "registry"
    said = fails(name, IMAGEGATE_REGISTRY_TOKEN=SECRET)
    assert "credentials used: IMAGEGATE_REGISTRY_TOKEN" in said
    assert SECRET not in said
    assert SECRET not in fails(name, IMAGEGATE_REGISTRY_TOKEN=f"{SECRET}\nX-Other: 1")
    assert tokens.asked == []


def test_an_expired_token_is_replaced(servers: list[Registry]) -> None:
    server, tokens = servers
    given: list[str] = []

    def token(request: Handler) -> None:
        given.append(f"t{len(given)}")
        server.required = {f"Bearer {given[-1]}"}
        says(200, {"token": given[-1], "expires_in": 1})(request)

    def expire(request: Handler) -> bool:
        del server.special["/blobs/" + sha256(IMAGE.config())]
        server.required = {"Bearer none"}
        return False

    name = guarded(server, tokens, token)
    server.special["/blobs/" + sha256(IMAGE.config())] = expire
    assert pull(name).image.source == "registry"
    assert given == ["t0", "t1"]


def test_a_token_past_its_time_is_not_sent_any_more(servers: list[Registry]) -> None:
    server, tokens = servers
    guarded(server, tokens, says(200, {"token": "good", "expires_in": 300}))
    client = Client(Remote(server.host, "team/app", "1", ""), Access({}))
    for _ in range(2):
        assert client.document("manifests/1")
    assert len(tokens.asked) == 1
    client._until = 0
    assert client.document("manifests/1")
    assert len(tokens.asked) == 2
    assert [authorization for _, _, authorization in server.asked[-2:]] == ["", "Bearer good"]


def test_basic_credentials_are_sent_where_they_are_wanted(servers: list[Registry]) -> None:
    server, _ = servers
    name = server.add("1", *IMAGE.blobs())
    server.asks_for(basic("me", SECRET), challenge='Basic realm="x"')
    assert pull(name, **USER).image.source == "registry"
    assert "no credentials found" in fails(name)
    said = fails(name, IMAGEGATE_REGISTRY_USERNAME="me", IMAGEGATE_REGISTRY_PASSWORD="wr0ng")
    assert "credentials used: IMAGEGATE_REGISTRY_USERNAME" in said
    assert "wr0ng" not in said


def test_the_files_that_were_looked_at_are_named(servers: list[Registry], tmp_path: Path) -> None:
    server, _ = servers
    name = server.add("1", *IMAGE.blobs())
    server.asks_for("x", challenge='Basic realm="x"')
    auth = base64.b64encode(f"me:{SECRET}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"other.example.com": {"auth": auth}}}))
    said = fails(name, DOCKER_CONFIG=str(tmp_path))
    assert f"no credentials found in {tmp_path}/config.json" in said
    assert SECRET not in said
    assert not any(authorization for _, _, authorization in server.asked)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(401, {"details": SECRET}), "credentials used"),
        (says(403), "credentials used"),
        (says(404), "answered 404 without one"),
        (says(503), "answered 503 without one"),
        (says(200, b"<html>"), "answered 200 without one"),
        (says(200, {}), "without one"),
        (says(200, {"token": 7}), "without one"),
        (says(200, {"token": "a\r\nX: b"}), "without one"),
        (says(200, b"[" * 100_000), "without one"),
        (says(200, b" " * (2 << 20)), "sends more than"),
        (says(200, {"token": "bad"}), "gives no access"),
    ],
)
def test_a_token_server_that_fails_is_one_clear_error(servers: list[Registry], answer: Answer, reason: str) -> None:
    said = fails(guarded(servers[0], servers[1], answer), **USER)
    assert reason in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "realm",
    [
        "http://registry.invalid/token",
        "ftp://127.0.0.1/token",
        "//x/token",
        "token",
        "http://[::1",
        "https://u:p@registry.invalid/",
    ],
)
def test_credentials_go_only_to_an_encrypted_realm(servers: list[Registry], realm: str) -> None:
    said = fails(guarded(servers[0], servers[1], says(500), realm), **USER)
    assert "not an https address" in said
    assert SECRET not in said


@pytest.mark.parametrize("challenge", ["", "Negotiate", "Bearer", 'Bearer service="x"', "=,=", '"' * 9000, "a" * 9000])
def test_a_challenge_that_can_not_be_met_is_an_error(servers: list[Registry], challenge: str) -> None:
    server, _ = servers
    name = server.add("1", *IMAGE.blobs())
    server.asks_for("x", challenge=challenge)
    assert "gives no access" in fails(name, **USER)
    assert not any(authorization for _, _, authorization in server.asked)


def redirected(server: Registry, other: Registry, netrc: Path, monkeypatch: pytest.MonkeyPatch) -> OpenImage:
    name = server.add("1", *IMAGE.blobs())
    other.blobs = dict(server.blobs)
    server.asks_for(basic("me", SECRET), challenge='Basic realm="x"')
    for digest in server.blobs:
        server.special[f"/team/app/blobs/{digest}"] = says(307, Location=f"http://{other.host}/x/blobs/{digest}?signature=1")
    netrc.write_text(f"default login other password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    return pull(name, **USER)


def test_another_host_gets_no_credentials_of_any_kind(
    servers: list[Registry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, other = servers
    assert redirected(server, other, tmp_path / "netrc", monkeypatch).image.source == "registry"
    assert len(other.asked) == 3
    assert {authorization for _, _, authorization in other.asked} == {""}
    assert not any("x-signature" in path for path in server.paths())


def test_a_proxy_is_used_for_other_machines_only(servers: list[Registry], monkeypatch: pytest.MonkeyPatch) -> None:
    server, proxy = servers
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
    proxy.add("1", *IMAGE.blobs())
    assert pull("registry:registry.invalid/team/app:1", insecure=True).image.source == "registry"
    assert all(path.startswith("http://registry.invalid/v2/") for path in proxy.paths())
    proxy.asked.clear()
    assert pull(server.add("1", *IMAGE.blobs())).image.source == "registry"
    assert proxy.asked == []


def test_a_token_server_that_leads_elsewhere_takes_no_credentials_along(servers: list[Registry]) -> None:
    server, other = servers
    third = Registry()
    try:
        third.special["/token"] = says(200, {"token": "good"})
        name = guarded(server, other, says(307, Location=f"http://{third.host}/token"))
        assert pull(name, **USER).image.source == "registry"
        assert [authorization for _, _, authorization in third.asked] == [""]
        config = json.dumps({"auths": {server.host: {"identitytoken": SECRET}}})
        assert "without one" in fails(name, DOCKER_AUTH_CONFIG=config)
        assert len(third.asked) == 1
    finally:
        third.stop()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (
            'Bearer realm="https://a/b?c=d",service="x",scope="r:a:pull,push r:b:pull"',
            {"bearer": {"realm": "https://a/b?c=d", "service": "x", "scope": "r:a:pull,push r:b:pull"}},
        ),
        ('Basic realm="a", Bearer Realm=b , scope="c"', {"basic": {"realm": "a"}, "bearer": {"realm": "b", "scope": "c"}}),
        ('BEARER realm="a\\"b\\\\"', {"bearer": {"realm": 'a"b\\'}}),
        ('Bearer realm="a",realm="b"', {"bearer": {"realm": "a"}}),
        ("Negotiate, Basic", {"negotiate": {}, "basic": {}}),
        ('realm="a"', {}),
        ("", {}),
    ],
)  # fmt: skip
def test_a_challenge_is_taken_apart(header: str, found: dict[str, Any]) -> None:
    assert challenges(header) == found
