"""Images of the local engine, Docker or Podman, over its HTTP API; no command line of theirs is needed.

API: Docker Engine API v1.24 and later (`GET /images/{name}/json`, `GET /images/{name}/get`), which Podman serves too.
Where an engine listens: DOCKER_HOST, the current context of Docker's command line (its folder
`contexts/meta/<sha256 of the name>/meta.json`), CONTAINER_HOST for Podman, and the usual sockets.
"""

import hashlib
import http.client
import json
import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from imagegate.errors import SourceError
from imagegate.source import limits
from imagegate.text import clean, decode

_USUAL = "the usual socket"


@dataclass(frozen=True)
class Endpoint:
    """An address that an engine may listen on: `unix:///path` or `tcp://host:port`; `certificates` a folder for TLS."""

    engine: str
    address: str
    origin: str
    certificates: str = ""
    verify: bool = True


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def endpoints(engine: str, env: Mapping[str, str]) -> list[Endpoint]:
    """Return where the engine ("docker" or "podman") may listen, the most explicit wish first.

    An address that the user set is the only one: falling back to another engine would check another image.
    Raises SourceError for an address of a kind that cannot be used.
    """
    if engine == "podman":
        if host := env.get("CONTAINER_HOST"):
            return [_usable(Endpoint("podman", host, "CONTAINER_HOST"))]
        return [Endpoint("podman", f"unix://{path}", _USUAL) for path in _podman_sockets(env) if os.path.exists(path)]
    if host := env.get("DOCKER_HOST"):
        certificates = env.get("DOCKER_CERT_PATH") or (_docker_folder(env) if env.get("DOCKER_TLS_VERIFY") else "")
        return [_usable(Endpoint("docker", host, "DOCKER_HOST", certificates))]
    if context := _context(env):
        return [_usable(context)]
    return [Endpoint("docker", f"unix://{path}", _USUAL) for path in _docker_sockets(env) if os.path.exists(path)]


def _docker_sockets(env: Mapping[str, str]) -> list[str]:
    home, runtime = env.get("HOME", ""), env.get("XDG_RUNTIME_DIR", "")
    rootless = [f"{runtime}/docker.sock"] if runtime else []
    desktop = [f"{home}/.docker/run/docker.sock", f"{home}/.docker/desktop/docker.sock"] if home else []
    return ["/var/run/docker.sock", *rootless, *desktop]


def _podman_sockets(env: Mapping[str, str]) -> list[str]:
    runtime = env.get("XDG_RUNTIME_DIR", "")
    return ([f"{runtime}/podman/podman.sock"] if runtime else []) + ["/run/podman/podman.sock"]


def _context(env: Mapping[str, str]) -> Endpoint | None:
    folder = _docker_folder(env)
    name = env.get("DOCKER_CONTEXT") or str(_read_json(os.path.join(folder, "config.json")).get("currentContext") or "")
    if not name or name == "default":
        return None
    identity = hashlib.sha256(name.encode(), usedforsecurity=False).hexdigest()
    facts = _read_json(os.path.join(folder, "contexts", "meta", identity, "meta.json"))
    engines = facts.get("Endpoints")
    settings = engines.get("docker") if isinstance(engines, dict) else None
    if not isinstance(settings, dict) or not settings.get("Host"):
        raise SourceError(f"Docker's context {clean(name, 100)} does not exist", "See `docker context ls`, or set DOCKER_HOST.")
    certificates = os.path.join(folder, "contexts", "tls", identity, "docker")
    return Endpoint(
        "docker",
        str(settings["Host"]),
        f"Docker's context {clean(name, 100)}",
        certificates if os.path.isdir(certificates) else "",
        not settings.get("SkipTLSVerify"),
    )


def _docker_folder(env: Mapping[str, str]) -> str:
    return env.get("DOCKER_CONFIG") or os.path.join(env.get("HOME", ""), ".docker")


def _read_json(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read(limits.JSON))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _usable(endpoint: Endpoint) -> Endpoint:
    try:
        address = urlsplit(endpoint.address)
        target = address.path if address.scheme == "unix" else address.hostname and (address.port or address.hostname)
    except ValueError:  # a port that is none
        target = None
    if target and "://" in endpoint.address and address.scheme in ("unix", "tcp", "http", "https"):
        return endpoint
    raise SourceError(
        f"{endpoint.origin} names {clean(endpoint.address, 200)}, which is not a unix:// or tcp:// address",
        "Save the image (`docker save -o image.tar NAME`) and check docker-archive:image.tar.",
    )


