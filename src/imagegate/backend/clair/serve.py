"""Lends the layers of a local image to a Clair, over HTTP and for as long as the scan lasts.

Clair never gets the bytes of an image sent: it fetches them, with one plain GET a layer (claircore, `libindex/fetcher.go`).
So it must be able to connect to this machine, and where it never does, that is what `LayerServer.heard` tells.
"""

import errno
import hmac
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Self

from imagegate import __version__
from imagegate.backend.clair.address import Advertised, advertised, listening
from imagegate.errors import BackendError, SourceError, UsageError
from imagegate.model.image import Content, OpenImage
from imagegate.source.stream import OpenFile, Region
from imagegate.text import clean

_MOST = 64  # connections at a time
_HEAD = 30.0  # seconds in which a request must have come whole, and between two on one connection
_STALL = 60.0  # seconds without a byte taken
_PIECE = 1 << 20  # bytes
_POLL = 0.05  # seconds: how long closing may take
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z", re.ASCII)


def contents(opened: OpenImage) -> list[tuple[str, Content]]:
    """Return digest and bytes of every layer of an image on this machine; raises BackendError where one is not here."""
    found = []
    for layer in opened.image.layers:
        content = opened.offer.here(layer.index) if opened.offer is not None else None
        if content is None:
            raise BackendError(f"layer {layer.index} ({layer.digest}) is not on this machine, so Clair cannot be lent it")
        found.append((layer.digest, content))
    return found


class LayerServer:
    """Serves the layers while it is entered; implements `Addresses`.

    `clair` is the URL of the Clair that will come for them, `address` where to listen (`HOST[:PORT]`, by default where
    Clair's host is reached from), `advertise` the address that Clair is told in its place (`HOST[:PORT]` or a URL).
    Entering raises UsageError for an address that does not fit this machine and BackendError for a busy port or an
    unknown Clair. `say` is told of every download, on a thread of its own.
    """

    def __init__(
        self,
        layers: Sequence[tuple[str, Content]],
        clair: str,
        say: Callable[[str], None],
        *,
        address: str = "",
        advertise: str = "",
    ) -> None:
        self._layers = layers
        self._where = (clair, address, advertise)
        self.say = say
        self.token = secrets.token_hex(16)
        self.lent = {digest: (index, content) for index, (digest, content) in reversed(list(enumerate(layers)))}
        self.given: set[int] = set()  # layers that somebody began to fetch
        self.trouble: dict[int, str] = {}  # layers that did not get through, and why
        self.strange = False  # somebody came and asked for nothing that is lent
        self._server: _Server | None = None
        self._told = Advertised("", "", loopback=True)

    def __enter__(self) -> Self:
        """Listen; see the class for what it raises."""
        clair, address, advertise = self._where
        place = listening(clair, address)
        advertised(advertise, place, 0)  # before anything is bound
        try:
            self._server = _Server(self, place.family, place.bound)
        except OSError as error:
            raise _unusable(*place.bound, error) from None
        self._told = advertised(advertise, place, self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(_POLL,), daemon=True).start()
        self.say(f"lending {len(self._layers)} layers at {self._told.base}")
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.hang_up()
            self._server = None

    @property
    def base(self) -> str:
        """The address that Clair is told, without the part that nobody can guess."""
        return self._told.base

    @property
    def prefix(self) -> str:
        """The path of an advertised URL, which a proxy in between may leave in place."""
        return self._told.prefix

    @property
    def connected(self) -> bool:
        """Whether anybody came for a layer."""
        return bool(self.given)

    def of(self, layer: int) -> tuple[str, dict[str, str]]:
        """See Addresses.of: no headers are needed, the path is the secret."""
        return f"{self._told.base}{self._told.prefix}/{self.token}/{self._layers[layer][0]}", {}

    def heard(self) -> str:
        """See Addresses.heard."""
        if self.trouble:
            return "; ".join(f"layer {index}: {why}" for index, why in sorted(self.trouble.items()))
        if self.connected:
            return ""
        if self.strange:
            return (
                f"somebody connected to {self.base}, where imagegate lends the layers, but asked for nothing that is lent: "
                "is a proxy or another service in between?"
            )
        advice = (
            "A Clair in a container or on another machine cannot connect to a loopback address: give --serve-address an "
            "address of this machine that it can reach"
            if self._told.loopback
            else "Is there a firewall, or a network of containers, in between? --serve-address says where to listen"
        )
        return f"Clair never connected to {self.base}, where imagegate lends the layers. {advice}."


def _unusable(host: str, port: int, error: OSError) -> UsageError | BackendError:
    shown = clean(host, 200)
    if error.errno == errno.EADDRINUSE:
        return BackendError(f"port {port} of {shown} is in use", "Without a port, --serve-address takes a free one.")
    if error.errno == errno.EACCES:
        return UsageError(f"--serve-address: port {port} needs more rights", "Take a port above 1023.")
    return UsageError(
        f"--serve-address: cannot listen on {shown}: {error.strerror}",
        "It must be an address of this machine; `ip address` lists them.",
    )


