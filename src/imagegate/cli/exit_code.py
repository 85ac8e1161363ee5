"""The exit codes: one table for every command and format."""

from imagegate.errors import ImageGateError, PolicyError, ReportError, UsageError

SHIPS, BUG, USAGE, SCAN_FAILED, NO_EVIDENCE, VIOLATED, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 10, 130, 143

MEANING = {
    SHIPS: "the policy was evaluated on complete evidence, and the image may ship",
    VIOLATED: "the policy was evaluated and is violated",
    NO_EVIDENCE: "no verdict: evidence is missing",
    SCAN_FAILED: "no verdict: the scan failed (image not found or damaged; engine, registry or advisories out of reach)",
    USAGE: "the command line, the policy or a waiver is wrong, or a report could not be written",
    BUG: "a bug in imagegate",
    INTERRUPTED: "interrupted",
    TERMINATED: "terminated",
}


def of(error: ImageGateError) -> int:
    """Return the exit code of an error."""
    return USAGE if isinstance(error, UsageError | PolicyError | ReportError) else SCAN_FAILED
