"""A package database that is not there, not readable or not where it is looked for never looks clean."""

from typing import Any

import pytest

from tests.cataloger.rpms import BDB, NDB, SQLITE, header, sample, sqlite
from tests.images import apk, dpkg, file, folder, hardlink, opaque, symlink, whiteout
from tests.silent.judging import ALPINE, APK, BAD, DEBIAN, GOOD, OS_RELEASE, ROCKY, STATUS, Entries, Gate, Layers


def status(version: str) -> str:
    return dpkg(("libc6", "2.36-9"), ("openssl", version))


def debian(version: str) -> dict[str, bytes | str]:
    return {OS_RELEASE: DEBIAN, STATUS: status(version)}


def alpine(version: str) -> dict[str, bytes | str]:
    return {OS_RELEASE: ALPINE, APK: apk(("musl", "1.2.5-r9"), ("openssl", version.replace("-1", "-r1")))}


def rocky(version: str) -> dict[str, bytes | str]:
    number, _, release = version.partition("-")
    return {OS_RELEASE: ROCKY, SQLITE: sqlite(header("bash", "5.1", "9"), header("openssl", number, release))}


# What an image may hold beside: it defeats a guard that only asks whether anything was found.
PYTHON = {"usr/lib/python3/dist-packages/idna-3.10.dist-info/METADATA": "Metadata-Version: 2.1\nName: idna\nVersion: 3.10\n"}
ROOT = {"bin/sh": "#!", "etc/passwd": "root:x:0:0::/:/bin/sh\n"}
ANYTHING = b"\x00\x01garbage\xff" * 1000

UNSEEN: dict[str, list[Any]] = {
    "no layers at all": [],
    "an empty layer": [{}],
    "files, but none of a package": [ROOT],
    "only a name of the distribution": [{OS_RELEASE: DEBIAN}],
    "alpine without a database": [{OS_RELEASE: ALPINE}],
    "rocky without a database": [{OS_RELEASE: ROCKY}],
    "dpkg, removed by a whiteout": [debian(BAD), [whiteout(STATUS)]],
    "dpkg, its folder removed": [debian(BAD), [whiteout("var/lib/dpkg")]],
    "dpkg, its folder made opaque": [debian(BAD), [folder("var/lib/dpkg"), opaque("var/lib/dpkg")]],
    "dpkg, everything removed": [debian(BAD), [whiteout("var"), whiteout("etc")]],
    "dpkg, made opaque at the root": [debian(BAD), [file(".wh..wh..opq")]],
    "dpkg, emptied": [debian(BAD), {STATUS: ""}],
    "dpkg, of blank lines": [debian(BAD), {STATUS: "\n\n \n"}],
    "dpkg, of random bytes": [debian(BAD), {STATUS: ANYTHING}],
    "dpkg, in UTF-16": [{OS_RELEASE: DEBIAN, STATUS: status(BAD).encode("utf-16")}],
    "dpkg, compressed": [{OS_RELEASE: DEBIAN, STATUS: sample("Packages")[:4096]}],
    "dpkg, a folder in its place": [debian(BAD), [whiteout(STATUS), folder(STATUS)]],
    "dpkg, a link that leads nowhere": [{OS_RELEASE: DEBIAN}, [symlink(STATUS, "/nowhere")]],
    "dpkg, a link to itself": [{OS_RELEASE: DEBIAN}, [symlink(STATUS, "status")]],
    "dpkg, links in a circle": [{OS_RELEASE: DEBIAN}, [symlink("var/lib/dpkg", "../x"), symlink("var/x", "lib/dpkg")]],
    "dpkg, a hard link to nothing": [{OS_RELEASE: DEBIAN}, [hardlink(STATUS, "nowhere")]],
    "dpkg, only its older copy": [{OS_RELEASE: DEBIAN, STATUS + "-old": status(BAD)}],
    "dpkg, only its lists of files": [{OS_RELEASE: DEBIAN, "var/lib/dpkg/info/openssl.list": "/.\n"}],
    "dpkg, moved": [{OS_RELEASE: DEBIAN, "opt/root/var/lib/dpkg/status": status(BAD)}],
    "dpkg, in capital letters": [{OS_RELEASE: DEBIAN, "var/lib/dpkg/STATUS": status(BAD)}],
    "apk, removed": [alpine(BAD), [whiteout(APK)]],
    "apk, emptied": [alpine(BAD), {APK: ""}],
    "apk, of random bytes": [alpine(BAD), {APK: ANYTHING}],
    "apk, a folder in its place": [{OS_RELEASE: ALPINE}, [folder(APK)]],
    "apk, a link that leads nowhere": [{OS_RELEASE: ALPINE}, [symlink(APK, "/nowhere")]],
    "rpm, removed": [rocky(BAD), [whiteout(SQLITE)]],
    "rpm, its folder removed": [rocky(BAD), [whiteout("var/lib/rpm")]],
    "rpm, emptied": [{OS_RELEASE: ROCKY, SQLITE: b""}],
    "rpm, without a row": [{OS_RELEASE: ROCKY, SQLITE: sqlite()}],
    "rpm, of random bytes": [{OS_RELEASE: ROCKY, SQLITE: ANYTHING}],
    "rpm, cut off": [{OS_RELEASE: ROCKY, SQLITE: sample("rpmdb.sqlite")[:5000]}],
    "rpm, its rows of random bytes": [{OS_RELEASE: ROCKY, SQLITE: sqlite(ANYTHING, ANYTHING[:50])}],
    "rpm, no table of packages": [{OS_RELEASE: ROCKY, SQLITE: sqlite(table="CREATE TABLE 'Packages' (a, blob)")}],
    "rpm, only its journal": [{OS_RELEASE: ROCKY, SQLITE + "-wal": b"7\x7f\x06\x82" + bytes(100)}],
    "rpm, a journal that cannot be read": [{**rocky(GOOD), SQLITE + "-wal": ANYTHING}],
    "rpm, a rollback journal": [{**rocky(GOOD), SQLITE + "-journal": bytes.fromhex("d9d505f920a163d7") + ANYTHING}],
    "rpm, Berkeley DB, emptied": [{OS_RELEASE: ROCKY, BDB: b""}],
    "rpm, Berkeley DB, of random bytes": [{OS_RELEASE: ROCKY, BDB: ANYTHING}],
    "rpm, Berkeley DB, cut off": [{OS_RELEASE: ROCKY, BDB: sample("Packages")[:8192]}],
    "rpm, its own format, emptied": [{OS_RELEASE: ROCKY, NDB: b""}],
    "rpm, its own format, of random bytes": [{OS_RELEASE: ROCKY, NDB: ANYTHING}],
    "rpm, its own format, cut off": [{OS_RELEASE: ROCKY, NDB: sample("Packages.db")[:4096]}],
    "rpm, only the indexes": [{OS_RELEASE: ROCKY, "var/lib/rpm/Name": ANYTHING}],
    "a database of pacman": [{"var/lib/pacman/local/openssl-1.0-1/desc": "%NAME%\nopenssl\n", **PYTHON}],
    "a database of portage": [{"var/db/pkg/dev-libs/openssl-1.0/PF": "openssl-1.0\n", **PYTHON}],
    "a database of opkg": [{"usr/lib/opkg/info/openssl.control": "Package: openssl\n", **PYTHON}],
}
_ALL_GONE = ("dpkg, everything removed", "dpkg, made opaque at the root")
HIDDEN = {name: layers for name, layers in UNSEEN.items() if layers not in ([], [{}], [ROOT])}


