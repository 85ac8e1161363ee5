"""The commands that end in a verdict: `check`, `evaluate`, `demo`."""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from imagegate import gate
from imagegate.cli import exit_code, reports
from imagegate.cli.backends import CLAIR, Backends
from imagegate.cli.stop import Terminated, will_report
from imagegate.cli.terminal import Terminal
from imagegate.errors import BackendError, ImageGateError, UsageError
from imagegate.model.image import Interest
from imagegate.model.severity import WORDS
from imagegate.model.verdict import Failure, Outcome
from imagegate.policy import load
from imagegate.policy.document import Policy
from imagegate.report.document import overall
from imagegate.text import clean

if TYPE_CHECKING:  # what `evaluate` does without is imported where it is needed: start-up is part of every build
    from imagegate.backend.embedded import OpenStore
    from imagegate.backend.interface import Backend
    from imagegate.cli.images import Images
    from imagegate.source.opening import Opening

_OWN_POLICY = "imagegate.yaml"
Ahead = Callable[[Outcome], None]
_CI = ("CI", "JENKINS_URL", "TF_BUILD", "BUILDKITE", "TEAMCITY_VERSION")


@dataclass(frozen=True)
class Settings:
    """What the commands share, as the user gave it."""

    policy: str | None
    fail_on: str | None
    reports: list[str]
    report_only: bool
    verbose: bool
    quiet: bool
    color: str
    by_layer: bool = False


@dataclass(frozen=True)
class Scan:
    """What is to be scanned, and how."""

    references: list[str]
    db: str | None
    db_url: str | None
    offline: bool
    images: "Images"
    backends: Backends


def check(settings: Settings, scan: Scan) -> int:
    """Scan and judge every image, write the reports, return the exit code."""
    from imagegate.backend.embedded import Embedded
    from imagegate.source.opening import openings

    def outcomes(terminal: Terminal, ahead: Ahead) -> Iterable[Outcome]:
        if scan.db == "":
            raise UsageError("--db is empty", "Is a variable of the pipeline not set? Leave the option out for the default.")
        clock = datetime.now(UTC)
        judge = gate.Judge(_policy(settings, clock, terminal), clock, settings.report_only)
        elsewhere = scan.backends.name == CLAIR
        options = replace(scan.images.options(terminal), offer=elsewhere)

        def opened(reference: str, interest: Interest) -> "list[Opening]":
            return openings(reference, interest, options)

        backend: Backend = (
            scan.backends.clair(terminal, _store(scan, terminal), scan.images.timeout, verbose=settings.verbose)
            if elsewhere
            else Embedded(_store(scan, terminal))
        )
        return gate.check(scan.references, opened, backend, judge, exit_code.of, ahead)

    return _run(settings, scan.references, outcomes)


def _store(scan: Scan, terminal: Terminal) -> "OpenStore":
    from imagegate.cli.stores import default_path, opener

    return opener(
        scan.db or default_path(),
        offline=scan.offline,
        url=scan.db_url or "",
        say=terminal.say,
        progress=terminal.progress,
        insecure=scan.images.registry_insecure,
        timeout=scan.images.timeout,
    )


def evaluate(settings: Settings, file: str, at: str | None, form: str | None) -> int:
    """Judge a stored result or another scanner's report, write the reports, return the exit code."""
    from imagegate.backend.foreign import FORMATS, read

    def outcomes(terminal: Terminal, _: Ahead) -> Iterable[Outcome]:
        if form is not None and form not in FORMATS:
            raise UsageError(f"--from {clean(form, 60)}: no report that is known here", f"Choose one of {', '.join(FORMATS)}.")
        clock = _clock(at)
        judge = gate.Judge(_policy(settings, clock, terminal), clock, settings.report_only)
        for scan in read(_bytes(file), clean(file, 300), form or ""):
            yield (
                judge.failure(clean(file, 300), scan, exit_code.SCAN_FAILED)
                if isinstance(scan, BackendError)
                else judge.verdict(scan)
            )

    return _run(settings, [file], outcomes)


def demo(settings: Settings) -> int:
    """Break a build on the bundled image, as on the day after Heartbleed was published."""
    from importlib.resources import as_file, files
    from tempfile import TemporaryDirectory

    from imagegate.advisory.build import build_folder
    from imagegate.advisory.store import Store
    from imagegate.backend.embedded import Embedded
    from imagegate.source.opening import Options, open_image

    clock = datetime(2014, 4, 8, 12, tzinfo=UTC)

    def outcomes(terminal: Terminal, _: Ahead) -> Iterable[Outcome]:
        terminal.say("demo: Ubuntu 12.04 with the OpenSSL of Heartbleed, against bundled advisories, judged as on 8 April 2014")
        with as_file(files("imagegate").joinpath("demo")) as folder, TemporaryDirectory() as scratch:
            policy = replace(load.load(str(folder / "policy.yaml"), clock.date()), reference="demo")
            _announce(policy, terminal)
            store = os.path.join(scratch, "store.db")
            build_folder(str(folder / "advisories"), store, lambda _: None)

            def opened(_: str, interest: Interest) -> "list[Opening]":
                image = open_image(f"docker-archive:{folder / 'heartbleed.tar'}", interest, Options())
                return [lambda: replace(image, image=replace(image.image, reference="heartbleed:demo"))]

            yield from gate.check(
                ["heartbleed:demo"], opened, Embedded(lambda _: Store(store)), gate.Judge(policy, clock), exit_code.of
            )

    return _run(settings, ["heartbleed:demo"], outcomes)


