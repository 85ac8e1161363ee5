"""Every pipeline file keeps to the published schema of the system that reads it."""

from pathlib import Path

import pytest
import yaml

from .tools import ROOT, TEMPLATES, passes, require, run

WORKFLOWS = (
    ".github/workflows/ci.yml",
    ".github/workflows/release.yml",
    "ci-templates/github/example-workflow.yml",
)
GITLAB = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
FILES = (
    *(("vendor.github-workflows", path) for path in WORKFLOWS),
    *(("custom.github-workflows-require-timeout", path) for path in WORKFLOWS),
    ("vendor.github-actions", "ci-templates/github/action.yml"),
    ("vendor.dependabot", ".github/dependabot.yml"),
    ("vendor.travis", "ci-templates/travis/.travis.yml"),
)
TRAVIS_KEYS = {"language", "python", "os", "services", "env", "install", "before_script", "script"}


@pytest.mark.parametrize(("schema", "path"), FILES)
def test_file_keeps_to_its_schema(schema: str, path: str) -> None:
    """The file is valid."""
    passes(require("check-jsonschema"), "--builtin-schema", schema, path)


def test_schema_check_sees_a_mistake(tmp_path: Path) -> None:
    """A step of a composite action without its shell is refused, so the check does look."""
    broken = tmp_path / "action.yml"
    text = (TEMPLATES / "github" / "action.yml").read_text(encoding="utf-8")
    broken.write_text(text.replace("      shell: bash\n", "", 1), encoding="utf-8")

    done = run(require("check-jsonschema"), "--builtin-schema", "vendor.github-actions", broken)

    assert done.returncode == 1


def test_gitlab_example_keeps_to_its_schema() -> None:
    """The example for GitLab is valid."""
    example = TEMPLATES / "gitlab" / "example.gitlab-ci.yml"

    passes(require("check-jsonschema"), *GITLAB, example)


def test_gitlab_component_keeps_to_its_schema(tmp_path: Path) -> None:
    """The jobs of the component are valid, and its header declares every input that they use."""
    component = (TEMPLATES / "gitlab" / "imagegate.yml").read_text(encoding="utf-8")
    header, jobs = component.split("\n---\n")
    # The schema knows no component: it takes one document, and no placeholder where a key belongs.
    path = tmp_path / ".gitlab-ci.yml"
    path.write_text(jobs, encoding="utf-8")

    passes(require("check-jsonschema"), *GITLAB, path)

    declared = set(yaml.safe_load(header)["spec"]["inputs"])
    used = {part.split(" ]]")[0] for part in jobs.split("$[[ inputs.")[1:]}
    assert declared == used


def test_travis_file_has_only_known_keys() -> None:
    """The schema for Travis lets unknown keys pass, so they are compared here."""
    keys = set(yaml.safe_load((TEMPLATES / "travis" / ".travis.yml").read_text(encoding="utf-8")))

    assert keys == TRAVIS_KEYS


def test_files_name_no_machine() -> None:
    """No pipeline file holds a path of a developer's machine."""
    files = [ROOT / "Jenkinsfile.example", *ROOT.glob(".github/**/*.yml"), *TEMPLATES.rglob("*")]
    for path in files:
        if path.is_file():
            text = path.read_text(encoding="utf-8")

            assert "/home/" not in text, path
            assert "/work/" not in text, path
