"""One setting says where advisories come from: of several sources the first that serves, and the others are told of."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imagegate.advisory.build import Builder, replace
from imagegate.advisory.lock import locked
from imagegate.cli.stores import addresses
from imagegate.errors import UsageError
from tests.advisories import padding, record, write_folder
from tests.advisory.bucket import Bucket, serving
from tests.cli.process import Run, imagegate
from tests.real.test_registry import USER, Registry, guarded, plain  # noqa: F401 - fixtures

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def osv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the layout of the OSV bucket, of today."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    wolfi = [record("CGA-1", "Wolfi", "openssl", "3.0.9-r0", upstream=["CVE-2024-1"], modified=now), *padding("Wolfi")]
    return write_folder(tmp_path_factory.mktemp("osv"), {"Wolfi": wolfi}, exploited=["CVE-2024-1"])


@pytest.fixture(scope="module")
def mirror(osv: Path) -> Iterator[Bucket]:
    with serving() as bucket:
        bucket.files = {str(path.relative_to(osv)): path.read_bytes() for path in osv.rglob("*") if path.is_file()}
        yield bucket


@pytest.fixture(scope="module")
def published(plain: Registry, mirror: Bucket, tmp_path_factory: pytest.TempPathFactory) -> str:  # noqa: F811
    """Return the address of a store that was fetched a moment ago and pushed by the program."""
    store, address = tmp_path_factory.mktemp("publisher") / "s.db", f"oci://{plain.host}/security/advisories:1"
    assert imagegate("db", "update", "Wolfi", "--db", store, "--db-url", mirror.url).code == 0
    done = imagegate("db", "export", address, "--db", store)
    assert done.code == 0, done.text
    assert done.out.split() == [done.out.split()[0], address]
    return f"{address}@{done.out.split()[0]}"


def set_back(store: Path, days: float) -> None:
    """Let the sources have been confirmed some days ago."""
    moment = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with closing(sqlite3.connect(store)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM source")]

    def confirm(builder: Builder) -> None:
        for name in names:
            builder.confirm(name, moment)

    replace(str(store), "update", confirm, keep=True)


def check(image: Path, store: Path, sources: str) -> Run:
    return imagegate("check", image, "--db", store, env={"IMAGEGATE_DB_URL": sources})


def test_the_setting_is_a_list_in_its_order() -> None:
    assert addresses("https://a/b/, oci://h:1/c\nhttp://d  https://a/b") == ["https://a/b", "oci://h:1/c", "http://d"]
    for wrong in (" , ", "ftp://a", "/a/folder", "https://a,b", "oci://store", "OCI://h:1/c"):
        with pytest.raises(UsageError):
            addresses(wrong)


def test_a_wrong_setting_is_a_usage_error_before_anything_is_fetched(clean: Path, tmp_path: Path) -> None:
    for setting in ("https://me:s3cret@h/a b", "oci://me:s3cret@h/store", "s3cret@h"):
        done = check(clean, tmp_path / "s.db", setting)
        assert done.code == 2
        assert "s3cret" not in done.text


def test_check_fetches_a_store_from_a_registry_and_gates_with_it(
    vulnerable: Path,
    published: str,
    mirror: Bucket,
    tmp_path: Path,
) -> None:
    mirror.asked.clear()
    done = check(vulnerable, tmp_path / "s.db", f"{published},{mirror.url}")
    assert done.code == 10, done.text
    assert mirror.asked == []  # the first one served
    assert "exploited" in done.out
    status = imagegate("db", "status", "--db", tmp_path / "s.db")
    address, _, digest = published.partition("@")
    assert f"from {address}@{digest} {digest}" in status.out
    assert "the OSV data" in status.out


def test_a_fresh_store_asks_nobody_and_an_old_one_asks_whether_there_is_another(
    vulnerable: Path,
    published: str,
    tmp_path: Path,
) -> None:
    store = tmp_path / "s.db"
    check(vulnerable, store, published)
    assert "fetching" not in check(vulnerable, store, published).err
    same = imagegate("db", "update", "Wolfi", "--db", store, "--db-url", published)
    assert (same.code, "is current: sha256:" in same.err) == (0, True)
    assert "has no advisories of Alpine" in imagegate("db", "update", "Alpine", "--db", store, "--db-url", published).err
    set_back(store, 2)
    done = check(vulnerable, store, published)
    assert done.code == 10
    assert "fetching advisories of Wolfi" in done.err
    assert "warning" not in done.err
    assert "fetching" not in check(vulnerable, store, published).err


def test_the_next_source_serves_where_one_cannot_be_reached_or_is_broken(
    vulnerable: Path,
    published: str,
    plain: Registry,  # noqa: F811
    mirror: Bucket,
    tmp_path: Path,
) -> None:
    wrong = published.partition("@")[0] + "@sha256:" + "0" * 64
    for number, (sources, reason) in enumerate(
        (
            (f"oci://{plain.host}/security/none, {published}", "the registry has no such artifact"),
            (f"{wrong} {mirror.url}", "the registry has no such artifact"),
            (f"{mirror.url}/empty,{published}", "there is no such ecosystem"),
        )
    ):
        done = check(vulnerable, tmp_path / f"{number}.db", sources)
        assert done.code == 10, done.text
        assert "warning: " in done.err
        assert reason in done.err
        assert "; trying " in done.err


def test_when_none_serves_there_is_no_verdict_and_every_reason_is_told(clean: Path, mirror: Bucket, tmp_path: Path) -> None:
    mirror.files["broken/Wolfi/all.zip"] = b"no archive"
    done = check(clean, tmp_path / "s.db", f"{mirror.url}/broken,oci://127.0.0.1:9/store,{mirror.url}/empty")
    assert done.code == 3
    error = next(line for line in done.err.splitlines() if line.startswith("error: "))
    assert "not a readable archive" in error
    assert "nothing listens there" in error
    assert "there is no such ecosystem" in error
    assert not (tmp_path / "s.db").exists()


def test_a_registry_that_lacks_what_is_needed_or_has_older_data_does_not_replace_what_is_there(
    vulnerable: Path,
    published: str,
    mirror: Bucket,
    tmp_path: Path,
) -> None:
    store, sources = tmp_path / "s.db", f"{published},{mirror.url}"
    lacks = imagegate("db", "update", "Alpine", "--db", store, "--db-url", published)
    assert lacks.code == 3
    assert "has no advisories of Alpine" in lacks.err
    assert not store.exists()
    assert imagegate("db", "update", "Wolfi", "--db", store, "--db-url", mirror.url).code == 0
    set_back(store, -0.5)  # confirmed after the export
    before = store.read_bytes()
    assert "its advisories are older" in imagegate("db", "update", "--db", store, "--db-url", published).err
    assert store.read_bytes() == before
    done = imagegate("db", "update", "--db", store, "--db-url", sources)
    assert (done.code, "its advisories are older" in done.err) == (0, True)
    assert check(vulnerable, store, sources).code == 10


def test_an_imported_store_is_pinned_and_the_same_artifact_is_current(vulnerable: Path, published: str, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    assert imagegate("db", "import", published, "--db", store).code == 0
    again = imagegate("db", "import", published.partition("@")[0], "--db", store)
    assert (again.code, "is current: sha256:" in again.err) == (0, True)
    assert check(vulnerable, store, NOWHERE).code == 10  # nobody asked: whoever imported it keeps it
    assert "--sha256 is the digest of a file" in imagegate("db", "import", published, "--db", store, "--sha256", "0").err


def test_credentials_are_those_of_other_registries_and_are_not_shown(guarded: Registry, published: str, tmp_path: Path) -> None:  # noqa: F811
    store, address = tmp_path / "s.db", f"oci://{guarded.host}/security/advisories:1"
    imagegate("db", "import", published, "--db", store)
    assert imagegate("db", "export", address, "--db", store, env=USER).code == 0
    assert imagegate("db", "import", address, "--db", tmp_path / "t.db", env=USER).code == 0
    wrong = imagegate("db", "export", address, "--db", store, env=USER | {"IMAGEGATE_REGISTRY_PASSWORD": "wr0ng"})
    assert (wrong.code, "wr0ng" in wrong.text) == (3, False)
    elsewhere = address.replace("127.0.0.1", "0.0.0.0")  # this machine, but no loopback address
    assert "--registry-insecure" in imagegate("db", "import", elsewhere, "--db", store, env=USER).err
    assert imagegate("db", "import", elsewhere, "--db", store, "--registry-insecure", env=USER).code == 0


def test_a_lock_that_cannot_be_had_is_no_fault_of_the_source(
    published: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imagegate.advisory import lock, share
    from imagegate.cli import stores

    said: list[str] = []
    monkeypatch.setattr(share, "locked", lambda path, say: locked(path, say, patience=0.1))
    with locked(str(tmp_path / "s.db"), said.append), pytest.raises(lock.Locked):
        stores.refresh(str(tmp_path / "s.db"), ["Wolfi"], f"{published},{NOWHERE}", stores.Telling(said.append))
    assert said == ["another process is updating the advisories; waiting for it"]


def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(osv: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = imagegate("db", "import", tmp_path / "pipe", "--db", tmp_path / "s.db")
    assert (done.code, "not a regular file" in done.err) == (3, True)
    for name in ("known_exploited_vulnerabilities.json", "Debian/all.zip"):
        folder = tmp_path / name.partition("/")[0]
        (folder / "Debian").mkdir(parents=True)
        (folder / "Wolfi").symlink_to(osv / "Wolfi")
        os.mkfifo(folder / name)
        done = imagegate("db", "build", folder, "--db", tmp_path / "s.db")
        assert (done.code, "not a regular file" in done.err) == (3, True), done.text
    assert not (tmp_path / "s.db").exists()
