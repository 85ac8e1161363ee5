"""The result document: the one record from which everything else can be made again."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from imagegate import __version__
from imagegate.model.inventory import Location, Package
from imagegate.model.scan import ScanReport, Score
from imagegate.model.verdict import Failure, JudgedFinding, Outcome, PolicyIdentity, Verdict
from imagegate.report import wording
from imagegate.report.layers import Share, shares
from imagegate.report.lines import Form, Ready, encode, listed, quoted, recall

RESULT = "imagegate/result/1"
RESULTS = "imagegate/results/1"
# When several images have several fates: a wrong policy, a proven violation, a failed scan, missing evidence.
_NOTHING = 3  # nothing was scanned: that is no pass
_ORDER = (130, 143, 1, 2, 10, 3, 4, 0)


def overall(outcomes: Sequence[Outcome]) -> int:
    """Return the exit code of the whole run: a proven violation stays one even where another image failed."""
    return min((outcome.exit_code for outcome in outcomes), key=_ORDER.index, default=_NOTHING)


def document(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the document for `dumps`: one result, or an envelope around several."""
    if len(outcomes) == 1:
        return _result(outcomes[0])
    results = [_result(outcome) for outcome in outcomes]
    code = overall(outcomes)
    reasons = [f"{result['image']['reference']}: {reason}" for result in results for reason in result["verdict"]["reasons"]]
    states = {result["verdict"]["status"] for result in results}
    status = next((state for state in ("fail", "none", "pass") if state in states), "none")
    return {"schema": RESULTS, "verdict": {"status": status, "exit_code": code, "reasons": reasons}, "results": results}


def _result(outcome: Outcome) -> dict[str, Any]:
    return _verdict(outcome) if isinstance(outcome, Verdict) else _failure(outcome)


def _head(created: str) -> dict[str, Any]:
    return {"schema": RESULT, "created": created, "tool": {"name": "imagegate", "version": __version__}}


def _failure(failure: Failure) -> dict[str, Any]:
    failure = wording.tidy(failure)
    image: dict[str, Any] = {
        "reference": failure.reference,
        "source": "",
        "id": "",
        "digest": None,
        "platform": "",
        "labels": {},
        "layers": [],
    }
    return {
        **_head(failure.created),
        "image": image,
        "backend": [],
        "distribution": None,
        "packages": [],
        "findings": [],
        "by_layer": [],
        "evidence": [],
        "policy": {**_policy(failure.policy), "rules": []},
        "waivers": [],
        "verdict": {
            "status": "none",
            "exit_code": failure.exit_code,
            "reasons": [failure.message, *([failure.hint] if failure.hint else [])],
            "report_only": False,
        },
    }


def _policy(identity: PolicyIdentity | None) -> dict[str, Any]:
    return {"reference": identity.reference, "digest": identity.digest} if identity else {"reference": "", "digest": ""}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    scan = verdict.scan
    image: dict[str, Any] = asdict(scan.image)
    return {
        **_head(verdict.created),
        "image": {**image, "labels": dict(scan.image.labels), "layers": list(image["layers"])},
        "backend": [asdict(run) for run in scan.backends],
        "distribution": _distribution(scan, verdict.created),
        "packages": [_package(package) for package in scan.packages],
        "findings": [Ready(_finding(judged)) for judged in verdict.findings],
        "by_layer": [_share(share) for share in shares(verdict)],
        "evidence": [asdict(item) for item in verdict.evidence],
        "policy": {**_policy(verdict.policy), "rules": [_listed(asdict(rule)) for rule in verdict.rules]},
        "waivers": [_listed(asdict(waiver)) for waiver in verdict.waivers],
        "verdict": {
            "status": verdict.status,
            "exit_code": verdict.exit_code,
            "reasons": list(verdict.reasons),
            "report_only": verdict.report_only,
        },
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "layer": share.layer.index,
        "digest": share.layer.digest,
        "created_by": share.layer.created_by,
        "size": share.layer.size,
        "packages": share.packages,
        "severities": {severity.word: count for severity, count in share.severities.items()},
        "findings": list(share.findings),
    }


def _listed(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}


def _distribution(scan: ScanReport, created: str) -> dict[str, Any] | None:
    found = scan.distribution
    if found is None:
        return None
    supported = None if found.end_of_life is None else created[:10] <= found.end_of_life
    return {
        "id": found.id,
        "version": found.version,
        "codename": found.codename,
        "pretty_name": found.pretty_name,
        "supported": supported,
        "end_of_life": found.end_of_life,
    }


def _package(package: Package) -> dict[str, Any]:
    return {
        "purl": package.purl,
        "type": package.type,
        "name": package.name,
        "version": package.version,
        "source_name": package.source_name,
        "source_version": package.source_version,
        "locations": [_location(location) for location in package.locations],
        "owned_by": package.owned_by,
        "by_distribution": package.by_distribution,
        "basis": package.basis,
    }


@lru_cache(1 << 10)  # all packages of a database are in one place
def _place(location: Location) -> str:
    return encode(_location(location))


def _location(location: Location) -> dict[str, Any]:
    return {"path": location.path, "layer": location.layer}


def _score(score: Score) -> dict[str, Any]:
    return {"type": score.type, "score": score.score, "vector": score.vector, "source": score.source}


_FINDING = Form(
    {
        "id": "<id>",
        "aliases": "<aliases>",
        "severity": "<severity>",
        "counts_as": "<counts_as>",
        "raw_severity": "<raw_severity>",
        "scores": "<scores>",
        "fixed_in": "<fixed_in>",
        "fix_state": "<fix_state>",
        "fix_date": None,
        "published": "<published>",
        "known_exploited": "<known_exploited>",
        "epss": None,
        "package": "<package>",
        "location": "<location>",
        "title": "<title>",
        "url": "<url>",
        "advisories": "<advisories>",
        "upgrade": "<upgrade>",
        "deferrable": "<deferrable>",
        "change": None,
        "status": "<status>",
        "rules": "<rules>",
        "unknown": "<unknown>",
        "waiver": "<waiver>",
        "fingerprint": "<fingerprint>",
    }
)


def _finding(judged: JudgedFinding) -> str:
    finding = judged.finding
    return _FINDING.fill(
        id=quoted(finding.id),
        aliases=listed(finding.aliases),
        severity=recall(judged.severity.word),
        counts_as=recall(judged.counts_as.word),
        raw_severity=recall(finding.raw_severity),
        scores=encode([_score(score) for score in finding.scores]) if finding.scores else "[]",
        fixed_in=listed(finding.fixed_in),
        fix_state=recall(finding.fix_state),
        published=recall(finding.published),
        known_exploited=recall(finding.known_exploited),
        package=recall(finding.package.purl),
        location=_place(finding.location),
        title=quoted(finding.title),
        url=quoted(finding.url),
        advisories=listed(finding.advisories),
        upgrade=recall(finding.upgrade),
        deferrable=recall(finding.deferrable),
        status=recall(judged.status),
        rules=listed(judged.rules),
        unknown=listed(judged.unknowns),
        waiver=recall(judged.waiver),
        fingerprint=quoted(finding.fingerprint),
    )
