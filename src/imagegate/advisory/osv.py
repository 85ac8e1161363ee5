"""Reads advisories in the OSV format (https://ossf.github.io/osv-schema/) into what matching needs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from imagegate.model.scan import Score
from imagegate.text import clean

_EVENTS = ("introduced", "fixed", "last_affected", "limit")
_TITLE = 300  # characters
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z\Z", re.ASCII)  # RFC 3339 in UTC, as OSV demands
# AlmaLinux and Rocky Linux name the CVEs of an advisory in `related`; elsewhere that field means something else.
_RELATED_COUNTS = ("AlmaLinux", "Rocky Linux")
_NO_VULNERABILITY = ("ALBA-", "ALEA-")  # bug fixes and enhancements of AlmaLinux


@dataclass(frozen=True, slots=True)
class Affected:
    """One entry of `affected[]`: a package of an ecosystem, its ranges of events and its list of versions."""

    ecosystem: str
    name: str
    ranges: list[list[tuple[str, str]]]
    versions: list[str]
    severity: str


@dataclass(frozen=True, slots=True)
class Record:
    """An advisory; `aliases` are other names of the same vulnerability, `upstream` vulnerabilities that it covers."""

    id: str
    modified: str
    published: str
    withdrawn: bool
    informational: bool
    title: str
    url: str
    severity: str
    scores: tuple[Score, ...]
    aliases: tuple[str, ...]
    upstream: tuple[str, ...]
    affected: tuple[Affected, ...]


class BadRecord(Exception):
    """The record does not have the form of OSV."""


def parse(data: Any) -> Record:
    """Return the record; raises BadRecord naming what is missing or has the wrong type."""
    try:
        return _parse(data)
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        raise BadRecord(f"{type(error).__name__}: {error}") from None


def _parse(data: Any) -> Record:
    identity = name_of(_string(data["id"]))
    entries = [entry for entry in data.get("affected") or () if entry.get("package")]
    affected = tuple(_affected(entry) for entry in entries)
    upstream = list(data.get("upstream") or ())
    if any(entry.ecosystem.partition(":")[0] in _RELATED_COUNTS for entry in affected):
        upstream += data.get("related") or ()
    severities = [*(data.get("severity") or ()), *(severity for entry in entries for severity in entry.get("severity") or ())]
    scores = tuple(dict.fromkeys(score for severity in severities if (score := _score(severity, identity))))
    word = next((_string(severity["score"]) for severity in severities if severity["type"] == "Ubuntu"), "")
    informational = [(entry.get("database_specific") or {}).get("informational") for entry in entries]
    return Record(
        id=identity,
        modified=_time(data["modified"]),
        published=_time(data["published"]) if data.get("published") else "",
        withdrawn=bool(data.get("withdrawn")) and _time(data["withdrawn"]) <= datetime.now(UTC).isoformat(),
        informational=identity.startswith(_NO_VULNERABILITY) or (bool(informational) and all(informational)),
        title=_title(data),
        url=_url(data),
        severity=clean(word or _word(data.get("database_specific")), 40),
        scores=scores,
        aliases=_names(data.get("aliases")),
        upstream=_names(upstream),
        affected=affected,
    )


def _affected(entry: Any) -> Affected:
    package = entry["package"]
    ranges = []
    for bounds in entry.get("ranges") or ():
        if bounds["type"] == "GIT":  # commits say nothing about a version; the other ranges still do
            continue
        events = [(kind, _string(event[kind])) for event in bounds["events"] for kind in _EVENTS if kind in event]
        if not any(kind == "introduced" for kind, _ in events):
            raise ValueError("a range without a beginning")
        ranges.append(events)
    specific, database = entry.get("ecosystem_specific") or {}, entry.get("database_specific") or {}
    word = specific.get("urgency") or specific.get("severity") or database.get("severity") or ""
    return Affected(
        ecosystem=clean(_string(package["ecosystem"]), 200),
        name=clean(_string(package["name"]), 500),
        ranges=ranges if entry.get("ranges") or entry.get("versions") else [[("introduced", "0")]],  # no limit is given
        versions=[_string(version) for version in entry.get("versions") or ()],
        severity="" if word in ("not yet assigned", "end-of-life") else clean(str(word), 40),
    )


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not text")
    return value


def _time(value: Any) -> str:
    if not _TIME.match(_string(value)):
        raise ValueError(f"{value!r:.60} is not a time")
    datetime.fromisoformat(value)  # raises ValueError for a 31st of February
    return str(value)


def _names(values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name_of(_string(value)) for value in values or ()))


def name_of(text: str) -> str:
    """Return the name of a vulnerability as everybody joins on it: CVE ids are written in upper case."""
    name = clean(text.strip(), 200)
    return name.upper() if name[:4].upper() == "CVE-" else name


def _word(specific: Any) -> str:
    word = (specific or {}).get("severity")
    return word if isinstance(word, str) else ""


def _title(data: Any) -> str:
    summary = data.get("summary") or _string(data.get("details") or "").strip().partition("\n")[0]
    return clean(_string(summary).strip(), _TITLE)


def _url(data: Any) -> str:
    """Return the advisory's own page; only http and https links are ever shown."""
    links = [(link.get("type"), _string(link["url"])) for link in data.get("references") or ()]
    links = [(kind, url) for kind, url in links if url.startswith(("https://", "http://"))]
    best = [url for kind, url in links if kind == "ADVISORY"] or [url for _, url in links]
    return clean(best[0], 500) if best else ""


def _score(severity: Any, source: str) -> Score | None:
    kind, vector = _string(severity["type"]), _string(severity["score"])
    value = _base_score(kind, vector)
    return None if value is None else Score(clean(kind, 20), value, clean(vector, 300), source)


@lru_cache(maxsize=65536)
def _base_score(kind: str, vector: str) -> float | None:
    """Return the base score of a vector (FIRST's specifications of CVSS v2, v3.x and v4.0), None for a malformed one."""
    from cvss import CVSS2, CVSS3, CVSS4, CVSSError

    try:
        if kind == "CVSS_V4":
            return float(CVSS4(vector).base_score)
        if kind == "CVSS_V3":
            return float(CVSS3(vector).base_score)
        if kind == "CVSS_V2":
            return float(CVSS2(vector.removeprefix("CVSS:2.0/")).base_score)
    except (CVSSError, ValueError, ArithmeticError, KeyError):
        return None
    return None


def cves(record: Record) -> Iterator[str]:
    """Yield the CVE ids that the record is, or covers."""
    for name in dict.fromkeys((record.id, *record.aliases, *record.upstream)):
        if name.startswith("CVE-"):
            yield name
