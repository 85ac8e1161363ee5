"""What a real Clair 2.1.8 answered is what the one of these tests answers, and what is read."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from imagegate.backend.clair import v1_report
from tests.clair.recordings import names, recorded
from tests.clair.server_v1 import ClairV1
from tests.images import dpkg, layer
from tests.source.registries import Registry, says

REGISTRY = "127.0.0.1:5000"
SYSTEMS = {"ubuntu:12.04": "ID=ubuntu\nVERSION_ID=12.04\n", "debian:12": "ID=debian\nVERSION_ID=12\n"}
VULNERABILITIES = ("post-vulnerability", "post-vulnerability-nofix", "post-vulnerability-unfixed")
REPORTS = [name for name in names("v1") if "-layer-" in name and "post" not in name and "error" not in name]


def exchange(name: str) -> Any:
    return recorded(name, "v1")


def as_layer(name: str) -> bytes:
    """Return a layer in which Clair finds what it found in the recorded one."""
    told = exchange(name)["response"]["body"]["Layer"]
    packages = [(feature["Name"], feature["Version"]) for feature in told["Features"]]
    return layer({"etc/os-release": SYSTEMS[told["NamespaceName"]], "var/lib/dpkg/status": dpkg(*packages)})


@pytest.fixture
def registry() -> Iterator[Registry]:
    """The registry of the recordings: its blobs are made again from what was found in them."""
    running = Registry()
    for post, found in (
        ("heartbleed-post-layer-0", "heartbleed-layer-0"),
        ("heartbleed-post-layer-1", "heartbleed-layer-1"),
        ("debian-min-post-layer-0", "debian-min-layer-0"),
    ):
        path = exchange(post)["request"]["body"]["Layer"]["Path"]
        running.blobs[path.rpartition("/")[2]] = as_layer(found)
    running.special["/v2/"] = says(200, {})
    running.special["/blobs/x"] = says(404)
    yield running
    running.stop()


def replay(server: ClairV1, registry: Registry, name: str) -> None:
    """Send a recorded request and hold the answer against the recorded one."""
    asked, told = exchange(name)["request"], exchange(name)["response"]
    body = asked["body"]
    if isinstance(body, dict) and "Layer" in body:
        here = body["Layer"]["Path"].replace(REGISTRY, registry.host)
        answer = requests.post(server.url + asked["path"], json={"Layer": body["Layer"] | {"Path": here}}, timeout=10)
    else:
        sent = {"json": body} if isinstance(body, dict) else {"data": body}
        answer = requests.request(asked["method"], server.url + asked["path"], **sent, timeout=10)
    assert answer.status_code == told["status"], name
    if told["body"] is None:
        assert answer.content == b"", name
        return
    headers = dict(told["headers"])
    assert (answer.headers["Content-Type"], answer.headers["Server"]) == (headers["Content-Type"], headers["Server"]), name
    assert shape(answer.json(), registry.host) == shape(told["body"], REGISTRY), name


def shape(document: Any, host: str) -> Any:
    """Return a document without what differs from one answer to the next: the order of lists, and the words of Go's parser."""
    if isinstance(document, dict):
        return {key: shape(value, host) for key, value in document.items()}
    if isinstance(document, list):
        return sorted((shape(value, host) for value in document), key=repr)
    if isinstance(document, str) and document.startswith(("invalid character", "Expecting value")):
        return "not JSON"
    return document.replace(host, "registry") if isinstance(document, str) else document


def test_the_server_of_the_tests_answers_as_the_real_one(server_v1: ClairV1, registry: Registry) -> None:
    done = []
    for name in (
        *("heartbleed-post-layer-0", "heartbleed-post-layer-1", "heartbleed-layer-no-vulnerabilities-known"),
        *VULNERABILITIES,
        *("heartbleed-layer-0", "heartbleed-layer-1", "heartbleed-layer-1-plain", "heartbleed-layer-1-features-only"),
        *("debian-min-post-layer-0", "debian-min-layer-0", "namespaces"),
        *("error-format", "error-not-a-layer", "error-unknown-layer", "error-unknown-parent", "error-unreachable"),
        *("error-not-json", "delete", "delete-again"),
    ):
        replay(server_v1, registry, name)
        done.append(name)
    assert sorted([*done, "health"]) == names("v1")  # health is on another port, which nobody asks


@pytest.mark.parametrize("report", REPORTS)
def test_every_recorded_report_is_read(report: str) -> None:
    document = exchange(report)["response"]["body"]
    assert v1_report.is_report(document)
    features = document["Layer"].get("Features", [])
    known = list(dict.fromkeys(feature["AddedBy"] for feature in features))
    for layers in (None, {name: index for index, name in enumerate(sorted(known))}):
        reading = v1_report.read(document, layers)
        assert {(one.name, one.version) for one in reading.packages} == {(one["Name"], one["Version"]) for one in features}
        assert reading.distribution is not None
        assert f"{reading.distribution.id}:{reading.distribution.version}" == document["Layer"]["NamespaceName"]
        told = {(one["Name"], hit["Name"], hit.get("FixedBy", "")) for one in features for hit in one.get("Vulnerabilities", [])}
        assert {(one.package.name, one.id, "".join(one.fixed_in)) for one in reading.findings} == told
        assert reading.layers == tuple(known)
        strange = [item for item in reading.evidence if "layers that the image does not have" in item.detail]
        assert not strange


def test_heartbleed_is_read_whole() -> None:
    body = exchange("heartbleed-layer-1")["response"]["body"]
    order = [exchange(f"heartbleed-post-layer-{index}")["request"]["body"]["Layer"]["Name"] for index in (0, 1)]
    reading = v1_report.read(body, {name: index for index, name in enumerate(order)})
    finding = next(one for one in reading.findings if one.id == "CVE-2014-0160")
    assert (finding.package.name, finding.package.version, finding.location.layer) == ("openssl", "1.0.1-4ubuntu5.11", 1)
    assert (finding.raw_severity, finding.fixed_in) == ("High", ("1.0.1-4ubuntu5.12",))
    assert {package.locations[0].layer for package in reading.packages if package.name != "openssl"} == {0}
    assert reading.evidence == ()


@pytest.mark.parametrize("name", [name for name in names("v1") if name not in REPORTS])
def test_nothing_else_is_taken_for_a_report(name: str) -> None:
    body = exchange(name)["response"]["body"]
    if "post-layer" not in name:  # which names a layer, and says nothing of what is in it
        assert not isinstance(body, dict) or not v1_report.is_report(body)
