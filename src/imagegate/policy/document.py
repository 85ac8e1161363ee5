"""The policy as a value: what the YAML file says after everything it extends was put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

EVIDENCE = (
    "no_packages",
    "unreadable",
    "unknown_distro",
    "uncovered",
    "end_of_life",
    "stale_database",
    "missing_platform",
    "skipped_layer",
    "missing_data",
    "backend",
)
DEFAULT_MAX_AGE = "3d"
DEFAULT_SOURCES = ("vendor", "cvss")
DEFAULT_UNKNOWN = "high"
DEFAULT_OWNED = "defer"
DEFAULT_REQUIRED = ("reason", "owner", "expires")


@dataclass(frozen=True, slots=True)
class Rule:
    """What to look for (`match`, as in the file), how many are tolerated, and what happens then."""

    id: str
    match: Mapping[str, Any]
    action: str
    maximum: int = 0


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted finding; `expires` is the last day on which it holds, UTC, None for no end."""

    id: str
    package: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    reason: str = ""
    owner: str = ""
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A resolved policy; `content` is what it says in the words of the file, `digest` the SHA-256 of that."""

    reference: str
    digest: str
    content: Mapping[str, Any]
    sources: tuple[str, ...]
    unknown: str
    owned: str
    rules: tuple[Rule, ...]
    evidence: Mapping[str, str]
    max_age: timedelta
    asks_age: bool
    waivers: tuple[Waiver, ...]
