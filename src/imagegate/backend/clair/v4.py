"""One image through Clair v4: index it, fetch the report, and see what the report is worth.

The calls and what they answer: httptransport/{indexer_v1,matcher_v1}.go of quay/clair 4.9.
"""

import json
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
    known = client.call("GET", f"{_INDEX}/{digest}", most=_LARGE).status == 200
    index = _index(client, image, digest, addresses)
    try:
        doubt = _verified(client, image, index, addresses) if known else []
        document = _report(client, digest)
        places: dict[str, int] = {}
        for layer in image.layers:
            places.setdefault(layer.digest, layer.index)
        reading = v4_report.read(document, places)
        fed = updates.ask(client)
    finally:
        kept = _remove(client, digest) if client.access.delete else []
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
    return Answered(reading, f"v4, index state {state}", database, (*doubt, *evidence, *kept))


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


def _verified(client: Client, image: Image, index: dict[str, Any], addresses: Addresses) -> list[Evidence]:
    """Return what shows that somebody else had Clair index other layers under the name of this image.

    Clair keeps what was posted first, and whoever may post can be first. Under a name that nobody can know beforehand,
    it puts together what it knows of these very layers, which it does not fetch again.
    """
    name = "sha256:" + sha256(token_bytes(32)).hexdigest()
    again = _index(client, image, name, addresses)
    kept = _remove(client, name)
    if _contents(again) == _contents(index):
        return kept
    detail = "what Clair had kept under the name of this image is not what its layers hold: somebody may have put it there"
    return [Evidence("backend", "fail", detail), *kept]


def _contents(index: dict[str, Any]) -> list[str]:
    """Return the packages of an index report and their places, without the numbers of rows."""
    packages, environments = (index.get(key) for key in ("packages", "environments"))
    rows = packages.items() if isinstance(packages, dict) else ()
    places = environments if isinstance(environments, dict) else {}
    return sorted(
        json.dumps([[facts.get(key) for key in ("name", "version", "arch")], _places(places.get(identity))], sort_keys=True)
        for identity, facts in rows
        if isinstance(facts, dict)
    )


def _places(rows: object) -> list[list[str]]:
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return sorted([str(row.get("package_db")), str(row.get("introduced_in"))] for row in found)


def _index(client: Client, image: Image, digest: str, addresses: Addresses) -> dict[str, Any]:
    """Let Clair index the image and return its index report.

    Clair answers when it has finished, or at once where it knows the image already.
    """
    for attempt in range(2):
        answer = client.call("POST", _INDEX, body=_manifest(client, image, digest, addresses), most=_LARGE)
        cause = answer.message
        if answer.status in (200, 201):
            report: dict[str, Any] = answer.document()
            cause = _unfinished(client, report, digest)
            if not cause:
                return report
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
        client.hide(*(value for name, value in headers.items() if name.lower() not in ("accept", "user-agent")))
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
