"""Keeping a store up to date from a real server in the layout of the OSV bucket."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imagegate.advisory.store import Store
from imagegate.advisory.update import Origin, needs_update, update
from imagegate.errors import StoreError
from tests.advisories import archive, build_store, catalogue, record, score
from tests.advisory.bucket import Bucket, breaks_off, says

KEV = "known_exploited_vulnerabilities.json"
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"

pytestmark = pytest.mark.usefixtures("waits")


@pytest.fixture(autouse=True)
def filled(bucket: Bucket) -> None:
    bucket.files |= {
        "Debian/all.zip": archive([record("CVE-2020-1", "Debian:11", "bash", "5")]),
        "Alpine/all.zip": archive([record("CVE-2020-2", "Alpine:v3.11", "busybox", "1.31-r10")]),
        "Red Hat/all.zip": archive([record("RHSA-1", "Red Hat:enterprise_linux:9::baseos", "bash", "5")]),
        "cvss/all.zip": archive([score("CVE-2020-1", ("CVSS_V3", VECTOR))]),
        KEV: catalogue(["CVE-2020-1"]),
    }


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "cache" / "s.db")


def names(path: str) -> list[str]:
    store = Store(path)
    try:
        return [source.name for source in store.sources()]
    finally:
        store.close()


def test_the_first_update_brings_everything_asked_for_and_nothing_else(bucket: Bucket, path: str) -> None:
    assert update(path, ["Debian"], Origin(bucket.url))
    store = Store(path)
    assert store.origin == "update"
    assert names(path) == ["Debian", "cvss", KEV]
    known = store.vulnerability("CVE-2020-1")
    assert known.exploited is True
    assert [found.score for found in known.scores] == [9.8]
    assert not needs_update(store, ["Debian"])
    assert needs_update(store, ["Debian", "Alpine"])
    store.close()
    assert sorted(os.listdir(Path(path).parent)) == ["s.db", "s.db.lock"]


def test_the_second_update_downloads_nothing_but_confirms(bucket: Bucket, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagegate.advisory.update.now", lambda: "2021-01-01T00:00:00Z")
    update(path, ["Debian"], Origin(bucket.url))
    bucket.asked.clear()
    monkeypatch.setattr("imagegate.advisory.update.now", lambda: "2021-02-03T00:00:00Z")
    before = Store(path)
    update(path, ["Debian"], Origin(bucket.url))
    after = Store(path)
    assert bucket.statuses() == [304, 304, 304]
    assert {source.confirmed for source in after.sources()} == {"2021-02-03T00:00:00Z"}
    assert before.database(["Debian"]).digest == after.database(["Debian"]).digest
    assert after.candidates("Debian:11", "bash")
    before.close()
    after.close()


def test_only_what_changed_is_fetched_and_replaces_what_was_said_before(bucket: Bucket, path: str) -> None:
    update(path, ["Debian", "Alpine"], Origin(bucket.url))
    bucket.asked.clear()
    bucket.files["Debian/all.zip"] = archive(
        [record("CVE-2021-9", "Debian:11", "zlib", "2"), record("CVE-2021-8", "Debian:11", "zlib")]
    )
    update(path, ["Debian"], Origin(bucket.url))
    assert sorted(bucket.statuses()) == [200, 304, 304, 304]
    store = Store(path)
    assert store.candidates("Debian:11", "bash") == []
    assert len(store.candidates("Debian:11", "zlib")) == 2
    assert len(store.candidates("Alpine:v3.11", "busybox")) == 1
    assert store.coverage() == {"Alpine:v3.11": 1, "Debian:11": 2}
    store.close()


def test_an_ecosystem_with_a_space_in_its_name(bucket: Bucket, path: str) -> None:
    update(path, ["Red Hat"], Origin(bucket.url))
    assert "Red Hat" in names(path)


def test_an_ecosystem_that_does_not_exist_is_an_error_unless_it_is_optional(bucket: Bucket, path: str) -> None:
    with pytest.raises(StoreError, match="no such ecosystem"):
        update(path, ["Debain"], Origin(bucket.url))
    assert not os.path.exists(path)
    said: list[str] = []
    update(path, [], Origin(bucket.url, said.append), optional=["Debian", "Chainguard"])
    assert names(path) == ["Debian", "cvss", KEV]
    assert any("Chainguard" in line for line in said)


def test_a_mirror_without_a_list_of_exploited_ones_says_so(bucket: Bucket, path: str) -> None:
    del bucket.files[KEV]
    said: list[str] = []
    update(path, ["Debian"], Origin(bucket.url, said.append))
    assert any(KEV in line for line in said)
    store = Store(path)
    assert store.vulnerability("CVE-2020-1").exploited is None
    store.close()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(says(503), id="busy"),
        pytest.param(says(403), id="refused"),
        pytest.param(says(404), id="gone"),
        pytest.param(says(304, b""), id="unchanged, unasked"),
        pytest.param(breaks_off(100), id="broken off"),
        pytest.param(says(200, b"<html>Please log in</html>"), id="a login page"),
        pytest.param(says(200, archive([b"[]", b"{", b"null"])), id="no advisories"),
        pytest.param(says(200, archive([])), id="an empty archive"),
        pytest.param(says(200, b""), id="nothing"),
    ],
)
def test_an_update_that_fails_leaves_the_old_store_as_it_was(bucket: Bucket, path: str, fault: object) -> None:
    update(path, ["Alpine"], Origin(bucket.url))
    before = Path(path).read_bytes()
    bucket.faults["Debian/all.zip"] = [fault] * 5  # type: ignore[list-item]
    with pytest.raises(StoreError) as caught:
        update(path, ["Alpine", "Debian"], Origin(bucket.url))
    assert caught.value.hint
    assert f"{bucket.url}/Debian/all.zip" in caught.value.message
    assert Path(path).read_bytes() == before
    left = [name for _, _, files in os.walk(Path(path).parent) for name in files if not name.endswith((".part", ".part.json"))]
    assert sorted(left) == ["s.db", "s.db.lock"]
    bucket.faults.clear()
    update(path, ["Alpine", "Debian"], Origin(bucket.url))  # and the next one works
    assert "Debian" in names(path)


def test_a_damaged_store_is_made_anew_and_that_is_said(bucket: Bucket, path: str) -> None:
    update(path, ["Debian"], Origin(bucket.url))
    with open(path, "r+b") as file:
        file.seek(6000)
        file.write(b"damage")
    said: list[str] = []
    update(path, ["Debian"], Origin(bucket.url, said.append))
    assert any("damaged" in line for line in said)
    store = Store(path)
    assert store.candidates("Debian:11", "bash")
    store.close()


def test_an_update_of_a_store_from_a_folder_fetches_all_that_it_had(bucket: Bucket, path: str) -> None:
    Path(path).parent.mkdir()
    build_store(Path(path), {"Debian": [record("OLD-1", "Debian:11", "old")]})
    store = Store(path)
    assert store.origin == "folder"
    assert not needs_update(store, ["Debian", "Alpine"])  # whoever built it keeps it
    store.close()
    update(path, ["Alpine"], Origin(bucket.url))
    store = Store(path)
    assert store.candidates("Debian:11", "old") == []
    assert store.candidates("Debian:11", "bash")
    assert store.origin == "update"
    store.close()


def test_another_mirror_is_not_asked_with_the_etag_of_the_first(bucket: Bucket, path: str) -> None:
    update(path, ["Debian"], Origin(bucket.url))
    bucket.files["mirror/Debian/all.zip"] = bucket.files["Debian/all.zip"]
    bucket.asked.clear()
    update(path, ["Debian"], Origin(f"{bucket.url}/mirror"))
    assert bucket.statuses("mirror/Debian/all.zip") == [200]


def test_a_server_with_nothing_is_an_error(bucket: Bucket, path: str) -> None:
    bucket.files.clear()
    with pytest.raises(StoreError, match="none of the advisories"):
        update(path, [], Origin(bucket.url), optional=["Debian"])


RUN = """
import sys
from datetime import UTC, datetime, timedelta
from imagegate.advisory.update import Origin, update
print(update(sys.argv[1], ["Debian"], Origin(sys.argv[2], print), since=datetime.now(UTC) - timedelta(days=1)))
"""


def test_processes_that_update_at_the_same_time_download_once(bucket: Bucket, path: str) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", RUN, path, bucket.url], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0, 0]
    assert all(text.endswith("True\n") for text in said)
    assert bucket.statuses() == [200, 200, 200]


def test_an_old_confirmation_is_renewed_a_fresh_one_is_not(bucket: Bucket, path: str) -> None:
    update(path, ["Debian"], Origin(bucket.url))
    bucket.asked.clear()
    update(path, ["Debian"], Origin(bucket.url), since=datetime.now(UTC) - timedelta(days=1))
    assert bucket.asked == []
    update(path, ["Debian"], Origin(bucket.url), since=datetime.now(UTC) + timedelta(days=1))
    assert bucket.statuses() == [304, 304, 304]


def test_a_list_of_exploited_ones_that_is_out_of_reach_keeps_its_old_content(bucket: Bucket, path: str) -> None:
    update(path, ["Debian"], Origin(bucket.url))
    bucket.files["Debian/all.zip"] = archive([record("CVE-2020-1", "Debian:11", "bash", "6")])
    bucket.faults[KEV] = [says(403, b"no robots")]
    told: list[str] = []
    assert update(path, ["Debian"], Origin(bucket.url, told.append))
    assert [line for line in told if KEV in line and "403" in line]
    store = Store(path)
    assert store.vulnerability("CVE-2020-1").exploited is True
    assert store.candidates("Debian:11", "bash")[0].ranges[0][1] == ("fixed", "6")
    store.close()
