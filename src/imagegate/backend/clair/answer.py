"""What a Clair answers, of either API.

Error bodies: httptransport/error.go of quay/clair (v4), api/v1/models.go of its release 2.1.8 (v1).
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from imagegate.backend.strict import refused, unique
from imagegate.errors import BackendError


@dataclass(frozen=True)
class Answer:
    """What a server said; the names of `headers` are in small letters, `body` is cut or empty where an error broke off.

    `origin` is who said it, for messages; `message` what it says of an error in its own words, harmless and without
    secrets, "" where it says nothing.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    origin: str = "Clair"
    message: str = ""

    def document(self) -> Any:
        """Return the JSON object of the body; raises BackendError for anything else."""
        if self._is_page():
            raise BackendError(
                f"{self.origin} answered {self.status} with an HTML page",
                "Is it Clair, or is a proxy or login page in between?",
            )
        try:
            document = json.loads(self.body, parse_constant=refused, object_pairs_hook=unique)
        except (ValueError, RecursionError):
            what = "something that is not JSON, or was cut off, or has a key twice" if self.body else "nothing"
            raise BackendError(
                f"{self.origin} answered {self.status} with {what} ({len(self.body):,} bytes)",
                "Clair's log may say why; try again.",
            ) from None
        if not isinstance(document, dict):
            raise BackendError(f"{self.origin} answered {self.status} with JSON that is no object", "Is it a Clair?")
        return document

    def error(self, doing: str, hint: str = "See Clair's log, or try again later.") -> BackendError:
        """Return the error for an answer that is none, with the cause that the server gives."""
        if self._is_page():
            told, hint = " with an HTML page", "Is it Clair, or is a proxy or login page in between?"
        else:
            told = f": {self.message}" if self.message else ""
        return BackendError(f"{doing}: {self.origin} answered {self.status}{told}", hint)

    def _is_page(self) -> bool:
        return self.body.lstrip()[:1] == b"<" or "html" in self.headers.get("content-type", "").lower()


def message_of(body: bytes) -> str:
    """Return what the body of an error says in words, "" where it is none of Clair's."""
    with suppress(ValueError, RecursionError):
        document = json.loads(body)
        if isinstance(document, dict):
            inner = document.get("Error")
            told = inner.get("Message") if isinstance(inner, dict) else document.get("message")
            if isinstance(told, str):
                return told.strip()
    return ""
