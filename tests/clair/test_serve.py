"""Layers lent over HTTP: what a Clair that fetches them gets, and what nobody else gets."""

import http.client
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from imagegate.backend.clair import serve
from imagegate.backend.clair.serve import LayerServer, contents
from imagegate.errors import BackendError, SourceError
from imagegate.model.image import Content
from imagegate.source.stream import OpenFile, Region
from tests.images import Image, sha256
from tests.source.opened import BASE, SECOND, opened

CLAIR = "http://127.0.0.1:6060"
DATA = bytes(range(256)) * 5000
DIGEST = sha256(DATA)


class Kept:
    """Bytes in memory; `breaks` from that position on."""

    def __init__(self, data: bytes, breaks: int = 1 << 60) -> None:
        self.data, self.breaks = data, breaks
        self.size = len(data)

    def read_at(self, at: int, size: int) -> bytes:
        if at >= self.breaks:
            raise SourceError("the file cannot be read: the disk is broken")
        return self.data[at : at + min(size, 100_000)]


@pytest.fixture
def region(tmp_path: Path) -> Region:
    path = tmp_path / "blob"
    path.write_bytes(b"before" + DATA + b"after")
    return Region(OpenFile(os.open(path, os.O_RDONLY)), len(b"before"), len(DATA))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(params=["file", "memory"])
def server(request: pytest.FixtureRequest, said: list[str]) -> Iterator[LayerServer]:
    content: Content = request.getfixturevalue("region") if request.param == "file" else Kept(DATA)
    with LayerServer([(DIGEST, content), (sha256(b"x"), Kept(b"x")), (DIGEST, content)], CLAIR, said.append) as running:
        yield running


def eventually(holds: object) -> None:
    end = time.monotonic() + 10
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


def raw(server: LayerServer, request: bytes) -> bytes:
    """Return all that is answered until the server hangs up."""
    address = urlsplit(server.base)
    with socket.create_connection((address.hostname, address.port), 10) as link:
        link.sendall(request)
        answer = b""
        while data := link.recv(1 << 16):
            answer += data
        return answer


def test_a_layer_comes_as_stored_and_under_no_encoding(server: LayerServer, said: list[str]) -> None:
    url, headers = server.of(0)
    assert headers == {}
    assert url.endswith(DIGEST)
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, sha256(answer.content)) == (200, DIGEST)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "Content-Encoding" not in answer.headers
    eventually(lambda: any("layer 0 was fetched from 127.0.0.1: 1,280,000 bytes" in line for line in said))
    assert not any(server.token in line for line in said)
    assert server.connected
    assert server.heard() == ""


def test_many_layers_come_over_one_connection_and_many_connections(server: LayerServer) -> None:
    with requests.Session() as session:
        for layer in (0, 1, 2, 0):
            assert sha256(session.get(server.of(layer)[0], timeout=10).content) == (sha256(b"x") if layer == 1 else DIGEST)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(sha256(requests.get(server.of(0)[0], timeout=10).content))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [DIGEST] * 8


def test_head_tells_the_length_and_sends_nothing(server: LayerServer) -> None:
    with requests.Session() as session:
        answer = session.head(server.of(0)[0], timeout=10)
        assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(DATA)))
        assert sha256(session.get(server.of(0)[0], timeout=10).content) == DIGEST


@pytest.mark.parametrize(
    ("asked", "status", "first", "end"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=1000-", 206, 1000, len(DATA)),
        ("bytes=-5", 206, len(DATA) - 5, len(DATA)),
        (f"bytes=5-{10**17}", 206, 5, len(DATA)),
        (f"bytes=-{10**17}", 200, 0, len(DATA)),
        (f"bytes=0-{len(DATA) - 1}", 200, 0, len(DATA)),
        (f"bytes={len(DATA)}-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=7-3", 200, 0, len(DATA)),
        ("bytes=-", 200, 0, len(DATA)),
        ("bytes=0-0,5-9", 200, 0, len(DATA)),
        ("bytes=" + "9" * 5000 + "-", 200, 0, len(DATA)),
        ("lines=0-0", 200, 0, len(DATA)),
    ],
)
def test_a_range_is_that_part_of_the_layer(server: LayerServer, asked: str, status: int, first: int, end: int) -> None:
    answer = requests.get(server.of(0)[0], headers={"Range": asked}, timeout=10)
    assert (answer.status_code, answer.content == DATA[first:end]) == (status, True)
    shown = {206: f"bytes {first}-{end - 1}/{len(DATA)}", 416: f"bytes */{len(DATA)}"}
    assert answer.headers.get("Content-Range") == shown.get(status)


