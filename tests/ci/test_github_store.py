"""The workflow that publishes the advisory store, its scripts run against a mirror and a real registry."""

import shlex
import sys
from pathlib import Path

from imagegate.advisory.file import SCHEMA
from imagegate.advisory.store import Store
from imagegate.matcher.ecosystem import archives
from tests.advisories import archive, record
from tests.advisory.bucket import serving
from tests.real.test_registry import USER, Registry, guarded  # noqa: F401 - a fixture

from .test_github import BASH, steps
from .tools import ROOT, environment, run

WORKFLOW = ROOT / ".github" / "workflows" / "store.yml"


def script(name: str) -> str:
    """Return the script of a step."""
    return next(str(step["run"]) for step in steps(WORKFLOW) if step.get("name", "").startswith(name))


PUBLISHED = tuple(shlex.split(script("Fetch").partition("db update")[2].partition("\nimagegate")[0].replace("\\\n", " ")))


def test_all_that_can_be_judged_is_published() -> None:
    """An ecosystem that the program learns is in the workflow too, unless its archive is not published everywhere."""
    assert {*PUBLISHED, "Bioconductor", "ConanCenter", "Docker Hardened Images", "Photon OS"} == set(archives())


def test_the_scripts_publish_a_store_that_can_be_imported(guarded: Registry, tmp_path: Path) -> None:  # noqa: F811
    """Run as the runner does, with the mirror and the registry in place of the public ones."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    summary = tmp_path / "summary.md"
    env = environment(PATH=path, OWNER="Some-Owner", GITHUB_STEP_SUMMARY=str(summary), IMAGEGATE_DB="store.db", **USER)
    with serving() as bucket:
        for name in PUBLISHED:
            bucket.files[f"{name}/all.zip"] = archive([record(f"A-{name}", name, "bash", "5")])
        for step in ("Fetch", "Publish"):
            text = script(step).replace("oci://ghcr.io/", f"oci://{guarded.host}/")
            done = run(*BASH, text, cwd=tmp_path, env=env | {"IMAGEGATE_DB_URL": bucket.url})
            assert done.returncode == 0, done.stderr
        bucket.files.pop("Debian/all.zip")
        assert run(*BASH, script("Fetch"), cwd=tmp_path, env=env | {"IMAGEGATE_DB_URL": bucket.url}).returncode == 3

    store = Store(str(tmp_path / "imported.db"))
    assert {source.name for source in store.sources()} == set(PUBLISHED)
    store.close()
    assert f"{guarded.host}/some-owner/imagegate-store:{SCHEMA}@sha256:" in summary.read_text(encoding="utf-8")
