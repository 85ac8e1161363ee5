"""A Clair 2.1.8 in this process: its first API, as recorded, and misbehaviour where a test wants it.

It fetches the layers that it is told of, reads the databases of dpkg and apk in them, and judges by the vulnerabilities
that were posted to it, as `worker.go`, `api/v1/routes.go` and `api/v1/models.go` of that release do.
"""

import bz2
import gzip
import io
import json
import lzma
import tarfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests

from imagegate.version.dpkg import compare
from tests.source.registries import Answer, Server, says

ENGINE = 3
MAXIMUM = "#MAXV#"
NOT_FOUND, NOT_AN_ARCHIVE = "the resource cannot be found", "tarutil: could not extract the archive"
UNKNOWN_PARENT = "worker: parent layer is unknown, it must be processed first"
UNSUPPORTED = "worker: OS and/or package manager are not supported"
SEVERITIES = ("Unknown", "Negligible", "Low", "Medium", "High", "Critical", "Defcon1")
_UNPACK = {b"\x1f\x8b": gzip.decompress, b"BZ": bz2.decompress, b"\xfd7": lzma.decompress}

Feature = tuple[str, str, str]  # name, version, namespace


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Kept:
    """A layer as Clair keeps it: `features` with the name of the layer that added each."""

    name: str
    parent: str
    namespace: str
    features: dict[Feature, str] = field(default_factory=dict)


