"""What is said on standard error while working: messages, warnings, progress."""

import os
import sys
import time
from collections.abc import Callable

from imagegate.report.console import harmless
from imagegate.text import clean


class Terminal:
    """Writes to standard error; progress only where a person watches, nothing but errors when `quiet`."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = not quiet and sys.stderr.isatty()
        self._shown = ""
        self._last = 0.0

    @property
    def is_watched(self) -> bool:
        """Whether a person reads standard error."""
        return sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Write a line, unless quiet."""
        if not self._quiet:
            self.error(text)

    def error(self, text: str) -> None:
        """Write a line in any case."""
        self.clear()
        try:
            print(harmless(clean(text, 4000)), file=sys.stderr, flush=True)
        except OSError:  # a full disk behind standard error must not change the verdict, now or when the interpreter ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())

    def progress(self, label: str, done: int, total: int) -> None:
        """Show how far something is, in bytes; `total` 0 where nobody knows."""
        now = time.monotonic()
        if not self._live or (now - self._last < 0.1 and self._shown):
            return
        self._last = now
        amount = f" {done / 1e6:.1f} MB" if done else ""
        share = f" ({100 * done // total} %)" if total else ""
        text = harmless(clean(f"{label}{amount}{share}", 100))
        print("\r" + text.ljust(len(self._shown)), end="", file=sys.stderr, flush=True)
        self._shown = text

    def counter(self, label: str) -> Callable[[int], None]:
        """Return a function that adds bytes to a progress line."""
        seen = 0

        def add(size: int) -> None:
            nonlocal seen
            seen += size
            self.progress(label, seen, 0)

        return add

    def clear(self) -> None:
        """Take the progress line away."""
        if self._shown:
            print("\r" + " " * len(self._shown) + "\r", end="", file=sys.stderr, flush=True)
            self._shown = ""
