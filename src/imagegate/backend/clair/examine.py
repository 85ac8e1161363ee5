"""Tries what a scan needs of a Clair, with a layer made for it: an empty image that nobody else has."""

import io
import secrets
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from imagegate.backend.clair.backend import Serving, ask
from imagegate.backend.clair.client import Access, Client, find_api
from imagegate.backend.clair.serve import LayerServer, contents
from imagegate.cataloger.collect import INTEREST
from imagegate.errors import ImageGateError
from imagegate.model.check import Check
from imagegate.model.image import Content, Image, Layer, OpenImage
from imagegate.source.content import Memory
from imagegate.source.tree import Tree


@dataclass(frozen=True)
class _Here:
    """Implements model.image.Offer."""

    content: Content

    def here(self, layer: int) -> Content | None:  # noqa: ARG002 (of the protocol)
        return self.content

    def there(self, layer: int) -> tuple[str, dict[str, str]]:
        raise NotImplementedError


def examine(access: Access, serving: Serving, say: Callable[[str], None]) -> Iterator[Check]:
    """Yield what was found out about a Clair, in order; the first failure ends it."""
    try:
        client = Client(replace(access, delete=True), say)
        api = find_api(client)
        yield Check("clair", "ok", f"{client.indexer} answers as Clair {api}")
    except ImageGateError as error:
        yield Check("clair", "fail", error.message, error.hint)
        return
    opened = _image()
    try:
        with LayerServer(
            contents(opened), access.indexer, lambda _: None, address=serving.address, advertise=serving.advertise
        ) as server:
            try:
                client.hide(server.token)
                answered = ask(api, client, opened, server)
            except ImageGateError as error:
                yield _reached(server)
                yield Check("clair scans", "fail", error.message, error.hint)
                return
            yield _reached(server)
    except ImageGateError as error:
        yield Check("clair fetches", "fail", error.message, error.hint)
        return
    yield Check("clair scans", "ok", answered.version)
    for item in answered.evidence:
        if item.kind == "uncovered" and item.found == "fail":
            yield Check("clair data", "fail", item.detail, "Feed it: see its updaters.")
    if answered.database is not None:
        yield Check("clair data", "ok", f"last fed {answered.database.confirmed}")
    else:
        yield Check("clair data", "warn", "it does not tell how old its advisories are", "See its log, or its metrics.")


def _reached(server: LayerServer) -> Check:
    heard = server.heard()
    if heard:
        return Check("clair fetches", "fail", heard)
    return Check("clair fetches", "ok", f"it fetched a layer from {server.base}")


def _image() -> OpenImage:
    """Return an image of one layer with one file, whose digest no Clair has seen."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(f"imagegate-doctor-{secrets.token_hex(16)}"))
    data = packed.getvalue()
    digest = "sha256:" + sha256(data).hexdigest()
    image = Image("doctor", "doctor", digest, None, "linux/amd64", layers=(Layer(0, digest, digest, len(data)),))
    return OpenImage(image, Tree([], INTEREST), offer=_Here(Memory(data)))
