"""Has an image scanned by the first API of Clair: its layers are posted one by one, and the last is asked for.

API: Documentation/api_v1.md, api/v1/routes.go and worker.go of quay/clair 2.1.8. A layer that Clair knows by name it does
not look at again, wherever it is said to be: so a name must stand for one layer on exactly that chain of others.
"""

from hashlib import sha256
from typing import Any
from urllib.parse import quote

from imagegate.backend.clair.client import Answer, Client
from imagegate.backend.clair.report import Addresses, Answered
from imagegate.backend.clair.v1_report import namespaces, read
from imagegate.errors import BackendError
from imagegate.model.image import Evidence, Image, OpenImage
from imagegate.source.stream import ZSTD
from imagegate.text import clean

_SMALL = 1 << 20  # bytes of every answer but the report
_MOST_NAMESPACES = 20
_NOT_FOUND = "could not find layer"  # worker.go says so whatever it was that went wrong
_NO_PARENT = "parent layer is unknown"
_FORMATS = "This API of Clair reads layers that are plain, gzip, bzip2 or xz; one packed with zstd needs Clair v4."


class _Vanished(Exception):
    """A layer is gone that Clair has just looked at: somebody else deleted it."""


def chain(image: Image) -> list[str]:
    """Return the names of the layers, base first: always the same for an image, never the same for two."""
    names: list[str] = []
    link = image.id
    for layer in image.layers:
        link = sha256(f"{link} {layer.digest}".encode()).hexdigest()
        names.append(f"imagegate-{link}")
    return names


def scan(client: Client, opened: OpenImage, addresses: Addresses) -> Answered:
    """Return what Clair says of the image; raises BackendError where it says nothing, and SourceError as `addresses`."""
    if not opened.image.layers:
        raise BackendError("the image has no layers: there is nothing that Clair could look at", "Is it the right image?")
    _readable(opened)
    names = chain(opened.image)
    left: list[Evidence] = []
    try:
        version, report = _report(client, names, addresses)
        reading = read(report, {name: index for index, name in enumerate(names)})
        covered = _covered(client, report)
    finally:
        if client.access.delete:
            left = _forget(client, names[0])
    return Answered(reading, f"v1, engine {version}", None, (*covered, *left))


def _readable(opened: OpenImage) -> None:
    for layer in opened.image.layers:
        content = opened.offer.here(layer.index) if opened.offer is not None else None
        if content is not None and content.read_at(0, len(ZSTD)) == ZSTD:
            raise BackendError(f"layer {layer.index} is packed with zstd, which the first API of Clair cannot read", _FORMATS)


def _report(client: Client, names: list[str], addresses: Addresses) -> tuple[int, dict[str, Any]]:
    """Return the version of Clair's engine, and what it says of the whole image."""
    for attempt in range(2):
        try:
            version = 0
            for index in range(len(names)):
                version = _post(client, index, names, addresses)
            return version, _ask(client, names[-1])
        except _Vanished:
            if attempt:
                raise BackendError(
                    "Clair forgets the layers of the image while it is asked about them",
                    "Does somebody delete layers from it, such as another scan of this image with clean-up?",
                ) from None
            client.say("a layer has vanished from Clair: all are posted again")
    raise AssertionError  # the last attempt returned or raised


def _post(client: Client, index: int, names: list[str], addresses: Addresses) -> int:
    """Have Clair look at a layer, and return the version of its engine."""
    doing = f"Clair cannot look at layer {index}, of {len(names)}"
    for attempt in range(2):
        url, headers = addresses.of(index)
        client.hide_headers(headers)
        layer = {"Name": names[index], "Path": url, "Headers": headers, "Format": "Docker"}
        parent = {"ParentName": names[index - 1]} if index else {}
        answer = client.call("POST", "/v1/layers", body={"Layer": layer | parent}, most=_SMALL)
        if answer.status == 201:
            return _engine(answer, names[index])
        if answer.status == 400 and _NO_PARENT in answer.message and index:
            raise _Vanished
        # A token may have run out, and what Clair keeps in its database may be locked for a moment.
        again = answer.status == 500 or (answer.status == 400 and _NOT_FOUND in answer.message)
        if not again or attempt:
            break
        client.say(f"{answer.error(doing).message}; once more")
    if answer.status == 422:
        raise answer.error(doing, _FORMATS)
    if answer.status == 400 and _NOT_FOUND in answer.message:
        heard = addresses.heard()
        raise answer.error(doing, heard or "It could not download the layer, and its log says why.")
    if answer.status == 503:
        raise answer.error(doing, "It took too long: Clair's log says why, and its api.timeout how long it may take.")
    raise answer.error(doing)


