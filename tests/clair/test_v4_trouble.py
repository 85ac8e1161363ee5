"""What a Clair v4 in trouble, or one that was never fed, comes to; only the contract server can be made to do it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imagegate.backend.clair import client as module
from imagegate.backend.clair import updates, v4
from imagegate.backend.clair.client import Client
from imagegate.backend.clair.report import Answered
from imagegate.backend.clair.serve import LayerServer, contents
from imagegate.errors import BackendError
from imagegate.model.image import OpenImage
from imagegate.model.inventory import Distribution, Location, Package
from tests.clair.conftest import access
from tests.clair.misbehaviour import BUSY
from tests.clair.server_v4 import INDEX, REPORT, UPDATES, ClairV4
from tests.clair.subjects import heartbleed, opened
from tests.source.registries import Answer, Registry, breaks, hangs_up, says, silence, times

POST, GET = f"POST {INDEX}", f"GET {REPORT}"


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.01)


@pytest.fixture
def image(tmp_path: Path) -> OpenImage:
    return opened(heartbleed().docker_archive(tmp_path / "a.tar"))


def scanned(server: ClairV4, image: OpenImage, **changes: object) -> Answered:
    with LayerServer(contents(image), server.url, lambda _: None) as lender:
        return v4.scan(Client(access(server.url, **changes), lambda _: None), image, lender)


def refused(server: ClairV4, image: OpenImage, **changes: object) -> str:
    with pytest.raises(BackendError) as caught:
        scanned(server, image, **changes)
    return f"{caught.value.message} | {caught.value.hint}"


def index_of(image: OpenImage, **changes: object) -> dict[str, object]:
    report = {"manifest_hash": v4.manifest_digest(image.image), "state": "IndexFinished", "success": True, "err": ""}
    return report | changes


@pytest.mark.parametrize("start", [POST, GET, "GET /indexer/api/v1/index_state"])
@pytest.mark.parametrize(
    "trouble", [BUSY, hangs_up, says(503), breaks(b"{}" * 50, 3)], ids=["429", "reset", "503", "half an answer"]
)
def test_what_passes_is_waited_for(server_v4: ClairV4, image: OpenImage, start: str, trouble: Answer) -> None:
    server_v4.special[start] = times(1, trouble)
    assert len(scanned(server_v4, image).reading.findings) == 2


def test_an_index_that_takes_longer_than_the_connection_is_asked_for_again(server_v4: ClairV4, image: OpenImage) -> None:
    server_v4.special[POST] = times(2, silence)
    assert scanned(server_v4, image, timeout=0.3).reading.findings
    assert server_v4.asked.count(POST) == 3


def test_a_clair_that_never_answers_ends_at_the_deadline(server_v4: ClairV4, image: OpenImage) -> None:
    server_v4.special[POST] = silence
    assert "was silent for 0.3 seconds" in refused(server_v4, image, timeout=0.3, deadline=1.0)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_matcher_that_was_never_fed_is_not_clean(server_v4: ClairV4, image: OpenImage, status: int) -> None:
    server_v4.special[GET] = says(status)
    told = refused(server_v4, image, deadline=0.5)
    assert "the matcher holds no vulnerabilities yet" in told
    assert "import-updaters" in told


def test_a_report_that_is_prepared_is_waited_for(server_v4: ClairV4, image: OpenImage) -> None:
    server_v4.special[GET] = times(3, says(202))
    assert len(scanned(server_v4, image).reading.findings) == 2


def test_a_report_that_is_missing_for_a_moment_is_waited_for(server_v4: ClairV4, image: OpenImage) -> None:
    missing = says(404, {"code": "not-found", "message": "index report for manifest not found"})
    server_v4.special[GET] = times(3, missing)
    assert scanned(server_v4, image).reading.findings
    server_v4.special[GET] = missing
    assert "index report for manifest not found" in refused(server_v4, image)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"success": False, "state": "IndexError", "err": "failed to scan: boom"}, "failed to scan: boom"),
        ({"success": False, "state": "FetchLayers"}, "its index ended as FetchLayers"),
        ({"success": True, "state": "IndexError"}, "its index ended as IndexError"),
        ({"success": "true"}, "its index ended as IndexFinished"),
        ({"state": None}, "its index ended as nothing"),
        ({"manifest_hash": "sha256:" + "0" * 64}, "the index of another image"),
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_an_index_that_is_not_finished_is_an_error(
    server_v4: ClairV4, image: OpenImage, status: int, answer: dict[str, object], words: str
) -> None:
    server_v4.special[POST] = says(status, index_of(image, **answer))
    assert words in refused(server_v4, image)


def test_an_old_clair_that_could_not_fetch_says_so_in_its_report(server_v4: ClairV4, image: OpenImage) -> None:
    err = "failed to fetch layers: encountered error while fetching a layer: fetcher: unexpected status code: 401"
    server_v4.special[POST] = says(201, index_of(image, success=False, state="IndexError", err=err))
    told = refused(server_v4, image)
    assert "unexpected status code: 401" in told
    assert "never connected" in told
    assert server_v4.asked.count(POST) == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (says(400, {"code": "bad-request", "message": "bogus manifest"}), "bogus manifest"),
        (says(500, {"code": "internal-error", "message": "failed to start scan: no space left"}), "no space left"),
        (says(500, b"<html>oops</html>", "text/html"), "HTML page"),
        (says(500), "answered 500"),
        (says(412), "answered 412"),
        (says(200, b"<html>log in</html>", "text/html"), "HTML page"),
        (says(201, b'{"manifest_hash": "sha'), "cut off"),
        (says(201, []), "no object"),
        (says(201, {}), "another image"),
    ],
)
def test_an_index_that_fails_is_told_with_its_cause(server_v4: ClairV4, image: OpenImage, answer: Answer, words: str) -> None:
    server_v4.special[POST] = answer
    assert words in refused(server_v4, image)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (says(500, {"code": "internal-error", "message": "database is down"}), "database is down"),
        (says(400, {"code": "bad-request", "message": "malformed path"}), "malformed path"),
        (says(200, {"code": "not-found", "message": "x"}), "another image"),
        (says(200, b"<html>log in</html>", "text/html"), "HTML page"),
        (says(200, b'{"manifest_hash": "sha256:41", "packages": {"20'), "cut off"),
        (says(200, ["a"]), "no object"),
        (says(204), "answered 204"),
    ],
)
def test_a_report_that_fails_is_told_with_its_cause(server_v4: ClairV4, image: OpenImage, answer: Answer, words: str) -> None:
    server_v4.special[GET] = answer
    assert words in refused(server_v4, image)


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry()
    yield registry
    registry.stop()


class Tokens:
    """Gives out addresses in a registry: the first token of each layer has expired."""

    def __init__(self, registry: Registry, image: OpenImage) -> None:
        self.registry, self.image, self.given = registry, image, 0
        registry.asks_for("Bearer fresh", challenge="Bearer")
        for layer, content in contents(image):
            registry.blobs[layer] = content.read_at(0, content.size)

    def of(self, layer: int) -> tuple[str, dict[str, str]]:
        self.given += 1
        token = "stale-token" if self.given <= 2 else "fresh"
        url = f"http://{self.registry.host}/v2/team/app/blobs/{self.image.image.layers[layer].digest}"
        return url, {"Authorization": f"Bearer {token}"}

    def heard(self) -> str:
        return ""


def test_an_expired_token_is_replaced_once(server_v4: ClairV4, registry: Registry, image: OpenImage) -> None:
    said: list[str] = []
    tokens = Tokens(registry, image)
    answered = v4.scan(Client(access(server_v4.url), said.append), image, tokens)
    assert [found.id for found in answered.reading.findings] == ["CVE-2014-0160", "CVE-2005-2541"]
    assert server_v4.posted[1]["layers"][0]["headers"] == {"Authorization": ["Bearer fresh"]}
    assert "with fresh addresses" in said[0]
    assert "stale-token" not in "".join(said)


def test_a_token_that_a_registry_repeats_is_in_no_message(server_v4: ClairV4, registry: Registry, image: OpenImage) -> None:
    said: list[str] = []
    tokens = Tokens(registry, image)
    registry.special[image.image.layers[0].digest] = says(403, b"no entry with stale-token, nor with fresh ones")
    with pytest.raises(BackendError) as caught:
        v4.scan(Client(access(server_v4.url), said.append), image, tokens)
    told = caught.value.message + caught.value.hint + "".join(said)
    assert "403 Forbidden" in told
    assert "no entry" in told
    assert "stale-token" not in told


def test_what_cannot_be_removed_is_only_told(server_v4: ClairV4, image: OpenImage) -> None:
    for answer in (says(500, {"message": "database is down"}), hangs_up):
        server_v4.special[f"DELETE {INDEX}"] = answer
        answered = scanned(server_v4, image, delete=True)
        assert {one.found for one in answered.evidence if one.kind == "backend"} == {"warn"}
        assert answered.reading.findings


@pytest.mark.parametrize("answer", [says(404), says(405), says(403), says(401)], ids=["404", "405", "403", "401"])
def test_a_clair_that_lets_nobody_ask_what_it_was_fed_has_no_database(
    server_v4: ClairV4, image: OpenImage, answer: Answer
) -> None:
    server_v4.special[f"GET {UPDATES}"] = answer
    answered = scanned(server_v4, image)
    assert answered.database is None
    assert not answered.evidence  # it found something, so it was fed something
    server_v4.rows = [row | {"package": {"name": "nothing", "kind": "binary"}} for row in server_v4.rows]
    silent = scanned(server_v4, image)
    assert [(one.kind, one.found) for one in silent.evidence] == [("uncovered", "warn")]
    assert "does not tell" in silent.evidence[0].detail


@pytest.mark.parametrize(
    "answer", [says(500), says(202), says(200, b"<html>"), says(200, [])], ids=["500", "202", "html", "list"]
)
def test_a_clair_that_fails_to_tell_what_it_was_fed_is_no_pass(server_v4: ClairV4, image: OpenImage, answer: Answer) -> None:
    server_v4.special[f"GET {UPDATES}"] = answer
    answered = scanned(server_v4, image)
    assert answered.database is None
    assert [(one.kind, one.found) for one in answered.evidence] == [("uncovered", "fail")]


@pytest.mark.parametrize(
    "told",
    [{}, {"ubuntu/updater/precise": [{"date": 5}]}, {"ubuntu/updater/precise": [{"date": "2999-01-01T00:00:00Z", "ref": "r"}]}],
    ids=["nothing", "no date", "the future"],
)
def test_a_clair_that_was_fed_nothing_is_no_pass(server_v4: ClairV4, image: OpenImage, told: object) -> None:
    server_v4.special[f"GET {UPDATES}"] = says(200, told)
    answered = scanned(server_v4, image)
    assert answered.database is not None
    assert answered.database.confirmed == ""  # which is no age that a policy allows
    assert [(one.kind, one.found) for one in answered.evidence] == [("uncovered", "fail")]


@pytest.mark.parametrize("kept", [0, 1], ids=["fewer", "in another order"])
def test_other_layers_that_somebody_had_indexed_under_the_name_of_the_image_do_not_count(
    server_v4: ClairV4, image: OpenImage, kept: int
) -> None:
    digest = v4.manifest_digest(image.image)
    with LayerServer(contents(image), server_v4.url, lambda _: None) as lender:
        numbers = [1, 0] if kept else [0]
        layers = [{"hash": image.image.layers[one].digest, "uri": lender.of(one)[0], "headers": {}} for one in numbers]
        client = Client(access(server_v4.url), lambda _: None)
        assert client.call("POST", INDEX, body={"hash": digest, "layers": layers}).status == 201
    answered = scanned(server_v4, image)
    assert "CVE-2014-0160" in [one.id for one in answered.reading.findings]
    assert not [one for one in answered.evidence if one.kind == "backend"]


def test_an_image_that_clair_knew_is_put_together_again_under_a_name_that_nobody_knew(
    server_v4: ClairV4, image: OpenImage
) -> None:
    digest = v4.manifest_digest(image.image)
    assert not [one for one in scanned(server_v4, image).evidence if one.kind == "backend"]
    assert [posted["hash"] for posted in server_v4.posted] == [digest]
    fetched = len(server_v4.fetched)
    assert not [one for one in scanned(server_v4, image).evidence if one.kind == "backend"]
    assert len({posted["hash"] for posted in server_v4.posted} - {digest}) == 1
    assert len(server_v4.fetched) == fetched  # its layers were known
    assert list(server_v4.indexed) == [digest]  # and that name is gone


@pytest.mark.parametrize(
    ("updaters", "found"),
    [
        (["debian/updater"], "fail"),
        (["ubuntu/updater/jammy"], "fail"),
        (["ubuntu/updater/precise"], "ok"),
        (["ubuntu-precise-updater"], "ok"),
    ],
)
def test_a_distribution_that_no_updater_speaks_of_is_uncovered(
    server_v4: ClairV4, image: OpenImage, updaters: list[str], found: str
) -> None:
    server_v4.updaters = dict.fromkeys(updaters, "2026-11-22T02:00:00Z")
    assert [(one.kind, one.found) for one in scanned(server_v4, image).evidence] == [("uncovered", found)]


def test_the_newest_update_about_the_image_is_the_age_of_the_database(server_v4: ClairV4, image: OpenImage) -> None:
    database = scanned(server_v4, image).database
    assert database is not None
    assert (database.confirmed, database.newest, database.scores) == ("2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z", 2)
    server_v4.updaters["debian/updater"] = "2026-11-25T02:00:00Z"  # a dead feed does not hide behind another's
    other = scanned(server_v4, image).database
    assert other is not None
    assert other.confirmed == database.confirmed
    assert other.digest != database.digest
    server_v4.updaters["ubuntu/updater/noble"] = "2026-11-23T02:00:00+02:00"  # that publisher is alive
    later = scanned(server_v4, image).database
    assert later is not None
    assert later.confirmed == "2026-11-23T00:00:00Z"


def test_a_publisher_who_fell_silent_long_before_the_others_is_told() -> None:
    ubuntu = Distribution("ubuntu", "12.04", "precise")
    wheel = Package("pypi", "six", "1", "pkg:pypi/six@1", (Location("six", 0),))
    moments = {"ubuntu/updater/precise": datetime(2026, 11, 21, tzinfo=UTC), "osv/pypi": datetime(2026, 9, 1, tzinfo=UTC)}
    found = updates.cover(updates.Updates(moments, frozenset(), ""), ubuntu, [wheel], found=True)
    assert [(one.found, "2026-09-01" in one.detail) for one in found] == [("warn", True), ("ok", False)]


def test_a_report_of_other_layers_is_not_that_of_the_image(server_v4: ClairV4, image: OpenImage) -> None:
    scanned(server_v4, image)
    report: Any = server_v4.respond("GET", f"{REPORT}/{v4.manifest_digest(image.image)}", b"")[2]
    text = str(image.image.layers[1].digest)
    for rows in report["environments"].values():
        for row in rows:
            row["introduced_in"] = row["introduced_in"].replace(text, "sha256:" + "e" * 64)
    server_v4.reports[report["manifest_hash"]] = report
    server_v4.indexed.clear()  # what it had indexed before would not be believed
    evidence = scanned(server_v4, image).reading.evidence
    assert [one.kind for one in evidence if one.found == "fail"] == ["backend"]
    assert "another image" in evidence[0].detail


def test_indexer_and_matcher_may_be_two_servers(server_v4: ClairV4, image: OpenImage) -> None:
    matcher = ClairV4()
    matcher.indexed = server_v4.indexed
    apart = replace(access(server_v4.url), matcher=matcher.url)
    with LayerServer(contents(image), server_v4.url, lambda _: None) as lender:
        assert v4.scan(Client(apart, lambda _: None), image, lender).reading.findings
    assert all("/matcher/" in line for line in matcher.asked)
    assert all("/indexer/" in line for line in server_v4.asked)
    matcher.indexed = {}
    with LayerServer(contents(image), server_v4.url, lambda _: None) as lender, pytest.raises(BackendError) as caught:
        v4.scan(Client(apart, lambda _: None), image, lender)
    assert "indexer_addr" in caught.value.hint
    matcher.stop()
