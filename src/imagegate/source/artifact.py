"""One file in a registry, as an OCI artifact: pushed, found, and pulled with every digest verified.

Formats: OCI image specification v1.1, manifest.md, "Guidelines for Artifact Usage" (artifactType, the empty
configuration `{}`); OCI distribution specification v1.1, "Pushing blobs" (a POST, then one PUT) and "Pushing Manifests".
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, urljoin

from imagegate import __version__
from imagegate.errors import SourceError, UsageError
from imagegate.source import digest as digests
from imagegate.source import http
from imagegate.source.reference import HUB, Remote, remote
from imagegate.source.registry import (
    _ATTEMPTS,
    _BUSY,
    Access,
    Client,
    _may_pass,
    _sleep,
)
from imagegate.text import clean

if TYPE_CHECKING:
    import requests

SCHEME = "oci://"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_EMPTY_TYPE, _EMPTY = "application/vnd.oci.empty.v1+json", b"{}"
_TITLE = "org.opencontainers.image.title"  # the name under which oras saves a layer
_LARGEST = 8 << 30  # bytes of the file
_DAMAGED = "Its registry is damaged or was tampered with; push it again."

Progress = Callable[[str, int, int], None]  # label, bytes so far, bytes in all


@dataclass(frozen=True)
class Kind:
    """What is carried: in words ("an advisory store"), the type of the artifact and of its one layer, and a file name."""

    what: str
    artifact: str
    layer: str
    title: str


@dataclass(frozen=True)
class Artifact:
    """A file that a registry has: `name` is its address, `digest` that of its manifest, `size` in bytes."""

    name: str
    digest: str
    size: int
    annotations: dict[str, str]
    _kind: Kind = field(repr=False)
    _layer: str = field(repr=False)
    _client: Client = field(repr=False)

    def save(self, path: str, progress: Progress) -> None:
        """Write the file to `path`; raises SourceError when it is not the one that the manifest names."""
        chunks = self._client.blob(self._layer, self.size)
        if chunks is None:
            raise SourceError(f"{self.name}: the registry does not have the file that the manifest names", _DAMAGED)
        found, size = hashlib.sha256(), 0
        try:
            with open(path, "wb") as file:
                for chunk in chunks:
                    size += len(chunk)
                    found.update(chunk)
                    file.write(chunk)
                    progress(self._kind.what, size, self.size)
        except OSError as error:
            raise SourceError(
                f"{clean(path)}: {error.strerror}", "Is the folder writable, and is there room on the disk?"
            ) from None
        if size != self.size or f"sha256:{found.hexdigest()}" != self._layer:
            raise SourceError(
                f"{self.name} is not what its digest says: {size:,} of {self.size:,} bytes, sha256:{found.hexdigest()}", _DAMAGED
            )


def place_of(text: str) -> Remote:
    """Return what `oci://HOST/REPO[:TAG][@sha256:…]` names; raises UsageError, and shows no password."""
    rest = text.removeprefix(SCHEME)
    host, slash, _ = rest.partition("/")
    example = "For example oci://registry.example.com/security/advisories:daily."
    if "@" in rest.partition("@sha256:")[0]:
        raise UsageError(
            "an oci:// address has a user name in it", "Credentials are those of `docker login`, or IMAGEGATE_REGISTRY_USERNAME."
        )
    found = remote(rest)
    if not slash or (found.host == HUB and "." not in host):
        raise UsageError(f"{clean(text, 200)}: names no registry", example)
    return found


def find(place: Remote, access: Access, kind: Kind) -> Artifact:
    """Return the artifact at a place; raises SourceError where there is none, or something else."""
    client, name = Client(place, access), f"{SCHEME}{place}"
    answer = client.document(f"manifests/{place.digest or place.tag}")
    if answer is None:
        raise SourceError(f"{name}: the registry has no such artifact", "Was it pushed there, under this tag?")
    raw, _, claimed = answer
    digest = digests.of(raw)
    for promised in (place.digest, claimed if claimed.startswith("sha256:") else ""):
        if promised and promised != digest:
            raise SourceError(f"{name}: its manifest is {digest}, not {clean(promised, 80)}", _DAMAGED)
    layer, annotations = _read(raw, name, kind)
    size = layer.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= _LARGEST:
        raise SourceError(f"{name}: {clean(str(size), 40)} is not the size of {kind.what}", _DAMAGED)
    return Artifact(name, digest, size, annotations, kind, digests.checked(layer.get("digest"), f"{name}: the file"), client)


def _read(raw: bytes, name: str, kind: Kind) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the descriptor of the one layer, and the annotations."""
    manifest: Any = None
    with suppress(ValueError, RecursionError):
        manifest = json.loads(raw)
    if not isinstance(manifest, dict):
        raise SourceError(f"{name}: the registry answered no manifest", "Is it a registry, or is a login page in between?")
    found, layers = manifest.get("artifactType"), manifest.get("layers")
    if found != kind.artifact or "manifests" in manifest or not isinstance(layers, list):
        config = manifest.get("config")
        is_image = "manifests" in manifest or (isinstance(config, dict) and "image" in str(config.get("mediaType")))
        shown = "an image" if is_image and not found else f"of the type {clean(str(found), 80)!r}"
        raise SourceError(f"{name}: not {kind.what}, but {shown}", f"Its artifactType must be {kind.artifact}.")
    if len(layers) != 1 or not isinstance(layers[0], dict) or layers[0].get("mediaType") != kind.layer:
        raise SourceError(f"{name}: not {kind.what} of this version", f"It must have one layer, {kind.layer}.")
    notes = manifest.get("annotations")
    return layers[0], {str(key): str(value) for key, value in notes.items()} if isinstance(notes, dict) else {}


