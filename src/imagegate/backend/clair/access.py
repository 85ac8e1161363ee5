"""How a Clair is reached: addresses, proxies, certificates, and the token that opens it.

Authentication of v4: a JSON Web Token (RFC 7519) signed with HMAC-SHA-256 and a shared key, as middleware/auth of
quay/clair checks it: `iss` must be known there, and its clock is allowed 15 seconds.
"""

import base64
import hmac
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from imagegate.errors import BackendError
from imagegate.source import http
from imagegate.text import clean


@dataclass(frozen=True)
class Access:
    """How a Clair is reached; what is secret in it never leaves it.

    `indexer` and `matcher` are base URLs, the same unless Clair is split in two; `api` is "v4", "v1" or "" to find out;
    `psk` the shared key itself (Clair's configuration has it in base64), b"" without authentication; `ca`,
    `certificate` and `key` are PEM files; `timeout` is how many seconds of silence are borne in one answer,
    `deadline` how many seconds everything about one image may take; with `delete`, what Clair keeps of the image is
    removed afterwards; `env` has the proxies and the CA bundle.
    """

    indexer: str
    matcher: str
    api: str = ""
    psk: bytes = field(default=b"", repr=False)
    issuer: str = "imagegate"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ca: str = ""
    certificate: str = ""
    key: str = ""
    timeout: float = 120.0
    deadline: float = 900.0
    delete: bool = False
    env: Mapping[str, str] = field(default_factory=dict, repr=False)


def token(access: Access) -> str:
    """Return a new JSON Web Token: it is good for a minute."""
    now = int(time.time())
    claims = {"iss": access.issuer, "iat": now, "nbf": now - 60, "exp": now + 60}
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    signed = b".".join(map(_base64url, parts))
    return (signed + b"." + _base64url(hmac.digest(access.psk, signed, "sha256"))).decode()


def check_files(access: Access) -> None:
    """OpenSSL would ask for the password of a key on the terminal, and wait; of other faults it says little."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    name, key = access.ca, access.key or access.certificate
    try:
        if name:
            context.load_verify_locations(*((None, name) if os.path.isdir(name) else (name, None)))
        if name := access.certificate:
            with open(key, "rb") as file:
                if b"ENCRYPTED" in file.read(1 << 20):
                    raise BackendError(f"{clean(key, 200)}: the key has a password", "Name one without, which only you may read.")
            context.load_cert_chain(name, key, password=lambda: b"")
    except OSError:  # ssl.SSLError among them
        what = f"{clean(name, 200)}: it, or the key that belongs to it, cannot be read"
        raise BackendError(what, "Name files in PEM format.") from None


def is_address(url: str) -> bool:
    """Return whether a text is the base address of a server."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
        return good and (parts.port is None or parts.port > 0) and clean(url) == url and " " not in url
    except ValueError:
        return False


def proxies(url: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies for a URL as `requests` wants them, none for this machine itself."""
    from requests.utils import should_bypass_proxies

    parts = urlsplit(url)
    names = (f"{parts.scheme}_proxy", f"{parts.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    proxy = next(filter(None, map(env.get, names)), "")
    if not proxy or http.is_loopback(parts.hostname or ""):
        return {}
    if should_bypass_proxies(url, no_proxy=env.get("no_proxy") or env.get("NO_PROXY") or ""):
        return {}
    return {parts.scheme: proxy}


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
