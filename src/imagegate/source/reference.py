"""What the user typed, taken apart."""

import os
from dataclasses import dataclass

from imagegate.errors import UsageError
from imagegate.text import clean

FILE_KINDS = ("docker-archive", "oci", "oci-archive")
ENGINE_KINDS = ("docker", "podman")
KINDS = (*FILE_KINDS, *ENGINE_KINDS, "registry")
_LATER = {"sbom": "SBOM files are not read yet"}
_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.zst")


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
    if colon and kind in _LATER:
        raise UsageError(f"{text}: {_LATER[kind]}", "Check the image itself.")
    if colon and kind in KINDS:
        if not rest:
            raise UsageError(f"nothing follows {kind}:", f"Write {kind}:{'FILE' if kind in FILE_KINDS else 'NAME'}.")
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


def familiar(name: str) -> str:
    """Return an image name in full: `app` is `docker.io/library/app:latest` (Docker's reference rules)."""
    name, at, digest = name.partition("@")
    first, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif "." not in first and ":" not in first and first != "localhost":
        name = f"docker.io/{name}"
    elif first == "index.docker.io":
        name = "docker.io" + name[len(first) :]
    if at:
        return f"{name}@{digest}"
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
