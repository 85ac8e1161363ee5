"""What the user may type for an image."""

from pathlib import Path

import pytest

from imagegate.errors import UsageError
from imagegate.source.reference import familiar, parse


@pytest.mark.parametrize(
    ("text", "kind", "name", "selector"),
    [
        ("docker-archive:a.tar", "docker-archive", "a.tar", ""),
        ("docker-archive:a.tar:app:1", "docker-archive", "a.tar", "app:1"),
        ("docker-archive:a.tar:host:5000/app:1", "docker-archive", "a.tar", "host:5000/app:1"),
        ("oci:dir:tag", "oci", "dir", "tag"),
        ("oci:dir@sha256:" + "0" * 64, "oci", "dir", "sha256:" + "0" * 64),
        ("docker:app:1", "docker", "app:1", ""),
        ("podman:localhost/app", "podman", "localhost/app", ""),
        ("./image", "archive", "./image", ""),
        ("/image", "archive", "/image", ""),
        ("../image", "archive", "../image", ""),
        ("image.tar.gz", "archive", "image.tar.gz", ""),
        ("app", "name", "app", ""),
        ("host:5000/app:1", "name", "host:5000/app:1", ""),
    ],
)
def test_a_reference_is_taken_apart(text: str, kind: str, name: str, selector: str) -> None:
    found = parse(text)
    assert (found.kind, found.name, found.selector) == (kind, name, selector)


def test_a_path_with_colons_is_found_where_it_exists(tmp_path: Path) -> None:
    (tmp_path / "a:b.tar").write_text("")
    found = parse(f"docker-archive:{tmp_path}/a:b.tar:app:1")
    assert (found.name, found.selector) == (f"{tmp_path}/a:b.tar", "app:1")
    assert parse(f"docker-archive:{tmp_path}/a:b.tar").selector == ""


@pytest.mark.parametrize("text", ["", "docker:", "oci:", "a\nb", "a\x1b[31m", "sbom:", "\x7f"])
def test_what_names_no_image_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.message.isprintable()


def test_a_file_called_like_the_image_does_not_take_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").write_text("")
    assert parse("app").kind == "name"


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("app", "docker.io/library/app:latest"),
        ("team/app:1", "docker.io/team/app:1"),
        ("localhost/app", "localhost/app:latest"),
        ("host:5000/app", "host:5000/app:latest"),
        ("index.docker.io/library/app", "docker.io/library/app:latest"),
        ("app@sha256:1", "docker.io/library/app@sha256:1"),
    ],
)
def test_a_short_name_stands_for_a_long_one(name: str, full: str) -> None:
    assert familiar(name) == full
