"""Downloads that survive a bad line: conditional, resumable, patient, and checked."""

import base64
import hashlib
import json
import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

import requests
from urllib3.exceptions import HTTPError

from imagegate import __version__
from imagegate.errors import StoreError
from imagegate.text import clean

_ATTEMPTS = 5
_TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two pieces
_LONGEST = 1800.0  # seconds that one try may take: a server that drips must not hold us for ever
_LONGEST_WAIT = 60.0  # seconds: a server's Retry-After is a wish, not an order
_AGAIN = {408, 425, 429, 500, 502, 503, 504}
LARGEST = 8 << 30  # bytes

Progress = Callable[[str, int, int], None]  # label, bytes so far, bytes in all (0: unknown)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that was fetched, or `path` "" where the server says that nothing changed."""

    path: str
    etag: str


class NotThere(StoreError):
    """The server has no such file."""


def shown(url: str) -> str:
    """Return the URL as it may be shown: without user name, password or query."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.port:
            host += f":{parts.port}"
    except ValueError:
        return "an address that cannot be read"
    return clean(urlunsplit((parts.scheme, host, parts.path, "", "")), 300)


def download(url: str, path: str, etag: str, label: str, progress: Progress) -> Downloaded:
    """Fetch `url` into `path` unless it still has `etag`; a part left by an earlier try is continued.

    Raises NotThere for a 404, StoreError when the server cannot be reached, refuses, or sends something else.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise StoreError(f"{shown(url)}: not an http or https address", "For a folder use `imagegate db build FOLDER`.")
    failure = ""
    for attempt in range(_ATTEMPTS):
        wait = min(_LONGEST_WAIT, 2.0**attempt * random.uniform(0.5, 1.0))  # noqa: S311 (spreads runners, no secret)
        try:
            return _try(url, path, etag, label, progress)
        except _Temporary as error:
            failure = str(error)
            wait = min(_LONGEST_WAIT, error.wait) if error.wait else wait
        except (requests.RequestException, HTTPError) as error:
            failure = _reason(error)
        except OSError as error:
            raise StoreError(
                f"{clean(path)}: the download could not be written: {error.strerror}",
                "Is the folder writable, and is there room on the disk?",
            ) from None
        if attempt + 1 < _ATTEMPTS:
            time.sleep(wait)
    raise StoreError(
        f"{shown(url)}: {failure}",
        "Is the network or the proxy (HTTPS_PROXY, REQUESTS_CA_BUNDLE) set up? `--offline` works with what is there.",
    )


class _Temporary(Exception):
    """Worth another try, after `wait` seconds if the server said so."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


def _try(url: str, path: str, etag: str, label: str, progress: Progress) -> Downloaded:
    part, note = f"{path}.part", f"{path}.part.json"
    have, part_etag = _resume(part, note, url)
    headers = {"User-Agent": f"imagegate/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": part_etag}
    elif etag:
        headers["If-None-Match"] = etag
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        status = response.status_code
        if url.lower().startswith("https:") and not response.url.lower().startswith("https:"):
            raise StoreError(f"{shown(url)}: leads to {shown(response.url)}, which is not encrypted", "Check the address.")
        if status == 304 and "If-None-Match" in headers:
            return Downloaded("", etag)
        if status == 404:
            raise NotThere(f"{shown(url)}: the server has no such file", "Check the address.")
        if status == 416:
            _remove(part, note)
            raise _Temporary("the part that was there does not fit any more")
        if status in _AGAIN:
            raise _Temporary(f"the server answers {status}", _retry_after(response))
        if status not in (200, 206):
            raise StoreError(f"{shown(url)}: the server answers {status}", "Check the address and the credentials of the mirror.")
        resumed = status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if status == 206 and not resumed:
            _remove(part, note)
            raise _Temporary("the server continued at another place")
        fresh = response.headers.get("ETag", "")
        start = have if resumed else 0
        with suppress(OSError):
            os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
        with open(note, "w", encoding="utf-8") as file:
            json.dump({"url": shown(url), "etag": fresh}, file)
        length = response.headers.get("Content-Length", "")
        total = start + int(length[:18]) if length.isascii() and length.isdigit() else 0
        size = _receive(response, part, start, total, label, progress)
        if total and size != total:
            raise _Temporary(f"the download stopped after {size:,} of {total:,} bytes")
        _checksum(response, part, note)
    os.replace(part, path)
    _remove(note)
    return Downloaded(path, fresh)


def _receive(response: requests.Response, part: str, start: int, total: int, label: str, progress: Progress) -> int:
    size, deadline = start, time.monotonic() + _LONGEST
    read = getattr(response.raw, "read1", response.raw.read)  # what has come; urllib3 before 2.2 waits for the whole piece
    with open(part, "ab" if start else "wb") as file:
        while chunk := read(1 << 18):
            if time.monotonic() > deadline:
                raise _Temporary(f"only {size:,} bytes came in {_LONGEST:.0f} s")
            size += len(chunk)
            if size > LARGEST:
                raise StoreError(f"{shown(response.url)}: more than {LARGEST:,} bytes", "This is not an advisory archive.")
            file.write(chunk)
            progress(label, size, total)
    return size


def _checksum(response: requests.Response, part: str, note: str) -> None:
    """Google Cloud Storage, which serves the OSV bucket, sends the MD5 of the whole object along."""
    wanted = [
        value.strip()[4:] for value in response.headers.get("x-goog-hash", "").split(",") if value.strip().startswith("md5=")
    ]
    if not wanted:
        return
    with open(part, "rb") as file:
        found = base64.b64encode(hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()).decode()
    if found != wanted[0]:
        _remove(part, note)
        raise _Temporary("the checksum of the download is wrong")


def _resume(part: str, note: str, url: str) -> tuple[int, str]:
    """Return how many bytes an earlier try left and of which version; nothing without a strong ETag (RFC 9110, 13.1.5)."""
    try:
        with open(note, encoding="utf-8") as file:
            facts = json.load(file)
        etag = str(facts["etag"])
        if facts["url"] == shown(url) and etag and not etag.startswith("W/"):
            return os.path.getsize(part), etag
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0, ""


def _retry_after(response: requests.Response) -> float:
    """Return the seconds that the server asks for: a number or a date (RFC 9110, 10.2.3); 0 without a wish."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return float(value[:6])
    with suppress(TypeError, ValueError, OverflowError, OSError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0


def _reason(error: requests.RequestException | HTTPError) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate is not trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy cannot be reached or refuses"
    if isinstance(error, requests.Timeout | TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    if isinstance(error, HTTPError):
        return "the connection broke off"
    return type(error).__name__


def _remove(*paths: str) -> None:
    for path in paths:
        with suppress(OSError):
            os.unlink(path)