def test_a_range_that_depends_on_an_earlier_answer_gives_the_whole(server: LayerServer) -> None:
    headers = {"Range": "bytes=5-9", "If-Range": '"something"'}
    assert requests.get(server.of(0)[0], headers=headers, timeout=10).content == DATA


def test_nothing_else_is_there(server: LayerServer) -> None:
    url = server.of(0)[0]
    address = urlsplit(url)
    other = "sha256:" + "0" * 64
    for path in (
        "/",
        f"/{DIGEST}",
        f"/{'0' * 32}/{DIGEST}",
        f"/{server.token}",
        f"/{server.token}/",
        f"/{server.token}/{other}",
        f"/x/{server.token}/{DIGEST}",
        f"/{server.token}/{DIGEST}/",
        f"/{server.token}/../etc/passwd",
        "/\u00e9/".encode().decode("latin-1") + DIGEST,
        "//",
        "*",
    ):
        link = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
        link.putrequest("GET", path, skip_accept_encoding=True) if path.isascii() else link.putrequest("GET", "/%C3%A9/")
        link.endheaders()
        answer = link.getresponse()
        assert (answer.status, answer.read()) == (404, b""), path
        link.close()
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "XYZZY"):
        assert requests.request(method, url, timeout=10).status_code == 501, method
    assert not server.connected
    assert "asked for nothing that is lent" in server.heard()


def test_what_is_no_request_ends_it_and_is_not_repeated(server: LayerServer, capfd: pytest.CaptureFixture[str]) -> None:
    path = urlsplit(server.of(0)[0]).path.encode()
    for request in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200) + b"\r\n\r\n",
        b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /<script> HTTP/9.9\r\n\r\n",
        b"GET " + path + b" HTTP/1.1\r\n" + b"".join(b"A%d: 1\r\n" % number for number in range(200)) + b"\r\n",
    ):
        assert b"script" not in raw(server, request)
    assert capfd.readouterr() == ("", "")


def test_a_body_is_not_taken_for_the_next_request(server: LayerServer) -> None:
    path = urlsplit(server.of(1)[0]).path.encode()
    inner = b"GET " + path + b" HTTP/1.1\r\n\r\n"
    outer = b"GET " + path + b" HTTP/1.1\r\nContent-Length: " + str(len(inner)).encode() + b"\r\n\r\n"
    assert raw(server, outer + inner).count(b"200 OK") == 1


def test_every_run_has_another_path_that_nobody_guesses() -> None:
    tokens = set()
    for _ in range(3):
        with LayerServer([(DIGEST, Kept(b""))], CLAIR, print) as server:
            tokens.add(urlsplit(server.of(0)[0]).path.split("/")[1])
    assert len(tokens) == 3
    assert all(len(token) == 32 and int(token, 16) >= 0 for token in tokens)


def test_an_empty_layer_is_a_whole_answer() -> None:
    with LayerServer([(sha256(b""), Kept(b""))], CLAIR, print) as server:
        answer = requests.get(server.of(0)[0], timeout=10)
        assert (answer.status_code, answer.content) == (200, b"")


def test_a_disk_that_fails_breaks_the_answer_off_and_is_told() -> None:
    with LayerServer([(DIGEST, Kept(DATA, breaks=500_000))], CLAIR, print) as server:
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)) as caught:
            requests.get(server.of(0)[0], timeout=10)
        assert "timed out" not in str(caught.value)
        eventually(lambda: server.heard() == "layer 0: the file cannot be read: the disk is broken")


