"""The API of a local engine, against a server in this process that behaves and misbehaves."""

import contextlib
import http.server
import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imagegate.errors import SourceError
from imagegate.model.image import OpenImage
from imagegate.source.opening import Options, open_image
from tests.images import Image, layer, sha256
from tests.source.interests import EVERYTHING
from tests.source.opened import BASE, SECOND, content

IMAGE = Image([BASE], name="docker.io/library/app:1")
ARCHIVE = layer(IMAGE.docker_members())
FACTS = {"Id": sha256(IMAGE.config()), "RootFS": {"Layers": [sha256(BASE)]}}
Handler = http.server.BaseHTTPRequestHandler
Answer = Callable[[Handler], None]


def says(status: int, body: bytes | object, kind: str = "application/json") -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(request: Handler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(raw)))
        request.end_headers()
        request.wfile.write(raw)

    return answer


def chunked(data: bytes, end: bytes = b"0\r\n\r\n") -> Answer:
    def answer(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        for at in range(0, len(data), 3000):
            part = data[at : at + 3000]
            request.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        request.wfile.write(end)

    return answer


def raw(data: bytes) -> Answer:
    return lambda request: (request.wfile.write(data), None)[1]


def silence(request: Handler) -> None:
    request.connection.settimeout(5)
    with contextlib.suppress(OSError):
        request.connection.recv(1)  # until the other side hangs up


class _Unix(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, Any]:
        return super().get_request()[0], ("unix", 0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up early is no error of the server."""


class _Tcp(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    handle_error = _Unix.handle_error


class Server:
    """Answers by path: `json` for what an engine knows of an image, `get` for its archive."""

    def __init__(self, address: str | tuple[str, int], answers: dict[str, Answer]) -> None:
        self.asked: list[str] = []
        outer = self

        class Request(Handler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
                outer.asked.append(self.path)
                self.close_connection = True
                answers[self.path.rpartition("/")[2]](self)

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        self.server: socketserver.BaseServer = _Tcp(address, Request) if isinstance(address, tuple) else _Unix(address, Request)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., tuple[Server, str]]]:
    running: list[Server] = []

    def start(name: str = "docker.sock", tcp: bool = False, **answers: Answer) -> tuple[Server, str]:
        known = {"json": says(200, FACTS), "get": chunked(ARCHIVE)} | answers
        server = Server(("127.0.0.1", 0) if tcp else str(tmp_path / name), known)
        running.append(server)
        address: Any = server.server.server_address
        return server, f"tcp://127.0.0.1:{address[1]}" if tcp else f"unix://{tmp_path / name}"

    yield start
    for server in running:
        server.stop()


def ask(reference: str, timeout: float = 5, **env: str) -> OpenImage:
    return open_image(reference, EVERYTHING, Options(env={"HOME": "/nonexistent"} | env, timeout=timeout))


def fails(reference: str, timeout: float = 5, **env: str) -> str:
    with pytest.raises(SourceError) as caught:
        ask(reference, timeout, **env)
    return f"{caught.value.message} | {caught.value.hint}"


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("reference", ["docker:app:1", "app:1"])
def test_an_image_is_read_from_docker(serve: Callable[..., Any], tcp: bool, reference: str) -> None:
    server, address = serve(tcp=tcp)
    found = ask(reference, DOCKER_HOST=address)
    assert content(found.files, "var/lib/dpkg/status") == b"Package: a\n"
    assert found.image.source == "docker"
    assert server.asked == ["/images/app:1/json", f"/images/{FACTS['Id']}/get"]


def test_podman_is_asked_at_its_own_address(serve: Callable[..., Any]) -> None:
    _, address = serve()
    assert ask("podman:app:1", CONTAINER_HOST=address, DOCKER_HOST="unix:///nonexistent").image.source == "podman"


def test_an_image_that_an_engine_does_not_have_is_not_found(serve: Callable[..., Any]) -> None:
    _, address = serve(json=says(404, {"message": "No such image: app:1"}))
    assert "docker has no image app:1" in fails("docker:app:1", DOCKER_HOST=address)
    assert "no local engine has it" in fails("127.0.0.1:1/app:1", DOCKER_HOST=address)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(500, {"message": "disk full \x1b[31m"}), "answered 500: disk full \\u001b[31m"),
        (says(500, b"<html>proxy</html>", "text/html"), "answered 500: <html>proxy</html>"),
        (says(403, b""), "answered 403"),
        (says(301, b"", "text/html"), "answered 301"),
        (says(200, b"<html>proxy</html>", "text/html"), "answered nonsense"),
        (says(200, []), "answered nonsense"),
        (says(200, {"Id": 7}), "answered nonsense"),
        (says(200, b"[" * 100_000), "answered nonsense"),
        (raw(b"SSH-2.0-OpenSSH\r\n"), "cannot be reached"),
        (raw(b""), "cannot be reached"),
        (chunked(b'{"Id"', end=b"zz\r\n"), "cannot be reached"),
    ],
)
def test_a_wrong_answer_about_an_image_is_an_error(serve: Callable[..., Any], answer: Answer, reason: str) -> None:
    _, address = serve(json=answer)
    assert reason in fails("docker:app:1", DOCKER_HOST=address)
    assert reason in fails("127.0.0.1:1/app:1", DOCKER_HOST=address)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(404, {"message": "gone"}), "answered 404: gone"),
        (says(500, {"message": "disk full"}), "answered 500: disk full"),
        (says(200, b"<html>proxy</html>" * 100, "text/html"), "not a tar header"),
        (says(200, b""), "holds no manifest.json"),
        (chunked(ARCHIVE[:5000], end=b""), "cannot be reached"),
        (chunked(ARCHIVE[:5000], end=b"zz\r\n"), "cannot be reached"),
        (chunked(ARCHIVE[:5000]), "ends in the middle"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + ARCHIVE[:3000]), "ends in the middle"),
    ],
)
def test_an_archive_that_breaks_off_is_an_error(serve: Callable[..., Any], answer: Answer, reason: str) -> None:
    _, address = serve(get=answer)
    assert reason in fails("docker:app:1", DOCKER_HOST=address)


def test_an_error_in_the_middle_of_a_layer_is_blamed_on_the_engine(serve: Callable[..., Any]) -> None:
    large = layer(Image([layer({"a": os.urandom(3_000_000)})]).docker_members())
    _, address = serve(get=chunked(large[:2_500_000], end=b"zz\r\n"))
    assert "docker at" in fails("docker:app:1", DOCKER_HOST=address)


@pytest.mark.parametrize("which", ["json", "get"])
def test_silence_ends_in_a_timeout(serve: Callable[..., Any], which: str) -> None:
    _, address = serve(**{which: silence})
    assert "timed out" in fails("docker:app:1", timeout=0.3, DOCKER_HOST=address)


def test_another_image_than_the_one_asked_for_is_refused(serve: Callable[..., Any]) -> None:
    other = Image([SECOND])
    _, address = serve(get=chunked(layer(other.docker_members())))
    assert "changed while it was read" in fails("docker:app:1", DOCKER_HOST=address)
    _, address = serve("index.sock", json=says(200, FACTS | {"Id": "sha256:" + "1" * 64}))
    assert ask("docker:app:1", DOCKER_HOST=address).image.id == FACTS["Id"]  # by its index, but with the same layers


def test_nothing_that_listens_is_an_error(tmp_path: Path) -> None:
    gone = f"unix://{tmp_path / 'gone.sock'}"
    assert "cannot be reached" in fails("docker:a", DOCKER_HOST=gone)
    assert "cannot be reached" in fails("a", DOCKER_HOST=gone)
    assert "cannot be reached" in fails("podman:a", CONTAINER_HOST=gone)
    (tmp_path / "file.sock").write_text("")
    assert "cannot be reached" in fails("docker:a", DOCKER_HOST=f"unix://{tmp_path / 'file.sock'}")
    assert "cannot be reached" in fails("docker:a", DOCKER_HOST="tcp://127.0.0.1:1")


def test_an_engine_that_was_named_is_not_replaced_by_another(serve: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "podman").mkdir()
    server, _ = serve("podman/podman.sock")
    _, empty = serve(json=says(404, {"message": "no such image"}))
    runtime = str(tmp_path)
    assert "no local engine has it" in fails("127.0.0.1:1/app:1", XDG_RUNTIME_DIR=runtime, DOCKER_HOST=empty)
    assert "cannot be reached" in fails("app:1", XDG_RUNTIME_DIR=runtime, DOCKER_HOST="unix:///gone")
    assert "cannot be reached" in fails("docker:app:1", XDG_RUNTIME_DIR=runtime, DOCKER_HOST="unix:///gone")
    assert server.asked == []


@pytest.mark.parametrize(
    "address",
    ["ssh://me@host", "npipe:////./pipe/docker", "fd://", "/var/run/docker.sock", "unix://", "tcp://", "tcp://a:port", "x"],
)
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    assert "is not a unix:// or tcp:// address" in fails("docker:a", DOCKER_HOST=address)
    assert "is not a unix:// or tcp:// address" in fails("podman:a", CONTAINER_HOST=address)


def test_tls_that_was_asked_for_is_never_left_out(serve: Callable[..., Any], tmp_path: Path) -> None:
    server, address = serve(tcp=True)
    assert "cannot be reached" in fails("docker:app:1", DOCKER_HOST=address, DOCKER_TLS_VERIFY="1")
    assert "cannot be reached" in fails("docker:app:1", DOCKER_HOST=address, DOCKER_CERT_PATH=str(tmp_path))
    (tmp_path / "ca.pem").write_text("nonsense")
    assert "cannot be used" in fails("docker:app:1", DOCKER_HOST=address, DOCKER_CERT_PATH=str(tmp_path))
    assert server.asked == []


def context(folder: Path, name: str, host: object) -> None:
    place = folder / "contexts" / "meta" / sha256(name.encode())[7:]
    place.mkdir(parents=True)
    (place / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))


def test_the_context_of_dockers_command_line_is_used(serve: Callable[..., Any], tmp_path: Path) -> None:
    _, address = serve()
    context(tmp_path, "build", address)
    (tmp_path / "config.json").write_text('{"currentContext": "build"}')
    assert ask("docker:app:1", DOCKER_CONFIG=str(tmp_path)).image.source == "docker"
    (tmp_path / "config.json").write_text("{}")
    assert ask("docker:app:1", DOCKER_CONFIG=str(tmp_path), DOCKER_CONTEXT="build").image.source == "docker"
    reason = fails("docker:app:1", DOCKER_CONFIG=str(tmp_path), DOCKER_CONTEXT="build", DOCKER_HOST="unix:///gone")
    assert "unix:///gone" in reason  # as Docker's command line: the host counts more than the context


@pytest.mark.parametrize("host", [None, "", 7, "ssh://me@host"])
def test_a_context_that_can_not_be_used_is_an_error(tmp_path: Path, host: object) -> None:
    context(tmp_path, "build", host)
    assert "context build" in fails("docker:a", DOCKER_CONFIG=str(tmp_path), DOCKER_CONTEXT="build")
    assert "context other does not exist" in fails("docker:a", DOCKER_CONFIG=str(tmp_path), DOCKER_CONTEXT="other")
