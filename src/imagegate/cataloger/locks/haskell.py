"""Locks of Stack and cabal. Formats: Stack, "Lock files"; cabal user guide, "cabal.project" (freeze) and `plan.json`."""

import re

from imagegate.cataloger.records import Finds, Unreadable, read_json, rows, text_of

_PINNED = re.compile(r"(?<![\w.-])(?:any\.)?([A-Za-z][\w-]*) *== *(\d[\d.]*)")
_STACK = re.compile(r"^[ -]*(hackage|name|version): *['\"]?([^\s'\"@]+)")
_HACKAGE = re.compile(r"(.+)-(\d[\d.]*)\Z")


def stack(text: str, finds: Finds) -> None:
    """Read stack.yaml.lock, which does not say what is in the snapshot."""
    name = ""
    for line in text.split("\n"):
        said = _STACK.match(line)
        if said and said[1] == "hackage":
            package = _HACKAGE.match(said[2])
            finds.add(package[1] if package else said[2], package[2] if package else "")
        elif said and said[1] == "name":
            name = said[2]
        elif said and name:
            finds.add(name, said[2])
            name = ""
    if re.search(r"^snapshots:[ ]*$", text, re.MULTILINE):
        finds.doubtful("the packages of its snapshot are not listed there")
    elif "packages:" not in text:
        raise Unreadable("it is not a lock of Stack")


def freeze(text: str, finds: Finds) -> None:
    """Read cabal.project.freeze."""
    if "constraints:" not in text:
        raise Unreadable("it has no constraints")
    for pinned in _PINNED.finditer(re.sub(r"--[^\n]*", "", text)):
        finds.add(pinned[1], pinned[2], kind="hackage")


def plan(text: str, finds: Finds) -> None:
    """Read plan.json of cabal."""
    document = read_json(text)
    if "install-plan" not in document:
        raise Unreadable("it has no plan")
    for unit in rows(document, "install-plan", finds):
        if text_of(unit.get("style")) != "local":
            finds.add(unit.get("pkg-name"), unit.get("pkg-version"))
