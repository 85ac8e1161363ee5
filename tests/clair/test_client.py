"""The HTTP client of both APIs: what it repeats, how long it waits, and what it says."""

import base64
import json
import socket
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from imagegate.backend.clair import client as module
from imagegate.backend.clair.client import Access, Client, find_api
from imagegate.errors import BackendError
from tests.clair.conftest import access
from tests.clair.misbehaviour import BUSY, drips, raw
from tests.clair.server_v1 import ClairV1
from tests.clair.server_v4 import ClairV4
from tests.source.registries import Answer, Handler, breaks, hangs_up, says, silence, times

STATE = "/indexer/api/v1/index_state"
LINE = f"GET {STATE}"
HTML = says(200, b"<!DOCTYPE html><html>Log in", "text/html")


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.01)


def asked(server: ClairV4, **changes: object) -> tuple[Client, list[str]]:
    said: list[str] = []
    return Client(access(server.url, **changes), said.append), said


def refused(server: ClairV4, **changes: object) -> BackendError:
    with pytest.raises(BackendError) as caught:
        asked(server, **changes)[0].call("GET", STATE).document()
    return caught.value


@pytest.mark.parametrize(
    "trouble",
    [
        BUSY,
        hangs_up,
        says(429),
        says(502, b"<html>bad gateway</html>", "text/html"),
        says(503),
        says(504),
        breaks(b"x" * 100, 10),
    ],
    ids=["429 without end", "reset", "429", "502", "503", "504", "half an answer"],
)
def test_what_passes_soon_is_tried_again(server_v4: ClairV4, trouble: Answer) -> None:
    server_v4.special[LINE] = times(2, trouble)
    client, said = asked(server_v4)
    assert client.call("GET", STATE).document() == {"state": "cb31df8269833698891b35a63251a81a"}
    assert len(said) == 2
    assert "again in" in said[0]


@pytest.mark.parametrize("status", [400, 404, 405, 412, 415, 422, 500])
def test_what_does_not_pass_is_not_tried_again(server_v4: ClairV4, status: int) -> None:
    server_v4.special[LINE] = says(status, {"code": "internal-error", "message": "no luck"})
    answer = asked(server_v4)[0].call("GET", STATE)
    assert (answer.status, answer.message, len(server_v4.asked)) == (status, "no luck", 1)


def test_a_server_that_stays_busy_is_asked_until_the_deadline(server_v4: ClairV4) -> None:
    server_v4.special[LINE] = says(429, {"message": "server handling too many requests"})
    error = refused(server_v4, deadline=0.5)
    assert "429: server handling too many requests" in error.message
    assert "0.5 seconds" in error.message
    assert len(server_v4.asked) > 3


def test_a_gateway_that_stays_broken_is_not_asked_for_ever(server_v4: ClairV4) -> None:
    server_v4.special[LINE] = says(502, b"<html>bad gateway</html>", "text/html")
    answer = asked(server_v4)[0].call("GET", STATE)
    assert answer.status == 502
    assert "HTML page" in answer.error("Clair says nothing").message
    assert len(server_v4.asked) == 5


def test_the_server_says_how_long_to_wait(server_v4: ClairV4) -> None:
    server_v4.special[LINE] = times(1, says(503, Retry_After="1"))
    begun = time.monotonic()
    asked(server_v4)[0].call("GET", STATE)
    assert time.monotonic() - begun >= 1


def test_a_wait_beyond_the_deadline_is_not_begun(server_v4: ClairV4) -> None:
    server_v4.special[LINE] = says(503, {"message": "timeout"}, Retry_After="1000")
    assert "no time is left of 60 seconds" in refused(server_v4).message


