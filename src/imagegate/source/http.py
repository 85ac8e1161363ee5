"""What every client of ours needs to know of HTTP, whomever it asks."""

import ipaddress
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port: what credentials must not leave."""
    address = urlsplit(url)
    return address.scheme, address.hostname or "", address.port or (443 if address.scheme == "https" else 80)


def cause(error: Exception) -> object:
    """Return what urllib3 says inside of what requests says."""
    inner = error.args[0] if error.args else None
    return getattr(inner, "reason", inner) or error


def retry_after(value: str) -> float:
    """Return the seconds that the server asks for: a number or a date (RFC 9110, 10.2.3); 0 without a wish."""
    if value.isascii() and value.isdigit():
        return float(value[:6])
    with suppress(TypeError, ValueError, OverflowError, OSError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0
