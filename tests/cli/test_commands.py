"""The commands beside the exit codes: what they print, where, and what they leave behind."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.advisories import record, write_folder
from tests.cli.process import environment, imagegate, result
from tests.demo import make


def test_the_demo_breaks_a_build_on_heartbleed_and_leaves_nothing_behind(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    done = imagegate("demo", "-r", f"json={report}", cwd=tmp_path, env={"HOME": str(tmp_path)})
    assert done.code == 10
    assert done.out.startswith("FAIL  heartbleed:demo")
    assert "openssl 1.0.1-4ubuntu5.11: upgrade to 1.0.1-4ubuntu5.12" in done.out
    found = result(report)
    assert {finding["id"] for finding in found["findings"] if finding["status"] == "violates"} == {"CVE-2014-0160"}
    assert {finding["location"]["layer"] for finding in found["findings"]} == {1}
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_the_bundled_files_of_the_demo_are_what_their_maker_makes() -> None:
    for name, data in make.files().items():
        assert (make.FOLDER / name).read_bytes() == data, name


def test_the_version_costs_an_interpreter_and_typer() -> None:
    heavy = ("yaml", "requests", "sqlite3", "json", "isal", "zstandard", "cvss", "junit_xml", "concurrent.futures", "http.client")
    script = (
        "import sys, typer; before = set(sys.modules)\n"
        "import imagegate.cli.app\n"
        f"print([name for name in {heavy!r} if name in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_has_help_with_an_example() -> None:
    commands = ["check", "evaluate", "inspect", "demo", "policy init", "policy check", "policy show"]
    commands += [f"db {name}" for name in ("update", "build", "status", "export", "import")]
    for command in commands:
        done = imagegate(*command.split(), "--help")
        assert done.code == 0
        assert f"Example: imagegate {command}" in " ".join(done.out.split()), command


def test_standard_output_is_the_report_and_nothing_else(vulnerable: Path, store: Path) -> None:
    done = imagegate("check", vulnerable, "--db", store, "-r", "json")
    assert json.loads(done.out)["verdict"]["exit_code"] == 10
    assert done.err.startswith("policy recommended sha256:")
    done = imagegate("check", vulnerable, "--db", store, "-q")
    assert (done.code, done.out, done.err) == (10, "", "")


def test_all_reports_come_from_one_scan(vulnerable: Path, store: Path, tmp_path: Path) -> None:
    paths = {kind: tmp_path / kind for kind in ("console", "json", "junit", "sarif")}
    done = imagegate(
        "check", vulnerable, "--db", store, *(word for kind, path in paths.items() for word in ("-r", f"{kind}={path}"))
    )
    assert done.code == 10
    for path in paths.values():
        assert "CVE-2024-1" in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(paths)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_report_is_written_through_a_link_and_into_a_pipe(vulnerable: Path, store: Path, tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    link.symlink_to(real)
    assert imagegate("check", vulnerable, "--db", store, "-r", f"json={link}").code == 10
    assert link.is_symlink()
    assert result(real)["verdict"]["exit_code"] == 10
    done = imagegate("check", vulnerable, "--db", store, "-q", "-r", "json=/dev/stderr")
    assert json.loads(done.err)["verdict"]["exit_code"] == 10


def test_a_reader_who_leaves_early_does_not_change_the_verdict(vulnerable: Path, store: Path) -> None:
    command = [sys.executable, "-m", "imagegate", "check", str(vulnerable), "--db", str(store), "-r", "json"]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 10
    assert b"Traceback" not in err
    assert b"BrokenPipe" not in err


def test_a_policy_in_the_working_directory_is_used_and_draws_a_warning_in_ci(clean: Path, store: Path, tmp_path: Path) -> None:
    (tmp_path / "imagegate.yaml").write_text("version: 1\nextends: [strict]\n")
    done = imagegate("check", clean, "--db", store, cwd=tmp_path)
    assert done.err.startswith("policy imagegate.yaml sha256:")
    assert "warning" not in done.err
    done = imagegate("check", clean, "--db", store, cwd=tmp_path, env={"CI": "true"})
    assert "warning: the policy imagegate.yaml lies in the working directory" in done.err
    assert "warning" not in imagegate("check", clean, "--db", store, "-p", "strict", cwd=tmp_path, env={"CI": "true"}).err


def test_colours_and_progress_are_for_terminals(vulnerable: Path, store: Path, tmp_path: Path) -> None:
    plain = imagegate("check", vulnerable, "--db", store, env={"GITHUB_ACTIONS": "true", "FORCE_COLOR": "1"})
    assert "\x1b" not in plain.text
    assert "\x1b[" in imagegate("check", vulnerable, "--db", store, "--color", "always").out
    shown = _in_terminal("check", str(vulnerable), "--db", str(store))
    assert "\x1b[31;1mFAIL\x1b[0m" in shown
    assert "\x1b" not in _in_terminal("check", str(vulnerable), "--db", str(store), NO_COLOR="1")
    assert _in_terminal("check", str(tmp_path / "missing.tar")).count("no such file") == 1


def _in_terminal(*arguments: str, **env: str) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "imagegate", *arguments], env=environment(TERM="xterm", **env), stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other side has closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    process.wait(timeout=60)
    return shown.decode()


def test_a_stored_result_is_judged_again_without_scanning(vulnerable: Path, store: Path, tmp_path: Path) -> None:
    stored, again = tmp_path / "result.json", tmp_path / "again.json"
    assert imagegate("check", vulnerable, "--db", store, "-r", f"json={stored}").code == 10
    first = result(stored)
    done = imagegate("evaluate", stored, "--at", first["created"], "-r", f"json={again}")
    assert done.code == 10
    second = result(again)
    for key in ("verdict", "policy", "findings", "packages", "image", "waivers", "created"):
        assert json.dumps(first[key]) == json.dumps(second[key]), key
    assert "authenticated" in second["evidence"][-1]["detail"] or any(
        "authenticated" in item["detail"] for item in second["evidence"]
    )
    assert imagegate("evaluate", stored, "-p", "permissive", "--fail-on", "high").code == 2
    policy = tmp_path / "lenient.yaml"
    policy.write_text("version: 1\nrules: [{id: none, match: {id: CVE-1999-1}, action: fail}]\n")
    assert imagegate("evaluate", "-", "-p", policy, "--at", first["created"], stdin=stored.read_bytes()).code == 0
    assert imagegate("evaluate", stored, "-p", policy, "--at", "2035-01-01").code == 4
    assert imagegate("evaluate", stored, "--at", "yesterday").code == 2


def test_what_is_no_result_is_no_verdict(tmp_path: Path) -> None:
    for number, text in enumerate(
        ("", "[]", "{}", '{"schema": "imagegate/result/1"}', "<html>", '{"schema": "imagegate/results/1", "results": []}')
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(text)
        done = imagegate("evaluate", path, "-r", f"json={tmp_path / 'out'}")
        assert done.code == 3, text
        assert result(tmp_path / "out")["verdict"]["status"] == "none"
    assert imagegate("evaluate", tmp_path / "missing.json").code == 3


def test_a_failed_scan_stays_one_when_judged_again(store: Path, tmp_path: Path) -> None:
    assert imagegate("check", "./missing.tar", "--db", store, "-r", f"json={tmp_path / 'r'}", cwd=tmp_path).code == 3
    done = imagegate("evaluate", tmp_path / "r")
    assert done.code == 3
    assert "no such file" in done.err


def test_policies_are_written_checked_and_shown(tmp_path: Path) -> None:
    assert imagegate("policy", "init", cwd=tmp_path).code == 0
    assert imagegate("policy", "check", "imagegate.yaml", cwd=tmp_path).code == 0
    done = imagegate("policy", "init", cwd=tmp_path)
    assert (done.code, "--force" in done.err) == (2, True)
    shown = imagegate("policy", "show", "imagegate.yaml", cwd=tmp_path)
    assert shown.code == 0
    (tmp_path / "shown.yaml").write_text(shown.out)
    digest = shown.out.split()[2]
    assert digest in imagegate("policy", "check", "shown.yaml", cwd=tmp_path).out
    (tmp_path / "bad.yaml").write_text("version: 1\nextends: [strikt]\n")
    done = imagegate("policy", "check", "imagegate.yaml", "bad.yaml", cwd=tmp_path)
    assert (done.code, "bad.yaml:2:11" in done.err, "'strict'" in done.err) == (2, True, True)


def test_the_store_is_built_shown_exported_and_imported(vulnerable: Path, tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path / "osv", {"Wolfi": [record("CGA-9", "Wolfi", "openssl", "9-r0")]}, exploited=["CVE-2024-9"], pad=["Wolfi"]
    )
    built, carried, file = tmp_path / "built.db", tmp_path / "carried.db", tmp_path / "store.zst"
    assert imagegate("db", "build", folder, "--db", built).code == 0
    exported = imagegate("db", "export", file, "--db", built)
    digest = exported.out.split()[0]
    assert imagegate("db", "import", file, "--db", carried, "--sha256", "sha256:" + "0" * 64).code == 3
    assert imagegate("db", "import", file, "--db", carried, "--sha256", digest).code == 0
    facts = json.loads(imagegate("db", "status", "--json", "--db", carried).out)
    assert facts["origin"] == "import"
    assert facts["coverage"]["Wolfi"] > 1000
    shown = imagegate("db", "status", "--db", built).out
    assert "Wolfi" in shown
    assert "2020-01-02" in shown
    assert imagegate("check", vulnerable, "--db", carried).code == 10
    assert imagegate("db", "status", "--db", tmp_path / "none.db").code == 3
    assert imagegate("db", "build", tmp_path / "nowhere", "--db", built).code == 3


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell: str) -> None:
    done = imagegate("--show-completion", shell, env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert done.code == 0
    assert "imagegate" in done.out


def test_an_inventory_is_shown_and_written_without_judging(vulnerable: Path, empty: Path, tmp_path: Path) -> None:
    done = imagegate("inspect", vulnerable, "-r", f"cyclonedx={tmp_path / 'cdx'}", "-r", f"spdx={tmp_path / 'spdx'}")
    assert done.code == 0
    assert "libssl3  3.0.8-r0  from openssl" in done.out
    assert json.loads((tmp_path / "cdx").read_text())["specVersion"] == "1.6"
    assert json.loads((tmp_path / "spdx").read_text())["spdxVersion"] == "SPDX-2.3"
    assert json.loads(imagegate("inspect", vulnerable, "-r", "json").out)["distribution"]["id"] == "wolfi"
    done = imagegate("inspect", empty)
    assert (done.code, "warning: no_packages" in done.err) == (0, True)
    assert imagegate("inspect", "./missing.tar", cwd=tmp_path).code == 3
    assert imagegate("inspect", vulnerable, "-r", "pdf").code == 2
