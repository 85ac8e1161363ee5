"""SARIF 2.1.0 (OASIS), within what GitHub code scanning accepts (docs.github.com, "SARIF support for code scanning")."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

from imagegate import __version__
from imagegate.model.severity import Severity
from imagegate.model.verdict import Failure, JudgedFinding, Outcome, Verdict
from imagegate.report import wording
from imagegate.report.lines import dumps

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_HOME = "https://github.com/imagegate/imagegate"
_MOST = 25_000  # results of one run; beyond that GitHub refuses the whole file
_LONG = 1000  # characters; GitHub allows 1,024 in a description
_QUERY = "/?!$&'()*+,;=:@%~-._"
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?\Z")
_SYNTAX = re.compile(r"([\[\]\\])")
_ORDINARY = re.compile(r"https?://[A-Za-z0-9.-]+/[A-Za-z0-9/._~-]*\Z")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LEVELS = {"violates": "error", "warns": "warning"}
# GitHub derives its own severity from this number; these lie inside the bands it documents.
_NUMBERS = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.NEGLIGIBLE: "0.5",
}


class Sarif:
    """See interface.Report."""

    name = "sarif"

    def render(self, outcomes: Sequence[Outcome]) -> str:
        """See Report.render."""
        runs = [_run(outcome) if isinstance(outcome, Verdict) else _failed_run(outcome) for outcome in outcomes]
        return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, 4)  # a result a line


def _run(verdict: Verdict) -> dict[str, Any]:
    findings = wording.worst_first(verdict.findings)
    findings.sort(key=lambda judged: judged.status not in _LEVELS)  # what is cut off must not be what breaks the build
    shown = findings[:_MOST]
    notes = [_note(item.status, f"{item.kind}: {item.detail}", item.kind) for item in verdict.evidence if item.found != "ok"]
    if len(shown) < len(findings):
        notes.append(_note("warn", f"only {len(shown)} of {len(findings)} findings fit; the JSON report has all", "truncated"))
    if verdict.report_only:
        notes.append(_note("warn", "violations are only reported (--report-only)", "report-only"))
    rules: dict[str, int] = {}
    described = []
    for judged in shown:
        if judged.finding.id not in rules:
            rules[judged.finding.id] = len(rules)
            described.append(_rule(judged))
    run = _frame(verdict.scan.image.reference, verdict.scan.image.platform, verdict.exit_code, verdict.status != "none", notes)
    run["tool"]["driver"]["rules"] = described
    prints: Counter[str] = Counter()
    run["results"] = [_result(judged, rules[judged.finding.id], verdict, prints) for judged in shown]
    return run


def _failed_run(failure: Failure) -> dict[str, Any]:
    failure = wording.tidy(failure)
    run = _frame(
        failure.reference,
        "",
        failure.exit_code,
        False,
        [_note("fail", f"{failure.message} {failure.hint}".strip(), "no-verdict")],
    )
    run["results"] = []
    return run


def _frame(reference: str, platform: str, exit_code: int, successful: bool, notes: list[dict[str, Any]]) -> dict[str, Any]:
    driver = {
        "name": "imagegate",
        "fullName": f"imagegate {__version__}",
        "informationUri": _HOME,
        "semanticVersion": __version__,
        "rules": [],
    }
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": _category(reference, platform)},
        "columnKind": "utf16CodeUnits",
        "invocations": [{"executionSuccessful": successful, "exitCode": exit_code, "toolExecutionNotifications": notes}],
    }


def _category(reference: str, platform: str) -> str:
    """One category per image and platform: an upload replaces the one before it in the same category."""
    parts = [quote(part, safe="/._-") for part in (_repository(reference), platform) if part]
    return "imagegate/" + "/".join(parts) + "/"


@lru_cache(16)
def _repository(reference: str) -> str:
    """Return the reference without what changes from build to build: its tag and digest."""
    if reference.startswith("sbom:"):  # a file has no tag
        rest = reference.removeprefix("sbom:")
        return f"sbom:{_repository(rest)}" if rest.startswith("registry:") else reference
    name = reference.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    kind, colon, rest = tail.partition(":")
    if not head and colon and kind in ("docker", "podman", "registry", "oci", "oci-archive", "docker-archive"):
        return f"{kind}:{rest.partition(':')[0]}"
    return head + slash + tail.partition(":")[0]


def _note(status: str, text: str, kind: str) -> dict[str, Any]:
    level = {"fail": "error", "warn": "warning"}.get(status, "note")
    return {"level": level, "message": {"text": _plain(text)}, "descriptor": {"id": kind}}


def _rule(judged: JudgedFinding) -> dict[str, Any]:
    finding = judged.finding
    title = finding.title or f"{finding.id} in {finding.package.name}"
    known = ", ".join((finding.id, *finding.aliases))
    rule: dict[str, Any] = {
        "id": finding.id,
        "name": re.sub(r"[^A-Za-z0-9]", "", finding.id) or "Vulnerability",
        "shortDescription": {"text": _cut(_sentence(title))},
        "fullDescription": {"text": _cut(_sentence(f"{title} ({known})"))},
        "help": {"text": _cut(f"{_sentence(title)} {wording.package(judged)}: {wording.fix(judged)}. Known as {known}.")},
        "defaultConfiguration": {"level": _LEVELS.get(judged.status, "note")},
        "properties": {
            "security-severity": _NUMBERS.get(judged.counts_as, "0.5"),
            "precision": "very-high",
            "tags": ["security", "vulnerability", judged.counts_as.word],
        },
    }
    if link := _link(finding.url):
        rule["helpUri"] = link
    return rule


def _result(judged: JudgedFinding, number: int, verdict: Verdict, prints: Counter[str]) -> dict[str, Any]:
    finding = judged.finding
    path = finding.location.path
    image = verdict.scan.image
    where = f"{image.reference}: {wording.package(judged)} in {path}, {wording.layer(judged, verdict)}"
    fingerprint = finding.fingerprint
    identity = sha256(f"{_repository(image.reference)}\n{fingerprint}".encode()).hexdigest()
    prints[identity] += 1  # two versions of a package in one place share a fingerprint, which knows no version
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": number,
        "kind": "fail",
        "level": _LEVELS.get(judged.status, "note"),
        "message": {
            "text": _plain(f"{wording.package(judged)}: {finding.id} ({wording.severity(judged)}); {wording.fix(judged)}.")
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(path)},
                    "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.package.purl, "kind": "module"}],
                "message": {"text": _plain(where)},
            }
        ],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{identity[:32]}:{prints[identity]}",
            "imagegate/v1": finding.fingerprint,
        },
        "properties": {"status": judged.status, "rules": list(judged.rules), "fixedIn": list(finding.fixed_in)},
    }
    if judged.status == "waived":
        waiver = verdict.waivers[judged.waiver or 0]
        end = f" until {waiver.expires}" if waiver.expires else ""
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": _plain(f"{waiver.reason} ({waiver.owner}{end})")}
        ]
    return result


@lru_cache(4096)
def _uri(path: str) -> str:
    """Return the path as a relative URI that stays below its root."""
    steps = [step for step in path.split("/") if step not in ("", ".", "..")]
    return quote("/".join(steps), safe="/._-~") or "image"


def _link(url: str) -> str:
    """Return a well-formed web address, or "" for anything else."""
    if _ORDINARY.match(url):
        return url
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and _HOST.match(parts.netloc)
    except ValueError:
        return ""
    if not known:
        return ""
    tail = quote(parts.path, safe="/!$&'()*+,;=:@%~-._") + (f"?{quote(parts.query, safe=_QUERY)}" if parts.query else "")
    tail += f"#{quote(parts.fragment, safe=_QUERY)}" if parts.fragment else ""
    return f"{parts.scheme}://{parts.netloc}{_STRAY.sub('%25', tail)}"


def _plain(text: str) -> str:
    """In SARIF messages `[text](link)` and `{0}` are syntax (3.11.5, 3.11.6): data must not be."""
    return _SYNTAX.sub(r"\\\1", text).replace("{", "{{").replace("}", "}}")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _cut(text: str) -> str:
    """Return the text as SARIF wants it, within GitHub's limit after its brackets were escaped."""
    plain = _plain(text)
    while len(plain) > _LONG:
        text = text[: len(text) - max(1, (len(plain) - _LONG) // 2)]
        plain = _plain(text) + "…"
    return plain