@pytest.mark.parametrize("name", UNSEEN)
def test_what_could_not_be_seen_never_passes(gated: Gate, name: str) -> None:
    gated.is_seen(UNSEEN[name])


@pytest.mark.parametrize("name", [name for name in HIDDEN if name not in _ALL_GONE])
def test_one_readable_package_beside_it_does_not_help(gated: Gate, name: str) -> None:
    gated.is_seen([*HIDDEN[name], PYTHON])
    gated.is_seen([PYTHON, *HIDDEN[name]])


def test_the_clean_ones_beside_them_pass(gated: Gate) -> None:
    for made in (debian(GOOD), alpine(GOOD), rocky(GOOD)):
        gated.passes([made])
        gated.passes([ROOT, made, PYTHON])
        gated.passes([made, [whiteout("tmp/x"), folder("srv"), opaque("srv")]])
    gated.passes([PYTHON])


def test_the_vulnerable_ones_are_found(gated: Gate) -> None:
    for made in (debian, alpine, rocky):
        gated.differ(lambda version, made=made: [made(version)])  # type: ignore[misc]
        gated.differ(lambda version, made=made: [made(BAD), made(version)])  # type: ignore[misc]


@pytest.mark.parametrize(
    "entries",
    [
        [symlink("var/lib/dpkg", "../../opt/db")],
        [symlink("var/lib/dpkg", "/opt/db")],
        [symlink("var", "/v"), symlink("v/lib/dpkg", "/opt/db")],
        [symlink("var/lib/dpkg", "/one"), symlink("one", "two"), symlink("two", "./opt/../opt/db/.")],
        [folder("var/lib/dpkg"), hardlink(STATUS, "opt/db/status")],
        [symlink(STATUS, "/opt/db/status")],
        [symlink(STATUS, "../../../../../../opt/db/status")],
        [hardlink("var/lib/copy", "opt/db/status"), symlink(STATUS, "../copy")],
    ],
)
@pytest.mark.parametrize("split", [False, True])
def test_a_database_behind_links_is_read(gated: Gate, entries: Entries, split: bool) -> None:
    def made(version: str) -> Layers:
        first = [file(OS_RELEASE, DEBIAN), file("opt/db/status", status(version))]
        return [first, [*entries]] if split else [[*first, *entries]]

    gated.differ(made)


def test_of_two_entries_with_one_name_the_last_counts_as_in_extraction(gated: Gate) -> None:
    first = file(OS_RELEASE, DEBIAN)
    gated.differ(lambda version: [[first, file(STATUS, status(GOOD)), file(STATUS, status(version))]])
    gated.differ(lambda version: [[first, file(STATUS, status(BAD)), file("./" + STATUS, status(version))]])
    gated.passes([[first, file(STATUS, status(BAD)), file(STATUS, status(GOOD))]])


def test_a_database_in_two_places_counts_in_both(gated: Gate) -> None:
    gated.differ(lambda version: [{**alpine(GOOD), "usr/" + APK: alpine(version)[APK]}])
    gated.differ(lambda version: [{**rocky(GOOD), "usr/lib/sysimage/rpm/rpmdb.sqlite": rocky(version)[SQLITE]}])
    gated.differ(lambda version: [{**debian(GOOD), "var/lib/dpkg/status.d/openssl": dpkg(("openssl", version))}])
