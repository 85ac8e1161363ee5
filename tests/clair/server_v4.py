"""A Clair 4.9.0 in this process: its API as recorded, and misbehaviour where a test wants it.

It fetches the layers that it is told of, reads the database of dpkg in them, and judges by the rows that are in the
recorded reports, as `httptransport/{indexer_v1,matcher_v1}.go` of quay/clair and `linux/coalescer.go` of claircore do.
"""

import base64
import contextlib
import gzip
import hashlib
import hmac
import io
import json
import re
import ssl
import tarfile
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import requests
import zstandard

from imagegate.version.dpkg import compare
from tests.clair.recordings import recorded
from tests.source.registries import Answer, Server, says

STATE = "cb31df8269833698891b35a63251a81a"
INDEX, REPORT = "/indexer/api/v1/index_report", "/matcher/api/v1/vulnerability_report"
UPDATES = "/matcher/api/v1/internal/update_operation"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_CODES = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 429: "too-many-requests"}
_PLAIN = {"normalized_version": "", "cpe": ""}


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class ClairV4:
    """Answers by the recordings; `special` answers come first, by method and beginning of the path."""

    def __init__(self, key: bytes = b"", issuers: tuple[str, ...] = ("imagegate",), tls: ssl.SSLContext | None = None) -> None:
        self.key, self.issuers = key, issuers
        self.indexed: dict[str, dict[str, Any]] = {}  # index reports by digest of the manifest
        self.reports: dict[str, dict[str, Any]] = {}  # vulnerability reports that are told, in place of made
        self.scanned: dict[str, dict[str, bytes]] = {}  # files by digest of the layer
        self.rows: list[dict[str, Any]] = []
        self.scores: dict[str, Any] = {}
        self.special: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.posted: list[dict[str, Any]] = []
        self.fetched: list[str] = []
        self.tokens: list[str] = []
        self.updaters = {"debian/updater": "2026-11-22T02:00:00Z", "ubuntu/updater/precise": "2026-11-21T00:00:00.5Z"}
        for name in ("heartbleed", "debian-min"):
            report = recorded(f"{name}-report")["response"]["body"]
            self.rows += report["vulnerabilities"].values()
            for items in report["enrichments"].values():
                self.scores |= {one: payload for item in items for one, payload in item.items()}
        outer = self

        class Request(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes

            def _answer(self) -> None:
                outer._answer(self)

            do_GET = do_POST = do_DELETE = do_PUT = _answer  # noqa: N815 - the names that http.server calls

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        self._server = Server(("127.0.0.1", 0), Request)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_address[1]}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        line = f"{request.command} {request.path}"
        self.asked.append(line)
        self.tokens.append(request.headers.get("Authorization", ""))
        for start, special in list(self.special.items()):
            if line.startswith(start) and special(request) is not False:
                return
        if self.key and not self._may_enter(request.headers.get("Authorization", "")):
            says(401, b"", "")(request)  # as recorded from the sources: empty, without WWW-Authenticate
            return
        status, headers, document = self.respond(request.command, request.path, body, request.headers.get("If-None-Match", ""))
        kind = headers.pop("Content-Type", "text/plain; charset=utf-8")
        says(status, b"" if document is None else document, kind, Trailer="Clair-Error", **headers)(request)

    def respond(self, method: str, path: str, body: bytes, etag: str = "") -> tuple[int, dict[str, str], object]:
        """Return status, headers with `_` for `-`, and document."""
        try:
            return self._respond(method, path, body, etag)
        except Refused as refused:
            code = _CODES.get(refused.status, "internal-error")
            return refused.status, {"Content-Type": "application/json"}, {"code": code, "message": refused.message}

    def _respond(self, method: str, path: str, body: bytes, etag: str) -> tuple[int, dict[str, str], object]:
        tag = {"Etag": f'"{STATE}"'}
        digest = path.rpartition("/")[2]
        if path == "/indexer/api/v1/index_state":
            return 200, {"Content-Type": "application/vnd.clair.index_state.v1+json", **tag}, {"state": STATE}
        if path == INDEX and method == "POST":
            report = self._index(body)
            return 201, {"Location": f"{INDEX}/{report['manifest_hash']}", **tag}, report
        if path.startswith(INDEX) and method == "DELETE":
            self.indexed.pop(digest, None)
            return 204, {}, None
        if path.startswith(f"{INDEX}/") and method == "GET":
            if etag == tag["Etag"]:
                return 304, {}, None  # whether the image is known or not
            if digest not in self.indexed:
                raise Refused(404, "index report not found")
            return 200, tag, self.indexed[digest]
        if path.startswith(f"{REPORT}/") and method == "GET":
            return self._report(digest)
        if path.startswith(UPDATES) and method == "GET":
            names = self.updaters if "kind=vulnerability" in path else {"clair.cvss": "2026-11-20T00:00:00Z"}
            found = {
                name: [{"ref": f"{name}-{date}", "updater": name, "fingerprint": "", "date": date, "kind": ""}]
                for name, date in names.items()
            }
            return 200, {}, found
        if path.startswith(("/indexer/", "/matcher/")):
            raise Refused(405, f"method disallowed: {method}")
        return 404, {}, b"404 page not found\n"

    def _may_enter(self, authorization: str) -> bool:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            signed, _, signature = authorization.removeprefix("Bearer ").rpartition(".")
            head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
            good = hmac.compare_digest(
                base64.urlsafe_b64encode(hmac.digest(self.key, signed.encode(), "sha256")).rstrip(b"=").decode(), signature
            )
            now = time.time()
            return (
                good
                and head["alg"] == "HS256"
                and claims["iss"] in self.issuers
                and claims["nbf"] - 15 <= now <= claims["exp"] + 15
            )
        return False

    def _index(self, body: bytes) -> dict[str, Any]:
        try:
            manifest = json.loads(body)
        except ValueError:
            raise Refused(400, "failed to deserialize manifest: json decode error [pos 4]: expecting ot : got ull") from None
        digest, layers = manifest.get("hash", ""), manifest.get("layers") or []
        if not all(_DIGEST.match(one) for one in (digest, *(layer["hash"] for layer in layers))):
            raise Refused(400, "failed to deserialize manifest: json decode error [pos 20]: unable to decode digest as hex")
        if not layers:
            raise Refused(400, "bogus manifest")
        self.posted.append(manifest)
        if digest not in self.indexed:
            for layer in layers:
                if layer["hash"] not in self.scanned:
                    self.scanned[layer["hash"]] = self._fetch(layer)
            self.indexed[digest] = self._look(digest, [layer["hash"] for layer in layers])
        return self.indexed[digest]

    def _fetch(self, layer: dict[str, Any]) -> dict[str, bytes]:
        failed = "failed to start scan: failed to fetch layers: fetcher: encountered errors: "
        url = layer["uri"]
        try:
            answer = requests.get(url, headers={key: one for key, many in layer["headers"].items() for one in many}, timeout=10)
        except requests.RequestException:
            authority = url.split("/")[2]
            cause = f'fetcher: request failed: Get "{url}": dial tcp {authority}: connect: connection refused'
            raise Refused(500, failed + cause) from None
        if answer.status_code != 200:
            start = json.dumps(answer.text[:256])
            raise Refused(500, f"{failed}unexpected status code: {answer.status_code} {answer.reason} (body starts: {start})")
        got, expected = hashlib.sha256(answer.content).hexdigest(), layer["hash"][7:]
        if got != expected:
            raise Refused(500, f'{failed}fetcher: validation failed: got "{got}", expected "{expected}"')
        self.fetched.append(layer["hash"])
        data = answer.content
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        elif data[:4] == b"\x28\xb5\x2f\xfd":
            data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        try:
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                files = [(one.name, tar.extractfile(one)) for one in tar if one.isfile()]
                return {name: file.read() for name, file in files if file is not None}
        except tarfile.TarError:
            raise Refused(400, "failed to start scan: tarfs: format error") from None

    def _look(self, digest: str, layers: list[str]) -> dict[str, Any]:
        """Coalesce: the newest database counts, the earliest layer with that name and version brought the package."""
        states = {layer: _dpkg(self.scanned[layer]) for layer in layers}
        newest = next((layer for layer in reversed(layers) if states[layer]), "")
        known = next((row["distribution"] for layer in reversed(layers) if (row := self._distribution(layer))), None)
        packages, environments = {}, {}
        for number, (name, version, source) in enumerate(sorted(states.get(newest, ())), 10):
            first = next(layer for layer in layers if any(one[:2] == (name, version) for one in states[layer]))
            part = {"id": f"9{number}", "name": source, "version": version, "kind": "source", **_PLAIN}
            packages[str(number)] = {
                "id": str(number),
                "name": name,
                "version": version,
                "kind": "binary",
                "source": part,
                **_PLAIN,
            }
            packages[str(number)]["arch"] = "amd64"
            place = {"package_db": "var/lib/dpkg/status", "introduced_in": first, "distribution_id": "1" if known else ""}
            environments[str(number)] = [place | {"repository_ids": None}]
        return {
            "manifest_hash": digest,
            "state": "IndexFinished",
            "packages": packages,
            "distributions": {"1": {**known, "id": "1"}} if known else {},
            "repository": {},
            "environments": environments,
            "success": True,
            "err": "",
        }

    def _distribution(self, layer: str) -> dict[str, Any] | None:
        text = b"\n".join(self.scanned[layer].get(name, b"") for name in ("etc/os-release", "etc/lsb-release")).decode().lower()
        named = (row for row in self.rows if f"={row['distribution']['did']}" in text)
        return next((row for row in named if f"codename={row['distribution']['version_code_name']}" in text), None)

    def _report(self, digest: str) -> tuple[int, dict[str, str], object]:
        if not _DIGEST.match(digest):
            raise Refused(400, "malformed path: invalid digest format")
        index = self.indexed.get(digest)
        if index is None:
            raise Refused(404, f'index report for manifest "{digest}" not found')
        headers = {"Content-Type": "application/vnd.clair.index_report.v1+json", "Cache_Control": "max-age=21600"}
        if digest in self.reports:
            return 200, headers, self.reports[digest]
        if not self.rows:
            return 202, {}, None
        hits: dict[str, list[str]] = {}
        for number, one in index["packages"].items():
            found = [row["id"] for row in self.rows if _affects(row, one, index["distributions"])]
            hits |= {number: found} if found else {}
        used = {row["id"]: row for row in self.rows if any(row["id"] in found for found in hits.values())}
        kind = "message/vnd.clair.map.vulnerability; enricher=clair.cvss schema=https://csrc.nist.gov/schema/nvd/api/2.0/"
        scores = {one: payload for one, payload in self.scores.items() if one in used}
        document = {key: index[key] for key in ("manifest_hash", "packages", "distributions", "repository", "environments")}
        document |= {"vulnerabilities": used, "package_vulnerabilities": hits, "enrichments": {kind: [scores]} if scores else {}}
        return 200, headers, document


def _dpkg(files: dict[str, bytes]) -> set[tuple[str, str, str]]:
    """Clair wants the folder `info` beside the database, and an empty line after every package."""
    if not any(name.startswith("var/lib/dpkg/info/") for name in files):
        return set()
    found = set()
    for stanza in files.get("var/lib/dpkg/status", b"").decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        if "Package" in fields:
            found.add((fields["Package"], fields["Version"], fields.get("Source", fields["Package"])))
    return found


def _affects(row: dict[str, Any], one: dict[str, Any], distributions: dict[str, Any]) -> bool:
    same = any(
        row["distribution"]["did"] == known["did"] and row["distribution"]["version"] == known["version"]
        for known in distributions.values()
    )
    fixed = row["fixed_in_version"]
    return same and row["package"]["name"] == one["source"]["name"] and (not fixed or compare(one["version"], fixed) < 0)
