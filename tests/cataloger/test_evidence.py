"""Images that well-known scanners call clean without having looked; each stands beside its clean twin."""

from collections.abc import Callable
from pathlib import Path

import pytest

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.source.opening import Options, open_image
from tests.cataloger.inventories import CLEAN, OS_RELEASE, STATUS, clean_files, failing, inventory, names
from tests.images import ALPINE_3_11, DEBIAN_11, Entry, Image, apk, dpkg, file, folder, hardlink, layer, opaque, symlink, whiteout

VULNERABLE = dpkg(("libc6", "2.31-13"), ("openssl", "1.1.1a-1"))
RELEASE = file(OS_RELEASE, DEBIAN_11)
REAL = file("opt/dpkg/status", VULNERABLE)


def test_the_clean_twin_is_clean(tmp_path: Path) -> None:
    found = inventory(tmp_path, CLEAN)
    assert failing(found) == []
    assert names(found) == ["libc6 2.31-13"]


@pytest.mark.parametrize(
    "layers",
    [
        [[RELEASE, symlink("var/lib/dpkg", "/opt/dpkg"), REAL]],
        [[RELEASE, symlink("var/lib/dpkg", "../../opt/dpkg"), REAL]],
        [[RELEASE, symlink("var/lib", "../lib2"), symlink("lib2/dpkg", "../opt/dpkg"), REAL]],
        [[RELEASE, REAL], [symlink("var/lib/dpkg", "/opt/dpkg")]],
        [[RELEASE, symlink("var/lib/dpkg", "/opt/dpkg")], [REAL]],
        [[RELEASE, symlink(STATUS, "status-real"), file("var/lib/dpkg/status-real", VULNERABLE)]],
        [[RELEASE, file("srv/copy", VULNERABLE), hardlink(STATUS, "srv/copy")]],
        [[RELEASE, file("srv/copy", VULNERABLE)], [hardlink(STATUS, "srv/copy")]],
        [[RELEASE, file("srv/copy", VULNERABLE), hardlink(STATUS, "srv/copy")], [whiteout("srv/copy")]],
        [[*clean_files(), file(STATUS, VULNERABLE)]],
        [clean_files(), [file(STATUS, VULNERABLE)]],
        [clean_files(), [whiteout("var/lib/dpkg"), folder("var/lib/dpkg"), file(STATUS, VULNERABLE)]],
        [clean_files(), [opaque("var/lib/dpkg"), file(STATUS, VULNERABLE)]],
        [[RELEASE, file("./" + STATUS, VULNERABLE)]],
        [[RELEASE, file("/" + STATUS, VULNERABLE)]],
        [[RELEASE, file("x/../../" + STATUS, VULNERABLE)]],
    ],
)
def test_a_package_that_others_overlook_is_seen(tmp_path: Path, layers: list[list[Entry]]) -> None:
    found = inventory(tmp_path, *layers)
    assert names(found) == ["libc6 2.31-13", "openssl 1.1.1a-1"]
    assert failing(found) == []


BLIND: dict[str, list[list[Entry]]] = {
    "empty": [[]],
    "only a program": [[file("app", "x")]],
    "only os-release": [[RELEASE]],
    "removed by a whiteout": [clean_files(), [whiteout(STATUS)]],
    "removed with its folder": [clean_files(), [whiteout("var")]],
    "removed by an opaque folder": [clean_files(), [opaque("var/lib/dpkg")]],
    "empty database": [[RELEASE, file(STATUS)]],
    "all in one folder": [[RELEASE, folder(STATUS)]],
    "a link that leads nowhere": [[RELEASE, symlink("var/lib/dpkg", "/gone")]],
    "links in a circle": [[RELEASE, symlink("var/lib/dpkg", "../lib2"), symlink("var/lib2", "lib/dpkg")]],
    "a device": [[RELEASE, Entry(STATUS, kind=b"3")]],
    "a pipe": [[RELEASE, Entry(STATUS, kind=b"6")]],
    "binary garbage": [[RELEASE, file(STATUS, bytes(range(256)) * 40)]],
    "a web page": [[RELEASE, file(STATUS, "<html><body>502 Bad Gateway</body></html>")]],
    "only packages that are gone": [[RELEASE, file(STATUS, dpkg(("a", "1"), status="deinstall ok config-files"))]],
    "rpm only": [[file(OS_RELEASE, "ID=fedora\nVERSION_ID=40\n"), file("var/lib/rpm/rpmdb.sqlite", "SQLite format 3\0")]],
    "rpm in its newer place": [
        [file("usr/lib/sysimage/rpm/rpmdb.sqlite", "x"), symlink("var/lib/rpm", "../../usr/lib/sysimage/rpm")]
    ],
    "pacman": [[file(OS_RELEASE, "ID=arch\n"), file("var/lib/pacman/local/bash-5/desc", "%NAME%\nbash\n")]],
    "no distribution": [[file(STATUS, VULNERABLE)]],
    "an unknown distribution": [[file(OS_RELEASE, "ID=secret\n"), file(STATUS, VULNERABLE)]],
    "a distribution of other packages": [[file(OS_RELEASE, ALPINE_3_11), file(STATUS, VULNERABLE)]],
    "two databases": [[*clean_files(), file("lib/apk/db/installed", apk(("a", "1")))]],
    "another database hidden behind the first": [[*clean_files(), file("var/lib/rpm/Packages", "x")]],
    "a readable package beside a broken database": [[RELEASE, folder(STATUS), file("var/lib/dpkg/status.d/a", dpkg(("a", "1")))]],
    "apk in a damaged state": [[file(OS_RELEASE, ALPINE_3_11), file("lib/apk/db/installed", "P:a\n\nP:b\nV:1\n")]],
}


@pytest.mark.parametrize("name", BLIND)
def test_an_image_that_can_not_be_seen_as_a_whole_is_evidence(tmp_path: Path, name: str) -> None:
    assert failing(inventory(tmp_path, *BLIND[name])) != []


def test_an_image_without_layers_is_evidence(tmp_path: Path) -> None:
    found = take_inventory(open_image(str(Image([]).docker_archive(tmp_path / "a.tar")), INTEREST, Options()))
    assert failing(found) == ["no_packages: no package was found in the whole image"]


@pytest.mark.parametrize("readable", [True, False])
def test_one_readable_database_does_not_excuse_another(tmp_path: Path, readable: bool) -> None:
    status = dpkg(("a", "1")) if readable else ""
    found = inventory(tmp_path, {OS_RELEASE: ALPINE_3_11, "lib/apk/db/installed": apk(("musl", "1")), STATUS: status})
    assert any("contradiction" in text for text in failing(found))


def test_evidence_of_the_source_reaches_the_inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagegate.source.limits.MEMBERS", 5)
    found = inventory(tmp_path, CLEAN, dict.fromkeys("abcdef", ""))
    assert failing(found) == ["unreadable: layer 1 was not looked at as a whole: more than 5 entries"]


@pytest.mark.parametrize("make", [Image.docker_members, Image.engine_members, Image.oci_members])
def test_the_inventory_is_the_same_in_every_form_of_the_image(tmp_path: Path, make: Callable[[Image], dict[str, bytes]]) -> None:
    from tests.images import archive

    image = Image([layer(CLEAN), layer({STATUS: VULNERABLE})])
    for compression in ("", "gzip", "zstd"):
        found = take_inventory(open_image(str(archive(tmp_path / "a.tar", make(image), compression)), INTEREST, Options()))
        assert names(found) == ["libc6 2.31-13", "openssl 1.1.1a-1"]
        assert [package.locations[0].layer for package in found.packages] == [0, 1]
        assert failing(found) == []
