"""Advisories made in code: OSV records, folders in the layout of the OSV bucket, and stores built from them."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from imagegate.advisory.build import build_folder
from imagegate.matcher.ecosystem import fewest_records
from imagegate.model.inventory import Distribution

Record = dict[str, Any]
Events = str | None | Sequence[tuple[str, str]]  # "1.2": fixed in 1.2; None: never fixed; else (kind, version) pairs

LONG_AGO = "2020-01-02T03:04:05Z"
_FAMILIES = {
    "Debian": "debian",
    "Ubuntu": "ubuntu",
    "Alpine": "alpine",
    "Wolfi": "wolfi",
    "Chainguard": "chainguard",
    "Alpaquita": "alpaquita",
    "BellSoft Hardened Containers": "bellsoft-hardened-containers",
}


def entry(ecosystem: str, package: str, events: Events = None, **more: Any) -> Record:
    """Return one entry of `affected`; `more` are further fields of it, `versions=[…]` or `ranges=[…]` for example."""
    return {"package": {"ecosystem": ecosystem, "name": package}, "ranges": [bounds(events)]} | more


def bounds(events: Events = None, kind: str = "ECOSYSTEM") -> Record:
    """Return one range."""
    if events is None:
        events = [("introduced", "0")]
    elif isinstance(events, str):
        events = [("introduced", "0"), ("fixed", events)]
    return {"type": kind, "events": [{name: version} for name, version in events]}


def record(id: str, ecosystem: str, package: str, events: Events = None, **more: Any) -> Record:  # noqa: A002
    """Return a record about one package; `more` are further fields of it and win over the ones made here."""
    made = {
        "schema_version": "1.7.0",
        "id": id,
        "modified": LONG_AGO,
        "published": LONG_AGO,
        "summary": f"{id} in {package}",
        "affected": [entry(ecosystem, package, events)],
    }
    return made | more


def padding(ecosystem: str, count: int | None = None) -> list[Record]:
    """Return harmless records about packages that nobody has: as many as make a store cover the release.

    `ecosystem` is spelled as in records: `Debian:11`, `Alpine:v3.11`, `Ubuntu:22.04:LTS`, `Wolfi`.
    """
    base = ecosystem.partition(":")[0]
    if count is None:
        count = fewest_records(Distribution(_FAMILIES[base], "", "", "", None))
    return [record(f"PAD-{ecosystem}-{number}", ecosystem, f"nobody-has-this-{number}", "0.1") for number in range(count)]


def archive(records: Iterable[Record | bytes]) -> bytes:
    """Return an `all.zip` of records; bytes go in as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for number, content in enumerate(records):
            name = f"{number}.json" if isinstance(content, bytes) else f"{content['id']}.json"
            file.writestr(zipfile.ZipInfo(name), content if isinstance(content, bytes) else json.dumps(content))
    return out.getvalue()


def score(cve: str, *vectors: tuple[str, str]) -> Record:
    """Return a record of the `cvss` archive: (type, vector) pairs, such as ("CVSS_V3", "CVSS:3.1/AV:N/…")."""
    severity = [{"type": kind, "score": vector} for kind, vector in vectors]
    return {"id": cve, "modified": LONG_AGO, "published": LONG_AGO, "severity": severity}


def catalogue(cves: Iterable[str], released: str = LONG_AGO) -> bytes:
    """Return CISA's catalogue of exploited vulnerabilities with these in it."""
    rows = [{"cveID": cve, "vulnerabilityName": f"Name of {cve}", "dateAdded": "2021-11-03"} for cve in cves]
    document = {"catalogVersion": "1", "dateReleased": released, "count": len(rows), "vulnerabilities": rows}
    return json.dumps(document).encode()


def write_folder(
    path: Path,
    ecosystems: Mapping[str, Iterable[Record | bytes]],
    *,
    exploited: Iterable[str] = (),
    released: str = LONG_AGO,
    cvss: Iterable[Record] = (),
    pad: Iterable[str] = (),
) -> Path:
    """Write ECOSYSTEM/all.zip and what lies beside; every ecosystem of `pad` gets so many records that it is covered."""
    contents = {name: list(records) for name, records in ecosystems.items()}
    for ecosystem in pad:
        contents.setdefault(ecosystem.partition(":")[0], []).extend(padding(ecosystem))
    if scores := list(cvss):
        contents["cvss"] = list(scores)
    for name, records in contents.items():
        target = path / name / "all.zip"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(archive(records))
    if names := list(exploited):
        (path / "known_exploited_vulnerabilities.json").write_bytes(catalogue(names, released))
    return path


def build_store(
    path: Path,
    ecosystems: Mapping[str, Iterable[Record | bytes]],
    *,
    exploited: Iterable[str] = (),
    released: str = LONG_AGO,
    cvss: Iterable[Record] = (),
    pad: Iterable[str] = (),
) -> Path:
    """Build a store at `path` from a folder that is written beside it (`PATH.folder`)."""
    beside = path.with_name(path.name + ".folder")
    folder = write_folder(beside, ecosystems, exploited=exploited, released=released, cvss=cvss, pad=pad)
    build_folder(str(folder), str(path), lambda _: None)
    return path
