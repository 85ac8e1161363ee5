"""Files that name different distributions or releases, each beside what real images have."""

from pathlib import Path

import pytest

from tests.cataloger.inventories import STATUS, failing, inventory
from tests.images import Entry, apk, dpkg, file, folder, symlink

ETC, USR, LSB = "etc/os-release", "usr/lib/os-release", "etc/lsb-release"
ALPINE, DEBIAN = "etc/alpine-release", "etc/debian_version"
DEB = {STATUS: dpkg(("a", "1"))}
APK = {"lib/apk/db/installed": apk(("a", "1"))}
D12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
D13 = D12.replace("12", "13").replace("bookworm", "trixie")
TESTING = 'PRETTY_NAME="Debian GNU/Linux trixie/sid"\nVERSION_CODENAME=trixie\nID=debian\n'
JAMMY = 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy\n'
JAMMY_LSB = "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\n"
MINT = "ID=linuxmint\nID_LIKE='ubuntu debian'\nVERSION_ID=21.3\nVERSION_CODENAME=virginia\nUBUNTU_CODENAME=jammy\n"
A319 = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME="Alpine Linux v3.19"\n'
WOLFI = 'ID=wolfi\nNAME="Wolfi"\nPRETTY_NAME="Wolfi"\nVERSION_ID="20230201"\n'
ALPAQUITA = 'NAME="BellSoft Alpaquita Linux Stream"\nID=alpaquita\nID_LIKE=alpine\nVERSION_ID=stream\n'


@pytest.mark.parametrize(
    "files",
    [
        {ETC: D12, DEBIAN: "12.5\n"},
        {ETC: D12, USR: D12, DEBIAN: "12.5\n"},
        {ETC: D13, DEBIAN: "13.0\n"},
        {ETC: 'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n', DEBIAN: "11.9\n"},
        {ETC: 'ID=debian\nVERSION_ID="9"\nVERSION="9 (stretch)"\n', DEBIAN: "9.13\n"},
        {ETC: TESTING, DEBIAN: "trixie/sid\n"},
        {USR: D12},
        {ETC: JAMMY, LSB: JAMMY_LSB, DEBIAN: "bookworm/sid\n"},
        {ETC: MINT, LSB: "DISTRIB_ID=LinuxMint\nDISTRIB_RELEASE=21.3\nDISTRIB_CODENAME=virginia\n", DEBIAN: "bookworm/sid\n"},
        {ETC: "ID=linuxmint\nID_LIKE=debian\nVERSION_ID=6\nVERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm\n", DEBIAN: "12.4\n"},
    ],
)
def test_real_images_with_dpkg_do_not_contradict_themselves(tmp_path: Path, files: dict[str, str]) -> None:
    assert failing(inventory(tmp_path, files | DEB)) == []


@pytest.mark.parametrize(
    "files",
    [
        {ETC: A319, ALPINE: "3.19.1\n"},
        {ETC: A319, USR: A319, ALPINE: "3.19.2\n"},
        {ETC: WOLFI},
        {ETC: WOLFI.replace("wolfi", "chainguard")},
        {ETC: ALPAQUITA},
        {ETC: ALPAQUITA, ALPINE: "3.19.1\n"},
        {ETC: "ID=bellsoft-hardened-containers\nID_LIKE=alpine\nVERSION_ID=25\n", ALPINE: "3.22.0\n"},
    ],
)
def test_real_images_with_apk_do_not_contradict_themselves(tmp_path: Path, files: dict[str, str]) -> None:
    assert failing(inventory(tmp_path, files | APK)) == []


@pytest.mark.parametrize(
    "files",
    [
        {ETC: "ID=debian\nVERSION_ID=13\nVERSION_CODENAME=bookworm\n"},
        {ETC: "ID=debian\nVERSION_ID=99\nVERSION_CODENAME=bookworm\n"},
        {ETC: "ID=ubuntu\nVERSION_ID=24.04\nUBUNTU_CODENAME=jammy\n"},
        {ETC: D13, USR: D12},
        {ETC: D12, USR: JAMMY},
        {ETC: MINT, USR: JAMMY},
        {ETC: JAMMY, LSB: JAMMY_LSB.replace("22.04", "24.04")},
        {ETC: JAMMY, LSB: JAMMY_LSB.replace("jammy", "noble")},
        {LSB: JAMMY_LSB.replace("jammy", "noble")},
        {ETC: D12, ALPINE: "3.19.1\n"},
        {ETC: JAMMY, DEBIAN: "12.5\n"},
        {ETC: MINT, DEBIAN: "12.5\n"},
        {ETC: D13, DEBIAN: "12.5\n"},
        {ETC: D13, DEBIAN: " bookworm/sid\n"},
        {ETC: D13, DEBIAN: "13x\n"},
        {ETC: "ID=foo\nUBUNTU_CODENAME=noble\nDEBIAN_CODENAME=bookworm\nID_LIKE=debian\n"},
    ],
)
def test_a_contradiction_is_evidence(tmp_path: Path, files: dict[str, str]) -> None:
    found = failing(inventory(tmp_path, files | DEB))
    assert [text.partition(":")[0] for text in found] == ["unknown_distro"]


@pytest.mark.parametrize(
    "files",
    [
        {ETC: WOLFI, ALPINE: "3.22.1\n"},
        {ETC: WOLFI.replace("wolfi", "chainguard"), ALPINE: "3.22.1\n"},
        {ETC: A319, ALPINE: "3.12.0\n"},
        {ETC: A319, ALPINE: "3.19.0_alpha20231219\n"},
        {ETC: A319, USR: WOLFI},
        {ETC: A319.replace("3.19.1", "3.22.0_alpha20250108")},
        {ETC: A319.replace("3.19.1", "edge")},
        {ETC: A319.replace("3.19.1", "3.19-1")},
        {ALPINE: "3.22.0_alpha20250108\n"},
    ],
)
def test_alpine_that_is_no_release_or_several_is_evidence(tmp_path: Path, files: dict[str, str]) -> None:
    found = failing(inventory(tmp_path, files | APK))
    assert [text.partition(":")[0] for text in found] == ["unknown_distro"]


@pytest.mark.parametrize("path", [ETC, DEBIAN, LSB, ALPINE])
@pytest.mark.parametrize(
    "make",
    [
        folder,
        lambda path: symlink(path, path.rpartition("/")[2]),
        lambda path: Entry(path, kind=b"3"),
        lambda path: Entry(path, kind=b"6"),
        lambda path: file(path + "/inside"),
        lambda path: file(path, "x" * 70_000),
    ],
)
def test_a_file_that_can_not_be_read_is_evidence_beside_one_that_can(tmp_path: Path, path: str, make) -> None:  # type: ignore[no-untyped-def]
    found = inventory(tmp_path, {USR: D13, path: "13"} | DEB, [make(path)])
    assert any(text.startswith(f"unreadable: {path}") for text in failing(found))


def test_blanks_within_the_quotes_do_not_count(tmp_path: Path) -> None:
    found = inventory(tmp_path, {ETC: D12.replace('"12"', '"12 "')} | DEB)
    assert found.distribution is not None
    assert (found.distribution.version, failing(found)) == ("12", [])