class _Server(ThreadingMixIn, TCPServer):
    """Threads that end with the process, a bounded number of connections, and no patience with those that say nothing."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, lender: LayerServer, family: socket.AddressFamily, bound: tuple[str, int]) -> None:
        self.lender = lender
        self.address_family = family
        self.allow_reuse_address = os.name == "posix"  # on Windows it would share the port
        self._open: dict[Any, float | None] = {}  # connections, and since when each waits for a request
        super().__init__(bound, _Request)

    def server_bind(self) -> None:
        """`::` is to mean every address, as `0.0.0.0` is not enough for a Clair that is reached over IPv6."""
        if self.address_family == socket.AF_INET6:
            with suppress(OSError):
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def waits(self, connection: Any, *, waiting: bool) -> None:
        self._open[connection] = time.monotonic() if waiting else None

    def verify_request(self, request: Any, *_: Any) -> bool:
        if len(self._open) >= _MOST:
            return False
        self.waits(request, waiting=True)
        return True

    def service_actions(self) -> None:
        """Called between two connections, and every now and then."""
        late = time.monotonic() - _HEAD
        self.hang_up({link for link, since in list(self._open.items()) if since is not None and since < late})

    def hang_up(self, links: set[Any] | None = None) -> None:
        for link in list(self._open) if links is None else links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:
        self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, *_: Any) -> None:
        """Whoever hangs up early is no error of the server."""


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _STALL
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        self.server.waits(self.connection, waiting=True)
        super().handle_one_request()

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def version_string(self) -> str:
        return f"imagegate/{__version__}"

    def log_message(self, *_: Any) -> None:
        """Nothing that a stranger sends is repeated."""

    def send_error(self, code: int, *_: Any, **__: Any) -> None:
        """Say nothing but the number."""
        self.server.lender.strange = True
        self.close_connection = True
        self._head(code, {"Content-Length": "0", "Connection": "close"})

    def _head(self, code: int, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _answer(self, *, body: bool) -> None:
        self.server.waits(self.connection, waiting=False)
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # a body that nobody reads would be taken for the next request
        lender = self.server.lender
        before, _, named = self.path.partition("?")[0].rpartition("/")
        rest, _, token = before.rpartition("/")
        known = hmac.compare_digest(token.encode(), lender.token.encode()) and rest in ("", lender.prefix)
        if not known or named not in lender.lent:
            self.send_error(404)
            return
        index, content = lender.lent[named]
        at, end = self._range(content.size)
        if at >= end and content.size:
            self._head(416, {"Content-Range": f"bytes */{content.size}", "Content-Length": "0"})
            return
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(end - at), "Accept-Ranges": "bytes"}
        part = (at, end) != (0, content.size)
        if part:
            headers["Content-Range"] = f"bytes {at}-{end - 1}/{content.size}"
        self._head(206 if part else 200, headers)
        lender.given.add(index)
        if body:
            self._body(index, content, at, end - at)

    def _range(self, size: int) -> tuple[int, int]:
        """Return from where to where; nothing where the range lies outside. What is no single range is none (RFC 9110, 14.2)."""
        asked = _RANGE.match(self.headers.get("Range", ""))
        if asked is None or "If-Range" in self.headers or asked[1] == asked[2] == "":
            return 0, size
        if not asked[1]:
            return max(0, size - int(asked[2])), size
        first, last = int(asked[1]), int(asked[2] or size)
        return (first, min(last + 1, size)) if first <= last else (0, size)

    def _body(self, index: int, content: Content, at: int, size: int) -> None:
        lender, closing = self.server.lender, self.close_connection
        self.close_connection = True  # should anything go wrong, the length that was promised is not kept
        try:
            sent = _send(self.connection, content, at, size)
        except OSError:
            lender.trouble[index] = "the download broke off"
            return
        except SourceError as error:
            lender.trouble[index] = error.message
            return
        if sent < size:
            lender.trouble[index] = "the file became shorter while it was read"
            return
        self.close_connection = closing
        lender.trouble.pop(index, None)
        lender.say(f"layer {index} was fetched from {self.client_address[0]}: {size:,} bytes")


def _send(connection: socket.socket, content: Content, at: int, size: int) -> int:
    """Send that part, from file to socket inside the kernel where that is possible; returns how many bytes went out."""
    if isinstance(content, Region):
        return connection.sendfile(_Part(content.file), content.start + at, size) if size else 0
    sent = 0
    while sent < size:
        data = content.read_at(at + sent, min(_PIECE, size - sent))
        if not data:
            break
        connection.sendall(data)
        sent += len(data)
    return sent


class _Part:
    """What socket.sendfile asks of a file; `read` is called only where the kernel cannot."""

    def __init__(self, file: OpenFile) -> None:
        self._file, self._at = file, 0

    def fileno(self) -> int:
        return self._file.number

    def seek(self, at: int) -> None:
        self._at = at

    def read(self, size: int) -> bytes:
        data = self._file.read(size, self._at)
        self._at += len(data)
        return data
