"""An advisory store that knows nothing of what is in the image is not a store in which nothing was found."""

from pathlib import Path

import pytest

from tests.advisories import build_store, record
from tests.images import DEBIAN_11, dpkg
from tests.silent.judging import DEBIAN, GOOD, LANGUAGES, OS_RELEASE, STATUS, SYSTEMS, Gate, everything

CLEAN = {OS_RELEASE: DEBIAN, STATUS: dpkg(("bash", "5.2"), ("openssl", GOOD))}
FILES = {
    "npm": {"app/node_modules/left-pad/package.json": '{"name": "left-pad", "version": "1.3.0"}'},
    "PyPI": {"usr/lib/python3/dist-packages/idna-3.10.dist-info/METADATA": "Metadata-Version: 2.1\nName: idna\nVersion: 3.10\n"},
    "RubyGems": {"usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.gemspec": 's.name = "rake"\ns.version = "13.0"\n'},
    "Packagist": {"app/vendor/composer/installed.json": '{"packages": [{"name": "psr/log", "version": "3.0.0"}]}'},
}


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"<html><body>502 Bad Gateway</body></html>", b"SQLite format 3\0", None])
def test_a_store_that_is_not_one_never_passes(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "store.db"
    if content is not None:
        path.write_bytes(content)
    (tmp_path / "images").mkdir()
    assert Gate(path, tmp_path / "images").code([CLEAN]) == 3


@pytest.mark.parametrize("keep", [100, 4096, 0.5, 0.99])
def test_a_store_that_was_cut_off_never_passes(store: Path, tmp_path: Path, keep: float) -> None:
    data = store.read_bytes()
    path = tmp_path / "store.db"
    path.write_bytes(data[: int(keep if keep > 1 else len(data) * keep)])
    (tmp_path / "images").mkdir()
    assert Gate(path, tmp_path / "images").code([CLEAN]) in (3, 4)


def test_a_store_without_records_or_without_the_release_never_passes(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number, records in enumerate(
        [
            {"npm": [record("A-1", "npm", "x", "1")]},
            {"Debian": [record("A-1", "Debian:12", "bash", "1")]},  # far less than Debian has
            {"Debian": [record(f"A-{n}", "Debian:11", f"x{n}", "1") for n in range(300)]},
            {"Debian": [record(f"A-{n}", "GIT", f"x{n}", "1") for n in range(300)]},
            {"Debian": [record(f"A-{n}", "Debian:12", f"x{n}", "1", withdrawn="2020-01-01T00:00:00Z") for n in range(300)]},
        ]
    ):
        built = build_store(tmp_path / f"{number}.db", records, exploited=["CVE-2014-0160"])
        assert Gate(built, tmp_path / "images").code([CLEAN]) == 4, number


def test_no_store_at_all_never_passes(tmp_path: Path) -> None:
    assert Gate(None, tmp_path).code([CLEAN]) == 4


@pytest.mark.parametrize("ecosystem", FILES)
def test_a_store_that_lacks_a_language_never_passes(store: Path, tmp_path: Path, ecosystem: str) -> None:
    images = tmp_path / "images"
    images.mkdir()
    lacking = everything(tmp_path / "store.db", ecosystem)
    for layers in ([CLEAN, FILES[ecosystem]], [FILES[ecosystem]]):
        assert Gate(store, images).code(layers) == 0
        assert Gate(lacking, images).code(layers) == 4
    assert Gate(lacking, images).code([CLEAN]) == 0


def test_a_store_that_lacks_the_system_never_passes(store: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    lacking = everything(tmp_path / "store.db", "Debian")
    assert Gate(lacking, tmp_path / "images").code([CLEAN]) == 4
    assert Gate(store, tmp_path / "images").code([CLEAN]) == 0
    assert Gate(store, tmp_path / "images").code([{OS_RELEASE: DEBIAN_11, STATUS: CLEAN[STATUS]}]) == 4
    assert set(LANGUAGES) | set(SYSTEMS) >= set(FILES)


def test_packages_that_nobody_writes_about_never_pass(store: Path, tmp_path: Path) -> None:
    conda = {"opt/conda/conda-meta/openssl-3.0.0-h1.json": '{"name": "openssl", "version": "3.0.0", "build": "h1"}'}
    assert Gate(store, tmp_path).code([CLEAN, conda]) == 4
    assert Gate(store, tmp_path).code([conda]) == 4