def _run(settings: Settings, references: list[str], outcomes: Callable[[Terminal, Ahead], Iterable[Outcome]]) -> int:
    """Collect what comes, write every report whatever happened, and return the exit code.

    Reports are written also when there is no verdict: a CI server must always find them.
    """
    terminal = Terminal(quiet=settings.quiet)
    if settings.color not in ("auto", "always", "never"):
        raise UsageError(f"--color {clean(settings.color, 40)}: not a choice", "Choose auto, always or never.")
    targets = reports.parse(settings.reports, quiet=settings.quiet)
    # A person who watches both streams reads an error once, in the report; logs that keep them apart have it in both.
    told = reports.is_watched(targets) and terminal.is_watched
    done: list[Outcome] = []
    written = reports.Writer(targets, reports.Look(settings.color, settings.verbose, settings.by_layer))
    ahead = written.prepare if len(references) == 1 else gate.nothing
    try:
        for outcome in outcomes(terminal, ahead):
            done.append(outcome)
            if isinstance(outcome, Failure):
                _complain(terminal, outcome, told)
    except (Exception, KeyboardInterrupt, Terminated) as error:  # noqa: BLE001 - whatever it is, the reports must say so
        done = _failures(references, done, *_reason(error, verbose=settings.verbose))
        _complain(terminal, done[-1], told)
    terminal.clear()
    will_report()
    errors = written.write(done)
    for problem in errors:
        terminal.error(f"error: {problem.message}")
        terminal.error(f"hint: {problem.hint}")
    code = overall(done)
    return exit_code.USAGE if errors and code not in (exit_code.INTERRUPTED, exit_code.TERMINATED, exit_code.BUG) else code


def _reason(error: BaseException, *, verbose: bool) -> tuple[int, str, str]:
    """Return exit code, message and hint for what kept us from a verdict."""
    if isinstance(error, ImageGateError):
        return exit_code.of(error), error.message, error.hint
    if isinstance(error, KeyboardInterrupt):
        return exit_code.INTERRUPTED, "interrupted before there was a verdict", ""
    if isinstance(error, Terminated):
        return exit_code.TERMINATED, "terminated before there was a verdict", ""
    if verbose:
        import traceback

        traceback.print_exception(error)
    return exit_code.BUG, f"a bug in imagegate: {type(error).__name__}: {error}", "Please report it, with what -v shows."


def _failures(references: list[str], done: list[Outcome], code: int, message: str, hint: str) -> list[Outcome]:
    """Keep the verdicts that there are, and put the reason in the place of the others."""
    created = gate.stamp(datetime.now(UTC))
    missing = references[len(done) :] or references[-1:]
    return [*done, *(Failure(clean(reference, 1000), code, clean(message), clean(hint), created) for reference in missing)]


def _complain(terminal: Terminal, failure: Outcome, told: bool) -> None:
    if isinstance(failure, Failure) and not told:
        terminal.error(f"error: {failure.message}")
        if failure.hint:
            terminal.error(f"hint: {failure.hint}")


def _policy(settings: Settings, clock: datetime, terminal: Terminal) -> Policy:
    """Return the policy that was asked for, and say which one it is."""
    if settings.fail_on is not None:
        if settings.policy is not None:
            raise UsageError(
                "--fail-on is a policy of its own and cannot be joined with --policy", "Write the rule into the policy."
            )
        severity = settings.fail_on.lower()
        if severity not in WORDS or severity == "unknown":
            known = ", ".join(word for word in WORDS if word != "unknown")
            raise UsageError(f"--fail-on {clean(settings.fail_on, 40)}: not a severity", f"Choose one of {known}.")
        policy = load.fail_on(severity)
        _announce(policy, terminal)
        return policy
    if settings.policy == "":
        raise UsageError("--policy is empty", "Is a variable of the pipeline not set? Leave the option out for the default.")
    reference = settings.policy or (_OWN_POLICY if os.path.lexists(_OWN_POLICY) else "recommended")
    policy = load.load(reference, clock.date())
    _announce(policy, terminal)
    if reference not in load.BUILT_IN and _is_here(reference) and any(os.environ.get(name) for name in _CI):
        terminal.say(
            f"warning: the policy {clean(reference, 200)} lies in the working directory: whoever changes the image can change it"
        )
    return policy


def _announce(policy: Policy, terminal: Terminal) -> None:
    terminal.say(f"policy {policy.reference} {policy.digest}")


def _is_here(path: str) -> bool:
    here = os.path.realpath(".")
    return os.path.commonpath([here, os.path.realpath(path)]) == here


def _clock(at: str | None) -> datetime:
    """A day means its beginning, UTC; a time without a zone is UTC."""
    if at is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise UsageError(
            f"--at {clean(at, 60)}: not a day or an RFC 3339 time", "For example 2026-11-01 or 2026-11-01T12:00:00Z."
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not 1990 <= moment.year <= 9000:  # also what no other zone can express
        raise UsageError(f"--at {clean(at, 60)}: not a time that images are from", "For example 2026-11-01.")
    return moment


def _bytes(file: str) -> bytes:
    from imagegate.backend.stored import LARGEST

    if file == "-":
        return sys.stdin.buffer.read(LARGEST + 1)
    if os.path.exists(file) and not os.path.isfile(file) and not file.startswith("/dev/fd/"):
        raise BackendError(f"{clean(file, 300)}: not a regular file", "Name a file, or - for standard input.")
    try:
        with open(file, "rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as error:
        raise BackendError(
            f"{clean(file, 300)}: {error.strerror}", "Name a result written with `imagegate check IMAGE -r json=FILE`."
        ) from None
