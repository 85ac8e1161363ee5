"""What the texts in a report of Clair mean: names of vulnerabilities, fixed versions, severities and scores.

Where the forms come from: updaters and enrichers of quay/claircore (names such as `CVE-2014-0160 on Ubuntu 12.04 LTS
(precise) - high.`, fixed versions as a query string by its OSV updater, the payloads of `clair.cvss`), and
database/severity.go of quay/clair 2.1.8 (`Defcon1`).
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from imagegate.model.scan import Score
from imagegate.model.severity import of_word
from imagegate.text import clean

_CVE = re.compile(r"(?<![A-Za-z0-9])CVE[-_](\d{4})[-_](\d{4,19})(?![A-Za-z0-9])", re.IGNORECASE)
_PLAIN = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}\Z")
# An id of any publisher: `RHSA-2024:1234`, `GHSA-jfh8-c2jp-5v3q`, `LAB-2026-0002`, `GO-2025-3751`.
_ID = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z]+)*-(?:\d{4}[-:]\d+(?:[-:.]\d+)*|[23456789cfghjmpqrvwx]{4}(?:-\w{4}){2})\Z")
_OSV = re.compile(r"https://osv\.dev/vulnerability/([A-Za-z][\w.:-]{2,99})(?=\s|\Z)")
_OF_OSV = ("GHSA-", "PYSEC-", "GO-", "RUSTSEC-", "MAL-", "OSV-", "BIT-", "DRUPAL-", "HSEC-", "RSEC-", "x_")
_QUERY = re.compile(r"(?:fixed|introduced|lastAffected|limit)=", re.IGNORECASE)
_CODE = re.compile(r"%[0-9A-Fa-f]{2}")
_LONGEST_NAME, _LONGEST_LINKS = 200, 20_000
_MOST_NAMES = 50  # of one vulnerability: an advisory of Red Hat may cover hundreds
_DEFCON = {"defcon1": "critical"}
_NO_FIX = ((), "not-fixed")
_TYPES = {"2": "CVSS_V2", "3": "CVSS_V3", "4": "CVSS_V4"}

Identity = tuple[str, tuple[str, ...]]


def aliases(name: str, links: str) -> Identity:
    """Return the id of one vulnerability and its other names; the name as Clair has it is among them if it differs.

    An advisory that covers several vulnerabilities keeps its own id, and none of theirs.
    """
    found = identities(name, links)
    return found[0] if len(found) == 1 else (clean(name.strip(), _LONGEST_NAME), ())


def identities(name: str, links: str, told: Iterable[str] = ()) -> tuple[Identity, ...]:
    """Return id and other names of each vulnerability that an entry of Clair speaks of: one, or what an advisory covers.

    A CVE counts where the name has it, or a link of osv.dev, which Clair adds for aliases. Other links may lead to
    anything; those of an advisory of a distribution lead to what it covers. `links` are separated by spaces, `told` are
    other names of it that Clair tells as such.
    """
    name, links, told = name[: _LONGEST_NAME * 5].strip(), links[:_LONGEST_LINKS], tuple(told)
    if _PLAIN.match(name) and not told and "osv.dev" not in links:  # nearly all
        return ((name, ()),)
    raw = clean(name, _LONGEST_NAME)
    own = list(dict.fromkeys(_cves(name)))
    words = {clean(word, 100) for word in name.split(" ") if _ID.match(word)} - set(own)
    if len(own) > 1:
        return tuple((cve, tuple(sorted({raw, *words} - {cve}))) for cve in own[:_MOST_NAMES])
    others = {clean(word, 100) for word in _OSV.findall(links)[:_MOST_NAMES]} if "osv.dev" in links else set()
    others |= {clean(word, 100) for word in told}
    if not own and not others and not name.startswith(_OF_OSV):
        covered = list(dict.fromkeys(_cves(links)))[:_MOST_NAMES]
        if len(covered) > 1:
            return tuple((cve, tuple(sorted({raw, *words}))) for cve in covered)
        own = covered
    names = {raw, *own, *words, *(_cve(other) for other in others)} - {""}
    identity = preferred(names) if len(names) != 1 else names.pop()
    return ((identity, tuple(sorted(names - {identity}))),)


def told(aliases: object) -> Iterator[str]:
    """Yield the names in a list of aliases: `{"space": "CVE", "name": "2024-1"}` (alias.go of claircore after 1.5.48)."""
    for alias in aliases[:_MOST_NAMES] if isinstance(aliases, list) else ():
        space, name = (alias.get("space"), alias.get("name")) if isinstance(alias, dict) else ("", "")
        if isinstance(space, str) and isinstance(name, str) and space and name and ":" not in space:
            yield f"{space}-{name}"


def preferred(names: set[str]) -> str:
    """Return the name to show: a CVE, else one of GitHub, else the first that is an id."""
    return min(
        names, key=lambda name: (not name.startswith("CVE-"), not name.startswith("GHSA-"), " " in name, name), default="unknown"
    )


def fixed(text: str) -> tuple[tuple[str, ...], str]:
    """Return the versions that fix it, and "fixed", "not-fixed" or "unknown".

    "" is no fix, "0" what Clair writes for what is not affected. In a query string, `lastAffected` without `fixed` says
    that a later version is good, but not which.
    """
    text = text.strip()
    if not text:
        return _NO_FIX
    versions, last = [text], False
    if _QUERY.match(text):
        pairs = [(key.lower(), value.strip()) for key, value in parse_qsl(text[:2000])]
        versions = [value for key, value in pairs if key == "fixed" and value]
        last = any(key == "lastaffected" for key, _ in pairs)
    elif _CODE.search(text):
        versions = [unquote(text)]
    found = tuple(dict.fromkeys(clean(version, 200) for version in versions if version != "0"))
    return (found, "fixed") if found else ((), "unknown") if last or "0" in versions else _NO_FIX


def severity(raw: str, normalized: str = "") -> str:
    """Return the vendor's own word where it is known what it means, else Clair's, else what the vendor said, if anything."""
    words = [_DEFCON.get(word.strip().lower(), word.strip()) for word in (raw, normalized)]
    return clean(next(filter(of_word, words), words[0]), 40)


def scores(payloads: object, source: str) -> tuple[Score, ...]:
    """Return the CVSS scores of what an enricher says of one vulnerability; what is no score is left out."""
    found: list[Score] = []
    for payload in payloads[:20] if isinstance(payloads, list) else ():
        if not isinstance(payload, dict):
            continue
        version, value, vector = payload.get("version"), payload.get("baseScore"), payload.get("vectorString")
        kind = _TYPES.get(str(version)[:1])
        vector = clean(vector, 300) if isinstance(vector, str) else ""
        if kind and isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 10:
            score = Score(kind, float(value), vector, source)
            found += [score] if score not in found else []
    return tuple(found)


def scored(severity: str, source: str) -> tuple[Score, ...]:
    """Return the score of a severity that is itself a CVSS vector, as OSV's updater of Clair has it."""
    if not severity.startswith("CVSS:") or len(severity) > 300:
        return ()
    value = _base_score(severity)
    kind = _TYPES.get(severity[5:6])
    return () if value is None or kind is None else (Score(kind, value, clean(severity, 300), source),)


@lru_cache(1 << 14)
def _base_score(vector: str) -> float | None:
    from cvss import CVSS3, CVSS4, CVSSError

    try:
        return float((CVSS4 if vector.startswith("CVSS:4") else CVSS3)(vector).base_score)
    except (CVSSError, ValueError, ArithmeticError, KeyError):
        return None


def v2(metadata: Any, source: str = "nvd") -> tuple[Score, ...]:
    """Return the score in the metadata of the first API: `{"NVD": {"CVSSv2": {"Score": 7.5, "Vectors": "…"}}}`."""
    inner: Any = metadata
    for key in ("NVD", "CVSSv2"):
        inner = inner.get(key) if isinstance(inner, dict) else None
    if not isinstance(inner, dict):
        return ()
    return scores([{"version": "2.0", "baseScore": inner.get("Score"), "vectorString": inner.get("Vectors")}], source)


def _cves(text: str) -> list[str]:
    return [f"CVE-{year}-{number}" for year, number in _CVE.findall(text)]


def _cve(name: str) -> str:
    return name.upper() if name[:4].upper() == "CVE-" else name
