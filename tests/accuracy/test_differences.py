"""The cases in which other scanners say otherwise on the same packages and records: see differences.md."""

import re
from pathlib import Path

from tests.accuracy.measure import load, names
from tests.advisories import entry, record
from tests.matcher.scan import installed, language, look_up, scan

TEXT = (Path(__file__).parent / "differences.md").read_text(encoding="utf-8")


def test_both_entries_of_a_record_for_one_package_count(tmp_path: Path) -> None:
    first = [("introduced", "0"), ("fixed", "1.20.11"), ("introduced", "1.21.0-0"), ("fixed", "1.21.4")]
    second = [("introduced", "1.20.11"), ("fixed", "1.20.12"), ("introduced", "1.21.4"), ("fixed", "1.21.5")]
    entries = [entry("Go", "stdlib", first), entry("Go", "stdlib", second)]
    told = record("GO-2023-2185", "Go", "stdlib", affected=entries, aliases=["CVE-2023-45283"])
    (finding,) = look_up(tmp_path, [language("golang", "stdlib", "1.19.8")], [told]).findings
    assert (finding.id, finding.fixed_in) == ("CVE-2023-45283", ("1.20.12",))


def test_the_fix_is_the_next_one_and_never_older_than_what_is_installed(tmp_path: Path) -> None:
    branches = [("introduced", "4.0"), ("fixed", "4.0.4"), ("introduced", "3.2"), ("fixed", "3.2.13")]
    events = [*branches, ("introduced", "2.2"), ("fixed", "2.2.28")]
    django = record("PYSEC-2022-190", "PyPI", "django", events, aliases=["CVE-2022-28346"])
    packages = [language("pypi", "django", version) for version in ("2.2", "3.2", "4.0.3")]
    found = look_up(tmp_path, packages, [django]).findings
    assert [finding.fixed_in for finding in found] == [("2.2.28",), ("3.2.13",), ("4.0.4",)]


def test_an_advisory_of_five_vulnerabilities_is_all_of_them(tmp_path: Path) -> None:
    cves = ["CVE-2022-2097", "CVE-2022-4304", "CVE-2022-4450", "CVE-2023-0215", "CVE-2023-0286"]
    dsa = record("DSA-5343-1", "Debian:11", "openssl", "1.1.1n-0+deb11u4", upstream=cves)
    found = scan(tmp_path, "debian 11", [installed("libssl1.1", "1.1.1k-1", "openssl")], [dsa]).findings
    assert [finding.id for finding in found] == cves
    assert {finding.advisories for finding in found} == {("DSA-5343-1",)}


def test_every_measured_ecosystem_was_compared_in_full() -> None:
    rows = re.findall(
        r"^\| ([A-Za-z. ]+?)(?: \(\d+\)| 8, 9, 10)? \| [\d,]+ \| [\d,]+ \| [\d,]+ \| \d+ \| \d+ \| \d+ \|$", TEXT, re.MULTILINE
    )
    assert {load(name)["ecosystem"].partition(":")[0] for name in names()} == set(rows)
