"""What the README shows is what happens."""

import json
import os
import re
import shlex
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from imagegate.cli.exit_code import MEANING
from tests.ci.tools import missing
from tests.clair.conftest import server_v4  # noqa: F401
from tests.clair.recordings import recorded
from tests.clair.server_v4 import ClairV4
from tests.clair.subjects import heartbleed
from tests.cli.conftest import clean, home, store, vulnerable  # noqa: F401
from tests.cli.process import environment, imagegate
from tests.images import Image, apk, layer

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    return [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]


def test_the_exit_codes_are_those_of_the_program() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \|$", README, re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == MEANING


def test_the_help_block_is_what_the_program_prints() -> None:
    shown = imagegate("--help", env={"COLUMNS": "100"}).out.replace("python -m imagegate", "imagegate")
    assert shown.strip() in README


def test_what_the_demo_prints_begins_as_shown() -> None:
    shown = next(block for block in blocks("text") if block.startswith("FAIL"))
    assert imagegate("demo").out.startswith(shown.rstrip())


def test_the_policy_is_right(tmp_path: Path) -> None:
    policy = next(block for block in blocks("yaml") if block.startswith("version: 1"))
    text = re.sub(r"expires: \d{4}-\d\d-\d\d", "expires: 2000-01-01", policy)  # expired is right, too long is not
    (tmp_path / "imagegate.yaml").write_text(text)
    assert imagegate("policy", "check", "imagegate.yaml", cwd=tmp_path).code == 0


def test_every_yaml_block_is_yaml() -> None:
    assert all(isinstance(yaml.safe_load(block), dict) for block in blocks("yaml"))


def test_the_test_command_is_the_one_of_ci() -> None:
    assert commands()[1].endswith(".venv/bin/pytest -q")
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("pytest -q")


def test_the_first_command_sets_up_a_fresh_machine_and_breaks_a_build(tmp_path: Path) -> None:
    if os.environ.get("CI") != "true":
        missing("needs the package index and half a minute; runs in CI")
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / name).symlink_to(ROOT / name)
    env = {key: value for key, value in os.environ.items() if not key.startswith("IMAGEGATE_")}
    done = subprocess.run(
        ["bash", "-c", commands()[0]], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 10, done.stderr
    assert done.stdout.startswith("FAIL  heartbleed:demo")


class _Engine(BaseHTTPRequestHandler):
    """Answers as Docker's API does for one image."""

    archive = b""
    identity = ""

    def do_GET(self) -> None:
        known = self.path.endswith("/json") or self.identity in self.path
        body = json.dumps({"Id": self.identity}).encode() if self.path.endswith("/json") else self.archive
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "engine"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def engine(tmp_path: Path, vulnerable: Path) -> Iterator[str]:  # noqa: F811
    path = tmp_path / "engine.sock"
    _Engine.archive = vulnerable.read_bytes()
    config = next(name for name in _names(vulnerable) if name.endswith(".json") and name != "manifest.json")
    _Engine.identity = "sha256:" + config.removesuffix(".json")
    server = socketserver.ThreadingUnixStreamServer(str(path), _Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"unix://{path}"
    server.shutdown()
    server.server_close()


def _names(path: Path) -> list[str]:
    import tarfile

    with tarfile.open(path) as archive:
        return archive.getnames()


def test_every_example_of_the_program_does_what_it_says(
    engine: str,
    server_v4: ClairV4,  # noqa: F811
    store: Path,  # noqa: F811
    vulnerable: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Run them one after the other in a folder that has what they name."""
    (tmp_path / "imagegate.yaml").write_text("version: 1\nextends: [recommended]\n")
    (tmp_path / "image.tar").write_bytes(vulnerable.read_bytes())
    files = {"etc/os-release": "ID=wolfi\n", "usr/lib/apk/db/installed": apk(("openssl", "3.0.9-r0"))}
    Image([layer(files)], name="1.4").oci(tmp_path / "build" / "layout")
    examples = [command for command in commands() if command.startswith("imagegate ")]
    expected = {
        "imagegate check docker:app:1.4": 10,
        "imagegate check docker-archive:image.tar -p imagegate.yaml -r junit=gate.xml -r sarif=gate.sarif": 10,
        "imagegate check oci:build/layout:1.4 --fail-on high": 0,
        "imagegate check docker:app:1.4 -r json=result.json": 10,
        "imagegate evaluate result.json -p strict --at 2026-11-01": 10,
        "imagegate doctor -b clair": 0,
        "imagegate check -b clair docker-archive:heartbleed.tar --by-layer": 10,
        "imagegate evaluate report.json --fail-on high": 10,
    }
    assert examples == list(expected)
    heartbleed().docker_archive(tmp_path / "heartbleed.tar")
    (tmp_path / "report.json").write_text(json.dumps(recorded("heartbleed-report")["response"]["body"]))
    env = environment(DOCKER_HOST=engine, IMAGEGATE_DB=str(store), IMAGEGATE_CLAIR_URL=server_v4.url)
    for example in examples:
        command = [sys.executable, "-m", *shlex.split(example)]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == expected[example], (example, done.stdout, done.stderr)
    assert (tmp_path / "gate.xml").exists()
    assert (tmp_path / "gate.sarif").exists()


def test_options_and_commands_in_the_text_exist() -> None:
    helps = {
        name: imagegate(*name.split(), "--help").out
        for name in (
            "check",
            "evaluate",
            "db update",
            "db build",
            "db import",
            "db export",
            "db status",
            "policy init",
            "policy check",
            "doctor",
        )
    }
    everywhere = " ".join(helps.values()) + imagegate("--help").out
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)):
        assert option in everywhere, option
    for command in re.findall(r"`imagegate ((?:db|policy) [a-z]+)", README):
        assert command in helps, command
