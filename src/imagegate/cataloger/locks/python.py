"""Locks of Python: pipenv, Poetry, PDM, uv, PEP 751, and requirements files.

Formats: pypa/pipfile; python-poetry/poetry, src/poetry/packages/locker.py; pdm-project/pdm, src/pdm/project/lockfile; uv,
"The lockfile"; PyPA specifications "pylock.toml" and "Requirements File Format".
"""

import re
from typing import Any

from imagegate.cataloger.records import Finds, Unreadable, entries, member, reachable, read_json, read_toml, rows, text_of

# Groups have any name; these are never those that a program needs when it runs.
_DEVELOPMENT = frozenset(
    ("dev", "develop", "development", "test", "tests", "testing", "lint", "linting", "doc", "docs", "typing", "ci")
)
_LOCAL = {"directory", "editable", "virtual"}
_PINNED = re.compile(r"([A-Za-z0-9][\w.-]*) *(?:\[[^\]]*\])? *={2,3} *([^\s;,*=]+) *(?:;.*)?\Z")


def pipfile(text: str, finds: Finds) -> None:
    """Read Pipfile.lock."""
    document = read_json(text)
    if "default" not in document:
        raise Unreadable("it is not a lock of pipenv")
    for name, entry in entries(document, "default", finds):
        if not entry.get("path") and not entry.get("file"):
            finds.pypi(name, text_of(entry.get("version")).removeprefix("=="))
    for name in member(document, "develop"):
        if name not in member(document, "default"):
            finds.development(name)


def grouped(text: str, finds: Finds) -> None:
    """Read poetry.lock, pdm.lock, uv.lock or pylock.toml: a list of packages, some with groups."""
    document = read_toml(text)
    if not document.keys() & {"package", "packages", "metadata", "version", "lock-version"}:
        raise Unreadable("it is not a lock")
    packages = list(rows(document, "packages" if "packages" in document else "package", finds))
    tools = _for_development(packages)
    for entry in packages:
        source = entry.get("source")
        kinds = {text_of(source.get("type")), *source} if isinstance(source, dict) else set()
        if kinds & _LOCAL or entry.get("directory") or entry.get("path"):
            continue  # a folder of the application
        groups = entry.get("groups") or [entry.get("category")]
        if (isinstance(groups, list) and all(_development(group) for group in groups)) or text_of(entry.get("name")) in tools:
            finds.development(entry.get("name"))
        else:
            finds.pypi(entry.get("name"), entry.get("version"))


def _development(group: object) -> bool:
    return isinstance(group, str) and group in _DEVELOPMENT


def _for_development(packages: list[dict[str, Any]]) -> set[str]:
    """Return the packages that only groups of development need; uv names these groups at the application."""
    if not any("dev-dependencies" in entry for entry in packages):
        return set()
    needs = {text_of(entry.get("name")): _needs(entry) for entry in packages}
    local = [entry for entry in packages if isinstance(source := entry.get("source"), dict) and source.keys() & _LOCAL]
    return needs.keys() - reachable((text_of(entry.get("name")) for entry in local), needs)


def _needs(entry: dict[str, Any]) -> list[str]:
    optional = entry.get("optional-dependencies")
    lists = [entry.get("dependencies"), *(optional.values() if isinstance(optional, dict) else ())]
    return [text_of(one.get("name")) for many in lists if isinstance(many, list) for one in many if isinstance(one, dict)]


def requirements(text: str, finds: Finds) -> None:
    """Read requirements.txt: what is pinned to one version; the rest is counted."""
    loose = 0
    for line in re.sub(r"\\\n", " ", text).split("\n"):
        said = re.sub(r"(?:^|\s)#.*", "", line).strip()
        pinned = _PINNED.match(" ".join(said.partition(" --")[0].split()))
        if pinned:
            finds.pypi(pinned[1], pinned[2])
        elif said and not said.startswith("--"):
            loose += 1
    if loose:
        finds.doubtful(f"{loose:,} requirements without one exact version are not counted")
