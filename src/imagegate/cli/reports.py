"""Where reports go: `-r FORMAT[=PATH]`, written so that a CI server never finds half of one."""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from imagegate.errors import ReportError, UsageError
from imagegate.gate import stamp
from imagegate.model.verdict import Failure, Outcome
from imagegate.report.formats import FORMATS
from imagegate.report.interface import Report
from imagegate.text import clean


@dataclass(frozen=True)
class Target:
    """A report to write; `path` "" is standard output."""

    format: str
    path: str


@dataclass(frozen=True)
class Look:
    """How the console report looks: colour "auto", "always" or "never"; `every` lists all, `layers` groups by layer."""

    color: str = "auto"
    every: bool = False
    layers: bool = False


def parse(wishes: Sequence[str], *, quiet: bool, formats: Sequence[str] = FORMATS) -> list[Target]:
    """Return the targets; the first of `formats` is added where nothing else goes to standard output. Raises UsageError."""
    targets = []
    for wish in wishes:
        name, equals, path = wish.partition("=")
        if name not in formats:
            raise UsageError(f"-r {clean(wish, 200)}: there is no format {clean(name, 40)!r}", f"Known: {', '.join(formats)}.")
        if equals and not path:
            raise UsageError(
                f"-r {clean(wish, 200)}: nothing follows the equals sign",
                f"Write -r {name}=FILE, or -r {name} for standard output.",
            )
        targets.append(Target(name, "" if path == "-" else path))
    if sum(not target.path for target in targets) > 1:
        raise UsageError("two reports cannot share standard output", "Give all but one a file: -r FORMAT=FILE.")
    paths = [os.path.realpath(target.path) for target in targets if target.path]
    if len(set(paths)) < len(paths):
        raise UsageError("two reports cannot share one file", "Give each its own: -r FORMAT=FILE.")
    if not quiet and all(target.path for target in targets):
        targets.append(Target(formats[0], ""))
    return targets


def is_watched(targets: Sequence[Target]) -> bool:
    """Return whether a person reads the console report as it is written."""
    return sys.stdout.isatty() and any(target.format == "console" and not target.path for target in targets)


class Writer:
    """Writes the reports that were asked for."""

    def __init__(self, targets: Sequence[Target], look: Look) -> None:
        self._targets = targets
        self._look = look
        self._of: Outcome | None = None
        self._texts: dict[Target, str] = {}

    def prepare(self, outcome: Outcome) -> None:
        """Render the reports of what may turn out to be the only outcome; nothing is written."""
        self._of = outcome
        self._texts = {target: _report(target, self._look).render([outcome]) for target in self._targets}

    def write(self, outcomes: Sequence[Outcome]) -> list[ReportError]:
        """Write every report; return an error for each that could not be, after the others were written."""
        if len(outcomes) == 1 and outcomes[0] is self._of:
            return write_texts(self._targets, self._texts.__getitem__)
        return write_texts(self._targets, lambda target: _report(target, self._look).render(outcomes))


def write_texts(targets: Sequence[Target], render: Callable[[Target], str]) -> list[ReportError]:
    """Write what `render` makes for each target; return an error for each that could not be, after the others."""
    errors = []
    for target in sorted(targets, key=lambda target: not target.path):  # files first: standard output may be a closed pipe
        try:
            if target.path:
                write_file(target.path, render(target))
            else:
                _print(_inert(target.format, render(target)))
        except ReportError as error:
            errors.append(error)
    return errors


def rescue(arguments: Sequence[str], variable: str, code: int, message: str, hint: str) -> None:
    """Write what a command line that could not be understood seems to ask for, with the error as content."""
    wishes = variable.split()
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, joined = option.partition("=")
        if option in ("-r", "--report"):
            wishes.append(value)
        elif name == "--report" and equals:
            wishes.append(joined)
    failure = Failure("", code, clean(message), clean(hint), stamp(datetime.now(UTC)))
    for wish in wishes:
        name, equals, path = wish.partition("=")
        if name in FORMATS and equals and path not in ("", "-"):
            with suppress(ReportError):
                write_file(path, _report(Target(name, path), Look()).render([failure]))


def write_file(path: str, text: str) -> None:
    """Write a file as a whole or not at all; raises ReportError. A pipe or device is written as it is."""
    data = text.encode("utf-8", "backslashreplace")
    folder = os.path.dirname(path) or "."
    temporary = ""
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            if os.path.isdir(path):
                raise ReportError(f"{clean(path)}: is a folder", "Name a file.")
            with open(path, "wb") as file:
                file.write(data)
            return
        os.makedirs(folder, exist_ok=True)
        real = os.path.realpath(path)
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(real), prefix=".imagegate-", delete=False) as file:
            temporary = file.name
            file.write(data)
            os.fchmod(file.fileno(), 0o666 & ~_umask())
        os.replace(temporary, real)
        temporary = ""
    except OSError as error:
        raise ReportError(
            f"{clean(path)}: the report could not be written: {error.strerror}",
            "Is the folder writable, and is there room on the disk?",
        ) from None
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


# A build server reads the log as well, and takes `##[…]` and `##vso[…]` anywhere in a line for a command.
_SECOND_HASH = {"json": "#\\u0023", "sarif": "#\\u0023", "cyclonedx": "#\\u0023", "spdx": "#\\u0023", "junit": "#&#35;"}


def _inert(name: str, text: str) -> str:
    """Return a report for standard output: the same document, with no two number signs side by side."""
    second = _SECOND_HASH.get(name)
    if second is None:
        return text
    while "##" in text:
        text = text.replace("##", second)
    return text


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _print(text: str) -> None:
    try:
        sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us left. The verdict stands; without this the interpreter complains once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise ReportError(f"standard output: {error.strerror}", "Is there room on the disk?") from None


def _report(target: Target, look: Look) -> Report:
    """Each format is imported only when it is asked for: start-up is part of every build."""
    if target.format == "json":
        from imagegate.report.json import Json

        return Json()
    if target.format == "junit":
        from imagegate.report.junit import Junit

        return Junit()
    if target.format == "sarif":
        from imagegate.report.sarif import Sarif

        return Sarif()
    from imagegate.report.console import Console

    if target.path:
        return Console(120, color=look.color == "always", every=True, layers=look.layers)
    width = shutil.get_terminal_size((120, 24)).columns
    color = look.color == "always" or (
        look.color == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    return Console(min(width, 160), color=color, every=look.every, layers=look.layers)
