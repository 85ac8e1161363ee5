"""Building a store from a folder in the layout of the OSV bucket."""

import io
import json
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from imagegate.advisory import build as module
from imagegate.advisory.build import build_folder
from imagegate.advisory.store import Source, Store
from imagegate.errors import StoreError
from tests.advisories import archive, build_store, entry, record, score, write_folder

GOOD = record("CVE-2020-1", "Debian:11", "bash", "5")


def source(path: Path, name: str = "Debian") -> Source:
    with closing(Store(str(path))) as store:
        return next(found for found in store.sources() if found.name == name)


def refused(folder: Path, tmp_path: Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        build_folder(str(folder), str(tmp_path / "refused.db"), lambda _: None)
    assert caught.value.hint
    assert not (tmp_path / "refused.db").exists()
    return caught.value


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": ' + b"9" * 5000 + b"}",
        without("id"),
        without("modified"),
        GOOD | {"id": 5},
        GOOD | {"modified": "yesterday"},
        GOOD | {"modified": "2020-02-31T00:00:00Z"},
        GOOD | {"modified": "2020-01-01T00:00:00Z\ud800"},
        GOOD | {"published": "\ud800"},
        GOOD | {"affected": "all"},
        GOOD | {"affected": [7]},
        GOOD | {"affected": [{"package": {"name": "x"}}]},
        GOOD | {"affected": [{"package": {"name": 1, "ecosystem": "Debian:11"}}]},
        GOOD | {"affected": [entry("Debian:11", "x", ranges=[{"type": "ECOSYSTEM"}])]},
        GOOD | {"affected": [entry("Debian:11", "x", ranges=[{"type": "ECOSYSTEM", "events": [{"fixed": "1"}]}])]},
        GOOD | {"affected": [entry("Debian:11", "x", ranges=[{"type": "ECOSYSTEM", "events": [{"introduced": 0}]}])]},
        GOOD | {"affected": [entry("Debian:11", "x", versions=[1])]},
        GOOD | {"severity": [{"type": "CVSS_V3"}]},
        GOOD | {"aliases": [None]},
    ],
    ids=lambda bad: repr(bad)[:40].encode("ascii", "replace").decode(),
)
def test_a_record_of_the_wrong_form_is_counted_as_damaged_and_the_others_are_kept(tmp_path: Path, bad: Any) -> None:
    bad = bad if isinstance(bad, bytes) else json.dumps(bad | {"id": bad.get("id", "BAD")} if "id" in bad else bad).encode()
    found = source(build_store(tmp_path / "s.db", {"Debian": [GOOD, bad]}))
    assert (found.records, found.damaged) == (1, 1)


def test_withdrawn_and_informational_records_are_counted_apart(tmp_path: Path) -> None:
    told = record(
        "N-1", "Debian:11", "x", affected=[entry("Debian:11", "x", database_specific={"informational": "unmaintained"})]
    )
    gone = record("W-1", "Debian:11", "x", withdrawn="2021-01-01T00:00:00Z")
    found = source(build_store(tmp_path / "s.db", {"Debian": [GOOD, told, gone]}))
    assert (found.records, found.withdrawn, found.informational, found.damaged) == (3, 1, 1, 0)


def test_hostile_text_becomes_harmless(tmp_path: Path) -> None:
    nasty = "\x1b[31m\n::error::\u202e\ud800"
    hostile = record(
        f"X{nasty}",
        "Debian:11",
        "bash",
        None,
        summary=nasty,
        aliases=[nasty],
        references=[{"type": "WEB", "url": "javascript:x"}],
    )
    path = build_store(tmp_path / "s.db", {"Debian": [json.dumps(hostile).encode()]})
    with closing(Store(str(path))) as store:
        advisory = store.advisory(store.candidates("Debian:11", "bash")[0].advisory)
    assert advisory.url == ""
    assert not set("\x1b\n\u202e\ud800") & set(advisory.name + advisory.title + "".join(advisory.aliases))


