"""What the user typed, taken apart."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from imagegate.errors import UsageError
from imagegate.text import clean

FILE_KINDS = ("docker-archive", "oci", "oci-archive", "sbom")
ENGINE_KINDS = ("docker", "podman")
KINDS = (*FILE_KINDS, *ENGINE_KINDS, "registry")
_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.zst")
HUB = "docker.io"
# Grammar of the OCI distribution specification v1.1, "Pulling manifests", and of Docker's references.
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?\Z")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Reference:
    """`kind` is one of KINDS, "archive" for a file to be recognised, or "name" for one to be looked for.

    `name` is a path or an image name; `selector` a tag, an image name or a digest inside an archive or layout.
    """

    text: str
    kind: str
    name: str
    selector: str = ""


def parse(text: str) -> Reference:
    """Return the parts of an image reference; raises UsageError for an empty or unknown form."""
    if not text or any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise UsageError(f"{clean(text)!r} is not an image", "Name one: docker-archive:FILE, oci:DIR, docker:NAME …")
    kind, colon, rest = text.partition(":")
    if colon and kind in KINDS:
        if not rest:
            raise UsageError(f"nothing follows {kind}:", f"Write {kind}:{'FILE' if kind in FILE_KINDS else 'NAME'}.")
        if kind == "sbom":
            return Reference(text, kind, rest)
        if kind in FILE_KINDS:
            path, selector = _split_path(rest)
            return Reference(text, kind, path, selector)
        return Reference(text, kind, rest)
    if text.startswith(("/", "./", "../")) or text.endswith(_ENDINGS):
        return Reference(text, "archive", text)
    return Reference(text, "name", text)


def _split_path(rest: str) -> tuple[str, str]:
    """Split `PATH[:TAG|@DIGEST]`: a path that exists as it stands is taken as it stands."""
    if os.path.exists(rest):
        return rest, ""
    path, at, digest = rest.rpartition("@")
    if at and digest.startswith("sha256:"):
        return path, digest
    # A tag may itself hold colons (`FILE:registry.example.com:5000/app:1.4`): the path ends at the first that fits.
    colon = rest.find(":")
    while colon > 0:
        if os.path.exists(rest[:colon]):
            return rest[:colon], rest[colon + 1 :]
        colon = rest.find(":", colon + 1)
    path, colon_found, tag = rest.partition(":")
    return (path, tag) if colon_found else (rest, "")


@dataclass(frozen=True, slots=True)
class Remote:
    """An image of a registry: `host` with its port ("docker.io" for Docker Hub), and a tag, a digest or both."""

    host: str
    repository: str
    tag: str
    digest: str

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.repository}{tag}{'@' if self.digest else ''}{self.digest}"


def remote(name: str) -> Remote:
    """Return what an image name means to a registry; raises UsageError for one that can not be a name."""
    if _DIGEST.match(name):
        raise UsageError(f"{name} is the id of an image, which only a local engine knows", "Name it, or write docker:ID.")
    full, at, digest = familiar(name).partition("@")
    host, _, path = full.partition("/")
    repository, _, tag = path.partition(":")
    port = host.rpartition(":")[2] if not host.endswith("]") and ":" in host else "1"
    if (
        not _HOST.match(host)
        or not 1 <= int(port) <= 65535
        or len(repository) > 255
        or not _REPOSITORY.match(repository)
        or not (_TAG.match(tag) if tag or not at else True)
        or not (_DIGEST.match(digest) if at else True)
    ):
        raise UsageError(
            f"{clean(name, 200)!r} is not a name that a registry can have",
            "For example registry.example.com:5000/team/app:1.4, in small letters, or with @sha256:… at the end.",
        )
    return Remote(host, repository, tag, digest)


def mirrored(place: Remote, mirrors: Iterable[str]) -> list[Remote]:
    """Return where else an image may be had: `docker.io=mirror.example.com/hub` puts its repositories below `hub` there.

    Raises UsageError for a mirror that cannot be one.
    """
    found = []
    for text in mirrors:
        host, equals, where = text.strip().partition("=")
        target, _, folder = where.partition("/")
        if not equals or not _HOST.match(host) or not _HOST.match(target) or (folder and not _REPOSITORY.match(folder)):
            raise UsageError(
                f"{clean(text, 200)!r} is not a mirror",
                "Write REGISTRY=HOST[:PORT][/FOLDER], as in docker.io=mirror.example.com/hub.",
            )
        if host == place.host:
            repository = f"{folder}/{place.repository}" if folder else place.repository
            found.append(Remote(target, repository, place.tag, place.digest))
    return found


def familiar(name: str) -> str:
    """Return an image name in full: `app` is `docker.io/library/app:latest` (Docker's reference rules)."""
    name, at, digest = name.partition("@")
    first, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif "." not in first and ":" not in first and first != "localhost" and first == first.lower():
        name = f"docker.io/{name}"
    elif first in (HUB, "index.docker.io"):
        rest = name[len(first) + 1 :]
        name = f"{HUB}/{rest}" if "/" in rest else f"{HUB}/library/{rest}"
    if at:
        return f"{name}@{digest}"
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