class ClairV1:
    """Answers by the recordings; `special` answers come first, by method and beginning of the path: `POST /v1/layers`."""

    def __init__(self) -> None:
        self.layers: dict[str, Kept] = {}
        self.vulnerabilities: dict[str, dict[str, dict[str, Any]]] = {}  # by namespace and name
        self.namespaces: dict[str, str] = {}
        self.special: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.posted: list[dict[str, Any]] = []
        self.fetched: list[str] = []
        outer = self

        class Request(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                outer._answer(self)

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

            def version_string(self) -> str:
                return "clair"

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        self._server = Server(("127.0.0.1", 0), Request)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        line = f"{request.command} {request.path}"
        self.asked.append(line)
        for start, special in list(self.special.items()):
            if line.startswith(start) and special(request) is not False:
                return
        try:
            status, document = self.respond(request.command, request.path, body)
        except Refused as refused:
            status, document = refused.status, {"Error": {"Message": refused.message}}
        kind = "application/json;charset=utf-8"
        says(status, b"" if document is None else document, kind)(request)

    def respond(self, method: str, target: str, body: bytes) -> tuple[int, object]:
        """Return status and document; raises Refused."""
        url = urlsplit(target)
        path, query = [unquote(part) for part in url.path.split("/")[1:]], parse_qs(url.query, keep_blank_values=True)
        match (method, *path):
            case ("GET", "v1", "namespaces"):
                found = [{"Name": name, "VersionFormat": form} for name, form in self.namespaces.items()]
                return 200, {"Namespaces": found or None}
            case ("GET", "v1", "namespaces", name, "vulnerabilities"):
                if name not in self.namespaces:
                    raise Refused(404, NOT_FOUND)
                known = list(self.vulnerabilities.get(name, {}).values())[: int(query["limit"][0])]
                return 200, {"Vulnerabilities": [_without_fixes(one) for one in known] or None}
            case ("POST", "v1", "namespaces", name, "vulnerabilities"):
                return 201, {"Vulnerability": self._learn(name, _parsed(body)["Vulnerability"])}
            case ("DELETE", "v1", "namespaces", name, "vulnerabilities", known):
                if self.vulnerabilities.get(name, {}).pop(known, None) is None:
                    raise Refused(404, NOT_FOUND)
                return 200, None
            case ("POST", "v1", "layers"):
                return 201, {"Layer": self._index(_parsed(body).get("Layer"))}
            case ("GET", "v1", "layers", name):
                return 200, {"Layer": self._report(self._known(name), "features" in query, "vulnerabilities" in query)}
            case ("DELETE", "v1", "layers", name):
                self._forget(self._known(name).name)
                return 200, None
        raise Refused(404, NOT_FOUND)

    def _known(self, name: str) -> Kept:
        if name not in self.layers:
            raise Refused(404, NOT_FOUND)
        return self.layers[name]

    def _forget(self, name: str) -> None:
        for child in [kept.name for kept in self.layers.values() if kept.parent == name]:
            self._forget(child)
        del self.layers[name]

    def _learn(self, namespace: str, told: dict[str, Any]) -> dict[str, Any]:
        if told["Severity"] not in SEVERITIES:
            raise Refused(400, "Invalid severity")
        fixes = told.get("FixedIn", [])
        self.namespaces.setdefault(namespace, fixes[0]["VersionFormat"] if fixes else "")
        self.vulnerabilities.setdefault(namespace, {})[told["Name"]] = told
        return told

    def _index(self, told: Any) -> dict[str, Any]:
        if not isinstance(told, dict):
            raise Refused(400, "failed to provide layer")
        self.posted.append(told)
        name, parent, path = (str(told.get(key) or "") for key in ("Name", "ParentName", "Path"))
        if not name or not path or not told.get("Format"):
            raise Refused(400, "could not process a layer which does not have a name, a path and a format")
        if name not in self.layers:
            if parent and parent not in self.layers:
                raise Refused(400, UNKNOWN_PARENT)
            self.layers[name] = self._look(name, parent, self._fetch(path, told.get("Headers") or {}))
        echoed = {key: told[key] for key in ("Name", "Path", "Headers", "ParentName", "Format") if told.get(key)}
        return {**echoed, "IndexedByVersion": ENGINE}

    def _fetch(self, path: str, headers: dict[str, str]) -> dict[str, bytes]:
        try:
            answer = requests.get(path, headers=headers, timeout=10, stream=True)
            data = answer.raw.read() if answer.status_code == 200 else None
            answer.close()
        except requests.RequestException:
            data = None
        if data is None:
            raise Refused(400, "could not find layer")
        self.fetched.append(path)
        try:
            return _files(_UNPACK.get(data[:2], bytes)(data))
        except (tarfile.TarError, OSError, EOFError, lzma.LZMAError):
            raise Refused(422, NOT_AN_ARCHIVE) from None

    def _look(self, name: str, parent: str, files: dict[str, bytes]) -> Kept:
        above = self.layers[parent] if parent else Kept("", "", "")
        namespace = _namespace(files) or above.namespace
        if namespace:
            self.namespaces.setdefault(namespace, "dpkg")
        inherited = {feature[:2]: (feature, added) for feature, added in above.features.items()}
        features: dict[Feature, str] = {}
        for found in _dpkg(files) + _apk(files):
            if found not in inherited and not namespace:
                raise Refused(422, UNSUPPORTED)
            feature, added = inherited.get(found, ((*found, namespace), name))
            features[feature] = added
        return Kept(name, parent, namespace, features or dict(above.features))

    def _report(self, kept: Kept, features: bool, vulnerabilities: bool) -> dict[str, Any]:
        report: dict[str, Any] = {"Name": kept.name, "NamespaceName": kept.namespace, "ParentName": kept.parent}
        report = {key: value for key, value in report.items() if value} | {"IndexedByVersion": ENGINE}
        listed = []
        for (name, version, namespace), added in kept.features.items() if features or vulnerabilities else ():
            feature = {"Name": name, "NamespaceName": namespace, "VersionFormat": "dpkg", "Version": version}
            if vulnerabilities and (hits := self._hits(name, version, namespace)):
                feature["Vulnerabilities"] = hits  # type: ignore[assignment]
            listed.append({**feature, "AddedBy": added})
        return report | ({"Features": listed} if listed else {})

    def _hits(self, name: str, version: str, namespace: str) -> list[dict[str, Any]]:
        return [
            _without_fixes(told) | ({} if fix["Version"] == MAXIMUM else {"FixedBy": fix["Version"]})
            for told in self.vulnerabilities.get(namespace, {}).values()
            for fix in told.get("FixedIn", [])
            if fix["Name"] == name and (fix["Version"] == MAXIMUM or compare(version, fix["Version"]) < 0)
        ]


def _without_fixes(told: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key != "FixedIn"}


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise Refused(400, str(error)) from None


def _files(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        return {
            member.name.removeprefix("./"): file.read()
            for member in archive
            if member.isreg() and (file := archive.extractfile(member)) is not None
        }


def _namespace(files: dict[str, bytes]) -> str:
    for path in ("etc/os-release", "usr/lib/os-release"):
        lines = files.get(path, b"").decode().splitlines()
        facts = {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
        if facts.get("ID") in ("debian", "ubuntu") and facts.get("VERSION_ID"):
            return f"{facts['ID']}:{facts['VERSION_ID']}"
    release = files.get("etc/alpine-release", b"").decode().split(".")
    return f"alpine:v{'.'.join(release[:2])}" if len(release) > 1 else ""


def _dpkg(files: dict[str, bytes]) -> list[tuple[str, str]]:
    """Return names and versions of the source packages: Clair knows no others of dpkg."""
    found: dict[tuple[str, str], None] = {}
    for text in files.get("var/lib/dpkg/status", b"").decode().split("\n\n"):
        facts = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        if "Package" not in facts or "installed" not in facts.get("Status", "install ok installed").split():
            continue
        source, _, version = facts.get("Source", facts["Package"]).partition(" (")
        found[source, version.rstrip(")") or facts["Version"]] = None
    return list(found)


def _apk(files: dict[str, bytes]) -> list[tuple[str, str]]:
    found = []
    for text in files.get("lib/apk/db/installed", b"").decode().split("\n\n"):
        facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        if "P" in facts:
            found.append((facts["P"], facts["V"]))
    return found
