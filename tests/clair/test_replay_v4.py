"""Every recorded exchange with a Clair v4, held against the contract server, the client and the reader of reports."""

import hashlib
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from imagegate.backend.clair import v4_report
from imagegate.backend.clair.client import Client
from imagegate.errors import BackendError
from tests.clair.conftest import access
from tests.clair.recordings import names, recorded
from tests.clair.server_v4 import ClairV4
from tests.source.registries import Registry, says

IMAGES = ("heartbleed", "debian-min", "bigapp", "nothing-recognised")
ALL = names()
_PLACE = re.compile(r"\[pos \d+\].*|127\.0\.0\.1:5000")


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry()
    yield registry
    registry.stop()


def test_nothing_that_was_recorded_is_left_out() -> None:
    assert len(ALL) == 35


@pytest.mark.parametrize("name", ALL)
def test_the_contract_server_answers_as_the_real_one_did(server_v4: ClairV4, registry: Registry, name: str) -> None:
    request, response = recorded(name)["request"], recorded(name)["response"]
    _prepare(server_v4, registry, name)
    body = request["body"]
    sent = b"" if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
    sent = sent.replace(b"127.0.0.1:5000/v2", registry.host.encode() + b"/v2")
    status, headers, document = server_v4.respond(
        request["method"], request["path"], sent, request["headers"].get("If-None-Match", "")
    )
    known = dict(response["headers"])
    assert status == response["status"]
    assert _told(document) == _told(response["body"])
    if "message" not in str(document):
        for key in ("Etag", "Location", "Cache-Control"):
            assert headers.get(key.replace("-", "_")) == known.get(key) or status in (204, 304)


def _prepare(server: ClairV4, registry: Registry, name: str) -> None:
    """Bring the server into the state in which the real one was."""
    digest = "sha256:2a6d9863253a574154df32f844b31fde51e8b48ce3200ea56dfaf29b7266a99c"
    answer = {"errors": [{"code": "BLOB_UNKNOWN", "message": "blob unknown to registry", "detail": "sha256:" + "4" * 64}]}
    registry.special["4" * 64] = says(404, json.dumps(answer, separators=(",", ":")).encode() + b"\n")
    if name == "error-wrong-layer-digest":  # the real layer is not here: another one under its digest is as wrong
        registry.special[digest] = says(200, b"x")
    image = next((image for image in IMAGES if name in (f"{image}-report", f"{image}-index", f"{image}-index-get-etag")), "")
    if image:
        index, report = recorded(f"{image}-index")["response"]["body"], recorded(f"{image}-report")["response"]["body"]
        server.indexed[index["manifest_hash"]] = index
        server.reports[index["manifest_hash"]] = report


def _told(document: Any) -> Any:
    if isinstance(document, dict) and "message" in document:
        wrong = hashlib.sha256(b"x").hexdigest()
        right = "2a6d9863253a574154df32f844b31fde51e8b48ce3200ea56dfaf29b7266a99c"
        return document | {"message": _PLACE.sub("", document["message"]).replace(wrong, right)}
    return document


def _as_recorded(server: ClairV4, name: str) -> tuple[str, str]:
    """Let the server answer with exactly what was recorded; return method and path."""
    request, response = recorded(name)["request"], recorded(name)["response"]
    body = response["body"]
    raw = b"" if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
    kind = dict(response["headers"]).get("Content-Type", "text/plain")

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if response["status"] in (204, 304):
            handler.send_response(response["status"])
            handler.end_headers()
        else:
            says(response["status"], raw, kind)(handler)

    server.special[f"{request['method']} {request['path']}"] = answer
    return request["method"], request["path"]


@pytest.mark.parametrize("name", ALL)
def test_the_client_understands_every_recorded_answer(server_v4: ClairV4, name: str) -> None:
    method, path = _as_recorded(server_v4, name)
    response = recorded(name)["response"]
    answer = Client(access(server_v4.url), lambda _: None).call(method, path, body=recorded(name)["request"]["body"])
    assert answer.status == response["status"]
    if response["status"] >= 400:
        cause = response["body"]["message"].partition("(body")[0].partition("json decode")[0].strip()
        assert cause in answer.message
        assert cause in answer.error("Nothing works").message
    elif response["body"] is not None:
        assert answer.document() == response["body"]
    else:
        with pytest.raises(BackendError, match="nothing"):
            answer.document()


@pytest.mark.parametrize("image", IMAGES)
def test_every_recorded_report_is_read_whole(image: str) -> None:
    document = recorded(f"{image}-report")["response"]["body"]
    layers = [layer["hash"] for layer in recorded(f"{image}-index")["request"]["body"]["layers"]]
    reading = v4_report.read(document, {digest: index for index, digest in enumerate(layers)})
    assert len(reading.packages) == len(document["packages"])
    told = {
        (document["packages"][number]["name"], row)
        for number, rows in document["package_vulnerabilities"].items()
        for row in (document["vulnerabilities"][row]["name"] for row in rows)
    }
    # The record that only gives another name to a vulnerability is part of it.
    heard = {(one.package.name.rpartition("/")[2], name) for one in reading.findings for name in one.advisories}
    assert {(name.rpartition("/")[2].lower(), row) for name, row in told} == {(name.lower(), row) for name, row in heard}
    assert all(one.location.layer in range(len(layers)) for one in reading.findings)


def test_what_the_index_says_of_an_image_is_what_the_report_says() -> None:
    for image in IMAGES:
        index, report = (recorded(f"{image}-{kind}")["response"]["body"] for kind in ("index", "report"))
        for key in ("packages", "environments", "distributions", "repository"):
            assert report[key] == index[key]
