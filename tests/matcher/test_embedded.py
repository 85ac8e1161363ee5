"""The embedded backend on real archives: findings, and what the store does not cover."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imagegate.advisory.store import Store
from imagegate.backend.embedded import Embedded
from imagegate.errors import StoreError
from imagegate.model.scan import ScanReport
from imagegate.source.opening import Options, open_image
from tests.advisories import Record, build_store, padding, record, score
from tests.images import ALPINE_3_11, DEBIAN_11, Image, apk, dpkg, layer

VECTOR = ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")


def run(tmp_path: Path, files: dict[str, str], store: Path | None) -> ScanReport:
    image = Image([layer({name: text.encode() for name, text in files.items()})]).docker_archive(tmp_path / "app.tar")
    backend = Embedded(lambda needed: Store(str(store)) if store else None)
    return backend.scan(open_image(f"docker-archive:{image}", backend.interest, Options(env={})))


def debian(tmp_path: Path, records: Sequence[Record | bytes], **more: object) -> ScanReport:
    store = build_store(tmp_path / "s.db", {"Debian": records}, **more)  # type: ignore[arg-type]
    files = {"etc/os-release": DEBIAN_11, "var/lib/dpkg/status": dpkg(("libssl1.1", "1.1.1k-1", "openssl"), ("bash", "5.1-2"))}
    return run(tmp_path, files, store)


def uncovered(report: ScanReport) -> list[tuple[str, str]]:
    """Return what is said of the cover; that the records made here are old is another matter."""
    return [
        (note.found, note.detail) for note in report.evidence if note.kind == "uncovered" and "newest record" not in note.detail
    ]


def test_a_debian_image_has_its_findings_with_what_all_sources_know(tmp_path: Path) -> None:
    dsa = record("DSA-4963-1", "Debian:11", "openssl", "1.1.1k-1+deb11u1", upstream=["CVE-2021-3711"], summary="")
    report = debian(tmp_path, [dsa], pad=["Debian:11"], cvss=[score("CVE-2021-3711", VECTOR)], exploited=["CVE-2021-3711"])
    (finding,) = report.findings
    assert (finding.id, finding.package.name, finding.fixed_in) == ("CVE-2021-3711", "libssl1.1", ("1.1.1k-1+deb11u1",))
    assert [(found.score, found.source) for found in finding.scores] == [(9.8, "CVE-2021-3711")]
    assert finding.known_exploited is True
    assert uncovered(report) == [("ok", "101 records for debian 11")]
    database = report.backends[0].database
    assert database is not None
    assert (database.records, database.scores, database.exploited) == (101, 1, 1)


def test_an_alpine_image_is_judged_by_origin(tmp_path: Path) -> None:
    store = build_store(
        tmp_path / "s.db", {"Alpine": [record("ALPINE-CVE-2020-1", "Alpine:v3.11", "openssl", "9-r0")]}, pad=["Alpine:v3.11"]
    )
    files = {"etc/os-release": ALPINE_3_11, "lib/apk/db/installed": apk(("libssl1.1", "1.1.1d-r2", "openssl"))}
    report = run(tmp_path, files, store)
    assert [finding.package.name for finding in report.findings] == ["libssl1.1"]
    assert report.findings[0].known_exploited is None  # this store has no list of exploited ones


def test_a_store_with_nothing_for_the_release_says_so(tmp_path: Path) -> None:
    ((found, detail),) = uncovered(debian(tmp_path, [record("DSA-1", "Debian:10", "bash", "9")], pad=["Debian:10", "Debian:12"]))
    assert (found, detail) == ("fail", "the advisory store holds nothing for debian 11")


def test_a_store_with_far_less_than_the_publisher_has_says_so(tmp_path: Path) -> None:
    ((found, detail),) = uncovered(debian(tmp_path, padding("Debian:11", 20)))
    assert found == "fail"
    assert "20 records for debian 11" in detail


@pytest.mark.parametrize(("damaged", "found"), [(2, "warn"), (20, "fail")])
def test_damaged_records_are_told(tmp_path: Path, damaged: int, found: str) -> None:
    notes = uncovered(debian(tmp_path, [*padding("Debian:11"), *[b"{"] * damaged]))
    assert [kind for kind, _ in notes] == ["ok", found]
    assert f"{damaged} of {100 + damaged} records of Debian are damaged" in notes[1][1]


def test_a_source_that_has_been_silent_for_months_is_told_whoever_confirms_it(tmp_path: Path) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    frozen = debian(tmp_path, [], pad=["Debian:11"], exploited=["CVE-2020-1"])
    assert [note.found for note in frozen.evidence if "newest record" in note.detail] == ["warn"]
    assert "known_exploited" in str(frozen.evidence)
    (tmp_path / "alive").mkdir()
    alive = debian(tmp_path / "alive", [record("DSA-9", "Debian:11", "x", "1", modified=now), *padding("Debian:11")])
    assert not any("newest record" in note.detail for note in alive.evidence)


def test_of_two_vendor_words_the_worse_counts(tmp_path: Path) -> None:
    mild = record("DEBIAN-CVE-2021-1", "Debian:11", "bash", "9", upstream=["CVE-2021-1"])
    mild["affected"][0]["ecosystem_specific"] = {"urgency": "unimportant"}
    worse = record("DSA-1-1", "Debian:11", "bash", "9", upstream=["CVE-2021-1"], database_specific={"severity": "critical"})
    (finding,) = debian(tmp_path, [mild, worse], pad=["Debian:11"]).findings
    assert finding.raw_severity == "critical"


def test_cve_ids_are_joined_in_whatever_case_they_are_written(tmp_path: Path) -> None:
    dsa = record("DSA-1-1", "Debian:11", "bash", "9", upstream=["cve-2021-1"])
    (finding,) = debian(tmp_path, [dsa], pad=["Debian:11"], exploited=["CVE-2021-1 "]).findings
    assert (finding.id, finding.known_exploited) == ("CVE-2021-1", True)


def test_a_record_is_withdrawn_once_the_day_has_come(tmp_path: Path) -> None:
    records = [
        record("DSA-1-1", "Debian:11", "bash", "9", withdrawn="2021-01-01T00:00:00Z"),
        record("DSA-2-1", "Debian:11", "bash", "9", withdrawn="2999-01-01T00:00:00Z"),
    ]
    assert [finding.id for finding in debian(tmp_path, records, pad=["Debian:11"]).findings] == ["DSA-2-1"]
    (tmp_path / "bad").mkdir()
    bad = debian(tmp_path / "bad", [record("DSA-1-1", "Debian:11", "bash", "9", withdrawn="no")], pad=["Debian:11"])
    assert any("1 of 101 records of Debian are damaged" in note.detail for note in bad.evidence)


def test_an_entry_for_the_whole_distribution_or_without_any_limit_counts(tmp_path: Path) -> None:
    everywhere = record("DSA-1-1", "Debian", "bash", "9")
    listed = record("DSA-2-1", "Debian:11", "bash", ranges=None)
    listed["affected"] = [{"package": {"ecosystem": "Debian:11", "name": "bash"}, "versions": ["0:5.1-2"]}]
    boundless = record("DSA-3-1", "Debian:11", "bash")
    boundless["affected"] = [{"package": {"ecosystem": "Debian:11", "name": "bash"}}]
    found = debian(tmp_path, [everywhere, listed, boundless], pad=["Debian:11"]).findings
    assert sorted(finding.id for finding in found) == ["DSA-1-1", "DSA-2-1", "DSA-3-1"]


def test_an_image_without_a_distribution_needs_no_store(tmp_path: Path) -> None:
    report = run(tmp_path, {"app": "x"}, None)
    assert (report.findings, report.distribution, report.backends[0].database) == ((), None, None)


def test_a_damaged_store_is_an_error_not_a_clean_image(tmp_path: Path) -> None:
    store = build_store(tmp_path / "s.db", {"Debian": padding("Debian:11")})
    data = bytearray(store.read_bytes())
    data[len(data) // 2] ^= 1
    store.write_bytes(data)
    with pytest.raises(StoreError):
        run(tmp_path, {"etc/os-release": DEBIAN_11, "var/lib/dpkg/status": dpkg(("bash", "5.1-2"))}, store)
