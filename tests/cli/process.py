"""Runs the installed program as a user does: a real process with a clean environment."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KEEP = ("PATH", "HOME", "TMPDIR", "LANG", "SYSTEMROOT")


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def environment(**extra: str) -> dict[str, str]:
    """Return an environment without CI variables, an engine, or settings of whoever runs the tests."""
    kept = {name: os.environ[name] for name in _KEEP if name in os.environ}
    return kept | {"DOCKER_HOST": "unix:///nonexistent/docker.sock", "COLUMNS": "100"} | extra


def imagegate(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Run:
    """Run the program to its end."""
    command = [sys.executable, "-m", "imagegate", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env=environment(**(env or {})), input=stdin, capture_output=True, timeout=120, check=False
    )
    run = Run(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in run.text, run.text
    return run


def result(path: Path) -> dict[str, Any]:
    """Return a JSON result."""
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded
