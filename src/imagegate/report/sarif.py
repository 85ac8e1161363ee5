"""SARIF 2.1.0 (OASIS), within what GitHub code scanning accepts (docs.github.com, "SARIF support for code scanning")."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

from imagegate import __version__
from imagegate.model.inventory import Location
from imagegate.model.severity import Severity
from imagegate.model.verdict import Failure, JudgedFinding, Outcome, Verdict
from imagegate.report import wording
from imagegate.report.lines import Form, Ready, dumps, encode, listed, quoted, recall

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_HOME = "https://github.com/imagegate/imagegate"
_MOST = 25_000  # results of one run; beyond that GitHub refuses the whole file
_LONG = 1000  # characters; GitHub allows 1,024 in a description
_QUERY = "/?!$&'()*+,;=:@%~-._"
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?\Z")
_SYNTAX = re.compile(r"[\[\]\\{}]")
_ESCAPED = {"[": "\\[", "]": "\\]", "\\": "\\\\", "{": "{{", "}": "}}"}
_MARKS = re.compile(r"[^A-Za-z0-9]+")
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
    image = verdict.scan.image
    run = _frame(image.reference, image.platform, verdict.exit_code, verdict.status != "none", notes, described)
    prints: Counter[str] = Counter()
    locations: dict[tuple[int, Location], str] = {}  # a package has many findings
    run["results"] = results = []
    for judged in shown:
        place = (id(judged.finding.package), judged.finding.location)
        if place not in locations:
            locations[place] = _location(judged, verdict)
        results.append(Ready(_result(judged, rules[judged.finding.id], locations[place], verdict, prints)))
    return run


def _failed_run(failure: Failure) -> dict[str, Any]:
    failure = wording.tidy(failure)
    run = _frame(
        failure.reference,
        "",
        failure.exit_code,
        False,
        [_note("fail", f"{failure.message} {failure.hint}".strip(), "no-verdict")],
        [],
    )
    run["results"] = []
    return run


_DRIVER = Form(
    {
        "name": "imagegate",
        "fullName": f"imagegate {__version__}",
        "informationUri": _HOME,
        "semanticVersion": __version__,
        "rules": "<rules>",
    }
)


def _frame(
    reference: str, platform: str, exit_code: int, successful: bool, notes: list[dict[str, Any]], rules: list[str]
) -> dict[str, Any]:
    return {
        "tool": {"driver": Ready(_DRIVER.fill(rules=f"[{', '.join(rules)}]"))},
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


_RULE = {
    "id": "<id>",
    "name": "<name>",
    "shortDescription": {"text": "<short>"},
    "fullDescription": {"text": "<full>"},
    "help": {"text": "<help>"},
    "defaultConfiguration": {"level": "<level>"},
    "properties": {
        "security-severity": "<number>",
        "precision": "very-high",
        "tags": ["security", "vulnerability", "<severity>"],
    },
}
_PLAIN_RULE, _LINKED_RULE = Form(_RULE), Form({**_RULE, "helpUri": "<link>"})


def _rule(judged: JudgedFinding) -> str:
    finding = judged.finding
    title = finding.title or f"{finding.id} in {finding.package.name}"
    known = ", ".join((finding.id, *finding.aliases))
    link = _link(finding.url)
    return (_LINKED_RULE if link else _PLAIN_RULE).fill(
        id=quoted(finding.id),
        name=quoted(_MARKS.sub("", finding.id) or "Vulnerability"),
        short=quoted(_cut(_sentence(title))),
        full=quoted(_cut(_sentence(f"{title} ({known})"))),
        help=quoted(_cut(f"{_sentence(title)} {wording.package(judged)}: {wording.fix(judged)}. Known as {known}.")),
        level=recall(_LEVELS.get(judged.status, "note")),
        number=recall(_NUMBERS.get(judged.counts_as, "0.5")),
        severity=recall(judged.counts_as.word),
        link=quoted(link),
    )


_RESULT = {
    "ruleId": "<id>",
    "ruleIndex": "<number>",
    "kind": "fail",
    "level": "<level>",
    "message": {"text": "<message>"},
    "locations": ["<location>"],
    "partialFingerprints": {"primaryLocationLineHash": "<hash>", "imagegate/v1": "<fingerprint>"},
    "properties": {"status": "<status>", "rules": "<rules>", "fixedIn": "<fixed>"},
}
_PLAIN_RESULT, _WAIVED_RESULT = Form(_RESULT), Form({**_RESULT, "suppressions": "<suppressions>"})


def _result(judged: JudgedFinding, number: int, location: str, verdict: Verdict, prints: Counter[str]) -> str:
    finding = judged.finding
    fingerprint = finding.fingerprint
    identity = sha256(f"{_repository(verdict.scan.image.reference)}\n{fingerprint}".encode()).hexdigest()
    prints[identity] += 1  # two versions of a package in one place share a fingerprint, which knows no version
    return (_WAIVED_RESULT if judged.status == "waived" else _PLAIN_RESULT).fill(
        id=quoted(finding.id),
        number=str(number),
        level=recall(_LEVELS.get(judged.status, "note")),
        message=quoted(_plain(f"{wording.package(judged)}: {finding.id} ({wording.severity(judged)}); {wording.fix(judged)}.")),
        location=location,
        hash=quoted(f"{identity[:32]}:{prints[identity]}"),
        fingerprint=quoted(fingerprint),
        status=recall(judged.status),
        rules=listed(judged.rules),
        fixed=listed(finding.fixed_in),
        suppressions=encode(_suppressions(judged, verdict)) if judged.status == "waived" else "",
    )


_LOCATION = Form(
    {
        "physicalLocation": {
            "artifactLocation": {"uri": "<uri>"},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
        },
        "logicalLocations": [{"fullyQualifiedName": "<purl>", "kind": "module"}],
        "message": {"text": "<where>"},
    }
)


def _location(judged: JudgedFinding, verdict: Verdict) -> str:
    path = judged.finding.location.path
    where = f"{verdict.scan.image.reference}: {wording.package(judged)} in {path}, {wording.layer(judged, verdict)}"
    return _LOCATION.fill(uri=quoted(_uri(path)), purl=quoted(judged.finding.package.purl), where=quoted(_plain(where)))


def _suppressions(judged: JudgedFinding, verdict: Verdict) -> list[dict[str, Any]]:
    waiver = verdict.waivers[judged.waiver or 0]
    end = f" until {waiver.expires}" if waiver.expires else ""
    return [{"kind": "external", "status": "accepted", "justification": _plain(f"{waiver.reason} ({waiver.owner}{end})")}]


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
    return _SYNTAX.sub(lambda match: _ESCAPED[match[0]], text)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _cut(text: str) -> str:
    """Return the text as SARIF wants it, within GitHub's limit after its brackets were escaped."""
    plain = _plain(text)
    while len(plain) > _LONG:
        text = text[: len(text) - max(1, (len(plain) - _LONG) // 2)]
        plain = _plain(text) + "…"
    return plain
