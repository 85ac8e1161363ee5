"""What the texts in a report of Clair mean: names of vulnerabilities, fixed versions, severities and scores.

Where the forms come from: updaters and enrichers of quay/claircore (names such as `CVE-2014-0160 on Ubuntu 12.04 LTS
(precise) - high.`, fixed versions as a query string by its OSV updater, the payloads of `clair.cvss`), and
database/severity.go of quay/clair 2.1.8 (`Defcon1`).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from imagegate.model.scan import Score
from imagegate.model.severity import of_word
from imagegate.text import clean

_CVE = re.compile(r"(?<![A-Za-z0-9])CVE[-_](\d{4})[-_](\d{4,19})(?![A-Za-z0-9])", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}\Z")
# An id of any publisher: `RHSA-2024:1234`, `GHSA-jfh8-c2jp-5v3q`, `LAB-2026-0002`, `GO-2025-3751`.
_ID = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z]+)*-(?:\d{4}[-:]\d+(?:[-:.]\d+)*|[23456789cfghjmpqrvwx]{4}(?:-\w{4}){2})\Z", re.ASCII
)
_OSV = re.compile(r"https://osv\.dev/vulnerability/([A-Za-z][\w.:-]{2,99})(?=\s|\Z)")
_OF_OSV = ("GHSA-", "PYSEC-", "GO-", "RUSTSEC-", "MAL-", "OSV-", "BIT-", "DRUPAL-", "HSEC-", "RSEC-", "x_")
_QUERY = re.compile(r"(?:fixed|introduced|lastAffected|limit)=", re.IGNORECASE)
_CODE = re.compile(r"%[0-9A-Fa-f]{2}")
_OPTIONAL = ("description", "issued", "links", "updater", "Description", "Link", "PublishedDateTime")  # null says nothing
LONGEST_NAME, LONGEST_CLEAN = 1000, 8000  # what is hidden becomes up to eight characters each
_MOST_NAMES = 50  # of one vulnerability; what an advisory covers is no name of it
_MOST_COVERED = 200_001  # more than a report may have findings
_MOST_SCORES = 20
_DEFCON = {"defcon1": "critical"}
_NO_FIX = ((), "not-fixed")
_TYPES = {"2": "CVSS_V2", "3": "CVSS_V3", "4": "CVSS_V4"}

Identity = tuple[str, tuple[str, ...]]


def text(facts: Mapping[str, Any], key: str, longest: int, lost: Counter[str]) -> str:
    """Return a text of an object of a report as it is, "" where it is left out.

    `lost` counts what is no text, and what had to be cut; of the texts that may be null, what is cut is only for show.
    """
    value = facts.get(key, "")
    if not isinstance(value, str):
        if value is not None or key not in _OPTIONAL:
            lost[f"times {key} is not a text"] += 1
        return ""
    if len(value) > longest:
        if key not in _OPTIONAL:
            lost[f"times {key} is too long"] += 1
        return value[:longest]
    return value


def identities(name: str, links: str, told: Iterable[str] = (), lost: Counter[str] | None = None) -> tuple[Identity, ...]:
    """Return id and other names of each vulnerability that an entry of Clair speaks of: one, or what an advisory covers.

    A CVE counts where the name has it, or a link of osv.dev, which Clair adds for aliases. Other links may lead to
    anything; those of an advisory of a distribution lead to what it covers. `links` are separated by spaces, `told` are
    other names of it that Clair tells as such; `lost` counts vulnerabilities with more names than are kept.
    """
    name, told = name[:LONGEST_NAME].strip(), tuple(told)
    if _PLAIN.match(name) and not told and "osv.dev" not in links:  # nearly all
        return ((name, ()),)
    raw = clean(name, LONGEST_CLEAN)
    own = _cves(name)
    words = {word for word in name.split(" ") if _ID.match(word)} - set(own)
    if len(own) > 1:
        return tuple((cve, tuple(sorted({raw, *words} - {cve}))) for cve in own)
    said = dict.fromkeys([*told, *(_OSV.findall(links) if "osv.dev" in links else ())])
    if len(said) > _MOST_NAMES and lost is not None:
        lost["vulnerabilities have more names than are kept"] += 1
    others = {clean(word[:LONGEST_NAME], LONGEST_CLEAN) for word in list(said)[:_MOST_NAMES]}
    if not own and not others and not name.startswith(_OF_OSV):
        covered = _cves(links)
        if len(covered) > 1:
            return tuple((cve, tuple(sorted({raw, *words}))) for cve in covered)
        own = covered
    names = {raw, *own, *words, *(_cve(other) for other in others)} - {""}
    identity = preferred(names) if len(names) != 1 else names.pop()
    return ((identity, tuple(sorted(names - {identity}))),)


def told(aliases: object, lost: Counter[str]) -> Iterator[str]:
    """Yield the names in a list of aliases: `{"space": "CVE", "name": "2024-1"}` (alias.go of claircore after 1.5.48)."""
    if not isinstance(aliases, list | None):
        lost["lists of aliases have not the right form"] += 1
        return
    for alias in aliases or ():
        space, name = (alias.get("space"), alias.get("name")) if isinstance(alias, dict) else (None, None)
        if not isinstance(space, str) or not isinstance(name, str):
            lost["aliases have not the right form"] += 1
        elif space and name and ":" not in space:
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
        pairs = [(key.lower(), value.strip()) for key, value in parse_qsl(text)]
        versions = [value for key, value in pairs if key == "fixed" and value]
        last = any(key == "lastaffected" for key, _ in pairs)
    elif _CODE.search(text):
        versions = [unquote(text)]
    found = tuple(dict.fromkeys(clean(version, 8 * len(version)) for version in versions if version != "0"))
    return (found, "fixed") if found else ((), "unknown") if last or "0" in versions else _NO_FIX


def severity(raw: str, normalized: str = "") -> str:
    """Return the vendor's own word where it is known what it means, else Clair's, else what the vendor said, if anything."""
    words = [_DEFCON.get(word.strip().lower(), word.strip()) for word in (raw, normalized)]
    return clean(next(filter(of_word, words), words[0]), 40)


def scores(payloads: object, source: str, lost: Counter[str]) -> tuple[Score, ...]:
    """Return the CVSS scores of what an enricher says of one vulnerability; `lost` counts what is none.

    Of very many, as of an advisory that covers them all, the highest of each kind.
    """
    found: dict[Score, None] = {}
    for payload in payloads if isinstance(payloads, list) else (None,):
        facts = payload if isinstance(payload, dict) else {}
        version, value, vector = facts.get("version"), facts.get("baseScore"), facts.get("vectorString", "")
        kind = _TYPES.get(version[:1]) if isinstance(version, str) else None
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 10 else None
        if kind is None or number is None or not isinstance(vector, str):
            lost["scores cannot be read"] += 1
        else:
            found[Score(kind, number, clean(vector, 300), source)] = None
    if len(found) <= _MOST_SCORES:
        return tuple(found)
    return tuple({score.type: score for score in sorted(found, key=lambda score: score.score)}.values())


def scored(severity: str, source: str) -> tuple[Score, ...]:
    """Return the score of a severity that is itself a CVSS vector, as OSV's updater of Clair has it."""
    if not severity.startswith("CVSS:") or len(severity) > 300:
        return ()
    value = _base_score(severity)
    kind = _TYPES.get(severity[5:6])
    return () if value is None or kind is None else (Score(kind, value, clean(severity, 300), clean(source, 60)),)


@lru_cache(1 << 14)
def _base_score(vector: str) -> float | None:
    from cvss import CVSS3, CVSS4, CVSSError

    try:
        return float((CVSS4 if vector.startswith("CVSS:4") else CVSS3)(vector).base_score)
    except (CVSSError, ValueError, ArithmeticError, KeyError):
        return None


def _cves(text: str) -> list[str]:
    """Return the CVEs in a text, each once, and no more than make a report too large anyway."""
    found: dict[str, None] = {}
    for match in _CVE.finditer(text):
        found[f"CVE-{match[1]}-{match[2]}"] = None
        if len(found) == _MOST_COVERED:
            break
    return list(found)


def _cve(name: str) -> str:
    return name.upper() if name[:4].upper() == "CVE-" else name
