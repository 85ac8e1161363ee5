"""Swift packages, from what SwiftPM wrote down of its checkouts, `.build/workspace-state.json`.

Format: swiftlang/swift-package-manager, Sources/Workspace/Workspace+State.swift. OSV names a package by the address
of its repository without the scheme, as the Swift records of the GitHub database do: `github.com/apple/swift-nio`.
"""

import re
from typing import Any

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import Finds, member, parsed, read_json, rows, table, text_of
from imagegate.model.image import Content

_ADDRESS = re.compile(r"(?:[a-z+]+://)?(?:[^@/\s]*@)?([\w.-]+)(?::\d+(?=/))?[/:](\S+?)(?:\.git)?/*\Z", re.IGNORECASE)


class Swift:
    """See interface.FileCataloger."""

    name = "swift"
    names = ("workspace-state.json",)
    endings: tuple[str, ...] = ()
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return path.endswith("/workspace-state.json")

    def look(self, path: str, content: Content) -> Sightings:  # noqa: ARG002
        """See FileCataloger.look."""
        return parsed(content, _parse, "swift")


def _parse(text: str, finds: Finds) -> None:
    for one in rows(member(read_json(text), "object"), "dependencies", finds):
        package, state = member(one, "packageRef"), member(one, "state")
        if text_of(package.get("kind")) not in ("local", "localSourceControl", "fileSystem", "root"):
            checkout = table(state.get("checkoutState") or state, "a checkout")
            add(package.get("location") or package.get("path"), package.get("identity"), checkout, finds)


def add(location: object, identity: object, state: dict[str, Any], finds: Finds) -> None:
    """Note a package by its address, or by its identity where it comes from a registry, with the state of its checkout."""
    address = _ADDRESS.match(text_of(location)[:500])
    name = f"{address[1].lower()}/{address[2]}" if address else text_of(identity)
    finds.path(name, state.get("version"))
