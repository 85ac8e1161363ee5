"""Credentials for a registry, from where Docker, Podman and GitLab keep them.

Formats: the `config.json` of Docker's command line (`auths`, `credHelpers`, `credsStore`), containers-auth.json(5) of
Podman, whose keys may be a namespace, and the credential helper protocol (`docker-credential-NAME get`).
A secret is never part of a message, a `repr` or a command line; what is shown is where it came from.
"""

import base64
import binascii
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagegate.errors import SourceError
from imagegate.source import limits
from imagegate.source.reference import HUB
from imagegate.text import clean

HUB_KEY = "https://index.docker.io/v1/"
_HUB_NAMES = (HUB, "index.docker.io", "registry-1.docker.io")
_HELPER_NAME = re.compile(r"[A-Za-z0-9_.-]+\Z")
_HELPER_TIMEOUT = 20.0  # seconds; some ask a cloud for a new password
_TOKEN_USER = "<token>"  # noqa: S105 - what a helper says for the user name when the secret is an identity token
_LOG_IN = "Log in again, or remove it."


@dataclass(frozen=True)
class Credentials:
    """`bearer` is sent as it is, `identity` is exchanged for a token, `password` belongs to `username`."""

    origin: str
    username: str = ""
    password: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)


@dataclass
class Search:
    """What was found, and in `looked` where it was looked for in vain, in words."""

    found: Credentials | None = None
    looked: list[str] = field(default_factory=list)

    def told(self) -> str:
        """Return which credentials there were, without any of them."""
        if self.found:
            return f"credentials used: {self.found.origin}"
        return f"no credentials found in {', '.join(self.looked)}" if self.looked else "no credentials found"


def find(host: str, repository: str, env: Mapping[str, str]) -> Search:
    """Return the credentials for a repository of a registry; `host` is `docker.io` for Docker Hub.

    The most explicit wish comes first. Raises SourceError for a file that cannot be understood.
    """
    search = Search()
    if token := env.get("IMAGEGATE_REGISTRY_TOKEN"):
        search.found = Credentials("IMAGEGATE_REGISTRY_TOKEN", bearer=token.strip())
        return search
    username, password = env.get("IMAGEGATE_REGISTRY_USERNAME"), env.get("IMAGEGATE_REGISTRY_PASSWORD")
    if username and password:
        search.found = Credentials("IMAGEGATE_REGISTRY_USERNAME and IMAGEGATE_REGISTRY_PASSWORD", username, password)
        return search
    if username or password:
        there, other = ("USERNAME", "PASSWORD") if username else ("PASSWORD", "USERNAME")
        raise SourceError(
            f"IMAGEGATE_REGISTRY_{there} is set, but IMAGEGATE_REGISTRY_{other} is not", "Set both of them, or neither."
        )
    for origin, config in _configurations(env):
        search.found = _in(config, origin, host, repository, env, search.looked)
        if search.found:
            return search
        search.looked.append(origin)
    return search