def test_every_kind_of_vector_gives_its_score(tmp_path: Path) -> None:
    vectors = [
        ("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:N/A:N", 5.0),
        ("CVSS_V3", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
    ]
    bad = [("CVSS_V3", "CVSS:3.1/AV:N"), ("CVSS_V3", ""), ("CVSS_V9", "x"), ("CVSS_V4", "7.5")]
    given = score("CVE-2020-1", *((kind, vector) for kind, vector, _ in vectors), *bad)
    with closing(Store(str(build_store(tmp_path / "s.db", {"Debian": [GOOD]}, cvss=[given])))) as store:
        scores = store.vulnerability("CVE-2020-1").scores
    assert [(found.type, found.vector, found.score) for found in scores] == vectors


def test_scores_are_joined_over_the_cve_and_never_from_an_advisory_of_many(tmp_path: Path) -> None:
    worst, mild = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"
    many = record("DSA-1", "Debian:11", "a", upstream=["CVE-1", "CVE-2"], severity=[{"type": "CVSS_V3", "score": worst}])
    one = record("GHSA-1", "PyPI", "a", aliases=["CVE-1"], severity=[{"type": "CVSS_V3", "score": mild}])
    with closing(Store(str(build_store(tmp_path / "s.db", {"Debian": [many], "PyPI": [one]})))) as store:
        assert [found.vector for found in store.vulnerability("CVE-1").scores] == [mild]
        assert store.vulnerability("CVE-2").scores == ()


def test_a_malicious_package_keeps_its_record_as_a_name(tmp_path: Path) -> None:
    path = build_store(tmp_path / "s.db", {"npm": [record("MAL-2024-1", "npm", "evil", aliases=["GHSA-1"])]})
    with closing(Store(str(path))) as store:
        advisory = store.advisory(store.candidates("npm", "evil")[0].advisory)
    assert (advisory.name, advisory.aliases) == ("MAL-2024-1", ("GHSA-1",))


def test_the_same_input_gives_the_same_digest_and_another_one_another(tmp_path: Path) -> None:
    digests = []
    for number, records in enumerate(([GOOD], [GOOD], [GOOD, record("CVE-2020-2", "Debian:11", "zlib")])):
        with closing(Store(str(build_store(tmp_path / f"{number}.db", {"Debian": records})))) as store:
            digests.append(store.database(()).digest)
    assert digests[0] == digests[1] != digests[2]


def test_dates_in_the_future_do_not_make_a_store_look_fresh(tmp_path: Path) -> None:
    future = record("CVE-2020-2", "Debian:11", "zlib", modified="9999-01-01T00:00:00Z")
    path = build_store(tmp_path / "s.db", {"Debian": [GOOD, future]})
    assert source(path).newest == source(path).confirmed == GOOD["modified"]


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), archive([GOOD])[:-30]])
def test_an_archive_that_is_none_is_an_error(tmp_path: Path, content: bytes) -> None:
    folder = write_folder(tmp_path / "f", {"Alpine": [GOOD], "Debian": [GOOD]})
    (folder / "Debian" / "all.zip").write_bytes(content)
    refused(folder, tmp_path)


def test_a_flipped_byte_in_an_archive_is_an_error_or_a_damaged_record_never_a_crash(tmp_path: Path) -> None:
    whole = archive([GOOD, record("CVE-2020-2", "Debian:11", "zlib")])
    folder = write_folder(tmp_path / "f", {"Debian": [GOOD]})
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x55
        (folder / "Debian" / "all.zip").write_bytes(damaged)
        try:
            build_folder(str(folder), str(tmp_path / "s.db"), lambda _: None)
        except StoreError:
            continue


def bomb(size: int, copies: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(copies):
            file.writestr(f"{number}.json", b" " * size)
        file.writestr("good.json", json.dumps(GOOD))
    return out.getvalue()


def test_an_archive_that_unpacks_to_far_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SMALL", 1 << 20)
    folder = write_folder(tmp_path / "f", {"Debian": [GOOD]})
    (folder / "Debian" / "all.zip").write_bytes(bomb(1 << 20, 3))
    assert "far more" in refused(folder, tmp_path).message


def test_a_record_that_is_far_too_large_is_not_even_unpacked(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"Debian": [GOOD]})
    (folder / "Debian" / "all.zip").write_bytes(bomb((16 << 20) + 1, 1))
    build_folder(str(folder), str(tmp_path / "s.db"), lambda _: None)
    assert source(tmp_path / "s.db").damaged == 1


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"<html>", b'{"vulnerabilities": [], "dateReleased": "x"}', b"[" * 100_000]
)
def test_a_list_of_exploited_ones_that_is_none_is_an_error(tmp_path: Path, content: bytes) -> None:
    folder = write_folder(tmp_path / "f", {"Debian": [GOOD]})
    (folder / "known_exploited_vulnerabilities.json").write_bytes(content)
    refused(folder, tmp_path)


def test_folders_without_archives_are_errors(tmp_path: Path) -> None:
    refused(tmp_path, tmp_path)
    refused(tmp_path / "missing", tmp_path)
    refused(write_folder(tmp_path / "f", {"Debian": [b"{", b"[]"]}), tmp_path)


def test_a_catalogue_without_a_day_of_its_own_is_refused_when_it_is_read(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "osv", {"Debian": [record("DSA-1-1", "Debian:11", "bash", "9")]}, exploited=["CVE-2020-1"])
    catalogue = folder / "known_exploited_vulnerabilities.json"
    catalogue.write_text(json.dumps(json.loads(catalogue.read_text()) | {"dateReleased": "soon"}))
    with pytest.raises(StoreError, match="not CISA's catalogue"):
        build_folder(str(folder), str(tmp_path / "s.db"), lambda _: None)
