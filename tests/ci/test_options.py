"""The pipeline files use only options and variables that the program has."""

import re

import pytest

from .tools import ROOT, TEMPLATES, environment, passes, require

FILES = (
    ROOT / "Jenkinsfile.example",
    TEMPLATES / "README.md",
    TEMPLATES / "github" / "action.yml",
    TEMPLATES / "github" / "example-workflow.yml",
    TEMPLATES / "gitlab" / "imagegate.yml",
    TEMPLATES / "gitlab" / "example.gitlab-ci.yml",
    TEMPLATES / "jenkins" / "imageGate.groovy",
    TEMPLATES / "travis" / ".travis.yml",
)
# Options of the other programs that the files call.
FOREIGN = {"--tag", "--output", "--quiet", "--disable-pip-version-check"}
FORMATS = {"console", "json", "junit", "sarif"}


@pytest.fixture(scope="module", name="help_text")
def fixture_help_text() -> str:
    """Return what the installed program says about its check command."""
    wide = environment(COLUMNS="240", TERMINAL_WIDTH="240", NO_COLOR="1")
    return passes(require("imagegate"), "check", "--help", env=wide)


def test_options_exist(help_text: str) -> None:
    """Every long option in the files is one of the check command."""
    known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", help_text))
    for path in FILES:
        used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", path.read_text(encoding="utf-8"))) - FOREIGN

        assert used <= known, path


def test_variables_exist(help_text: str) -> None:
    """Every IMAGEGATE_ variable in the files is read by the check command."""
    known = set(re.findall(r"\bIMAGEGATE_[A-Z_]*[A-Z]", help_text))
    for path in FILES:
        used = set(re.findall(r"\bIMAGEGATE_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))

        assert used <= known, path


def test_files_use_something() -> None:
    """The search does find the options, so that the comparisons are not empty."""
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if "imagegate check" in text:
            assert "--report console" in text, path

            formats = set(re.findall(r'--report "?([a-z]+)(?:=|\b)', text))
            assert formats <= FORMATS, path
