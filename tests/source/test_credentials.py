"""Where credentials are found, which ones win, and that they are never shown."""

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from imagegate.errors import SourceError
from imagegate.source import credentials
from imagegate.source.credentials import Credentials, find

HOST = "registry.example.com:5000"
SECRET = "pa:ss-wörd"


def auth(username: str = "me", password: str = SECRET) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


def write(path: Path, config: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return path


def helper(folder: Path, name: str, script: str) -> None:
    path = write(folder / f"docker-credential-{name}", f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def told(folder: Path) -> str:
    return f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def in_docker(tmp_path: Path, config: object, host: str = HOST, repository: str = "team/app", **env: str) -> credentials.Search:
    write(tmp_path / "config.json", config)
    return find(host, repository, {"DOCKER_CONFIG": str(tmp_path), "PATH": told(tmp_path), **env})


def user(search: credentials.Search) -> str:
    assert search.found is not None, search.looked
    return search.found.username


def test_variables_come_before_files(tmp_path: Path) -> None:
    config = {"auths": {HOST: auth()}}
    given = {"IMAGEGATE_REGISTRY_USERNAME": "ci", "IMAGEGATE_REGISTRY_PASSWORD": SECRET}
    found = in_docker(tmp_path, config, **given).found
    assert found is not None
    assert (found.username, found.password) == ("ci", SECRET)
    found = in_docker(tmp_path, config, IMAGEGATE_REGISTRY_TOKEN="t\n", **given).found
    assert found == Credentials("IMAGEGATE_REGISTRY_TOKEN", bearer="t")
    gitlab = json.dumps({"auths": {HOST: auth("gitlab")}})
    assert user(in_docker(tmp_path, config, DOCKER_AUTH_CONFIG=gitlab)) == "gitlab"


def test_half_a_login_is_an_error() -> None:
    with pytest.raises(SourceError, match="IMAGEGATE_REGISTRY_PASSWORD is not"):
        find(HOST, "a", {"IMAGEGATE_REGISTRY_USERNAME": "ci"})
    with pytest.raises(SourceError, match="IMAGEGATE_REGISTRY_USERNAME is not"):
        find(HOST, "a", {"IMAGEGATE_REGISTRY_PASSWORD": SECRET})


@pytest.mark.parametrize("key", [HOST, f"https://{HOST}", f"https://{HOST}/v1/", f"http://{HOST}/v2", f"{HOST}/", f"{HOST}/v1"])
def test_a_host_is_found_as_older_and_newer_logins_wrote_it(tmp_path: Path, key: str) -> None:
    found = in_docker(tmp_path, {"auths": {key: auth()}}).found
    assert found == Credentials(str(tmp_path / "config.json"), "me", SECRET)


@pytest.mark.parametrize(
    "key", ["registry.example.com", f"x{HOST}", f"{HOST}0", f"{HOST}/tea", f"https://evil.example/{HOST}", ""]
)
def test_another_host_gets_nothing(tmp_path: Path, key: str) -> None:
    assert in_docker(tmp_path, {"auths": {key: auth()}}).found is None


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_has_several_names(tmp_path: Path, key: str) -> None:
    assert user(in_docker(tmp_path, {"auths": {key: auth()}}, "docker.io", "library/app")) == "me"


def test_the_longest_namespace_wins(tmp_path: Path) -> None:
    auths = {HOST: auth("host"), f"{HOST}/team": auth("team"), f"{HOST}/team/app": auth("app"), f"{HOST}/te": auth("no")}
    path = str(write(tmp_path / "auth.json", {"auths": auths}))
    for repository, name in (("team/app", "app"), ("team/other", "team"), ("team/app2", "team"), ("else", "host")):
        assert user(find(HOST, repository, {"REGISTRY_AUTH_FILE": path})) == name


def test_the_files_of_podman_are_read(tmp_path: Path) -> None:
    write(tmp_path / "run/containers/auth.json", {"auths": {HOST: auth("runtime")}})
    write(tmp_path / "settings/containers/auth.json", {"auths": {HOST: auth("settings")}})
    write(tmp_path / "home/.config/containers/auth.json", {"auths": {HOST: auth("home")}})
    assert (
        user(find(HOST, "a", {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "XDG_CONFIG_HOME": str(tmp_path / "settings")}))
        == "runtime"
    )
    assert user(find(HOST, "a", {"XDG_CONFIG_HOME": str(tmp_path / "settings"), "HOME": str(tmp_path / "home")})) == "settings"
    assert user(find(HOST, "a", {"HOME": str(tmp_path / "home")})) == "home"
    write(tmp_path / "home/.docker/config.json", {"auths": {HOST: auth("docker")}})
    assert user(find(HOST, "a", {"HOME": str(tmp_path / "home")})) == "docker"


def test_tokens_are_told_from_passwords(tmp_path: Path) -> None:
    found = in_docker(tmp_path, {"auths": {HOST: auth("me", "") | {"identitytoken": "i"}}}).found
    assert found is not None
    assert (found.identity, found.password) == ("i", "")
    found = in_docker(tmp_path, {"auths": {HOST: {"registrytoken": "r"}}}).found
    assert found is not None
    assert found.bearer == "r"
    assert user(in_docker(tmp_path, {"auths": {HOST: {"username": "plain", "password": "p"}}})) == "plain"


def test_a_helper_of_the_host_comes_before_the_common_one_and_both_before_the_file(tmp_path: Path) -> None:
    helper(tmp_path, "own", f'[ "$1" = get ] && [ "$(cat)" = {HOST} ] && echo \'{{"Username": "own", "Secret": "s"}}\'')
    helper(tmp_path, "all", 'echo \'{"Username": "all", "Secret": "s"}\'')
    config: dict[str, Any] = {"auths": {HOST: auth("file")}, "credsStore": "all", "credHelpers": {HOST: "own", "other": "x"}}
    assert user(in_docker(tmp_path, config)) == "own"
    assert user(in_docker(tmp_path, config | {"credHelpers": {}})) == "all"
    assert user(in_docker(tmp_path, config | {"credHelpers": {}, "credsStore": ""})) == "file"


def test_docker_hub_is_asked_for_by_its_old_address(tmp_path: Path) -> None:
    helper(tmp_path, "hub", '[ "$(cat)" = https://index.docker.io/v1/ ] && echo \'{"Username": "<token>", "Secret": "t"}\'')
    for config in ({"credsStore": "hub"}, {"credHelpers": {"docker.io": "hub"}}):
        found = in_docker(tmp_path, config, "docker.io", "library/app").found
        assert found == Credentials("docker-credential-hub", identity="t")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo credentials not found in native keychain; exit 1", "has none, or fails"),
        ("kill -9 $$", "has none, or fails"),
        (f"echo {SECRET}", "answered nonsense"),
        ("echo '[1]'", "answered nonsense"),
        ('echo \'{"Username": 1, "Secret": "s"}\'', "answered nonsense"),
        ("head -c 100000 /dev/zero | tr '\\0' '['", "answered nonsense"),
        ('echo \'{"Username": "", "Secret": ""}\'', "docker-credential-bad"),
    ],
)
def test_a_helper_that_does_not_help_is_named_and_the_search_goes_on(tmp_path: Path, script: str, reason: str) -> None:
    helper(tmp_path, "bad", script)
    search = in_docker(tmp_path, {"credsStore": "bad"})
    assert search.found is None
    assert reason in search.told()
    assert SECRET not in search.told()
    assert user(in_docker(tmp_path, {"credsStore": "bad", "auths": {HOST: auth("file")}})) == "file"


def test_a_helper_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "docker-credential-gone (not installed)" in in_docker(tmp_path, {"credsStore": "gone"}).told()


def test_a_helper_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_HELPER_TIMEOUT", 0.5)
    helper(tmp_path, "slow", f"sleep 300 & echo $! > {tmp_path}/child; sleep 300")
    begun = time.monotonic()
    assert in_docker(tmp_path, {"credsStore": "slow"}).found is None
    assert time.monotonic() - begun < 30
    child = Path("/proc") / (tmp_path / "child").read_text().strip() / "status"
    end = time.monotonic() + 5
    while child.exists() and "zombie" not in child.read_text() and time.monotonic() < end:
        time.sleep(0.02)
    assert not child.exists() or "zombie" in child.read_text()


@pytest.mark.parametrize("name", ["../x", "a b", "x;touch y", "$(x)", 7, ["x"], "x\n"])
def test_a_helper_that_is_no_name_is_not_run(tmp_path: Path, name: object) -> None:
    with pytest.raises(SourceError, match="names the credential helper"):
        in_docker(tmp_path, {"credsStore": name})


@pytest.mark.parametrize("text", ['{"auths": {"%s": "%s"', "[]", "7", "[" * 100_000, "\xff"])
def test_a_broken_file_is_named_but_not_shown(tmp_path: Path, text: str) -> None:
    text = text.replace("%s", SECRET)
    with pytest.raises(SourceError) as caught:
        in_docker(tmp_path, text)
    assert str(tmp_path) in caught.value.message
    assert SECRET not in caught.value.message + caught.value.hint
    with pytest.raises(SourceError, match="DOCKER_AUTH_CONFIG holds no JSON object"):
        find(HOST, "a", {"DOCKER_AUTH_CONFIG": text})


@pytest.mark.parametrize(
    "config",
    [
        "",
        "{}",
        {"auths": []},
        {"auths": {HOST: 7}},
        {"auths": {HOST: {}}},
        {"auths": {HOST: {"auth": "%%"}}},
        {"credHelpers": []},
    ],
)
def test_what_holds_no_credentials_gives_none(tmp_path: Path, config: object) -> None:
    search = in_docker(tmp_path, config)
    assert search.found is None
    assert str(tmp_path / "config.json") in search.told()


def test_nothing_is_read_from_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "auth.json")
    assert find(HOST, "a", {"REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")}).found is None


def test_a_secret_is_not_part_of_the_repr() -> None:
    shown = repr(Credentials("file", "me", password=SECRET, identity=SECRET, bearer=SECRET))
    assert SECRET not in shown