def test_a_silent_server_is_asked_again_until_the_deadline(server_v4: ClairV4) -> None:
    server_v4.special[LINE] = silence
    error = refused(server_v4, timeout=0.2, deadline=1.0)
    assert "was silent for 0.2 seconds" in error.message
    assert 2 <= len(server_v4.asked) <= 5


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 200 OK\r\nX-A: ", b'HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{"state":"'], ids=["headers", "body"]
)
def test_an_answer_that_drips_ends_at_the_deadline(server_v4: ClairV4, data: bytes) -> None:
    server_v4.special[LINE] = drips(data, 0.02)
    begun = time.monotonic()
    assert "did not finish within 0.4 seconds" in refused(server_v4, deadline=0.4).message
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HTML, "HTML page"),
        (says(200, b'{"state": "cb3', "application/json"), "not JSON, or was cut off"),
        (says(200, b""), "nothing"),
        (says(200, ["a"]), "no object"),
        (says(200, b'{"a": NaN}'), "not JSON"),
        (says(200, b'{"state": "x", "a": {"b": 1, "b": {}}}'), "has a key twice"),
        (says(200, b"[" * 100_000), "not JSON"),
        (says(200, b"\xff\xfe\x00"), "not JSON"),
        (says(302, b"", Location="http://evil.example/x?token=1"), "leads elsewhere (302), to http://evil.example/x?…"),
        (says(302, b"", Location="https://127.0.0.1/"), "leads elsewhere"),
        (says(307, b""), "to nowhere"),
        (says(302, b"", Location=STATE), "without end"),
        (says(302, b"", Location="http://[x"), "leads elsewhere"),
        (says(403, {"message": "go away"}), "403: go away"),
        (says(407), "proxy"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "the connection fails"),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), "the connection fails"),
    ],
)
def test_what_is_no_answer_of_clair_is_told(server_v4: ClairV4, answer: Answer, words: str) -> None:
    server_v4.special[LINE] = answer
    assert words in refused(server_v4).message


def test_a_redirect_on_the_same_server_is_followed(server_v4: ClairV4) -> None:
    server_v4.special["GET /here"] = says(302, b"", Location=STATE)
    assert asked(server_v4)[0].call("GET", "/here").status == 200


def test_what_is_posted_is_not_sent_elsewhere(server_v4: ClairV4) -> None:
    server_v4.special["POST /here"] = says(307, b"", Location=STATE)
    with pytest.raises(BackendError, match="leads elsewhere"):
        asked(server_v4)[0].call("POST", "/here", body={})


def test_an_answer_without_end_is_cut(server_v4: ClairV4) -> None:
    server_v4.special[LINE] = says(200, b"x" * 300_000)
    with pytest.raises(BackendError, match="more than 100,000 bytes"):
        asked(server_v4)[0].call("GET", STATE, most=100_000)
    server_v4.special[LINE] = says(500, b"x" * 300_000)
    assert len(asked(server_v4)[0].call("GET", STATE).body) <= 64 << 10


@pytest.mark.parametrize(("offset", "words"), [(-3600, "ahead of"), (3600, "behind"), (0, "Is the key the right one")])
def test_a_wrong_clock_is_a_hint(server_v4: ClairV4, offset: int, words: str) -> None:
    def answer(request: Handler) -> None:
        request.date_time_string = lambda timestamp=None: time.strftime(  # type: ignore[method-assign]
            "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset)
        )
        says(401)(request)

    server_v4.special[LINE] = answer
    assert words in refused(server_v4, psk=b"secret").hint


def test_no_secret_is_in_any_message(server_v4: ClairV4) -> None:
    secrets = ("pass%40word", "pass@word", "hush-header", "c2VjcmV0LWtleQ==", "secret-key", "signature-of-a-url", "of-the-layer")
    echo = f'{{"message": "{" ".join(secrets)} Bearer eyJhbGciOi.eyJpc3.x http://u:p@host/a?b=signature-of-a-url"}}'
    server_v4.special[LINE] = says(500, echo.encode())
    url = server_v4.url.replace("http://", "http://me:pass%40word@")
    setting = Access(url, url, psk=b"secret-key", headers=(("X-Api", "hush-header"),))
    client = Client(setting, lambda _: None)
    client.hide("Bearer of-the-layer", "signature-of-a-url")
    told = client.call("GET", STATE).error("It fails").message + repr(setting).replace(url, "") + client.indexer
    for secret in (*secrets, "eyJ", "u:p@", "?b="):
        assert secret not in told
    server_v4.special[LINE] = HTML
    assert "pass" not in client.call("GET", STATE).origin


