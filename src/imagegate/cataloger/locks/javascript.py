"""Locks of npm, yarn, pnpm and bun.

Formats: npm, "package-lock.json" (v1 nested, v2 and v3 by path); yarnpkg/yarn, src/lockfile; yarnpkg/berry,
packages/yarnpkg-core/sources/Project.ts; pnpm/spec, lockfile 5 to 9; oven-sh/bun, "bun.lock".
"""

import re
from collections.abc import Collection
from typing import Any

from imagegate.cataloger.locks.blocks import settings, unquoted
from imagegate.cataloger.records import Finds, Unreadable, entries, reachable, read_json, text_of

_LOCAL = re.compile(r"(?:file|link|portal|workspace):")
_ALIAS = re.compile(r"npm:(@?[^@]+)@(.+)\Z")
_DESCRIPTOR = re.compile(r"(@[^/@]+/[^@]+|[^@/]+)@(.*)\Z", re.DOTALL)
_OLD_PNPM = re.compile(r"(?:^|/)(@[^/]+/[^/]+|[^/@]+)/(\d[^/_(]*)(?:[_(].*)?\Z")
_BUN = re.compile(r'^ *"(?:[^"\\\n]++|\\.)++": ?\["(@?[^@"\n]+)@([^"\n]*)"', re.MULTILINE)


def npm(text: str, finds: Finds) -> None:
    """Read package-lock.json or npm-shrinkwrap.json."""
    document = read_json(text)
    if "packages" not in document:
        if "lockfileVersion" not in document and "dependencies" not in document:
            raise Unreadable("it is not a lock of npm")
        _nested(document, finds)
        return
    for path, entry in entries(document, "packages", finds):
        name = path.rpartition("node_modules/")[2]
        if "node_modules/" not in path or entry.get("link") is True or _LOCAL.match(text_of(entry.get("resolved"))):
            continue  # the application, and its workspaces
        if entry.get("dev") is True:
            finds.development(path)
        else:
            finds.npm(entry.get("name") or name, entry.get("version"))


def _nested(document: dict[str, Any], finds: Finds) -> None:
    waiting = [("", document)]
    while waiting:
        where, parent = waiting.pop()
        for name, entry in entries(parent, "dependencies", finds):
            version = text_of(entry.get("version"))
            alias = _ALIAS.match(version)
            if entry.get("dev") is True:
                finds.development(f"{where}/{name}")
            elif not _LOCAL.match(version):
                finds.npm(alias[1] if alias else name, alias[2] if alias else version)
            if "dependencies" in entry:
                waiting.append((f"{where[-200:]}/{name[:200]}", entry))


def yarn(text: str, finds: Finds) -> None:
    """Read yarn.lock of any version of yarn."""
    found = _berry(text, finds) if re.search(r"^__metadata:", text, re.MULTILINE) else _classic(text, finds)
    if not found and not text.startswith("# "):
        raise Unreadable("it is not a lock of yarn")


def _classic(text: str, finds: Finds) -> bool:
    name, found = "", False
    for line in text.split("\n"):
        if line.startswith("  version ") and name:
            finds.npm(name, unquoted(line[10:]))
            name, found = "", True
        elif line and line[0] not in " #":
            if name:
                finds.lost(f"{name}: it has no version")
            wanted = _DESCRIPTOR.match(unquoted(line.rstrip(":").split(", ")[0]).strip('"'))
            if not wanted:
                finds.lost("an entry whose name cannot be read")
            alias = _ALIAS.match(wanted[2]) if wanted else None
            name = alias[1] if alias else wanted[1] if wanted else ""
    if name:
        finds.lost(f"{name}: it has no version")
    return found


def _berry(text: str, finds: Finds) -> bool:
    packages = _tables(text, 0)
    for key, entry in packages.items():
        if key != "__metadata" and entry.get("linkType") != "soft":  # soft: a folder of the application
            resolved = _DESCRIPTOR.match(entry.get("resolution", ""))
            finds.npm(resolved[1] if resolved else "", entry.get("version"))
    return bool(packages)


def _tables(text: str, depth: int) -> dict[str, dict[str, str]]:
    """Return the settings of each table at a depth; at depth 1 only those in `packages`."""
    tables: dict[str, dict[str, str]] = {}
    for keys, value in settings(text):
        if depth and keys[0] != "packages":
            continue
        if len(keys) == depth and value not in ("", "{}"):
            raise Unreadable("its packages are not written as a tool writes them")
        if len(keys) > depth:
            entry = tables.setdefault(keys[depth], {})
            if len(keys) == depth + 2:
                entry[keys[-1]] = value
    return tables


def pnpm(text: str, finds: Finds) -> None:
    """Read pnpm-lock.yaml."""
    version = re.search(r"^lockfileVersion: *['\"]?(\d+)", text, re.MULTILINE)
    if not version:
        raise Unreadable("it is not a lock of pnpm")
    form = _OLD_PNPM if version[1] == "5" else _DESCRIPTOR
    packages = _tables(text, 1)
    tools = packages.keys() - _needed(text, packages.keys())
    for key, entry in packages.items():
        resolution = entry.get("resolution", "")
        if "type: directory" in resolution or "directory:" in resolution:
            continue  # a folder of the application
        if entry.get("dev") == "true" or key in tools:
            finds.development(key)
            continue
        named = form.search(key) if form is _OLD_PNPM else form.match(key.lstrip("/"))
        name = entry.get("name") or (named[1] if named else "")
        finds.npm(name, entry.get("version") or (named[2].partition("(")[0] if named else ""))


def _needed(text: str, packages: Collection[str]) -> Collection[str]:
    """Return the packages that are not for development only; from form 9 on this is told by who needs whom."""
    needs: dict[str, list[str]] = {}
    roots: list[str] = []
    for keys, value in settings(text):
        kind = keys[2] if len(keys) > 3 else ""
        if keys[0] == "snapshots" and len(keys) > 1:
            needs.setdefault(keys[1], [])
        if kind not in ("dependencies", "optionalDependencies"):
            continue
        if keys[0] == "importers" and keys[4:] == ("version",):
            roots += [] if value.startswith("link:") else [f"{keys[3]}@{value}", value]
        elif keys[0] == "snapshots" and len(keys) == 4:
            needs[keys[1]] += [f"{keys[3]}@{value}", value]  # the second where it has another name
    if not needs or not roots:
        return packages
    return {one.partition("(")[0] for one in reachable(roots, needs)} & set(packages)


def bun(text: str, finds: Finds) -> None:
    """Read bun.lock, which is JSON with commas too many."""
    if '"lockfileVersion"' not in text:
        raise Unreadable("it is not a lock of bun")
    for entry in _BUN.finditer(text):
        if not _LOCAL.match(entry[2]):
            finds.npm(entry[1], entry[2])
