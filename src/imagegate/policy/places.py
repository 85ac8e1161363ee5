"""A policy file as it was read: its value, and where everything in it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imagegate.errors import PolicyError
from imagegate.schema import Path
from imagegate.text import clean


@dataclass(frozen=True, slots=True)
class Document:
    """The value, and the line and column (from 1) of everything in it."""

    name: str
    value: Any
    places: Mapping[Path, tuple[int, int]]

    def error(self, path: Path, message: str, hint: str = "") -> PolicyError:
        """Return an error that begins with the place of `path`, or of the nearest thing around it."""
        while path not in self.places:
            path = path[:-1]
        line, column = self.places[path]
        return PolicyError(f"{self.name}:{line}:{column}: {clean(message, 500)}", clean(hint, 500))
