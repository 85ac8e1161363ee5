"""A real HTTP server with the layout of the OSV bucket, which can be told to misbehave."""

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


class Bucket:
    """What the server has (`files`, by path), what was asked of it (`asked`), and how it misbehaves next (`faults`).

    A fault answers one request for its path in place of the bucket; faults of a path are used up in order.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str], int]] = []
        self.hashes = True
        self.lock = threading.Lock()
        self.url = ""

    def statuses(self, path: str = "") -> list[int]:
        return [status for name, _, status in self.asked if name == path or not path]

    def headers(self, path: str) -> list[dict[str, str]]:
        return [headers for name, headers, _ in self.asked if name == path]

    def etag(self, path: str) -> str:
        return f'"{hashlib.sha256(self.files[path]).hexdigest()[:20]}"'

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        path = unquote(handler.path).lstrip("/")
        with self.lock:
            self.asked.append((path, dict(handler.headers), 0))
            position = len(self.asked) - 1
            fault = self.faults[path].pop(0) if self.faults.get(path) else None
        original = handler.send_response

        def note(code: int, message: str | None = None) -> None:
            self.asked[position] = (*self.asked[position][:2], code)
            original(code, message)

        handler.send_response = note  # type: ignore[method-assign]
        data = self.files.get(path)
        if fault is not None:
            fault(handler, data or b"")
        elif data is None:
            answer(handler, 404, b"<html>no such file</html>")
        elif handler.headers.get("If-None-Match") == self.etag(path):
            answer(handler, 304, b"", ETag=self.etag(path))
        else:
            self._send(handler, path, data)

    def _send(self, handler: BaseHTTPRequestHandler, path: str, data: bytes) -> None:
        headers = {"ETag": self.etag(path)}
        if self.hashes:
            md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
            headers["x-goog-hash"] = f"crc32c=AAAAAA==, md5={md5}"
        start = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        if start and handler.headers.get("If-Range") == self.etag(path):
            if start >= len(data):
                answer(handler, 416, b"")
                return
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            answer(handler, 206, data[start:], **headers)
        else:
            answer(handler, 200, data, **headers)


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in (
        {"Content-Length": str(len(body))} | {key.replace("_", "-"): value for key, value in headers.items()}
    ).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def says(status: int, body: bytes = b"busy", **headers: str) -> Answer:
    """Answer with a status, whatever the bucket has."""
    return lambda handler, _: answer(handler, status, body, **headers)


def breaks_off(after: int, **headers: str) -> Answer:
    """Promise the whole file and close the connection after some bytes."""

    def fault(handler: BaseHTTPRequestHandler, data: bytes) -> None:
        answer(handler, 200, data[:after], **({"Content_Length": str(len(data))} | headers))
        handler.close_connection = True

    return fault


def drips(piece: int, pause: float) -> Answer:
    """Send the file in small pieces."""

    def fault(handler: BaseHTTPRequestHandler, data: bytes) -> None:
        answer(handler, 200, b"", Content_Length=str(len(data)))
        for start in range(0, len(data), piece):
            handler.wfile.write(data[start : start + piece])
            handler.wfile.flush()
            time.sleep(pause)

    return fault


def chunked(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    """Send the file without telling its length before."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for start in range(0, len(data), 1000):
        piece = data[start : start + 1000]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


@contextmanager
def serving() -> Iterator[Bucket]:
    bucket = Bucket()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            bucket.serve(self)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
