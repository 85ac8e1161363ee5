"""What the shell, the streams and the names around a run may do to it: nothing that changes a verdict."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from tests.advisories import build_store, padding, record
from tests.cli.process import environment, imagegate
from tests.images import Image, apk, layer
from tests.report.hostile import commands


@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-", "2>/dev/full", "<&-"])
def test_a_closed_or_full_stream_does_not_change_the_verdict(closing: str, vulnerable: Path, clean: Path, store: Path) -> None:
    for image, code in ((vulnerable, 10), (clean, 0)):
        command = f'"{sys.executable}" -m imagegate check "{image}" --db "{store}" {closing}'
        assert subprocess.run(["bash", "-c", command], env=environment(), capture_output=True, check=False).returncode == code


def test_an_encoding_that_lacks_a_letter_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "version: 1\nextends: [strict]\nwaivers: {list: [{id: CVE-1, reason: größer, owner: ö, expires: 2020-01-01}]}\n"
    )
    assert imagegate("policy", "show", "p.yaml", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"}).code == 0


def test_nothing_waits_for_a_pipe_that_nobody_writes(vulnerable: Path, store: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert imagegate("evaluate", pipe).code == 3
    assert imagegate("check", pipe, "--db", store).code == 3
    assert imagegate("check", vulnerable, "--db", pipe, "--offline").code == 3
    assert imagegate("check", vulnerable, "--db", store, "-p", pipe).code == 2


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "", "now"])
def test_a_clock_beyond_all_time_is_a_wrong_option(moment: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{}")
    assert imagegate("evaluate", tmp_path / "r.json", "--at", moment).code == 2


def test_an_option_whose_variable_is_not_set_is_not_the_default(clean: Path, store: Path, tmp_path: Path) -> None:
    assert imagegate("check", clean, "--db", store, "-p", "").code == 2
    assert imagegate("check", clean, "--db", "").code == 2
    assert imagegate("check", clean, "--db", store, env={"IMAGEGATE_POLICY": "", "IMAGEGATE_FAIL_ON": ""}).code == 0
    (tmp_path / "imagegate.yaml").symlink_to("gone.yaml")
    assert imagegate("check", clean, "--db", store, cwd=tmp_path).code == 2


def test_a_log_with_a_report_in_it_holds_no_command(store: Path, tmp_path: Path) -> None:
    """On standard output reports are part of the log, and stay the documents that they are."""
    text = "##vso[task.complete result=Succeeded] ###[error]x"
    files = {"etc/os-release": "ID=wolfi\n", "usr/lib/apk/db/installed": apk(("openssl", "3.0.8-r0"))}
    image = Image([layer(files)], [f"RUN {text}"], labels={text: text}).docker_archive(tmp_path / "app.tar")
    for kind in ("json", "sarif", "junit"):
        shown = imagegate("check", image, "--db", store, "-r", kind).out
        assert "##" not in shown
        if kind == "junit":
            etree.fromstring(shown.encode())
        else:
            json.loads(shown)
    loaded = json.loads(imagegate("check", image, "--db", store, "-r", "json").out)
    assert loaded["image"]["labels"] == {text: text}


def test_what_a_store_calls_its_sources_is_no_command(tmp_path: Path) -> None:
    names = ["::error file=x::pwned", "##vso[task.complete]"]
    store = build_store(
        tmp_path / "s.db", {name: [record("X-1", name, "a", "1")] for name in names} | {"Wolfi": padding("Wolfi")}
    )
    assert commands(imagegate("db", "status", "--db", store).out) == []
