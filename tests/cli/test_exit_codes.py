"""Every way to reach every exit code."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagegate.cli import app
from tests.cli.process import environment, imagegate, result
from tests.images import Image, layer


def test_0_when_all_rules_hold_on_complete_evidence(clean: Path, store: Path, tmp_path: Path) -> None:
    report = tmp_path / "result.json"
    done = imagegate("check", f"docker-archive:{clean}", "--db", store, "-r", f"json={report}")
    assert done.code == 0, done.text
    assert done.out.startswith("PASS")
    assert result(report)["verdict"] == {"status": "pass", "exit_code": 0, "reasons": [], "report_only": False}


def test_10_when_a_rule_is_violated(vulnerable: Path, store: Path, tmp_path: Path) -> None:
    report = tmp_path / "result.json"
    done = imagegate("check", vulnerable, "--db", store, "-r", f"json={report}")
    assert done.code == 10
    assert done.out.startswith("FAIL")
    found = [finding for finding in result(report)["findings"] if finding["status"] == "violates"]
    assert [(finding["id"], finding["fixed_in"], finding["location"]["layer"]) for finding in found] == [
        ("CVE-2024-1", ["3.0.9-r0"], 1)
    ]
    for word in ("CVE-2024-1", "libssl3 3.0.8-r0", "3.0.9-r0", "layer 1 (RUN apk add libssl3)", "no-critical"):
        assert word in done.out


def test_10_with_fail_on_and_0_above_it(vulnerable: Path, store: Path) -> None:
    assert imagegate("check", vulnerable, "--db", store, "--fail-on", "critical").code == 10
    assert imagegate("check", vulnerable, "--db", store, env={"IMAGEGATE_FAIL_ON": "low"}).code == 10


def test_10_stays_10_where_evidence_is_missing_too(vulnerable: Path, store: Path, tmp_path: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text("version: 1\nextends: [recommended]\nevidence: {database_max_age: 0h}\n")
    done = imagegate("check", vulnerable, "--db", store, "-p", policy)
    assert done.code == 10
    assert "stale_database" in done.out


def test_10_stays_10_where_another_image_cannot_be_scanned(vulnerable: Path, clean: Path, store: Path, tmp_path: Path) -> None:
    report = tmp_path / "results.json"
    done = imagegate("check", clean, "./missing.tar", vulnerable, "--db", store, "-r", f"json={report}", cwd=tmp_path)
    assert done.code == 10
    envelope = result(report)
    assert envelope["schema"] == "imagegate/results/1"
    assert [one["verdict"]["exit_code"] for one in envelope["results"]] == [0, 3, 10]
    assert (envelope["verdict"]["status"], envelope["verdict"]["exit_code"]) == ("fail", 10)
    assert "no such file" in done.text


def test_3_comes_before_4_and_4_before_0(clean: Path, empty: Path, store: Path, tmp_path: Path) -> None:
    assert imagegate("check", clean, empty, "--db", store).code == 4
    assert imagegate("check", clean, empty, "./missing.tar", "--db", store, cwd=tmp_path).code == 3


def test_report_only_turns_10_into_0_and_says_so(vulnerable: Path, store: Path, tmp_path: Path) -> None:
    reports = [f"{kind}={tmp_path / kind}" for kind in ("json", "junit", "sarif")]
    done = imagegate(
        "check", vulnerable, "--db", store, "--report-only", *(word for report in reports for word in ("-r", report))
    )
    assert done.code == 0
    assert done.out.startswith("FAIL")
    assert "--report-only" in done.out
    verdict = result(tmp_path / "json")["verdict"]
    assert (verdict["status"], verdict["exit_code"], verdict["report_only"]) == ("fail", 0, True)
    assert "report-only" in (tmp_path / "junit").read_text()
    assert "report-only" in (tmp_path / "sarif").read_text()


def test_report_only_forgives_nothing_but_the_violation(vulnerable: Path, empty: Path, store: Path, tmp_path: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text("version: 1\nextends: [recommended]\nevidence: {database_max_age: 0h}\n")
    assert imagegate("check", vulnerable, "--db", store, "-p", policy, "--report-only").code == 4
    assert imagegate("check", empty, "--db", store, "--report-only").code == 4
    assert imagegate("check", "./missing.tar", "--db", store, "--report-only", cwd=tmp_path).code == 3


def test_4_without_packages(empty: Path, store: Path) -> None:
    done = imagegate("check", empty, "--db", store)
    assert done.code == 4
    assert done.out.startswith("NO VERDICT")
    assert "no_packages" in done.out


def test_4_for_a_distribution_past_its_end_and_advisories_past_their_age(old_debian: Path, store: Path, tmp_path: Path) -> None:
    done = imagegate("check", old_debian, "--db", store)
    assert done.code == 4
    assert "debian 11 is not supported any more: its last day was 2026-08-31" in done.out
    policy = tmp_path / "p.yaml"
    policy.write_text("version: 1\nextends: [recommended]\nevidence: {end_of_life: warn}\n")
    assert imagegate("check", old_debian, "--db", store, "-p", policy).code == 0


def test_3_for_what_cannot_be_read(clean: Path, store: Path, tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("not an image at all, but long enough to be looked at" * 40)
    (tmp_path / "cut.tar").write_bytes(clean.read_bytes()[:3000])
    (tmp_path / "empty.tar").write_bytes(b"")
    lying = Image([layer({"etc/os-release": "ID=wolfi\n"})], changes={"rootfs": {"diff_ids": ["sha256:" + "0" * 64]}})
    lying.docker_archive(tmp_path / "lying.tar")
    for name in ("text.tar", "cut.tar", "empty.tar", "lying.tar", "missing.tar"):
        report = tmp_path / f"{name}.json"
        done = imagegate("check", f"./{name}", "--db", store, "-r", f"json={report}", cwd=tmp_path)
        assert done.code == 3, (name, done.text)
        assert f"{name}: " in done.err
        assert "hint: " in done.err
        assert result(report)["verdict"]["status"] == "none"


def test_3_when_no_engine_answers_or_it_has_no_such_image(store: Path) -> None:
    done = imagegate("check", "docker:app:1", "--db", store)
    assert done.code == 3
    assert "DOCKER_HOST" in done.err
    done = imagegate("check", "registry:127.0.0.1:1/app:1", "--db", store)
    assert done.code == 3
    assert done.err.count("error:") == 1


def test_3_for_a_store_that_is_missing_or_damaged(vulnerable: Path, store: Path, tmp_path: Path) -> None:
    assert imagegate("check", vulnerable, "--db", tmp_path / "none.db", "--offline").code == 3
    (tmp_path / "empty.db").write_bytes(b"")
    (tmp_path / "cut.db").write_bytes(store.read_bytes()[:-4096])
    (tmp_path / "page.db").write_bytes(b"<html>proxy</html>" * 100)
    for name in ("empty.db", "cut.db", "page.db"):
        done = imagegate("check", vulnerable, "--db", tmp_path / name, "--offline")
        assert done.code == 3, name
        assert name in done.err


def test_2_for_a_wrong_command_line_and_the_reports_say_so(clean: Path, tmp_path: Path) -> None:
    wrong = (
        ["--bogus"],
        ["-r", "pdf=x"],
        ["-r", "json", "-r", "sarif"],
        ["--fail-on", "bad"],
        ["--platform", "amd64"],
        ["--color", "no"],
    )
    for number, arguments in enumerate([*wrong, ["--fail-on", "high", "-p", "strict"], ["--jobs", "many"]]):
        report = tmp_path / f"{number}.json"
        done = imagegate("check", clean, "-r", f"json={report}", *arguments)
        assert done.code == 2, (arguments, done.text)
        assert result(report)["verdict"]["exit_code"] == 2


def test_2_for_a_wrong_policy_and_the_reports_say_so(clean: Path, store: Path, tmp_path: Path) -> None:
    (tmp_path / "imagegate.yaml").write_text("version: 1\nrules:\n  - {id: a, match: {sevrity: high}, action: fail}\n")
    kinds = ("json", "junit", "sarif", "console")
    reports = [word for kind in kinds for word in ("-r", f"{kind}={tmp_path / kind}")]
    done = imagegate("check", clean, "--db", store, *reports, cwd=tmp_path)
    assert done.code == 2
    assert "imagegate.yaml:3:21: unknown key 'sevrity'" in done.err
    assert "Did you mean 'severity'?" in done.err
    for kind in kinds:
        assert "sevrity" in (tmp_path / kind).read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full and /sys are Linux")
def test_2_when_a_report_cannot_be_written_after_the_others_were(vulnerable: Path, store: Path, tmp_path: Path) -> None:
    good = tmp_path / "new" / "folder" / "result.json"
    for bad in ("/dev/full", "/sys/kernel/result.json", str(tmp_path)):
        done = imagegate("check", vulnerable, "--db", store, "-r", f"sarif={bad}", "-r", f"json={good}")
        assert done.code == 2, bad
        assert bad in done.err
        assert result(good)["verdict"]["exit_code"] == 10
        good.unlink()


def test_1_for_a_bug_with_reports_and_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> Iterator[int]:
        yield 1 // 0

    monkeypatch.setattr("imagegate.gate.check", broken)
    monkeypatch.setattr(sys, "argv", ["imagegate", "check", "./x.tar", "-r", f"json={tmp_path / 'r.json'}"])
    with pytest.raises(SystemExit) as left:
        app.main()
    assert left.value.code == 1
    assert result(tmp_path / "r.json")["verdict"]["exit_code"] == 1
    told = capsys.readouterr()
    assert "bug" in told.err
    assert "Traceback" not in told.err + told.out


@pytest.fixture
def silent_engine(tmp_path: Path) -> Iterator[str]:
    """An engine that takes the question and never answers."""
    path = tmp_path / "engine.sock"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    yield f"unix://{path}"
    listener.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_130_and_143_when_stopped_with_reports(
    number: signal.Signals, code: int, silent_engine: str, store: Path, tmp_path: Path
) -> None:
    report = tmp_path / "r.json"
    command = [sys.executable, "-m", "imagegate", "check", "docker:app", "--db", str(store), "-r", f"json={report}"]
    process = subprocess.Popen(
        command, env=environment(DOCKER_HOST=silent_engine), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith(b"policy ")
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == code, err
    assert b"Traceback" not in out + err
    assert result(report)["verdict"]["exit_code"] == code


def test_3_when_an_engine_keeps_silent_for_too_long(silent_engine: str, store: Path) -> None:
    done = imagegate("check", "docker:app", "--db", store, "--timeout", "1", env={"DOCKER_HOST": silent_engine})
    assert done.code == 3
    assert "cannot be reached" in done.err
