"""The gate, from top to bottom: references become images, images findings, findings a verdict.

Nothing here prints, exits, or reads the environment; `cli` does, and hands in what this needs.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from imagegate.backend.interface import Backend
from imagegate.errors import ImageGateError
from imagegate.model.image import Interest, OpenImage
from imagegate.model.scan import ScanReport
from imagegate.model.verdict import Failure, Outcome, PolicyIdentity
from imagegate.policy.document import Policy
from imagegate.policy.evaluate import evaluate

Openings = Callable[[str, Interest], list[Callable[[], OpenImage]]]  # one for each platform that was asked for


@dataclass(frozen=True)
class Judge:
    """How findings become a verdict: the policy, the clock, and whether violations are only reported."""

    policy: Policy
    clock: datetime
    report_only: bool = False

    def verdict(self, report: ScanReport) -> Outcome:
        """Return the verdict on one scan."""
        return evaluate(report, self.policy, self.clock, report_only=self.report_only)

    def failure(self, reference: str, error: ImageGateError, exit_code: int) -> Failure:
        """Return what takes the place of a verdict when a stage could not do its work."""
        identity = PolicyIdentity(self.policy.reference, self.policy.digest)
        return Failure(reference, exit_code, error.message, error.hint, stamp(self.clock), identity)


def nothing(_: Outcome) -> None:
    """Nobody wants to know in advance."""


def check(
    references: Iterable[str],
    openings: Openings,
    backend: Backend,
    judge: Judge,
    exit_code: Callable[[ImageGateError], int],
    ahead: Callable[[Outcome], None] = nothing,
) -> Iterator[Outcome]:
    """Yield a verdict, or the reason why there is none, for every image, in order.

    `ahead` is told of a verdict while digests are still computed on another core: it may prepare, and publish nothing.
    """
    for reference in references:
        try:
            found = openings(reference, backend.interest)
        except ImageGateError as error:
            yield judge.failure(reference, error, exit_code(error))
            continue
        for opening in found:
            try:
                opened = opening()  # image: layers, verified
                report = backend.scan(opened)  # inventory and findings
                verdict = judge.verdict(report)  # policy
                if len(found) == 1:
                    ahead(verdict)
                opened.confirm()  # every digest, which other cores computed meanwhile
                yield verdict
            except ImageGateError as error:
                yield judge.failure(reference, error, exit_code(error))


def stamp(clock: datetime) -> str:
    """Return a moment as results write it: RFC 3339, UTC, whole seconds."""
    return clock.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
