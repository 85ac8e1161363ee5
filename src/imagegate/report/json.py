"""The result document as JSON (schema: result.schema.json beside this file)."""

import json
from collections.abc import Sequence

from imagegate.model.verdict import Outcome
from imagegate.report.document import document


class Json:
    """See interface.Report."""

    name = "json"

    def render(self, outcomes: Sequence[Outcome]) -> str:
        """See Report.render."""
        return json.dumps(document(outcomes), indent=1, ensure_ascii=True) + "\n"
