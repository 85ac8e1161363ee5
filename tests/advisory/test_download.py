"""Downloads against a real server that misbehaves."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imagegate.advisory import download as module
from imagegate.advisory.download import Downloaded, NotThere, download, shown
from imagegate.errors import StoreError
from tests.advisory.bucket import Bucket, answer, breaks_off, chunked, drips, says

DATA = os.urandom(300_000)
Fetch = Callable[..., Downloaded]


@pytest.fixture
def fetch(bucket: Bucket, tmp_path: Path, waits: list[float]) -> Fetch:
    bucket.files["Debian/all.zip"] = DATA

    def run(etag: str = "", url: str = "") -> Downloaded:
        target = str(tmp_path / "d" / "Debian")
        return download(url or f"{bucket.url}/Debian/all.zip", target, etag, "Debian", lambda *_: None)

    return run


def content(result: Downloaded) -> bytes:
    data = Path(result.path).read_bytes()
    assert os.listdir(Path(result.path).parent) == ["Debian"], "nothing is left beside the file"
    return data


def test_a_file_is_fetched_with_its_etag(bucket: Bucket, fetch: Fetch, waits: list[float]) -> None:
    result = fetch()
    assert content(result) == DATA
    assert result.etag == bucket.etag("Debian/all.zip")
    assert waits == []
    assert bucket.headers("Debian/all.zip")[0]["User-Agent"].startswith("imagegate/")


def test_what_did_not_change_is_not_fetched_again(bucket: Bucket, fetch: Fetch) -> None:
    etag = bucket.etag("Debian/all.zip")
    assert fetch(etag) == Downloaded("", etag)
    assert content(fetch('"other"')) == DATA


def test_a_server_that_says_unchanged_unasked_is_an_error(bucket: Bucket, fetch: Fetch) -> None:
    bucket.faults["Debian/all.zip"] = [says(304, b"")]
    with pytest.raises(StoreError, match="304"):
        fetch()


def test_a_broken_download_is_continued_where_it_broke(bucket: Bucket, fetch: Fetch, waits: list[float]) -> None:
    etag = bucket.etag("Debian/all.zip")
    bucket.faults["Debian/all.zip"] = [breaks_off(100_000, ETag=etag)]
    assert content(fetch()) == DATA
    assert bucket.statuses("Debian/all.zip") == [200, 206]
    second = bucket.headers("Debian/all.zip")[1]
    assert second["If-Range"] == etag
    assert 0 < int(second["Range"][6:-1]) <= 100_000
    assert len(waits) == 1


def test_a_download_is_continued_by_the_next_run(bucket: Bucket, fetch: Fetch) -> None:
    etag = bucket.etag("Debian/all.zip")
    bucket.faults["Debian/all.zip"] = [breaks_off(100_000, ETag=etag), *[says(503)] * 4]
    with pytest.raises(StoreError, match="503"):
        fetch()
    assert content(fetch()) == DATA
    assert bucket.statuses("Debian/all.zip")[-1] == 206


def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(bucket: Bucket, fetch: Fetch) -> None:
    bucket.faults["Debian/all.zip"] = [breaks_off(100_000, ETag='"older"')]
    assert content(fetch()) == DATA
    assert bucket.statuses("Debian/all.zip") == [200, 200]


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_strong_etag_nothing_is_continued(bucket: Bucket, fetch: Fetch, etag: str) -> None:
    bucket.faults["Debian/all.zip"] = [breaks_off(100_000, **({"ETag": etag} if etag else {}))]
    assert content(fetch()) == DATA
    assert "Range" not in bucket.headers("Debian/all.zip")[1]


def test_a_server_that_continues_at_another_place_is_not_believed(bucket: Bucket, fetch: Fetch) -> None:
    etag = bucket.etag("Debian/all.zip")
    elsewhere = says(206, DATA[50_000:], Content_Range=f"bytes 50000-299999/{len(DATA)}", ETag=etag)
    bucket.faults["Debian/all.zip"] = [breaks_off(100_000, ETag=etag), elsewhere]
    assert content(fetch()) == DATA
    assert bucket.statuses("Debian/all.zip") == [200, 206, 200]


def test_a_part_that_does_not_fit_any_more_is_thrown_away(bucket: Bucket, fetch: Fetch) -> None:
    etag = bucket.etag("Debian/all.zip")
    bucket.faults["Debian/all.zip"] = [breaks_off(100_000, ETag=etag), says(416)]
    assert content(fetch()) == DATA
    assert bucket.statuses("Debian/all.zip") == [200, 416, 200]


def test_a_wrong_checksum_is_noticed_and_the_file_fetched_again(bucket: Bucket, fetch: Fetch) -> None:
    wrong = says(200, DATA[:-1] + b"x", x_goog_hash="crc32c=AAAAAA==,md5=AAAAAAAAAAAAAAAAAAAAAA==")
    bucket.faults["Debian/all.zip"] = [wrong]
    assert content(fetch()) == DATA
    bucket.faults["Debian/all.zip"] = [wrong] * 5
    with pytest.raises(StoreError, match="checksum"):
        fetch()


@pytest.mark.parametrize(
    ("after", "expected"),
    [("7", [7.0]), ("100000", [60.0]), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("soon", None), ("²", None)],
)
def test_the_server_says_when_to_come_back_within_limits(
    bucket: Bucket, fetch: Fetch, waits: list[float], after: str, expected: list[float] | None
) -> None:
    bucket.faults["Debian/all.zip"] = [says(429, Retry_After=after)]
    assert content(fetch()) == DATA
    assert waits == expected if expected else 0 < waits[0] <= 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_five_times_with_growing_waits(
    bucket: Bucket, fetch: Fetch, waits: list[float], status: int
) -> None:
    bucket.faults["Debian/all.zip"] = [says(status)] * 5
    with pytest.raises(StoreError, match=str(status)) as caught:
        fetch()
    assert caught.value.hint
    assert len(bucket.asked) == 5
    assert len(waits) == 4
    assert waits[0] <= 1 < 4 <= waits[3] <= 8


def test_a_missing_file_is_told_apart(bucket: Bucket, fetch: Fetch) -> None:
    with pytest.raises(NotThere):
        fetch(url=f"{bucket.url}/Nothing/all.zip")
    assert len(bucket.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 410])
def test_a_refusal_is_not_repeated(bucket: Bucket, fetch: Fetch, status: int) -> None:
    bucket.faults["Debian/all.zip"] = [says(status)]
    with pytest.raises(StoreError, match=str(status)):
        fetch()
    assert len(bucket.asked) == 1


def test_a_redirect_is_followed(bucket: Bucket, fetch: Fetch) -> None:
    bucket.files["elsewhere"] = DATA[::-1]
    bucket.faults["Debian/all.zip"] = [says(302, b"", Location="/elsewhere")]
    assert content(fetch()) == DATA[::-1]


def test_redirects_in_a_circle_are_an_error(bucket: Bucket, fetch: Fetch) -> None:
    bucket.faults["Debian/all.zip"] = [says(302, b"", Location="/Debian/all.zip")] * 500
    with pytest.raises(StoreError, match="TooManyRedirects"):
        fetch()


@pytest.mark.parametrize("length", ["", "12x", "-5", "²"])
def test_a_length_that_is_none_does_not_confuse(bucket: Bucket, fetch: Fetch, length: str) -> None:
    def fault(handler: object, data: bytes) -> None:
        answer(handler, 200, data, Content_Length=length, Connection="close")  # type: ignore[arg-type]
        handler.close_connection = True  # type: ignore[attr-defined]

    bucket.faults["Debian/all.zip"] = [fault]
    assert content(fetch()) == DATA


def test_a_file_of_unknown_length_is_fetched(bucket: Bucket, fetch: Fetch) -> None:
    bucket.faults["Debian/all.zip"] = [chunked]
    assert content(fetch()) == DATA


def test_a_server_that_drips_is_given_up(bucket: Bucket, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST", 0.2)
    monkeypatch.setattr(module, "_ATTEMPTS", 2)
    bucket.faults["Debian/all.zip"] = [drips(100, 0.02)] * 2
    with pytest.raises(StoreError, match="bytes came in"):
        fetch()


def test_a_file_that_is_too_large_is_not_written_out(bucket: Bucket, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 100_000)
    with pytest.raises(StoreError, match="more than 100,000 bytes"):
        fetch()


def test_nobody_there_is_an_error_with_a_hint(fetch: Fetch, waits: list[float]) -> None:
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        fetch(url="http://127.0.0.1:9/x")
    assert "HTTPS_PROXY" in caught.value.hint
    assert len(waits) == 4


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://h/x", "", "/folder", "http://[::1", "http://h:99999/x", "http://", "http://\0/"]
)
def test_what_is_no_web_address_is_an_error(fetch: Fetch, url: str) -> None:
    with pytest.raises(StoreError):
        download(url, "/nowhere", "", "x", lambda *_: None)


def test_credentials_in_an_address_are_never_shown(bucket: Bucket, fetch: Fetch) -> None:
    secret = bucket.url.replace("http://", "http://user:s3cret@")
    bucket.faults["Debian/all.zip"] = [says(403), *[says(503)] * 5]
    bucket.files.pop("Debian/all.zip")
    for _ in range(3):
        with pytest.raises(StoreError) as caught:
            fetch(url=f"{secret}/Debian/all.zip?token=t0ken")
        text = f"{caught.value}{caught.value.hint}{caught.value.__cause__!r}"
        assert "s3cret" not in text
        assert "t0ken" not in text
    assert shown("https://u:p@h:8443/a?q=1#f") == "https://h:8443/a"


def test_a_place_that_cannot_be_written_is_an_error(bucket: Bucket, fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "d").write_text("in the way")
    with pytest.raises(StoreError, match="could not be written"):
        fetch()
