"""Who scans: the options of a scanner elsewhere become a backend."""

import base64
import binascii
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagegate.cli.terminal import Terminal
from imagegate.errors import UsageError
from imagegate.model.scan import EMBEDDED
from imagegate.text import clean

if TYPE_CHECKING:
    from imagegate.backend.clair.backend import Clair
    from imagegate.backend.clair.client import Access
    from imagegate.backend.embedded import OpenStore

CLAIR = "clair"
_LONGEST = 86_400.0  # seconds
_APIS = ("v4", "v1")
_PSK = "IMAGEGATE_CLAIR_PSK"
_HEADER = "IMAGEGATE_CLAIR_HEADER"  # lines, read here: the library would take every word for one


@dataclass(frozen=True)
class Backends:
    """What the user asked for; `deadline` in seconds."""

    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    api: str | None = None
    psk_file: str | None = None
    issuer: str = "imagegate"
    headers: tuple[str, ...] = ()
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    deadline: float = 900.0
    delete: bool = False
    serve: str | None = None
    advertise: str | None = None

    @property
    def name(self) -> str:
        """The backend that scans; raises UsageError for one that there is not."""
        for name in self.names:
            if name not in (EMBEDDED, CLAIR):
                raise UsageError(f"-b {clean(name, 60)}: there is no such backend", f"Known: {EMBEDDED}, {CLAIR}.")
        if len(set(self.names)) > 1:
            raise UsageError("-b: one backend scans an image", "Run the gate once for each, and join their exit codes.")
        return self.names[0] if self.names else EMBEDDED

    def access(self, timeout: float) -> "Access":
        """Return how Clair is reached; raises UsageError. `timeout` in seconds for every silence."""
        from imagegate.backend.clair.access import Access, is_address

        urls = [url.strip() for text in self.urls for url in text.split(",")]
        if not urls or not all(urls):
            raise UsageError(
                "-b clair: where is it?", "Name it with --clair-url or IMAGEGATE_CLAIR_URL, such as http://clair.example:6060."
            )
        if len(urls) > 2:
            raise UsageError(f"--clair-url: {len(urls)} addresses", "Name one, or two: the indexer's and the matcher's.")
        for url in urls:
            if not is_address(url):
                shown = clean(url.rpartition("@")[2], 200)  # what is before it may be a password
                raise UsageError(f"--clair-url {shown}: not the address of a Clair", "Such as http://clair.example:6060.")
        if self.api is not None and self.api not in _APIS:
            raise UsageError(f"--clair-api {clean(self.api, 40)}: no API of Clair", f"Choose {' or '.join(_APIS)}.")
        if not math.isfinite(self.deadline) or self.deadline > _LONGEST:
            raise UsageError("--clair-timeout: not a time to wait", f"Give seconds, at most {_LONGEST:.0f}.")
        if bool(self.key) and not self.certificate:
            raise UsageError("--clair-key: a key without its certificate", "Name that with --clair-cert.")
        return Access(
            indexer=urls[0].rstrip("/"),
            matcher=urls[-1].rstrip("/"),
            api=self.api or "",
            psk=self._psk(),
            issuer=self.issuer,
            headers=tuple(map(_header, (*self.headers, *os.environ.get(_HEADER, "").splitlines()))),
            ca=self.ca or "",
            certificate=self.certificate or "",
            key=self.key or "",
            timeout=timeout,
            deadline=self.deadline,
            delete=self.delete,
            env=os.environ,
        )

    def clair(self, terminal: Terminal, store: "OpenStore", timeout: float, *, verbose: bool) -> "Clair":
        """Return the backend; `store` may have the list of exploited vulnerabilities. Raises UsageError."""
        from imagegate.backend.clair.backend import Clair, Serving

        detail: Callable[[str], None] = terminal.say if verbose else lambda _: None
        serving = Serving(self.serve or "", self.advertise or "")
        return Clair(self.access(timeout), serving, store, terminal.say, detail)

    def _psk(self) -> bytes:
        """Return the shared key, which Clair's own configuration has in base64."""
        text, origin = os.environ.get(_PSK, ""), _PSK
        if self.psk_file:
            origin = f"--clair-psk-file {clean(self.psk_file, 200)}"
            try:
                with open(self.psk_file, encoding="ascii") as file:
                    text = file.read(1 << 16)
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not text"
                raise UsageError(f"{origin}: {reason}", "It holds the key as Clair's configuration has it: base64.") from None
        try:
            key = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise UsageError(f"{origin}: not base64", "Copy the value of auth.psk.key from Clair's configuration.") from None
        if not key and (self.psk_file or _PSK in os.environ):
            raise UsageError(f"{origin}: no key in it", "Is a variable of the pipeline not set?")
        return key


def _header(text: str) -> tuple[str, str]:
    """Return name and value; the value may be a secret and is not shown."""
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    token = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    if not colon or not token or not value.isascii() or not value.isprintable():
        raise UsageError(f"--clair-header {clean(name, 60)!r}: not a header", "Write 'NAME: VALUE'.")
    return name, value
