"""The component for GitLab, run by gitlab-ci-local with the real program."""

import shutil
from pathlib import Path

import pytest

from .tools import TEMPLATES, commit_all, environment, in_front, require, run, violated

PIPELINE = """
stages: [test]
include:
  - local: /ci-templates/gitlab/imagegate.yml
    inputs:
      image: docker-archive:image.tar
      policy: no-such-policy.yaml
      on_violation: {on_violation}
after:
  stage: .post
  script: [echo "the pipeline went on"]
"""


def pipeline(folder: Path, on_violation: str, program: Path) -> tuple[int, str]:
    """Run the component with a program in a new project and return the exit code and the log."""
    tool = require("gitlab-ci-local")
    (folder / "ci-templates" / "gitlab").mkdir(parents=True)
    shutil.copy(TEMPLATES / "gitlab" / "imagegate.yml", folder / "ci-templates" / "gitlab")
    (folder / ".gitlab-ci.yml").write_text(PIPELINE.format(on_violation=on_violation), encoding="utf-8")
    commit_all(folder)
    done = run(
        tool, "--force-shell-executor", "--shell-isolation", "--no-color", "--artifacts-to-source=false",
        cwd=folder,
        env=environment(PATH=in_front(program), HOME=str(folder / "home"), IMAGEGATE_OFFLINE="true"),
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("on_violation", ["fail", "warn"])
def test_job_ends_as_the_gate_ends(tmp_path: Path, on_violation: str) -> None:
    """A policy that is not there fails the job in both modes, and the reports are kept."""
    program = Path(require("imagegate")).parent
    folder = tmp_path / "project"

    code, log = pipeline(folder, on_violation, program)

    # Once some exit codes are allowed, gitlab-ci-local lets the pipeline pass with any; the mark is right.
    assert "FAIL 2" in log, log
    assert code == 1 or on_violation == "warn"
    kept = {path.name for path in (folder / ".gitlab-ci-local" / "artifacts").rglob("imagegate.*")}
    assert kept == {"imagegate.json", "imagegate.sarif", "imagegate.xml"}, log


def test_violated_policy_stops_the_pipeline(tmp_path: Path) -> None:
    """Exit code 10 fails the job and no later stage runs."""
    code, log = pipeline(tmp_path / "project", "fail", violated(tmp_path))

    assert code == 1, log
    assert "FAIL 10" in log
    assert "> the pipeline went on" not in log


def test_violated_policy_warns_on_request(tmp_path: Path) -> None:
    """Exit code 10 marks the job in the warn mode, and the pipeline goes on."""
    code, log = pipeline(tmp_path / "project", "warn", violated(tmp_path))

    assert code == 0, log
    assert "WARN 10" in log
    assert "> the pipeline went on" in log
