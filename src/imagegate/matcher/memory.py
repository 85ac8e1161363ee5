"""What was found in an inventory before, as bytes: what a cache keeps of an image and a store."""

import json
from hashlib import sha256
from typing import Any

from imagegate.matcher.match import Matches
from imagegate.model.image import Evidence
from imagegate.model.inventory import Inventory, Package
from imagegate.model.scan import Finding, Score
from imagegate.program import digest_of


def name_of(store: str, *, covered: bool) -> str:
    """Return under what to keep the matches of an image with this very store; see match.match for `covered`."""
    return f"matches {store} {covered} {digest_of('matcher', 'version', 'advisory')}"


def _identity(inventory: Inventory) -> str:
    """Return a digest of the packages and their places, in order."""
    lines = (f"{package.purl} {package.name} {package.locations}" for package in inventory.packages)
    return sha256("\n".join(lines).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def pack(matches: Matches, inventory: Inventory) -> bytes:
    """Return them as bytes; packages by their number in the inventory that they were found in."""
    numbers = {id(package): number for number, package in enumerate(inventory.packages)}
    findings = [
        (one.id, one.aliases, one.raw_severity, [(score.type, score.score, score.vector, score.source) for score in one.scores],
         one.fixed_in, one.fix_state, one.published, one.known_exploited, numbers[id(one.package)],
         one.package.locations.index(one.location), one.title, one.url, one.advisories, one.upgrade, one.deferrable)
        for one in matches.findings
    ]  # fmt: skip
    evidence = [(item.kind, item.found, item.detail) for item in matches.evidence]
    return json.dumps([_identity(inventory), findings, evidence], separators=(",", ":")).encode()


def unpack(data: bytes, inventory: Inventory) -> Matches | None:
    """Return what `pack` was given with the same inventory, None for anything else."""
    try:
        identity, findings, evidence = json.loads(data)
        if identity != _identity(inventory):
            return None
        return Matches(tuple(_finding(inventory.packages, *row) for row in findings), tuple(Evidence(*item) for item in evidence))
    except (ValueError, TypeError, IndexError):
        return None


def _finding(
    packages: tuple[Package, ...], identity: str, aliases: list[str], severity: str, scores: list[Any], fixed_in: list[str],
    state: str, published: str | None, exploited: bool | None, number: int, place: int, title: str, url: str,
    advisories: list[str], upgrade: str, deferrable: bool,
) -> Finding:  # fmt: skip
    package = packages[number]
    return Finding(
        identity, tuple(aliases), severity, tuple(Score(*score) for score in scores), tuple(fixed_in), state, published,
        exploited, package, package.locations[place], title, url, tuple(advisories), upgrade, deferrable,
    )  # fmt: skip