def test_a_file_that_became_shorter_breaks_the_answer_off_and_is_told(region: Region) -> None:
    os.truncate(f"/proc/self/fd/{region.file.number}", 1000)
    with LayerServer([(DIGEST, region)], CLAIR, print) as server:
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)) as caught:
            requests.get(server.of(0)[0], timeout=10)
        assert "timed out" not in str(caught.value)
        eventually(lambda: server.heard() == "layer 0: the file became shorter while it was read")


def test_a_download_that_broke_off_is_told_until_it_is_made_good() -> None:
    big = bytes(20_000_000)
    with LayerServer([(DIGEST, Kept(b"")), (sha256(big), Kept(big))], CLAIR, print) as server:
        with requests.get(server.of(1)[0], timeout=10, stream=True) as answer:
            next(answer.iter_content(1000))
        eventually(lambda: server.heard() == "layer 1: the download broke off")
        assert requests.get(server.of(1)[0], timeout=10).content == big
        eventually(lambda: server.heard() == "")


def test_connections_are_few_and_those_that_say_nothing_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "_MOST", 3)
    with LayerServer([(sha256(b"x"), Kept(b"x"))], CLAIR, print) as server:
        address = urlsplit(server.base)
        place = (str(address.hostname), int(address.port or 0))
        idle = [socket.create_connection(place, 10) for _ in range(3)]
        idle[0].sendall(b"GET / HTTP/1.1\r\nA: ")  # one that begins
        with socket.create_connection(place, 10) as refused:
            assert refused.recv(1) == b""
        monkeypatch.setattr(serve, "_HEAD", 0.0)
        for link in idle:
            assert link.recv(1) == b""
            link.close()
        monkeypatch.setattr(serve, "_HEAD", 30.0)
        eventually(lambda: requests.get(server.of(0)[0], timeout=10).content == b"x")


def test_a_download_may_take_longer_than_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    big = bytes(20_000_000)
    monkeypatch.setattr(serve, "_HEAD", 0.2)
    with (
        LayerServer([(sha256(big), Kept(big))], CLAIR, print) as server,
        requests.get(server.of(0)[0], timeout=10, stream=True) as answer,
    ):
        first = next(answer.iter_content(1000))
        time.sleep(0.5)  # the rest does not fit into the buffers of both sides
        assert len(first) + sum(map(len, answer.iter_content(1 << 20))) == len(big)


def test_leaving_hangs_up_at_once_and_frees_the_port(region: Region) -> None:
    with LayerServer([(DIGEST, region)], CLAIR, print) as server:
        address = urlsplit(server.base)
        place = (str(address.hostname), int(address.port or 0))
        idle = socket.create_connection(place, 10)
        slow = socket.create_connection(place, 10)
        slow.sendall(f"GET {urlsplit(server.of(0)[0]).path} HTTP/1.1\r\n\r\n".encode())
        assert slow.recv(5) == b"HTTP/"
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    assert idle.recv(1) == b""
    idle.close()
    slow.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place, 10)


class Given:
    """An offer of what lies in a list; None is in a registry."""

    def __init__(self, *kept: Content | None) -> None:
        self.kept = kept

    def here(self, layer: int) -> Content | None:
        return self.kept[layer]

    def there(self, layer: int) -> tuple[str, dict[str, str]]:
        raise NotImplementedError


def test_all_layers_of_an_image_are_lent_or_none(tmp_path: Path) -> None:
    image = opened(Image([BASE, SECOND]).docker_archive(tmp_path / "image.tar"))
    first, second = Kept(BASE), Kept(SECOND)
    digests = [layer.digest for layer in image.image.layers]
    assert contents(replace(image, offer=Given(first, second))) == list(zip(digests, (first, second), strict=True))
    for offer in (None, Given(first, None)):
        with pytest.raises(BackendError, match=r"layer [01] \(sha256:.*is not on this machine"):
            contents(replace(image, offer=offer))
