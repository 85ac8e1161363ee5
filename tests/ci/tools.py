"""Finds and runs the programs that check the pipeline files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "ci-templates"

# A variable of the machine must not change what a pipeline does in a test.
FOREIGN = ("IMAGEGATE_", "GITHUB_", "GITLAB_", "CI_", "ACT_", "RUNNER_", "GATE_")


def require(tool: str) -> str:
    """Return the path of a program, or skip the test where it is missing; in CI that is a failure."""
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    installed = os.environ.get("IMAGEGATE_TEST_TOOLS")
    if installed:
        folders += [str(Path(installed) / "bin"), str(Path(installed) / "node_modules" / ".bin")]
    path = shutil.which(tool, path=os.pathsep.join(folders))
    if path is not None:
        return path
    missing(f"{tool} is not installed; tests/ci/install-tools.sh PREFIX, then IMAGEGATE_TEST_TOOLS=PREFIX")
    raise AssertionError


def missing(reason: str) -> None:
    """Skip the test for want of something; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def environment(**extra: str) -> dict[str, str]:
    """Return the environment for a tool, without what belongs to the pipeline that runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    kept.pop("CI", None)
    return {**kept, **extra}


def in_front(folder: Path) -> str:
    """Return the search path with a folder before all others."""
    return f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def violated(folder: Path) -> Path:
    """Make a stand-in for the program that finds every policy violated, and return its folder.

    What a pipeline makes of exit code 10 is the pipeline file's own affair, so no image is needed to see it.
    """
    program = folder / "stand-in" / "imagegate"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 10\n", encoding="utf-8")
    program.chmod(0o755)
    return program.parent


def run(
    *command: str | Path,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return what it said, with both streams as text."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment() if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def passes(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Run a program that has to succeed and return its standard output."""
    done = run(*command, cwd=cwd, env=env)
    assert done.returncode == 0, f"{command[0]}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def commit_all(folder: Path) -> None:
    """Make a folder a git repository with one commit of all that is in it."""
    git = require("git")
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    passes(git, "init", "--quiet", "--initial-branch=main", cwd=folder)
    passes(git, "add", "--all", cwd=folder)
    passes(git, *identity, "commit", "--quiet", "--message=test", cwd=folder)
    passes(git, "remote", "add", "origin", "https://git.example.org/group/project.git", cwd=folder)
