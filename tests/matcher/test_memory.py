"""What the same layers and the same advisories gave before need not be worked out again, and gives the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from imagegate.advisory.store import Store
from imagegate.backend import embedded
from imagegate.backend.embedded import Embedded
from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.matcher import memory
from imagegate.matcher.match import match
from imagegate.model.scan import ScanReport
from imagegate.source.opening import Options, open_image
from tests.advisories import build_store, padding, record
from tests.images import DEBIAN_11, Image, dpkg, layer
from tests.source.opened import HOST

FILES = {
    "etc/os-release": DEBIAN_11,
    "var/lib/dpkg/status": dpkg(("openssl", "1.1.1n-0+deb11u4"), ("zlib1g", "not a version", "zlib")),
}
RECORDS = [
    record("DSA-1-1", "Debian:11", "openssl", "1.1.1n-0+deb11u5", upstream=["CVE-2024-3"]),
    record("DSA-2-1", "Debian:11", "openssl", "1.1.1n-0+deb11u6", upstream=["CVE-2024-4"]),
    record("DSA-3-1", "Debian:11", "zlib", "1:1.3", upstream=["CVE-2024-5"]),
]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return Image([layer(FILES)]).docker_archive(tmp_path / "image.tar")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    critical = {"id": "CVE-2024-3", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}
    records = {"Debian": [*RECORDS, *padding("Debian:11")]}
    return build_store(
        tmp_path / "store.db", records, exploited=["CVE-2024-4"], cvss=[critical | {"modified": "2024-01-01T00:00:00Z"}]
    )


def scan(image: Path, store: Path, folder: Path) -> ScanReport:
    opened = open_image(str(image), INTEREST, Options(platform=HOST, cache_dir=str(folder / "cache")))
    return Embedded(lambda _: Store(str(store))).scan(opened)


def test_the_second_time_gives_the_same_without_asking_the_store(
    image: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = scan(image, store, tmp_path)
    assert {finding.id for finding in first.findings} >= {"CVE-2024-3", "CVE-2024-4"}
    monkeypatch.setattr(embedded, "match", lambda *_, **__: pytest.fail("it was worked out again"))
    again = scan(image, store, tmp_path)
    assert again == first
    assert all(any(finding.package is package for package in again.packages) for finding in again.findings)


def test_other_advisories_are_asked_anew(image: Path, store: Path, tmp_path: Path) -> None:
    scan(image, store, tmp_path)
    other = build_store(tmp_path / "other.db", {"Debian": [RECORDS[0], *padding("Debian:11")]})
    assert [finding.id for finding in scan(image, other, tmp_path).findings] == ["CVE-2024-3"]


def test_a_store_that_only_claims_to_be_the_same_is_asked_anew(image: Path, store: Path, tmp_path: Path) -> None:
    import sqlite3

    from imagegate.advisory.file import seal

    good = {finding.id for finding in scan(image, store, tmp_path / "a").findings}
    emptied = tmp_path / "emptied.db"
    emptied.write_bytes(store.read_bytes())
    with sqlite3.connect(emptied) as database:
        database.execute("DELETE FROM affected")
    database.close()
    seal(str(emptied))
    assert not scan(image, emptied, tmp_path).findings
    assert {finding.id for finding in scan(image, store, tmp_path).findings} == good


def test_packages_in_another_order_are_another_inventory(image: Path, store: Path) -> None:
    inventory = take_inventory(open_image(str(image), INTEREST, Options(platform=HOST)))
    known = Store(str(store))
    data = memory.pack(match(inventory, known, covered=True), inventory)
    known.close()
    assert memory.unpack(data, inventory) is not None
    assert memory.unpack(data, replace(inventory, packages=inventory.packages[::-1])) is None


def test_another_text_of_the_program_works_it_out_anew(
    image: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(image, store, tmp_path)
    monkeypatch.setattr(memory, "digest_of", lambda *_: "another")
    asked: list[object] = []
    monkeypatch.setattr(embedded, "match", lambda *one, **more: asked.append(one) or match(*one, **more))  # type: ignore[func-returns-value]
    scan(image, store, tmp_path)
    assert asked


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'["x", [], []]', b'[2, [["x"]], [["a"]]]', b"\xff"])
def test_what_is_damaged_is_not_remembered(image: Path, store: Path, tmp_path: Path, data: bytes) -> None:
    opened = open_image(str(image), INTEREST, Options(platform=HOST))
    inventory = take_inventory(opened)
    assert len(inventory.packages) == 2
    assert memory.unpack(data, inventory) is None
    known = Store(str(store))
    found = match(inventory, known, covered=True)
    assert memory.unpack(memory.pack(found, inventory), inventory) == found
    known.close()
