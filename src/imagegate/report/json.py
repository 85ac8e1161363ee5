"""The result document as JSON (schema: result.schema.json beside this file)."""

from collections.abc import Sequence

from imagegate.model.verdict import Outcome
from imagegate.report.document import document
from imagegate.report.lines import dumps


class Json:
    """See interface.Report."""

    name = "json"

    def render(self, outcomes: Sequence[Outcome]) -> str:
        """See Report.render."""
        return dumps(document(outcomes), 2 if len(outcomes) == 1 else 4)  # a finding a line
