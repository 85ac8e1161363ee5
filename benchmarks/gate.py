"""The commands of imagegate that are measured: all reports, the recommended policy, nothing downloaded."""

import shutil
import sys
from pathlib import Path

from bigapp import CACHE

GATE = (sys.executable, "-m", "imagegate")
DECIDED = (0, 4, 10)  # a verdict, or missing evidence: the advisories given need not cover what is in the image
LAYERS = CACHE / "layers"  # the cache of layers that measured checks use


def check(image: Path | str, store: Path, result: Path | None = None, *, cache: bool = False) -> list[str]:
    """Return the check of an image, by its reference or as a `docker save` archive; without `cache` it is read anew."""
    reference = f"docker-archive:{image}" if isinstance(image, Path) else image
    known = [f"--cache-dir={LAYERS}"] if cache else ["--no-cache"]
    return [*GATE, "check", reference, f"--db={store}", "--offline", *known, *_told(result or CACHE / "result.json")]


def evaluate(result: Path) -> list[str]:
    """Return the decision on a stored result."""
    return [*GATE, "evaluate", str(result), *_told(CACHE / "result.json")]


def _told(result: Path) -> list[str]:
    reports = [f"--report=json={result}", f"--report=junit={CACHE / 'junit.xml'}", f"--report=sarif={CACHE / 'report.sarif'}"]
    return ["--policy=recommended", "--quiet", *reports]


def build(folder: Path, store: Path) -> list[str]:
    """Return the building of a store."""
    return [*GATE, "db", "build", str(folder), f"--db={store}", "--quiet"]


def forget() -> None:
    """Empty the cache of layers."""
    shutil.rmtree(LAYERS, ignore_errors=True)


def keep(name: str) -> None:
    """Set the cache of layers aside as it is now."""
    shutil.rmtree(CACHE / name, ignore_errors=True)
    if LAYERS.exists():
        shutil.copytree(LAYERS, CACHE / name)


def restore(name: str) -> None:
    """Bring the cache of layers back to what was set aside."""
    forget()
    if (CACHE / name).exists():
        shutil.copytree(CACHE / name, LAYERS)
