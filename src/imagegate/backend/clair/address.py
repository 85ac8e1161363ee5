"""Where to listen so that a Clair can connect, and what address to tell it."""

import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from imagegate.errors import BackendError, UsageError
from imagegate.text import clean

_HOST = r"\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^\s:/?#@\[\]\\]*"
_PLACE = re.compile(rf"({_HOST})(?::(\d{{1,5}}))?\Z")
_PATH = re.compile(r"(?:/[\w.~-]+)*/?\Z", re.ASCII)


@dataclass(frozen=True)
class Place:
    """Where to listen: `bound` is host and port (0: any free one), `reached` the address by which Clair's host knows us."""

    family: socket.AddressFamily
    bound: tuple[str, int]
    reached: str


@dataclass(frozen=True)
class Advertised:
    """What Clair is told: `base` without a slash at its end, `prefix` a path before ours."""

    base: str
    prefix: str
    loopback: bool


def listening(clair: str, address: str) -> Place:
    """Return where to listen for the Clair at that URL; raises UsageError for an address that is none, or not known."""
    host, port = _split(address, "--serve-address") if address else ("", 0)
    if not host:
        family, here = _routed(clair, (socket.AF_INET, socket.AF_INET6))
        return Place(family, (here, port), here)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise UsageError(
            f"--serve-address: {clean(host, 200)} is not a name or address that is known here",
            "Give an address of this machine; `ip address` lists them.",
        ) from None
    family, _, _, _, bound = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    here = str(bound[0])
    if ip_address(here.partition("%")[0]).is_unspecified:  # every address of this machine: tell the one that Clair sees
        families = (socket.AF_INET,) if family == socket.AF_INET else (socket.AF_INET, socket.AF_INET6)
        return Place(family, (here, port), _routed(clair, families)[1])
    return Place(family, (here, port), here)


def advertised(advertise: str, place: Place, port: int) -> Advertised:
    """Return what to tell Clair; `port` is the one that is listened on. Raises UsageError for what is no address."""
    if "://" in advertise:
        return _advertised_url(advertise)
    host, told = _split(advertise, "--advertise-address") if advertise else (place.reached, 0)
    if not host:
        host = place.reached
    return Advertised(f"http://{_bracketed(host)}:{told or port}", "", _is_loopback(host))


def _advertised_url(url: str) -> Advertised:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good = good and not parts.query and not parts.fragment and _PATH.match(parts.path) is not None
        good = good and _PLACE.match(parts.netloc) is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise UsageError(
            "--advertise-address: neither HOST[:PORT] nor an http or https URL without user, query and fragment",
            "For example http://build-7.example:8080/layers",
        )
    return Advertised(f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/"), _is_loopback(parts.hostname or ""))


def _split(text: str, option: str) -> tuple[str, int]:
    """Return host ("" for none) and port (0 for none); a bare IPv6 address needs no brackets."""
    with suppress(ValueError):
        ip_address(text)
        return text, 0
    found = _PLACE.match(text)
    if found is None or not (found[1] or found[2]) or int(found[2] or 0) > 65535:
        raise UsageError(f"{option}: {clean(text, 200)!r} is not HOST[:PORT]", "An IPv6 address stands in brackets: [::1]:8080")
    return found[1].strip("[]"), int(found[2] or 0)


def _routed(clair: str, families: tuple[socket.AddressFamily, ...]) -> tuple[socket.AddressFamily, str]:
    """Return the address of this machine from which Clair's host is reached: that of a datagram socket, which sends nothing."""
    parts = urlsplit(clair)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise BackendError(f"{clean(host, 200)}, where Clair is to be, is not a name that is known here") from None
    for family in families:
        for theirs, kind, protocol, _, address in found:
            if theirs == family:
                with suppress(OSError), socket.socket(family, kind, protocol) as probe:
                    probe.connect(address)
                    return family, str(probe.getsockname()[0])
    raise BackendError(
        f"there is no way from this machine to {clean(host, 200)}, where Clair is to be",
        "--serve-address says where to listen for it.",
    )


def _bracketed(host: str) -> str:
    return f"[{host.partition('%')[0]}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host.partition("%")[0]).is_loopback
    return host.lower() == "localhost"