def test_no_secret_is_in_any_message_in_another_form(server_v4: ClairV4) -> None:
    cookie, key = "session=sup3r/s3cret; theme=dark", base64.b64encode(b"secret-key+/").decode()
    forms = ["sup3r/s3cret", "sup3r%2Fs3cret", "sup3r%2fs3cret", b"sup3r/s3cret".hex(), b"sup3r/s3cret".hex().upper()]
    forms += [base64.b64encode(b"sup3r/s3cret").decode(), quote(cookie, safe=""), base64.b64encode(cookie.encode()).decode()]
    forms += [key, quote(key, safe=""), b"secret-key+/".hex(), b"\xff\x00\xfe\x01".hex()]
    server_v4.special[LINE] = says(500, json.dumps({"message": "It quotes " + " and ".join(forms)}).encode())
    client = Client(Access(server_v4.url, server_v4.url, psk=b"secret-key+/", headers=(("Cookie", cookie),)), lambda _: None)
    client.hide(base64.b64encode(b"\xff\x00\xfe\x01").decode(), "of\ud800a-registry")
    told = client.call("GET", STATE).message
    assert told.startswith("It quotes … and …")
    assert not [form for form in forms if form in told]


def test_every_request_has_a_new_token_and_the_given_headers(server_v4: ClairV4, monkeypatch: pytest.MonkeyPatch) -> None:
    client, _ = asked(server_v4, psk=b"key")
    moment = time.time()
    for later in (0, 1):
        monkeypatch.setattr("time.time", lambda later=later: moment + later)
        client.call("GET", STATE)
    assert len(set(server_v4.tokens)) == 2
    server_v4.key = b"key"
    assert client.call("GET", STATE).status == 200


@pytest.mark.parametrize(
    "url", ["", "clair:6060", "ftp://a", "http://", "http://a?b=c", "http://a/#b", "http://a:99999", "http://a b"]
)
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(BackendError, match="no address"):
        Client(access(url), print)


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(BackendError, match="nothing listens there"):
            find_api(Client(access(f"http://127.0.0.1:{port}"), print))
    with pytest.raises(BackendError, match="no such host"):
        find_api(Client(access("http://nowhere.invalid"), print))


def test_files_that_do_not_fit_are_told(server_v4: ClairV4, tmp_path: Path) -> None:
    locked, broken = tmp_path / "locked.pem", tmp_path / "broken.pem"
    locked.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    broken.write_text("nonsense")
    assert "has a password" in refused(server_v4, certificate=str(locked)).message
    assert "cannot be read" in refused(server_v4, certificate=str(tmp_path / "missing")).message


def test_the_api_that_answers_is_found(server_v4: ClairV4, server_v1: ClairV1) -> None:
    assert find_api(Client(access(server_v4.url), print)) == "v4"
    assert find_api(Client(access(server_v1.url), print)) == "v1"
    assert find_api(Client(access("http://127.0.0.1:9", api="v1"), print)) == "v1"


def test_what_speaks_no_api_is_told_with_what_it_answered(server_v4: ClairV4) -> None:
    server_v4.special[LINE] = HTML
    with pytest.raises(BackendError) as caught:
        find_api(Client(access(server_v4.url), print))
    assert "200 to GET /indexer/api/v1/index_state without" in caught.value.message
    assert "404 to GET /v1/namespaces" in caught.value.message


def test_a_proxy_is_asked_but_never_for_this_machine(server_v4: ClairV4) -> None:
    proxy = {"http_proxy": server_v4.url, "no_proxy": "inside.example"}
    server_v4.special["GET http://clair.example"] = says(200, {"state": "through the proxy"})
    there = Client(access("http://clair.example", env=proxy), print)
    assert there.call("GET", STATE).document() == {"state": "through the proxy"}
    nowhere = {"HTTP_PROXY": "http://127.0.0.1:9"}
    assert asked(server_v4, env=nowhere)[0].call("GET", STATE).status == 200
    with pytest.raises(BackendError, match="proxy refuses"):
        Client(access("http://clair.example", env=nowhere), print).call("GET", STATE)
    with pytest.raises(BackendError, match="no such host"):
        Client(access("http://x.inside.example.invalid", env=proxy | {"no_proxy": ".invalid"}), print).call("GET", STATE)