def push(place: Remote, access: Access, path: str, kind: Kind, annotations: Mapping[str, str]) -> str:
    """Push a file and tag it, and return the digest of the manifest; raises SourceError.

    What the registry has already is not sent again; nothing carries the tag before all of it is there.
    """
    if place.digest:
        raise UsageError(f"{SCHEME}{place}: a push needs a tag, not a digest", "The digest is what comes out of it.")
    writer = _Writer(place, access)
    with open(path, "rb") as file:
        digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        layer = {"mediaType": kind.layer, "digest": digest, "size": os.fstat(file.fileno()).st_size}
        config = {"mediaType": _EMPTY_TYPE, "digest": digests.of(_EMPTY), "size": len(_EMPTY), "data": "e30="}
        writer.upload(config["digest"], _EMPTY)  # type: ignore[arg-type]
        writer.upload(digest, file)
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "artifactType": kind.artifact,
        "config": config,
        "layers": [layer | {"annotations": {_TITLE: kind.title}}],
        "annotations": dict(annotations),
    }
    return writer.tag(json.dumps(manifest, separators=(",", ":")).encode())


class _Passing(Exception):
    """A failure that may not happen again, and how many seconds the registry asks to wait."""

    def __init__(self, error: SourceError, wait: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self.wait = wait


class _Writer(Client):
    """A client that writes. An upload that fails begins anew: what the registry kept of the first one is not known."""

    def upload(self, digest: str, body: "bytes | IO[bytes]") -> None:
        """Store a blob, unless it is there."""
        self._again_and_again(lambda: self._upload(digest, body))

    def tag(self, manifest: bytes) -> str:
        """Store the manifest under the tag and return its digest."""
        digest = digests.of(manifest)
        url = f"{self._base}/v2/{self.remote.repository}/manifests/{self.remote.tag}"

        def put() -> None:
            with self._ask("PUT", url, {"Content-Type": _MANIFEST}, manifest) as response:
                if response.status_code != 201:
                    self._refused(response)
                if response.headers.get("Docker-Content-Digest", digest) != digest:
                    raise SourceError(f"{self.remote.host} stored another manifest than the one sent", _DAMAGED)

        self._again_and_again(put)
        return digest

    def _upload(self, digest: str, body: "bytes | IO[bytes]") -> None:
        repository = f"{self._base}/v2/{self.remote.repository}"
        with self._ask("HEAD", f"{repository}/blobs/{digest}") as response:
            if response.status_code == 200:
                return
            if response.status_code in (401, 403, *_BUSY):
                self._refused(response)
        with self._ask("POST", f"{repository}/blobs/uploads/") as response:
            if response.status_code != 202:
                self._refused(response)
            place = self._place(f"{repository}/blobs/uploads/", response.headers.get("Location", ""))
        place += f"{'&' if '?' in place else '?'}digest={quote(digest, safe='')}"
        with self._ask("PUT", place, {"Content-Type": "application/octet-stream"}, body) as response:
            if response.status_code != 201:
                self._refused(response)

    def _place(self, url: str, location: str) -> str:
        """Return the address that an upload goes to: encrypted, unless the registry itself is not."""
        try:
            place = urljoin(url, location)
            scheme, host, _ = http.origin(place)
        except ValueError:
            scheme = host = ""
        plain = scheme == "http" and (self._access.insecure or (url.startswith("http:") and http.is_loopback(host)))
        if not location or not host or (scheme != "https" and not plain):
            raise SourceError(f"{self.remote.host} names no encrypted address for the upload", "Nothing was sent to it.")
        return place

    def _again_and_again(self, work: Callable[[], None]) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                work()
                break
            except _Passing as passing:
                if attempt + 1 == _ATTEMPTS:
                    raise passing.error from None
                _sleep(attempt, passing.wait)

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: "bytes | IO[bytes] | None" = None
    ) -> "requests.Response":
        """Send one request, with a new token where the registry asks for one; redirects are answers like others."""
        import requests
        import urllib3

        for last in (False, True):
            ours = http.origin(url) == http.origin(self._base)  # an upload may go elsewhere: that place is told no password
            used = self._current() if ours else ""
            sent = {**(headers or {}), "Accept-Encoding": "identity", "User-Agent": f"imagegate/{__version__}"}
            if used:
                sent["Authorization"] = used
            if body is not None and not isinstance(body, bytes):
                body.seek(0)
            try:
                response = self._send(method, url, sent, form=body)  # type: ignore[arg-type]
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                failure = self._unreachable(url, error)
                raise (_Passing(failure) if _may_pass(error) else failure) from None
            if response.status_code != 401 or last or not ours:
                break
            challenge = response.headers.get("WWW-Authenticate", "")
            response.close()
            self._authorise(challenge, used)
        return response

    def _refused(self, response: "requests.Response") -> NoReturn:
        status = response.status_code
        try:
            self._refuse(response)
        except SourceError as error:
            if status in _BUSY:
                raise _Passing(error, http.retry_after(response.headers.get("Retry-After", ""))) from None
            if status == 405:
                raise SourceError(f"{self.remote.host} takes no pushes (405)", "Is it a mirror, or read-only?") from None
            raise

    def _token(self, offer: dict[str, str]) -> tuple[str, float]:
        """A token that only reads, which a look at a blob asks for, would be refused at once when writing."""
        return super()._token(offer | {"scope": f"repository:{self.remote.repository}:pull,push"})
