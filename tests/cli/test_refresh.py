"""`check` fetches the advisories it needs, keeps them fresh, and goes on with old ones."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from imagegate.advisory.build import Builder, replace
from imagegate.advisory.store import Store
from tests.advisories import padding, record, write_folder
from tests.cli.process import Run, imagegate


class Mirror:
    """A folder in the layout of the OSV bucket, served; `asked` are the paths that were fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        asked = self.asked

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                asked.append(self.path)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    wolfi = [record("CGA-1", "Wolfi", "openssl", "3.0.9-r0", upstream=["CVE-2024-1"], modified=now), *padding("Wolfi")]
    folder = write_folder(tmp_path / "osv", {"Wolfi": wolfi, "Debian": padding("Debian:11")}, exploited=["CVE-2024-1"])
    served = Mirror(folder)
    yield served
    served.stop()


def _check(image: Path, store: Path, url: str, *more: str) -> Run:
    return imagegate("check", image, "--db", store, "--db-url", url, *more)


def _set_back(store: Path, days: float) -> None:
    """Let the sources have been confirmed some days ago."""
    moment = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    opened = Store(str(store))
    names = [source.name for source in opened.sources()]
    opened.close()

    def confirm(builder: Builder) -> None:
        for name in names:
            builder.confirm(name, moment)

    replace(str(store), "update", confirm, keep=True)


def test_the_first_check_fetches_what_the_image_needs_and_nothing_else(vulnerable: Path, mirror: Mirror, tmp_path: Path) -> None:
    store = tmp_path / "new" / "store.db"
    done = _check(vulnerable, store, mirror.url)
    assert done.code == 10, done.text
    assert "exploited" in done.out
    assert "/Wolfi/all.zip" in " ".join(mirror.asked)
    assert "Debian" not in " ".join(mirror.asked)


def test_a_fresh_store_is_not_asked_for_again(vulnerable: Path, mirror: Mirror, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    _check(vulnerable, store, mirror.url)
    mirror.asked.clear()
    assert _check(vulnerable, store, mirror.url).code == 10
    assert mirror.asked == []


def test_what_is_older_than_a_day_is_refreshed_unless_offline(vulnerable: Path, mirror: Mirror, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    _check(vulnerable, store, mirror.url)
    _set_back(store, 2)
    mirror.asked.clear()
    assert _check(vulnerable, store, mirror.url, "--offline").code == 10
    assert mirror.asked == []
    assert _check(vulnerable, store, mirror.url).code == 10
    assert mirror.asked


def test_when_that_fails_the_old_one_serves_and_its_age_is_evidence(clean: Path, mirror: Mirror, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    assert _check(clean, store, mirror.url).code == 0
    nowhere = "http://127.0.0.1:9"
    _set_back(store, 2)
    done = imagegate("check", clean, "--db", store, "--db-url", nowhere)
    assert done.code == 0
    assert "warning: the advisories could not be refreshed" in done.err
    _set_back(store, 4)
    done = imagegate("check", clean, "--db", store, "--db-url", nowhere)
    assert done.code == 4
    assert "the advisories are 4 days old" in done.out


def test_without_any_store_a_failed_download_is_no_verdict(clean: Path, tmp_path: Path) -> None:
    done = imagegate("check", clean, "--db", tmp_path / "store.db", "--db-url", "http://127.0.0.1:9")
    assert done.code == 3
    assert "there is no advisory store" in done.err
    assert "hint: " in done.err


def test_an_image_that_needs_no_advisories_downloads_none(empty: Path, mirror: Mirror, tmp_path: Path) -> None:
    done = _check(empty, tmp_path / "store.db", mirror.url)
    assert done.code == 4
    assert mirror.asked == []


def test_a_store_from_a_folder_belongs_to_whoever_built_it(vulnerable: Path, store: Path, mirror: Mirror) -> None:
    assert _check(vulnerable, store, mirror.url).code == 10
    assert mirror.asked == []


def test_update_by_name_and_of_what_is_there(mirror: Mirror, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    assert imagegate("db", "update", "Wolfi", "--db", store, "--db-url", mirror.url).code == 0
    assert imagegate("db", "update", "Wofli", "--db", store, "--db-url", mirror.url).code == 3
    mirror.asked.clear()
    assert imagegate("db", "update", "--db", store, env={"IMAGEGATE_DB_URL": mirror.url}).code == 0
    assert not any("Debian" in path for path in mirror.asked)
    fresh = imagegate("db", "update", "--db", tmp_path / "all.db", "--db-url", mirror.url)
    assert fresh.code == 0
    assert "Alpine/all.zip: not there" in fresh.err
    assert "Debian" in imagegate("db", "status", "--db", tmp_path / "all.db").out
