"""Rust crates: the list that `cargo auditable` leaves in a program.

Format: cargo-auditable, PARSING.md and cargo-auditable.schema.json: a section `.dep-v0`, zlib over JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagegate.cataloger.interface import Sighting, Sightings
from imagegate.model.inventory import package_url
from imagegate.text import clean

if TYPE_CHECKING:
    from imagegate.cataloger.executable import Executable

_LONGEST = 8 << 20  # bytes of JSON: what the format's own description deems more than enough
_MOST_CRATES = 50_000


def look(program: Executable, found: Sightings) -> None:
    """Note the crates in a program that was built with a list of them."""
    part = program.section(".dep-v0")
    if part is None:
        return
    if part.size > _LONGEST:
        found.unreadable("its list of Rust crates is too large")
        return
    import json
    import zlib

    try:
        inflating = zlib.decompressobj()
        text = inflating.decompress(program.content.read_at(part.offset, part.size), _LONGEST)
        if not inflating.eof:
            found.unreadable("its list of Rust crates is cut off or too large")
            return
        crates = json.loads(text)["packages"]
    except (zlib.error, ValueError, TypeError, KeyError, RecursionError):
        crates = None
    if not isinstance(crates, list):
        found.unreadable("its list of Rust crates cannot be read")
        return
    unread = sum(not _crate(crate, found) for crate in crates[:_MOST_CRATES])
    if unread:
        found.unreadable(f"{unread} entries of its list of Rust crates cannot be read")
    if len(crates) > _MOST_CRATES:
        found.unreadable("it names more Rust crates than are listed")


def _crate(crate: object, found: Sightings) -> bool:
    fields = crate if isinstance(crate, dict) else {}
    name, version, source = fields.get("name"), fields.get("version"), fields.get("source")
    if not isinstance(name, str) or not isinstance(version, str) or not name or not version:
        return False
    if fields.get("kind") != "build":  # those ran when it was built, and are not in it
        # A crate from elsewhere may only share its name with the one that an advisory means.
        basis = "installed" if source in ("crates.io", "registry") else "guessed"
        name, version = clean(name), clean(version)
        found.packages.append(Sighting("cargo", name, version, package_url("cargo", "", name, version, {}), basis))
    return True
