"""How images are opened: the options that every command with an image shares."""

import math
import os
from dataclasses import dataclass

from imagegate.cli.stores import cache_folder
from imagegate.cli.terminal import Terminal
from imagegate.errors import UsageError
from imagegate.model.image import Platform
from imagegate.source import limits
from imagegate.source.opening import Options
from imagegate.text import clean

EVERY = "all"


@dataclass(frozen=True)
class Images:
    """What the user asked for."""

    platform: str | None = None
    timeout: float = 120.0
    jobs: int = 0
    registry_insecure: bool = False
    cache_dir: str | None = None
    no_cache: bool = False
    distro: str = ""
    limits: tuple[str, ...] = ()
    registry_mirrors: tuple[str, ...] = ()

    def options(self, terminal: Terminal) -> Options:
        """Return how to open them, and raise the limits that were asked for; raises UsageError."""
        for text in self.limits:
            _raise_limit(text)
        if not math.isfinite(self.timeout):
            raise UsageError("--timeout: not a time to wait", "Give seconds, such as 120.")
        if self.cache_dir == "":
            raise UsageError("--cache-dir is empty", "Is a variable of the pipeline not set? Leave it out for the default.")
        return Options(
            platform=None if self.platform == EVERY else _platform(self.platform),
            every_platform=self.platform == EVERY,
            jobs=self.jobs or os.cpu_count() or 1,
            timeout=self.timeout,
            env=os.environ,
            say=terminal.say,
            progress=terminal.counter("reading the image"),
            registry_insecure=self.registry_insecure,
            registry_mirrors=self.registry_mirrors,
            cache_dir=None if self.no_cache else self.cache_dir or os.path.join(cache_folder(), "layers"),
            distro=self.distro,
        )


def _platform(text: str | None) -> Platform | None:
    if text is None:
        return None
    parts = text.split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise UsageError(f"--platform {clean(text, 80)}: not OS/ARCH[/VARIANT]", "For example linux/arm64, or all.")
    return Platform(*parts)


def _raise_limit(text: str) -> None:
    """Set a limit of `source.limits` for this process: `NAME=NUMBER`, never below what it is."""
    name, _, number = text.partition("=")
    known = {key: value for key, value in vars(limits).items() if isinstance(value, int)}
    default = known.get(name.strip().upper())
    if default is None:
        names = ", ".join(sorted(key.lower() for key in known))
        raise UsageError(f"--limit {clean(text, 80)}: no such limit", f"NAME=NUMBER; there are: {names}.")
    if not number.isascii() or not number.isdigit() or len(number) > 18 or int(number) < default:
        raise UsageError(f"--limit {clean(text, 80)}: not a number from {default} on", "Limits can be raised, not lowered.")
    setattr(limits, name.strip().upper(), int(number))