def _configurations(env: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    if text := env.get("DOCKER_AUTH_CONFIG", "").strip():
        yield "DOCKER_AUTH_CONFIG", _parsed(text.encode("utf-8", "replace"), "DOCKER_AUTH_CONFIG")
    for path in _files(env):
        try:
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                raw = file.read(limits.JSON) or b""
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise SourceError(f"{clean(path, 300)}: {error.strerror}", "Registry credentials may be in it.") from None
        yield clean(path, 300), _parsed(raw, clean(path, 300))


def _files(env: Mapping[str, str]) -> list[str]:
    home, runtime = env.get("HOME", ""), env.get("XDG_RUNTIME_DIR", "")
    docker = env.get("DOCKER_CONFIG") or (os.path.join(home, ".docker") if home else "")
    settings = env.get("XDG_CONFIG_HOME") or (os.path.join(home, ".config") if home else "")
    paths = [env.get("REGISTRY_AUTH_FILE", ""), os.path.join(docker, "config.json") if docker else ""]
    paths += [os.path.join(folder, "containers", "auth.json") for folder in (runtime, settings) if folder]
    return list(dict.fromkeys(path for path in paths if path))


def _parsed(raw: bytes, origin: str) -> dict[str, Any]:
    """The parser's own message could show what is in it, so it is not used."""
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise SourceError(f"{origin} holds no JSON object, so credentials cannot be read from it", _LOG_IN)
    return value


def _in(
    config: dict[str, Any], origin: str, host: str, repository: str, env: Mapping[str, str], looked: list[str]
) -> Credentials | None:
    key = HUB_KEY if host == HUB else host
    helpers = config.get("credHelpers")
    helper = next((helpers[name] for name in _names(host) if name in helpers), None) if isinstance(helpers, dict) else None
    helper = helper or config.get("credsStore")
    if helper:
        found = _ask(helper, key, origin, env, looked)
        if found:
            return found
    auths = config.get("auths")
    entries = auths if isinstance(auths, dict) else {}
    fitting = [(len(place), name) for name in entries if (place := _place(name)) and _covers(place, f"{host}/{repository}")]
    for _, name in sorted(fitting, reverse=True):  # the longest prefix wins; an empty entry only marks a log-in
        if isinstance(entries[name], dict) and (found := _entry(entries[name], origin, looked)):
            return found
    return None


def _names(host: str) -> tuple[str, ...]:
    return (HUB_KEY, *_HUB_NAMES) if host == HUB else (host,)


def _place(key: str) -> str:
    """Return `host[/namespace]` of a key; one with a scheme is an address whose path means nothing."""
    scheme, found, rest = key.partition("://")
    host, _, path = (rest if found else scheme).rstrip("/").partition("/")
    host = HUB if host in _HUB_NAMES else host
    return f"{host}/{path}" if path and not found and path not in ("v1", "v2") else host


def _covers(place: str, full: str) -> bool:
    return full == place or full.startswith(place + "/")


def _entry(entry: dict[str, Any], origin: str, looked: list[str]) -> Credentials | None:
    def text(name: str) -> str:
        value = entry.get(name)
        return value if isinstance(value, str) else ""

    username, password = text("username"), text("password")
    if text("auth"):
        try:
            username, _, password = base64.b64decode(text("auth"), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            looked.append(f"{origin} (an entry that is not base64)")
            return None
        password = password.strip("\0")
    if text("registrytoken"):
        return Credentials(origin, bearer=text("registrytoken"))
    if text("identitytoken"):
        return Credentials(origin, username, identity=text("identitytoken"))
    return Credentials(origin, username, password) if username and password else None


def _ask(helper: object, key: str, origin: str, env: Mapping[str, str], looked: list[str]) -> Credentials | None:
    """Ask a credential helper; one that fails is told of, and matters only if the registry wants credentials."""
    if not isinstance(helper, str) or not _HELPER_NAME.match(helper):
        raise SourceError(f"{origin} names the credential helper {clean(str(helper), 60)!r}", "It is no name of a program.")
    program = f"docker-credential-{helper}"
    path = shutil.which(program, path=env.get("PATH", os.defpath))
    if path is None:
        looked.append(f"{program} (not installed)")
        return None
    said = _run(path, key, env)
    if said is None:
        looked.append(f"{program} (has none, or fails)")
        return None
    try:
        answer = json.loads(said)
        username, secret = answer["Username"], answer["Secret"]
    except (ValueError, KeyError, TypeError, RecursionError):
        username = secret = None
    if not isinstance(username, str) or not isinstance(secret, str):
        looked.append(f"{program} (answered nonsense)")
        return None
    if not secret:
        looked.append(program)
        return None
    if username == _TOKEN_USER:
        return Credentials(program, identity=secret)
    return Credentials(program, username, secret)


def _run(path: str, key: str, env: Mapping[str, str]) -> bytes | None:
    """Return what the helper wrote, or None when it failed or took too long: then all that it started is ended."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the name is checked, and there is no shell
            [path, "get"],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None
    with process:
        try:
            said, _ = process.communicate(key.encode(), _HELPER_TIMEOUT)
        except (subprocess.TimeoutExpired, OSError):
            said = b""
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
    return said if process.returncode == 0 else None
