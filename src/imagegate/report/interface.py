"""The plug-in point of the reports: one file per format, each a pure function from outcomes to text."""

from collections.abc import Sequence
from typing import Protocol

from imagegate.model.verdict import Outcome


class Report(Protocol):
    """A format."""

    name: str

    def render(self, outcomes: Sequence[Outcome]) -> str:
        """Return the report on all images that were asked for, in the order in which they were."""