def _engine(answer: Answer, name: str) -> int:
    """The answer repeats what was sent, credentials too: nothing else of it is looked at."""
    layer = answer.document().get("Layer")
    version = layer.get("IndexedByVersion") if isinstance(layer, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or layer.get("Name") != name:
        raise BackendError(f"{answer.origin} accepted a layer with an answer that does not name it", "Is it a Clair?")
    return version


def _ask(client: Client, top: str) -> dict[str, Any]:
    path = f"/v1/layers/{top}?features&vulnerabilities"
    answer = client.call("GET", path)
    if answer.status == 500:
        client.say(f"{answer.error('Clair has no report').message}; once more")
        answer = client.call("GET", path)
    if answer.status == 404:
        raise _Vanished
    if answer.status != 200:
        raise answer.error("Clair has no report of the image")
    document: dict[str, Any] = answer.document()
    layer = document.get("Layer")
    if not isinstance(layer, dict) or layer.get("Name") != top:
        raise BackendError(f"{answer.origin} answers with something that is no report of this image", "Is it a Clair?")
    return document


def _covered(client: Client, report: dict[str, Any]) -> list[Evidence]:
    """Say whether Clair knows vulnerabilities of these distributions at all: to one that knows none, every image is safe.

    That it lists a distribution tells nothing: looking at a layer adds to that list. That it lists none tells enough.
    """
    known = namespaces(report)
    evidence = [_known(client, name, hits) for name, hits in list(known.items())[:_MOST_NAMESPACES]]
    if len(known) > _MOST_NAMESPACES:
        evidence.append(
            Evidence("uncovered", "fail", f"Clair sees {len(known)} distributions in one image: not all were checked")
        )
    if not known:
        evidence = _judge(client, "/v1/namespaces", "Namespaces", "any distribution", "no distribution: it was never fed")
    return evidence


def _known(client: Client, namespace: str, hits: int) -> Evidence:
    shown = clean(namespace, 100)
    path = f"/v1/namespaces/{quote(namespace, safe=':')}/vulnerabilities?limit=1"
    what = f"not one vulnerability of {shown}: every image of it would look clean"
    missing = [] if hits else _judge(client, path, "Vulnerabilities", f"any vulnerability of {shown}", what)
    return missing[0] if missing else Evidence("uncovered", "ok", f"Clair knows vulnerabilities of {shown}")


def _judge(client: Client, path: str, key: str, asked: str, missing: str) -> list[Evidence]:
    """Return nothing where Clair has something in that list."""
    try:
        answer = client.call("GET", path, most=_SMALL)
        if answer.status not in (200, 404):
            raise answer.error("no answer to that")
        listed = answer.document().get(key) if answer.status == 200 else None
    except BackendError as error:
        return [Evidence("uncovered", "fail", f"whether Clair knows {asked} could not be found out: {error.message}")]
    if isinstance(listed, list) and listed:
        return []
    return [Evidence("uncovered", "fail", f"Clair's database holds {missing}")]


def _forget(client: Client, base: str) -> list[Evidence]:
    """Delete the base, and with it all that was built on it: its name is of no other image."""
    try:
        answer = client.call("DELETE", f"/v1/layers/{base}", most=_SMALL)
        if answer.status not in (200, 404):
            raise answer.error("it refuses")
    except BackendError as error:
        return [Evidence("backend", "warn", f"what Clair keeps of the image could not be deleted: {error.message}")]
    return []
