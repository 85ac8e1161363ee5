"""What servers, proxies and networks do to a client."""

import contextlib
import time
from http.server import BaseHTTPRequestHandler

from tests.source.registries import Answer


def raw(data: bytes, *, close: bool = True) -> Answer:
    """Send these bytes as they are, and hang up."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        with contextlib.suppress(OSError):
            request.wfile.write(data)
            request.wfile.flush()
        request.close_connection = close

    return answer


def drips(data: bytes, every: float = 0.05) -> Answer:
    """Send one byte after the other, for ever."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        with contextlib.suppress(OSError):
            for byte in data:
                request.wfile.write(bytes((byte,)))
                request.wfile.flush()
                time.sleep(every)
            for _ in range(200):
                request.wfile.write(b" ")
                request.wfile.flush()
                time.sleep(every)
        request.close_connection = True

    return answer


# A limiter that is too busy sends its status and a chunk, and then no end.
BUSY = raw(
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'36\r\n{"code":"too-many-requests","message":"server handling t\r\n'
)