class Engine:
    """A reachable engine."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self.endpoint = endpoint
        self._timeout = timeout

    def inspect(self, name: str) -> dict[str, Any] | None:
        """Return what the engine knows of an image, or None when it has none of that name; raises SourceError."""
        status, body = self._get(f"/images/{quote(name, safe='/:@', errors='replace')}/json")
        if status == 404:
            return None
        if status != 200:
            raise self._failed(status, body)
        try:
            facts = json.loads(body)
        except (ValueError, RecursionError):
            facts = None
        if not isinstance(facts, dict) or not isinstance(facts.get("Id"), str):
            raise SourceError(f"{self._name()} answered nonsense", "Is something else listening there?")
        return facts

    def configuration(self, facts: dict[str, Any]) -> bytes:
        """Return the configuration of an image as far as an answer of `inspect` and its history tell it."""
        _, body = self._get(f"/images/{quote(str(facts['Id']), safe=':')}/history")
        try:
            steps = [step for step in json.loads(body) if isinstance(step, dict)]
        except (ValueError, TypeError, RecursionError):
            steps = []
        history = [{"created_by": step.get("CreatedBy"), "empty_layer": not step.get("Size")} for step in reversed(steps)]
        settings, rootfs = facts.get("Config"), facts.get("RootFS")
        return json.dumps(
            {
                "os": facts.get("Os"),
                "architecture": facts.get("Architecture"),
                "variant": facts.get("Variant"),
                "config": {"Labels": settings.get("Labels") if isinstance(settings, dict) else None},
                "rootfs": {"type": "layers", "diff_ids": rootfs.get("Layers") if isinstance(rootfs, dict) else None},
                "history": history,
            }
        ).encode()

    def save(self, name: str) -> Iterator[bytes]:
        """Yield the archive that `docker save` would write; raises SourceError when it breaks off."""
        connection, response = self._request(f"/images/{quote(name, safe='/:@', errors='replace')}/get")
        try:
            if response.status != 200:
                raise self._failed(response.status, response.read(limits.JSON))
            while chunk := response.read(limits.CHUNK):
                yield chunk
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def _get(self, path: str) -> tuple[int, bytes]:
        connection, response = self._request(path)
        try:
            return response.status, response.read(limits.JSON)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def _request(self, path: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = self._connect()
        try:
            connection.request("GET", path, headers={"Host": "localhost", "User-Agent": "imagegate"})
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise self._unreachable(error) from error

    def _connect(self) -> http.client.HTTPConnection:
        address = urlsplit(self.endpoint.address)
        if address.scheme == "unix":
            return _UnixConnection(address.path, self._timeout)
        host, port = address.hostname or "localhost", address.port
        if not self.endpoint.certificates and address.scheme != "https":
            return http.client.HTTPConnection(host, port or 2375, timeout=self._timeout)
        return http.client.HTTPSConnection(host, port or 2376, timeout=self._timeout, context=self._tls())

    def _tls(self) -> ssl.SSLContext:
        folder = self.endpoint.certificates
        authority = os.path.join(folder, "ca.pem")
        try:
            context = ssl.create_default_context(cafile=authority if folder and os.path.exists(authority) else None)
            if not self.endpoint.verify:  # the user's own setting of that context
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            if folder and os.path.exists(os.path.join(folder, "cert.pem")):
                context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
        except (OSError, ssl.SSLError) as error:
            raise SourceError(
                f"the certificates in {clean(folder)} cannot be used: {clean(str(error))}",
                "It needs ca.pem, cert.pem and key.pem.",
            ) from None
        return context

    def _name(self) -> str:
        return f"{self.endpoint.engine} at {clean(self.endpoint.address, 200)}"

    def _failed(self, status: int, body: bytes) -> SourceError:
        try:
            message = str(json.loads(body)["message"])
        except (ValueError, KeyError, TypeError, RecursionError):
            message = decode(body[:200])
        return SourceError(f"{self._name()} answered {status}: {clean(message, 300)}", "See the engine's log.")

    def _unreachable(self, error: Exception) -> SourceError:
        if isinstance(error, PermissionError):
            hint = "This user may not talk to the engine: add it to the group `docker`, or check a saved archive."
        else:
            hint = f"It was found through {self.endpoint.origin}; is it running? A saved archive works without it."
        reason = clean(str(error) or type(error).__name__, 300)
        return SourceError(f"{self._name()} cannot be reached: {reason}", hint)


def find(
    engines: tuple[str, ...], name: str, env: Mapping[str, str], timeout: float, say: Callable[[str], None]
) -> tuple[Engine, dict[str, Any]] | None:
    """Return the first engine that has the image, with what it knows of it; None when none does.

    Raises SourceError when an engine that was asked for by name or by a variable cannot be reached, or none is there.
    """
    listed = [endpoint for engine in engines for endpoint in endpoints(engine, env)]
    chosen = [endpoint for endpoint in listed if endpoint.origin != _USUAL]
    asked = chosen or listed  # who set an address does not mean what another engine happens to have under that name
    if not asked:
        names = " or ".join(engines)
        raise SourceError(
            f"no local engine ({names}) is listening", "Start it, set DOCKER_HOST, or check a saved archive: docker-archive:FILE."
        )
    failures = []
    for endpoint in asked:
        engine = Engine(endpoint, timeout)
        try:
            facts = engine.inspect(name)
        except SourceError as error:
            if endpoint.origin != _USUAL or len(asked) == 1:
                raise
            say(f"{error.message}")
            failures.append(error)
            continue
        if facts is not None:
            return engine, facts
    if failures and len(failures) == len(asked):
        raise failures[0]
    return None
