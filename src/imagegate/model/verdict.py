"""The verdict: a value, with everything that led to it."""

from dataclasses import dataclass

from imagegate.model.scan import Finding, ScanReport
from imagegate.model.severity import Severity


@dataclass(frozen=True, slots=True)
class JudgedFinding:
    """A finding and what the policy made of it.

    `severity` is what the sources say, `counts_as` what the policy takes it for (they differ where it is unknown);
    `status` is "violates", "warns", "waived", "deferred" or "accepted"; `waiver` is the index of the waiver that holds for it;
    `unknowns` are the values that a rule asked for and nobody knows.
    """

    finding: Finding
    severity: Severity
    counts_as: Severity
    score: float | None
    status: str
    rules: tuple[str, ...]
    waiver: int | None = None
    unknowns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedEvidence:
    """A piece of evidence with the status that the policy gives it: "ok", "warn" or "fail"."""

    kind: str
    status: str
    found: str
    detail: str


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A rule after evaluation: `status` is "holds", "warns" or "violated"; `count` is distinct vulnerability × purl."""

    id: str
    action: str
    condition: str
    status: str
    count: int
    findings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WaiverOutcome:
    """A waiver after evaluation: `status` is "used", "unused" or "expired"; `expires` is its last day, UTC."""

    id: str
    package: str
    path: str
    reason: str
    owner: str
    expires: str
    status: str
    findings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PolicyIdentity:
    """Which policy it was: how it was named, and the SHA-256 of its resolved content."""

    reference: str
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`status` is "pass", "fail" or "none"; `exit_code` follows the table of the README; `created` is RFC 3339."""

    status: str
    exit_code: int
    reasons: tuple[str, ...]
    report_only: bool
    created: str
    scan: ScanReport
    policy: PolicyIdentity
    findings: tuple[JudgedFinding, ...]
    evidence: tuple[CheckedEvidence, ...]
    rules: tuple[RuleOutcome, ...]
    waivers: tuple[WaiverOutcome, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that reached no verdict on an image: `message` says why, `hint` what to try."""

    reference: str
    exit_code: int
    message: str
    hint: str
    created: str
    policy: PolicyIdentity | None = None


Outcome = Verdict | Failure
