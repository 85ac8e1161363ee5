"""Stands between a client and a real registry, passes everything on, and spoils what a test wants spoiled."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Handler = BaseHTTPRequestHandler
Fault = Callable[[Handler], None]


class Relay:
    """`faults` answer in place of the registry, each once: (method, part of the path, answer)."""

    def __init__(self, registry: str) -> None:
        self.registry = registry
        self.faults: list[tuple[str, str, Fault]] = []
        self.asked: list[tuple[str, str, str]] = []  # method, path, authorization
        self.required = ""  # the authorization without which there is a challenge
        self.challenge = ""
        self.changed: dict[str, str] = {}  # headers of answers that are given another value
        self.host = ""

    def serve(self, handler: Handler) -> None:
        method, path, authorization = handler.command, handler.path, handler.headers.get("Authorization", "")
        self.asked.append((method, path, authorization))
        for fault in self.faults:
            if fault[0] == method and fault[1] in path:
                self.faults.remove(fault)
                fault[2](handler)
                return
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if self.required and authorization != self.required and path != "/v2/":
            says(401, WWW_Authenticate=self.challenge)(handler)
            return
        link = http.client.HTTPConnection(self.registry, timeout=20)
        passed = {name: value for name, value in handler.headers.items() if name != "Authorization"}
        link.request(method, path, body=body, headers=passed)
        answer = link.getresponse()
        data = answer.read()
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            handler.send_header(name, self.changed.get(name, value))
        handler.end_headers()
        handler.wfile.write(data)
        link.close()

    def count(self, method: str, part: str) -> int:
        return sum(1 for asked, path, _ in self.asked if asked == method and part in path)


def says(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Read what comes and answer with a status."""

    def fault(handler: Handler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    return fault


def cuts_the_upload(relay: Relay, size: int) -> Fault:
    """Pass on only the first bytes of what comes, and hang up on both sides."""

    def fault(handler: Handler) -> None:
        link = http.client.HTTPConnection(relay.registry, timeout=20)
        link.putrequest(handler.command, handler.path, skip_host=True)
        for name, value in handler.headers.items():
            link.putheader(name, value)
        link.endheaders(handler.rfile.read(size))
        link.close()
        handler.close_connection = True

    return fault


def cuts_the_answer(data: bytes, size: int) -> Fault:
    """Promise all of it and hang up after some bytes."""

    def fault(handler: Handler) -> None:
        says(200, data[:size], Content_Length=str(len(data)))(handler)
        handler.close_connection = True

    return fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up early is what some tests are about."""


@contextmanager
def relaying(registry: str) -> Iterator[Relay]:
    relay = Relay(registry)

    class Request(Handler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
            relay.serve(self)

        do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = _Server(("127.0.0.1", 0), Request)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    relay.host = f"127.0.0.1:{server.server_port}"
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
