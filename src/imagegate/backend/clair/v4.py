"""One image through Clair v4: index it, fetch the report, and see what the report is worth.

The calls and what they answer: httptransport/{indexer_v1,matcher_v1}.go of quay/clair 4.9.
"""

from hashlib import sha256
from secrets import token_bytes
from typing import Any

from imagegate.backend.clair import updates, v4_report
from imagegate.backend.clair.client import Client
from imagegate.backend.clair.report import Addresses, Answered
from imagegate.errors import BackendError
from imagegate.model.image import Evidence, Image, OpenImage
from imagegate.model.releases import SYSTEMS
from imagegate.model.scan import Database
from imagegate.text import clean

_INDEX = "/indexer/api/v1/index_report"
_REPORT = "/matcher/api/v1/vulnerability_report"
_STATE = "/indexer/api/v1/index_state"
_SMALL, _LARGE = 1 << 20, 64 << 20  # bytes
_GONE = 4  # times that a report may be missing right after its index was made
_FETCHING = ("fetch layer", "fetcher:", "failed to fetch", "unexpected status code")


def scan(client: Client, opened: OpenImage, addresses: Addresses) -> Answered:
    """Return what Clair says of the image; raises BackendError, and SourceError where a registry gives no address."""
    image = opened.image
    if not image.layers:
        raise BackendError("the image has no layers, so Clair has nothing to look at", "Is it the right image?")
    state = _state(client)
    digest = manifest_digest(image)
    # Clair keeps what was posted first under a name, and whoever may post can be first, with other layers. Under a name
    # that nobody can know it puts together what it knows of these very layers, which it does not fetch again.
    known = client.call("GET", f"{_INDEX}/{digest}", most=_LARGE).status == 200
    name = "sha256:" + sha256(token_bytes(32)).hexdigest() if known else digest
    try:
        _index(client, image, name, addresses)
        document = _report(client, name)
        places: dict[str, int] = {}
        for layer in image.layers:
            places.setdefault(layer.digest, layer.index)
        reading = v4_report.read(document, places)
        fed = updates.ask(client)
    finally:
        wanted = [name] * known + [digest] * client.access.delete
        kept = [item for one in wanted for item in _remove(client, one)]
    found = any(finding.package.type in SYSTEMS for finding in reading.findings)
    evidence = updates.cover(fed, reading.distribution, reading.packages, found=found)
    database = None
    if fed is not None and not fed.problem:
        newest = fed.newest(reading.distribution, reading.packages)
        scores = sum(bool(finding.scores) for finding in reading.findings)
        exploited = sum(finding.known_exploited is not None for finding in reading.findings)
        database = Database(
            digest=fed.digest,
            built=newest,
            newest=newest,
            confirmed=newest,
            records=0,  # Clair does not tell how many it has
            scores=max(scores, int("clair.cvss" in fed.enrichers)),
            exploited=max(exploited, int("clair.kev" in fed.enrichers)),
        )
    return Answered(reading, f"v4, index state {state}", database, (*evidence, *kept))


def manifest_digest(image: Image) -> str:
    """Return the name under which Clair keeps the image: the digest of its manifest.

    An archive of Docker has none: then it is the SHA-256 of its configuration's digest and those of its layers, one to a
    line, which no other image has.
    """
    if image.digest:
        return image.digest
    lines = ("imagegate: an image without a manifest", image.id, *(layer.digest for layer in image.layers))
    return "sha256:" + sha256("\n".join(lines).encode()).hexdigest()


def _state(client: Client) -> str:
    answer = client.call("GET", _STATE, most=_SMALL)
    state = answer.document().get("state") if answer.status == 200 else None
    if not isinstance(state, str) or not state:
        raise answer.error("Clair does not tell its state", "Is it the indexer of a Clair v4?")
    return clean(state, 100)


def _index(client: Client, image: Image, digest: str, addresses: Addresses) -> None:
    """Let Clair index the image under this name: it answers when it has finished, or at once where it knows the name."""
    for attempt in range(2):
        answer = client.call("POST", _INDEX, body=_manifest(client, image, digest, addresses), most=_LARGE)
        cause = answer.message
        if answer.status in (200, 201):
            cause = _unfinished(client, answer.document(), digest)
            if not cause:
                return
        if not any(word in cause for word in _FETCHING):
            hint = "Clair's log says more; it reads tar files without compression, or with gzip or zstd."
            raise (
                BackendError(f"Clair could not index the image: {cause}", hint)
                if cause
                else answer.error("Clair could not index the image", hint)
            )
        if attempt == 0:  # a token may have expired while the image waited for its turn
            client.say(f"Clair could not fetch a layer ({cause}); trying once more with fresh addresses")
    heard = addresses.heard()
    hint = heard or "Clair itself fetches the layers: it must reach that address, with a certificate that it trusts."
    raise BackendError(f"Clair could not fetch the layers: {cause}", hint)


def _manifest(client: Client, image: Image, digest: str, addresses: Addresses) -> dict[str, Any]:
    layers = []
    for layer in image.layers:
        url, headers = addresses.of(layer.index)
        client.hide_headers(headers)
        entry = {"hash": layer.digest, "uri": url, "headers": {name: [value] for name, value in headers.items()}}
        layers.append(entry)
    return {"hash": digest, "layers": layers}


def _unfinished(client: Client, report: dict[str, Any], digest: str) -> str:
    """Return why an index report is not a finished one, "" where it is."""
    if report.get("manifest_hash") != digest:
        raise BackendError("Clair answered with the index of another image", "Is a proxy in between that keeps answers?")
    if report.get("success") is True and report.get("state") == "IndexFinished" and not report.get("err"):
        return ""
    state, cause = (client.harmless(str(report.get(key) or "")) for key in ("state", "err"))
    return cause or f"its index ended as {state or 'nothing'}"


def _report(client: Client, digest: str) -> dict[str, Any]:
    attempt = 0
    while True:
        answer = client.call("GET", f"{_REPORT}/{digest}", matcher=True)
        if answer.status == 202 or (answer.status in (200, 201) and not answer.body.strip()):
            why = BackendError(
                f"{answer.origin}: the matcher holds no vulnerabilities yet ({answer.status} without a report)",
                "Wait for its updaters to finish their first run, or import an update with `clairctl import-updaters`.",
            )
        elif answer.status == 404 and attempt < _GONE:
            why = answer.error("Clair has no report although it indexed the image", _split(client))
        elif answer.status in (200, 201):
            document: dict[str, Any] = answer.document()
            if document.get("manifest_hash") != digest:
                raise BackendError("Clair answered with the report of another image", "Is a proxy in between that keeps answers?")
            return document
        else:
            raise answer.error("Clair gives no report", _split(client) if answer.status == 404 else "See Clair's log.")
        client.pause(attempt, why)
        attempt += 1


def _split(client: Client) -> str:
    apart = client.access.indexer != client.access.matcher
    return (
        "Does that matcher ask that indexer (its setting indexer_addr)?"
        if apart
        else "Is that the indexer alone? Then name the matcher too: --clair-url INDEXER,MATCHER."
    )


def _remove(client: Client, digest: str) -> list[Evidence]:
    """Remove what Clair keeps of the image; a failure costs nothing but space."""
    try:
        answer = client.call("DELETE", f"{_INDEX}/{digest}", most=_SMALL)
        problem = "" if answer.status in (200, 204) else answer.error("its index was not removed").message
    except BackendError as error:
        problem = error.message
    return [Evidence("backend", "warn", f"Clair keeps what it knows of the image: {problem}")] if problem else []
