"""What a first API of Clair may answer, and what then is said of it: never that an image is clean."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imagegate.backend.clair import client as clients
from imagegate.backend.clair.client import Access
from imagegate.backend.clair.serve import LayerServer, contents
from imagegate.errors import BackendError
from imagegate.model.image import OpenImage
from tests.clair.conftest import access
from tests.clair.images_v1 import HEARTBLEED, UBUNTU, heartbleed, learn, opened, scan, scan_at, single, told
from tests.clair.server_v1 import UNSUPPORTED, ClairV1
from tests.images import dpkg
from tests.source.registries import Answer, hangs_up, says, silence, times

SECRET = "very-secret-token"
REPORT, POST, KNOWN = "GET /v1/layers/", "POST /v1/layers", "GET /v1/namespaces/ubuntu:12.04/vulnerabilities"


def error(status: int, message: str) -> Answer:
    return says(status, {"Error": {"Message": message}}, "application/json;charset=utf-8", Server="clair")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(clients, "_LONGEST_WAIT", 0.05)


@pytest.fixture
def clair(server_v1: ClairV1) -> Access:
    learn(server_v1.url, HEARTBLEED)
    server_v1.asked.clear()
    return access(server_v1.url)


@pytest.fixture
def image(tmp_path: Path) -> OpenImage:
    return opened(tmp_path, heartbleed())


def fails(clair: Access, image: OpenImage) -> str:
    said: list[str] = []
    with pytest.raises(BackendError) as caught:
        scan(clair, image, said)
    assert caught.value.hint
    return f"{caught.value.message} | {caught.value.hint}"


def count(server: ClairV1, start: str) -> int:
    return sum(line.startswith(start) for line in server.asked)


class Expiring:
    """Addresses whose first is not good any more; each has another token."""

    def __init__(self, inner: LayerServer, bad: int) -> None:
        self.inner, self.bad, self.asked = inner, bad, 0

    def of(self, layer: int) -> tuple[str, dict[str, str]]:
        self.asked += 1
        url, _ = self.inner.of(layer)
        headers = {"Authorization": f"Bearer {SECRET}-{self.asked}", "X-Other": f"{SECRET}-other"}
        return (url[:-1] if self.asked <= self.bad else url), headers

    def heard(self) -> str:
        return "The token may be too old."


def test_a_layer_that_was_not_found_is_posted_again_with_a_new_token(server_v1: ClairV1, clair: Access, image: OpenImage) -> None:
    said: list[str] = []
    with LayerServer(contents(image), clair.indexer, said.append) as server:
        answered = scan_at(clair, image, Expiring(server, bad=1), said)
    assert [finding.id for finding in answered.reading.findings] == ["CVE-2014-0160"]
    tokens = [layer["Headers"]["Authorization"] for layer in server_v1.posted]
    assert tokens == [f"Bearer {SECRET}-{number}" for number in (1, 2, 3)]
    assert SECRET not in "".join(said) + repr(answered)


def test_a_layer_that_is_never_found_is_asked_for_twice_and_told(server_v1: ClairV1, clair: Access, image: OpenImage) -> None:
    said: list[str] = []
    with LayerServer(contents(image), clair.indexer, said.append) as server, pytest.raises(BackendError) as caught:
        scan_at(clair, image, Expiring(server, bad=9), said)
    assert len(server_v1.posted) == 2
    assert "could not find layer" in caught.value.message
    assert caught.value.hint == "The token may be too old."
    assert SECRET not in "".join((caught.value.message, caught.value.hint, *said))


def test_tokens_that_clair_repeats_in_its_errors_are_not_shown(server_v1: ClairV1, clair: Access, image: OpenImage) -> None:
    for message in (f"cannot use Bearer {SECRET}-1", f"header {SECRET}-other", f"at http://u:{SECRET}@host/x?sig={SECRET}"):
        server_v1.special[POST] = error(422, message)
        said: list[str] = []
        with LayerServer(contents(image), clair.indexer, said.append) as server, pytest.raises(BackendError) as caught:
            scan_at(clair, image, Expiring(server, bad=0), said)
        assert SECRET not in "".join((caught.value.message, caught.value.hint, *said)), message


def test_what_clair_cannot_read_is_posted_once(server_v1: ClairV1, clair: Access, tmp_path: Path) -> None:
    strange = opened(tmp_path, single({"var/lib/dpkg/status": dpkg(("bash", "1"))}))
    assert UNSUPPORTED in fails(clair, strange)
    assert count(server_v1, POST) == 1


def test_zstd_is_refused_before_anything_is_posted(server_v1: ClairV1, clair: Access, tmp_path: Path) -> None:
    message = fails(clair, opened(tmp_path, heartbleed(), "zstd"))
    assert "layer 0 is packed with zstd" in message
    assert "Clair v4" in message
    assert server_v1.asked == []


def test_an_image_without_layers_is_refused(server_v1: ClairV1, clair: Access, tmp_path: Path) -> None:
    image = opened(tmp_path, heartbleed())
    assert "no layers" in fails(clair, replace(image, image=replace(image.image, layers=())))
    assert server_v1.asked == []


@pytest.mark.parametrize("start", [POST, REPORT])
def test_a_server_error_is_tried_again_once(server_v1: ClairV1, clair: Access, image: OpenImage, start: str) -> None:
    server_v1.special[start] = times(1, error(500, "pq: deadlock detected"))
    answered, _ = scan(clair, image)
    assert [finding.id for finding in answered.reading.findings] == ["CVE-2014-0160"]
    server_v1.special[start] = error(500, "pq: too many connections")
    server_v1.asked.clear()
    assert "500: pq: too many connections" in fails(clair, image)
    assert count(server_v1, start) == 2


def test_a_time_out_of_clair_itself_is_told(server_v1: ClairV1, clair: Access, image: OpenImage) -> None:
    server_v1.special[POST] = error(503, "Clair API timeout")
    assert "layer 0, of 2: " in (message := fails(clair, image))
    assert "503: Clair API timeout" in message
    assert "api.timeout" in message


@pytest.mark.parametrize(("start", "posted"), [(REPORT, 2), (POST, 1)])
def test_a_layer_that_somebody_deletes_meanwhile_is_posted_again_once(
    server_v1: ClairV1, clair: Access, image: OpenImage, start: str, posted: int
) -> None:
    often = 1

    def deleted(_: Any) -> bool:
        nonlocal often
        if often and len(server_v1.posted) == posted:
            server_v1.layers.clear()
            often -= 1
        return False

    server_v1.special[start] = deleted
    answered, _ = scan(clair, image)
    assert [finding.id for finding in answered.reading.findings] == ["CVE-2014-0160"]
    assert len(server_v1.posted) == 4


def test_layers_that_somebody_always_deletes_are_given_up(server_v1: ClairV1, clair: Access, image: OpenImage) -> None:
    server_v1.special[REPORT] = error(404, "the resource cannot be found")
    assert "forgets the layers" in fails(clair, image)
    assert len(server_v1.posted) == 4


@pytest.mark.parametrize(
    ("start", "answer", "told"),
    [
        (POST, says(201, {"Layer": {"Name": "other", "IndexedByVersion": 3}}), "does not name it"),
        (POST, says(201, {"Layer": {"Name": "other"}}), "does not name it"),
        (POST, says(201, {"Layer": [SECRET]}), "does not name it"),
        (POST, says(201, {}), "does not name it"),
        (POST, says(201, b"[]"), "no object"),
        (POST, says(201, b"{"), "not JSON, or was cut off"),
        (POST, says(200, {"Layer": {"Name": "other", "IndexedByVersion": 3}}), "answered 200"),
        (POST, error(400, "failed to provide layer"), "failed to provide layer"),
        (POST, error(413, "too large"), "too large"),
        (POST, says(502, b"<html>proxy</html>", "text/html"), "HTML page"),
        (POST, says(302, b"", Location="http://elsewhere.example/"), "leads elsewhere"),
        (POST, says(401), "refuses access"),
        (REPORT, says(200, {"Layer": {"Name": "other"}}), "no report of this image"),
        (REPORT, says(200, {"Error": {"Message": "no"}}), "no report of this image"),
        (REPORT, says(200, {}), "no report of this image"),
        (REPORT, says(200, b""), "nothing"),
        (REPORT, says(200, b"<html>", "text/html"), "HTML page"),
        (REPORT, says(204), "answered 204"),
        (REPORT, error(400, "bad"), "400: bad"),
    ],
)
def test_an_answer_that_is_none_is_told(
    server_v1: ClairV1, clair: Access, image: OpenImage, start: str, answer: Answer, told: str
) -> None:
    server_v1.special[start] = answer
    message = fails(clair, image)
    assert told in message
    assert SECRET not in message


def test_a_connection_that_breaks_off_is_made_again(server_v1: ClairV1, clair: Access, image: OpenImage) -> None:
    server_v1.special = {POST: times(1, hangs_up), REPORT: times(1, hangs_up)}
    answered, _ = scan(clair, image)
    assert [finding.id for finding in answered.reading.findings] == ["CVE-2014-0160"]


@pytest.mark.parametrize("start", [POST, REPORT])
def test_a_server_that_never_answers_has_a_deadline(server_v1: ClairV1, clair: Access, image: OpenImage, start: str) -> None:
    server_v1.special[start] = silence
    assert "seconds" in fails(replace(clair, timeout=0.3, deadline=0.8), image)


@pytest.mark.parametrize(
    ("answer", "told_of"),
    [
        (error(500, "pq: gone"), "500: pq: gone"),
        (error(400, "must provide limit"), "400: must provide limit"),
        (says(403), "refuses access"),
        (says(200, b"<html>", "text/html"), "HTML page"),
        (says(200, b"[]"), "no object"),
    ],
)
def test_a_clair_that_does_not_tell_what_it_knows_is_not_believed(
    server_v1: ClairV1, clair: Access, tmp_path: Path, answer: Answer, told_of: str
) -> None:
    safe = opened(tmp_path, single({"etc/os-release": UBUNTU, "var/lib/dpkg/status": dpkg(("openssl", "9"))}))
    server_v1.special[KNOWN] = answer
    answered, _ = scan(clair, safe)
    ((found, detail),) = told(answered, "uncovered")
    assert found == "fail"
    assert told_of in detail


@pytest.mark.parametrize("body", [{"Vulnerabilities": None}, {"Vulnerabilities": []}, {}, {"Vulnerabilities": {"a": 1}}])
def test_an_empty_database_is_told(server_v1: ClairV1, clair: Access, tmp_path: Path, body: object) -> None:
    safe = opened(tmp_path, single({"etc/os-release": UBUNTU, "var/lib/dpkg/status": dpkg(("openssl", "9"))}))
    server_v1.special[KNOWN] = says(200, body)
    answered, _ = scan(clair, safe)
    ((found, detail),) = told(answered, "uncovered")
    assert (found, "not one vulnerability of ubuntu:12.04" in detail) == ("fail", True)


def test_a_clair_that_was_never_fed_is_told_even_where_it_recognises_nothing(server_v1: ClairV1, tmp_path: Path) -> None:
    answered, _ = scan(access(server_v1.url), opened(tmp_path, single({"app": "x"})))
    assert told(answered, "uncovered") == [("fail", "Clair's database holds no distribution: it was never fed")]
    learn(server_v1.url, HEARTBLEED)
    answered, _ = scan(access(server_v1.url), opened(tmp_path, single({"app": "x"})))
    assert told(answered, "uncovered") == []
    server_v1.special["GET /v1/namespaces"] = error(500, "pq: gone")
    answered, _ = scan(access(server_v1.url), opened(tmp_path, single({"app": "x"})))
    assert "could not be found out: no answer to that: " in told(answered, "uncovered")[0][1]


def test_whoever_found_something_is_not_asked_what_he_knows(server_v1: ClairV1, clair: Access, image: OpenImage) -> None:
    answered, _ = scan(clair, image)
    assert [found for found, _ in told(answered, "uncovered")] == ["ok"]
    assert count(server_v1, KNOWN) == 0


@pytest.mark.parametrize("answer", [error(500, "pq: gone"), says(403), hangs_up])
def test_what_could_not_be_deleted_is_told(server_v1: ClairV1, clair: Access, image: OpenImage, answer: Answer) -> None:
    server_v1.special["DELETE"] = answer
    answered, _ = scan(replace(clair, delete=True), image)
    ((found, detail),) = told(answered, "backend")
    assert (found, "could not be deleted" in detail) == ("warn", True)
    assert [finding.id for finding in answered.reading.findings] == ["CVE-2014-0160"]


def test_what_was_posted_is_deleted_when_the_scan_fails_too(server_v1: ClairV1, clair: Access, image: OpenImage) -> None:
    server_v1.special[REPORT] = error(500, "pq: gone")
    assert "pq: gone" in fails(replace(clair, delete=True), image)
    assert server_v1.layers == {}


def test_nothing_is_deleted_unless_asked(server_v1: ClairV1, clair: Access, image: OpenImage) -> None:
    scan(clair, image)
    assert count(server_v1, "DELETE") == 0
