"""`imagegate check -b clair` as a user types it: every source, both APIs, and what must not pass."""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imagegate.backend.clair.access import Access
from tests.advisories import build_store
from tests.clair import images_v1
from tests.clair.recordings import recorded
from tests.clair.server_v1 import ClairV1
from tests.clair.server_v4 import ClairV4
from tests.clair.subjects import heartbleed
from tests.cli.process import Run, imagegate, result
from tests.images import Image, layer
from tests.source.registries import Registry, basic, says

NOW = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
TOKEN = "a-token-of-a-minute"


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = Registry()
    yield server
    server.stop()


def check(clair: str, *arguments: str | Path) -> Run:
    return imagegate("check", "-b", "clair", "--clair-url", clair, "--no-cache", *arguments)


def heartbleeds(api: str) -> Image:
    return heartbleed(secrets.token_hex(8)) if api == "v4" else images_v1.heartbleed()


@pytest.fixture(params=["v4", "v1"])
def clair(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The API and the address of a Clair that knows of Heartbleed."""
    access: Access = request.getfixturevalue(f"clair_{request.param}")
    if request.param == "v1":
        images_v1.learn(access.indexer, images_v1.HEARTBLEED)
        images_v1.learn(access.indexer, images_v1.TAR)
    return request.param, access.indexer


def test_heartbleed_breaks_the_build_and_the_result_says_which_layer_brought_it(clair: tuple[str, str], tmp_path: Path) -> None:
    api, url = clair
    archive = heartbleeds(api).docker_archive(tmp_path / "image.tar")
    done = check(url, archive, "--fail-on", "high", "-r", f"json={tmp_path / 'r.json'}", "-r", "console", "--by-layer")
    assert done.code == 10, done.text
    assert f"clair {api} at {url}" in done.err
    document = result(tmp_path / "r.json")
    found = next(one for one in document["findings"] if one["id"] == "CVE-2014-0160")
    assert (found["severity"], found["fixed_in"], found["location"]["layer"]) == ("high", ["1.0.1-4ubuntu5.12"], 1)
    assert found["package"].startswith("pkg:deb/ubuntu/openssl@1.0.1-4ubuntu5.11")
    assert [(share["layer"], share["severities"]) for share in document["by_layer"]] == [(0, {"negligible": 1}), (1, {"high": 1})]
    assert [backend["name"] for backend in document["backend"]] == ["clair"]
    assert document["backend"][0]["version"].startswith(api)
    assert done.out.index("Layer 1, 1 packages, 1 high") < done.out.index("CVE-2014-0160")


def test_an_image_of_a_registry_is_fetched_by_clair_itself_with_a_token_that_nobody_sees(
    clair: tuple[str, str], tmp_path: Path, registry: Registry
) -> None:
    api, url = clair
    name = registry.add("1", *heartbleeds(api).blobs("gzip"))
    registry.special["/token"] = says(200, {"token": TOKEN, "expires_in": 60})
    registry.asks_for(f"Bearer {TOKEN}", challenge=f'Bearer realm="http://{registry.host}/token",service="s"')
    done = check(url, name, "--fail-on", "high", "-v", "-r", f"json={tmp_path / 'r.json'}")
    assert done.code == 10, done.text
    layers = [layer["digest"] for layer in result(tmp_path / "r.json")["image"]["layers"]]
    fetched = [path for _, path, authorization in registry.asked if authorization == f"Bearer {TOKEN}" and "/blobs/" in path]
    assert set(layers) <= {path.rpartition("/")[2] for path in fetched}
    assert TOKEN not in done.text + (tmp_path / "r.json").read_text()


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_layout_is_lent_as_it_is_stored_and_the_first_api_reads_no_zstd(
    clair: tuple[str, str], tmp_path: Path, form: str
) -> None:
    api, url = clair
    folder = heartbleeds(api).oci(tmp_path / "layout", form)
    done = check(url, f"oci:{folder}", "--fail-on", "high")
    if (api, form) == ("v1", "zstd"):
        assert done.code == 3, done.text
        assert "zstd" in done.text
    else:
        assert done.code == 10, done.text


def test_a_compressed_archive_is_kept_where_it_can_be_lent(clair: tuple[str, str], tmp_path: Path) -> None:
    import gzip

    api, url = clair
    archive = heartbleeds(api).docker_archive(tmp_path / "image.tar")
    (tmp_path / "image.tar.gz").write_bytes(gzip.compress(archive.read_bytes()))
    assert check(url, tmp_path / "image.tar.gz", "--fail-on", "high").code == 10


def test_an_empty_report_of_an_image_that_is_not_empty_is_no_pass(clair_v4: Access, tmp_path: Path) -> None:
    archive = heartbleed(secrets.token_hex(8), info=False).docker_archive(tmp_path / "image.tar")
    done = check(clair_v4.indexer, archive, "--fail-on", "critical")
    assert done.code == 4, done.text
    assert "Clair recognised no package" in done.out
    assert "deb packages (var/lib/dpkg/status), of which Clair saw none" in done.out.replace("\n" + " " * 10, " ")


def test_packages_that_clair_does_not_look_for_are_no_pass(clair_v4: Access, tmp_path: Path) -> None:
    image = heartbleed(secrets.token_hex(8))
    npm = layer({"app/node_modules/lodash/package.json": json.dumps({"name": "lodash", "version": "4.17.20"})})
    archive = Image([*image.layers, npm]).docker_archive(tmp_path / "image.tar")
    done = check(clair_v4.indexer, archive, "--fail-on", "critical")
    assert done.code == 4, done.text
    assert "1 packages of type npm, of which Clair saw none" in done.out


def test_our_store_knows_what_is_exploited(server_v4: ClairV4, tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.db", {}, pad=["Wolfi"], exploited=["CVE-2014-0160"], released=NOW)
    archive = heartbleed("kev").docker_archive(tmp_path / "image.tar")
    policy = tmp_path / "p.yaml"
    rule = "rules: [{id: kev, match: {known_exploited: true}, action: fail}]"
    policy.write_text(f"version: 1\n{rule}\nevidence: {{end_of_life: warn}}\n")
    without = check(server_v4.url, archive, "-p", policy, "--db", tmp_path / "none.db")
    assert without.code == 4, without.text
    done = check(server_v4.url, archive, "-p", policy, "--db", store)
    assert done.code == 10, done.text
    assert "CVE-2014-0160" in done.out


def test_a_list_of_exploited_ones_adds_to_what_clair_says_and_an_old_one_says_nothing(server_v4: ClairV4, tmp_path: Path) -> None:
    archive = heartbleed("kev2").docker_archive(tmp_path / "image.tar")
    policy = tmp_path / "p.yaml"
    rule = "rules: [{id: kev, match: {known_exploited: true}, action: fail}]"
    policy.write_text(f"version: 1\n{rule}\nevidence: {{end_of_life: warn}}\n")
    old = build_store(tmp_path / "old.db", {}, pad=["Wolfi"], exploited=["CVE-2000-1"])
    assert check(server_v4.url, archive, "-p", policy, "--db", old).code == 4
    other = build_store(tmp_path / "store.db", {}, pad=["Wolfi"], exploited=["CVE-2000-1"], released=NOW)
    assert check(server_v4.url, archive, "-p", policy, "--db", other).code == 0
    report: Any = next(iter(server_v4.indexed))
    document: Any = server_v4.respond("GET", f"/matcher/api/v1/vulnerability_report/{report}", b"")[2]
    number = next(key for key, one in document["vulnerabilities"].items() if "2014-0160" in one["name"])
    document["enrichments"] |= {"message/x; enricher=clair.kev schema=none": [{number: [{"cve": "CVE-2014-0160"}]}]}
    server_v4.reports[report] = document
    server_v4.indexed.clear()  # what it had indexed before would not be believed
    assert check(server_v4.url, archive, "-p", policy, "--db", other).code == 10


def test_who_hands_a_login_to_clair_is_told(server_v4: ClairV4, tmp_path: Path, registry: Registry) -> None:
    name = registry.add("1", *heartbleed("basic").blobs("gzip"))
    registry.asks_for(basic("robot", "hunter2secret"), challenge='Basic realm="r"')
    env = {"IMAGEGATE_REGISTRY_USERNAME": "robot", "IMAGEGATE_REGISTRY_PASSWORD": "hunter2secret"}
    arguments = ("check", "-b", "clair", "--clair-url", server_v4.url, "--no-cache", name, "--fail-on", "high", "-v")
    done = imagegate(*arguments, env=env, cwd=tmp_path)
    assert done.code == 10, done.text
    assert done.err.count("gives no tokens, so Clair gets the login itself") == 1
    assert "hunter2secret" not in done.text


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ([], 2, "--clair-url"),
        (["--clair-url", "http://127.0.0.1:1", "--clair-timeout", "nan"], 2, "--clair-timeout"),
        (["--clair-url", "http://127.0.0.1:1", "--clair-timeout", "1e300"], 2, "--clair-timeout"),
        (["--clair-url", "http://127.0.0.1:1", "--timeout", "inf"], 2, "--timeout"),
        (["--clair-url", "ftp://clair"], 2, "not the address"),
        (["--clair-url", "http://a,http://b,http://c"], 2, "3 addresses"),
        (["--clair-url", "http://user:secret@host/?x=1"], 2, "host"),
        (["--clair-url", "http://127.0.0.1:1", "--clair-api", "v9"], 2, "v4 or v1"),
        (["--clair-url", "http://127.0.0.1:1", "--clair-header", "no header"], 2, "NAME: VALUE"),
        (["--clair-url", "http://127.0.0.1:1", "--clair-key", "k.pem"], 2, "--clair-cert"),
        (["--clair-url", "http://127.0.0.1:1", "--clair-psk-file", "missing"], 2, "--clair-psk-file"),
        (["--clair-url", "http://127.0.0.1:1", "-b", "embedded"], 2, "one backend"),
        (["-b", "grype"], 2, "no such backend"),
        (["--clair-url", "http://127.0.0.1:1"], 3, "nothing listens"),
    ],
)
def test_a_wrong_command_line_and_a_clair_that_is_not_there(arguments: list[str], code: int, word: str, tmp_path: Path) -> None:
    archive = heartbleed().docker_archive(tmp_path / "image.tar")
    done = imagegate("check", "-b", "clair", archive, *arguments, "-q")
    assert done.code == code, done.text
    assert word in done.text.replace("\n", " ")
    assert "secret" not in done.text


def test_an_sbom_is_not_for_clair(server_v4: ClairV4, tmp_path: Path) -> None:
    (tmp_path / "bom.json").write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}')
    done = check(server_v4.url, f"sbom:{tmp_path / 'bom.json'}")
    assert done.code == 2, done.text


def test_layers_that_clair_cannot_come_for_are_told_with_what_to_do(server_v4: ClairV4, tmp_path: Path) -> None:
    archive = heartbleed().docker_archive(tmp_path / "image.tar")
    done = check(server_v4.url, archive, "--advertise-address", "127.0.0.1:9", "-q")
    assert done.code == 3, done.text
    assert "Clair never connected" in done.text
    assert "--serve-address" in done.text


def test_the_path_of_the_layers_is_in_no_output(server_v4: ClairV4, tmp_path: Path) -> None:
    archive = heartbleed("path").docker_archive(tmp_path / "image.tar")
    refused = check(server_v4.url, archive, "--fail-on", "high", "-v", "--advertise-address", "127.0.0.1:9")
    done = check(server_v4.url, archive, "--fail-on", "high", "-v")
    assert (done.code, refused.code) == (10, 3)
    secret = {one["uri"].split("/")[3] for posted in server_v4.posted for one in posted["layers"]}
    assert {len(part) for part in secret} == {32}
    assert not [part for part in secret if part in done.text + refused.text]


@pytest.mark.parametrize(
    ("folder", "name", "arguments", "code", "word"),
    [
        ("v4", "heartbleed-report", [], 10, "CVE-2014-0160"),
        ("v4", "heartbleed-report", ["--from", "clair-v4"], 10, "CVE-2014-0160"),
        ("v4", "nothing-recognised-report", [], 4, "recognised nothing"),
        ("v4", "error-report-unknown", [], 3, "an error of Clair"),
        ("v4", "heartbleed-report", ["--from", "clair-v1"], 3, "r.json"),
        ("v4", "heartbleed-report", ["--from", "trivy"], 2, "clair-v4, clair-v1"),
        ("v1", "heartbleed-layer-1", [], 10, "CVE-2014-0160"),
        ("v1", "heartbleed-layer-1-plain", [], 4, "recognised nothing"),
    ],
)
def test_stored_reports_are_judged_like_any_other(
    folder: str, name: str, arguments: list[str], code: int, word: str, tmp_path: Path
) -> None:
    (tmp_path / "r.json").write_text(json.dumps(recorded(name, folder)["response"]["body"]))
    done = imagegate("evaluate", tmp_path / "r.json", "--fail-on", "high", *arguments)
    assert done.code == code, done.text
    assert word in done.text


def test_a_stored_report_in_which_a_key_comes_twice_or_nothing_is_wrong_is_no_pass(tmp_path: Path) -> None:
    document = recorded("heartbleed-report")["response"]["body"]
    twice = json.dumps(document)[:-1] + ', "package_vulnerabilities": {}}'
    clean = json.dumps(document | {"package_vulnerabilities": {}, "vulnerabilities": {}})
    for text, code, word in ((twice, 3, "comes twice"), (clean, 4, "names no vulnerability at all")):
        (tmp_path / "r.json").write_text(text)
        done = imagegate("evaluate", tmp_path / "r.json", "--fail-on", "high")
        assert (done.code, word in done.text) == (code, True), done.text


def test_reports_of_clairctl_follow_each_other_in_one_file(tmp_path: Path) -> None:
    body = json.dumps(recorded("heartbleed-report")["response"]["body"])
    (tmp_path / "two.json").write_text(body + "\n" + body + "\n")
    done = imagegate("evaluate", tmp_path / "two.json", "--fail-on", "high", "-r", f"json={tmp_path / 'r.json'}")
    assert done.code == 10
    assert len(result(tmp_path / "r.json")["results"]) == 2
    (tmp_path / "two.json").write_text(body + "null")
    done = imagegate("evaluate", tmp_path / "two.json", "--fail-on", "high")
    assert (done.code, "clairctl writes" in done.text) == (10, True)  # a proven violation stays one
    for text, word in (("null", "clairctl writes"), (body[:-5], "cut off"), ("", "empty"), ("[]", "known here")):
        (tmp_path / "two.json").write_text(text)
        done = imagegate("evaluate", tmp_path / "two.json", "-q")
        assert (done.code, word in done.text) == (3, True), done.text


@pytest.mark.parametrize("api", ["v4", "v1"])
def test_doctor_tries_a_clair_with_a_layer_of_its_own(api: str, server_v4: ClairV4, server_v1: ClairV1, tmp_path: Path) -> None:
    url = server_v4.url if api == "v4" else server_v1.url
    env = {"XDG_CACHE_HOME": str(tmp_path), "IMAGEGATE_CLAIR_URL": url}
    done = imagegate("doctor", env=env)
    assert f"answers as Clair {api}" in done.out, done.text
    assert "it fetched a layer from http://127.0.0.1:" in done.out
    unreachable = imagegate("doctor", "--advertise-address", "127.0.0.1:9", env=env)
    assert unreachable.code == 3
    assert "fail  clair fetches" in unreachable.out
    assert "--serve-address" in unreachable.out


def test_doctor_without_a_clair_needs_none(tmp_path: Path) -> None:
    assert imagegate("doctor", env={"XDG_CACHE_HOME": str(tmp_path)}).code == 0


def test_doctor_says_what_a_missing_clair_is(tmp_path: Path) -> None:
    done = imagegate("doctor", "-b", "clair", "--clair-url", "http://127.0.0.1:1", env={"XDG_CACHE_HOME": str(tmp_path)})
    assert done.code == 3
    assert "nothing listens there" in done.out
