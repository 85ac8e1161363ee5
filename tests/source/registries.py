"""A registry in this process that keeps images in memory, asks for credentials, and misbehaves where a test wants it."""

import base64
import contextlib
import http.server
import json
import socketserver
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.images import sha256

Handler = http.server.BaseHTTPRequestHandler
Answer = Callable[[Handler], bool | None]  # False: go on as if nothing were special


def says(status: int, body: bytes | object = b"", kind: str = "application/json", **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(request: Handler) -> None:
        request.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        with contextlib.suppress(OSError):
            request.wfile.write(raw)

    return answer


def breaks(data: bytes, after: int) -> Answer:
    """Promise all of it, and hang up in the middle."""

    def answer(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data[:after])
        request.close_connection = True

    return answer


def silence(request: Handler) -> None:
    request.connection.settimeout(5)
    with contextlib.suppress(OSError):
        request.connection.recv(1)  # until the other side hangs up
    request.close_connection = True


def hangs_up(request: Handler) -> None:
    request.close_connection = True


def times(count: int, answer: Answer) -> Answer:
    """Answer so for the first few requests only."""
    left = [count]

    def limited(request: Handler) -> bool | None:
        left[0] -= 1
        return answer(request) if left[0] >= 0 else False

    return limited


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up early is no error of the server."""

    def start(self) -> None:
        """Answer, on a thread of its own."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Hang up."""
        self.shutdown()
        self.server_close()


class Registry:
    """Serves `documents` by tag or digest and `blobs` by digest; `special` answers come first, by the end of a path."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[bytes, str]] = {}
        self.blobs: dict[str, bytes] = {}
        self.special: dict[str, Answer] = {}
        self.asked: list[tuple[str, str, str]] = []  # method, path, authorization
        self.required: set[str] = set()  # one of these authorizations, if any
        self.challenge = ""
        outer = self

        class Request(Handler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
                outer._answer(self)

            def do_POST(self) -> None:  # noqa: N802
                outer._answer(self)

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        self.server = Server(("127.0.0.1", 0), Request)
        self.port = self.server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.server.start()

    def add(self, tag: str, members: Mapping[str, bytes], descriptor: Mapping[str, Any]) -> str:
        """Put an image of tests.images in, and return the name to check it by."""
        for path, data in members.items():
            if sha256(data) == descriptor["digest"]:
                for key in (tag, sha256(data)):
                    self.documents[key] = (data, str(descriptor["mediaType"]))
            self.blobs["sha256:" + path.rpartition("/")[2]] = data
        return f"registry:{self.host}/team/app:{tag}"

    def put(self, tag: str, document: object, kind: str) -> str:
        """Put a manifest or index in under a tag, and return its digest."""
        raw = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.documents[tag] = self.documents[sha256(raw)] = (raw, kind)
        return sha256(raw)

    def asks_for(self, *authorizations: str, challenge: str) -> None:
        self.required, self.challenge = set(authorizations), challenge

    def paths(self, part: str = "") -> list[str]:
        return [path for _, path, _ in self.asked if part in path]

    def stop(self) -> None:
        self.server.stop()

    def _answer(self, request: Handler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length).decode()
        authorization = request.headers.get("Authorization", "")
        self.asked.append((request.command, request.path + (f"?{body}" if body else ""), authorization))
        path = urlsplit(request.path).path
        for end, special in list(self.special.items()):
            if path.endswith(end) and special(request) is not False:
                return
        if self.required and authorization not in self.required and path != "/v2/":
            says(401, {"errors": [{"code": "UNAUTHORIZED"}]}, WWW_Authenticate=self.challenge)(request)
            return
        kind, _, name = path.rpartition("/")
        if kind.endswith("/manifests") and name in self.documents:
            raw, media = self.documents[name]
            says(200, raw, media, Docker_Content_Digest=sha256(raw))(request)
        elif kind.endswith("/blobs") and name in self.blobs:
            says(200, self.blobs[name], "application/octet-stream")(request)
        else:
            says(200 if path == "/v2/" else 404, {"errors": [{"code": "NAME_UNKNOWN"}]})(request)


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def query(path: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(path.partition("?")[2]).items()}
