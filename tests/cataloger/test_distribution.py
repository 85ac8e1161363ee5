"""Which distribution an image is, told by its files alone."""

from pathlib import Path

import pytest

from tests.cataloger.inventories import STATUS, failing, inventory
from tests.images import apk, dpkg, file, symlink

ETC, USR, LSB = "etc/os-release", "usr/lib/os-release", "etc/lsb-release"
ALPINE, DEBIAN = "etc/alpine-release", "etc/debian_version"
DEB = {STATUS: dpkg(("a", "1"))}
APK = {"lib/apk/db/installed": apk(("a", "1"))}


def told(path: Path, files: dict[str, str], packages: dict[str, str] = DEB) -> tuple[str, list[str], list[str]]:
    """Return the distribution as `id version codename`, the failing and the warning evidence."""
    found = inventory(path, files | packages)
    known = found.distribution
    text = f"{known.id} {known.version} {known.codename}".strip() if known else ""
    return text, failing(found), [item.detail for item in found.evidence if item.found == "warn"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({ETC: "ID=debian\nVERSION_ID=11\n"}, "debian 11 bullseye"),
        ({USR: "ID=debian\nVERSION_ID=11\n"}, "debian 11 bullseye"),
        ({ETC: "ID=debian\nVERSION_ID=12\n", USR: "ID=debian\nVERSION_ID=12.1\nNAME=x\n"}, "debian 12 bookworm"),
        ({ETC: "", USR: "ID=debian\nVERSION_ID=11\n"}, "debian 11 bullseye"),
        ({ETC: "ID=debian\nVERSION_ID=12\n", LSB: "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\n"}, "debian 12 bookworm"),
        ({LSB: 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_DESCRIPTION="x"\n'}, "ubuntu 22.04 jammy"),
        ({DEBIAN: "11.9\n"}, "debian 11 bullseye"),
        ({DEBIAN: "bookworm/sid\n"}, "debian 12 bookworm"),
        ({ETC: 'ID="debian"\nVERSION_ID="11"\n'}, "debian 11 bullseye"),
        ({ETC: "ID='debian'\r\nVERSION_ID='11'\r\n"}, "debian 11 bullseye"),
        ({ETC: "# ID=alpine\n  ID=Debian  \nVERSION_ID=\"11\nNAME='\n"}, "debian 11 bullseye"),
        ({ETC: "ID=alpine\nID=debian\nVERSION_ID=10\nVERSION_ID=11\n"}, "debian 11 bullseye"),
        ({ETC: 'ID=debian\nVERSION_ID=11\nPRETTY_NAME="x\x0bID=alpine"\n'}, "debian 11 bullseye"),
        ({ETC: "ID=debian\nVERSION_ID=11.4\n"}, "debian 11 bullseye"),
        ({ETC: "ID=debian\nVERSION_ID=3.1\n"}, "debian 3.1 sarge"),
        ({ETC: "ID=debian\nVERSION_CODENAME=trixie\n"}, "debian 13 trixie"),
        ({ETC: "ID=ubuntu\nVERSION_ID=20.04\nVERSION_CODENAME=focal\n"}, "ubuntu 20.04 focal"),
    ],
)
def test_files_tell_the_distribution_in_this_order(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    assert told(tmp_path, files) == (expected, [], [])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({ETC: "ID=alpine\nVERSION_ID=3.20.1\n"}, "alpine 3.20"),
        ({ALPINE: "3.20.1\n"}, "alpine 3.20"),
        ({ETC: "ID=alpine\nVERSION_ID=3.20.1\n", ALPINE: "3.20.3\n"}, "alpine 3.20"),
        ({ETC: "ID=wolfi\nVERSION_ID=20230201\n"}, "wolfi"),
        ({ETC: "ID=chainguard\nVERSION_ID=20230214\n"}, "chainguard"),
    ],
)
def test_distributions_with_apk_are_told_too(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    assert told(tmp_path, files, APK) == (expected, [], [])


@pytest.mark.parametrize(
    ("text", "expected", "key"),
    [
        (
            "ID=linuxmint\nID_LIKE='ubuntu debian'\nVERSION_ID=21\nUBUNTU_CODENAME=jammy\n",
            "ubuntu 22.04 jammy",
            "UBUNTU_CODENAME",
        ),
        ("ID=kali-like\nVERSION_ID=1\nDEBIAN_CODENAME=bookworm\n", "debian 12 bookworm", "DEBIAN_CODENAME"),
        ("ID=raspbian\nID_LIKE=debian\nVERSION_ID=11\nVERSION_CODENAME=bullseye\n", "debian 11 bullseye", "VERSION_CODENAME"),
    ],
)
def test_a_derivative_is_taken_as_its_base_and_says_so(tmp_path: Path, text: str, expected: str, key: str) -> None:
    found, fails, warns = told(tmp_path, {ETC: text})
    assert (found, fails) == (expected, [])
    assert f"taken as {expected.rpartition(' ')[0]}, because {key}" in warns[0]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({ETC: "ID=kali\nID_LIKE=debian\nVERSION_ID=2024.1\n"}, "kali 2024.1, whose packages cannot be judged yet"),
        (
            {ETC: "ID=eurolinux\nID_LIKE='rhel fedora centos'\nVERSION_ID=9.3\n"},
            "eurolinux 9.3, whose packages cannot be judged yet",
        ),
        ({ETC: "ID=derivative\nVERSION_CODENAME=bookworm\n"}, "cannot be judged yet"),
        ({ETC: "ID=debian\n"}, "debian with no version"),
        ({ETC: "ID=debian\nVERSION_CODENAME=sid\n"}, "debian with codename sid"),
        ({ETC: "ID=debian\nVERSION_CODENAME=forky\n"}, "debian with codename forky"),
        ({DEBIAN: "forky/sid\n"}, "debian with codename forky"),
        ({ETC: "NAME=x\n"}, "names no distribution"),
        ({ETC: ""}, "names no distribution"),
        ({ETC: "ID=\x00\x1b[31m\n"}, "cannot be judged yet"),
        ({ETC: "ID=debian\nVERSION_ID=11\n", DEBIAN: "12.1\n"}, "etc/os-release says debian 11, etc/debian_version says 12.1"),
        ({}, "no distribution that is known"),
    ],
)
def test_a_distribution_that_is_not_known_is_evidence(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    _, fails, _ = told(tmp_path, files)
    assert any(text.startswith("unknown_distro: ") and reason in text for text in fails)
    assert all(text.isprintable() for text in fails)


def test_a_contradiction_within_alpine_is_evidence(tmp_path: Path) -> None:
    _, fails, _ = told(tmp_path, {ETC: "ID=alpine\nVERSION_ID=3.20.1\n", ALPINE: "3.12.0\n"}, APK)
    assert fails == ["unknown_distro: etc/os-release says alpine 3.20, etc/alpine-release says 3.12.0"]


def test_a_future_release_is_named_as_it_is_and_has_no_end(tmp_path: Path) -> None:
    found = inventory(tmp_path, {ETC: "ID=debian\nVERSION_ID=99\n"} | DEB).distribution
    assert found is not None
    assert (found.version, found.end_of_life) == ("99", None)


@pytest.mark.parametrize(("version", "end"), [("11", "2026-08-31"), ("2.2", "2006-06-30"), ("10", "2024-06-30")])
def test_the_last_day_of_support_is_known(tmp_path: Path, version: str, end: str) -> None:
    found = inventory(tmp_path, {ETC: f"ID=debian\nVERSION_ID={version}\n"} | DEB).distribution
    assert found is not None
    assert found.end_of_life == end


@pytest.mark.parametrize("target", ["../usr/lib/os-release", "/usr/lib/os-release", "/opt/x/os-release"])
def test_os_release_may_be_a_link(tmp_path: Path, target: str) -> None:
    real = target.replace("../", "/")[1:]
    found = inventory(tmp_path, [symlink(ETC, target), file(real, "ID=debian\nVERSION_ID=11\n"), file(STATUS, DEB[STATUS])])
    assert found.distribution is not None
    assert failing(found) == []


def test_an_os_release_that_can_not_be_read_is_evidence(tmp_path: Path) -> None:
    found = inventory(tmp_path, [symlink(ETC, "nowhere"), file("usr/bin/app", "x")])
    assert f"unknown_distro: {ETC} names no distribution, and no other file does" in failing(found)
    found = inventory(tmp_path, {ETC: "ID=debian\n" + "#" * 100_000} | DEB)
    assert any(text.startswith(f"unreadable: {ETC}: ") for text in failing(found))


def test_what_a_label_says_does_not_count(tmp_path: Path) -> None:
    from imagegate.cataloger.collect import INTEREST, take_inventory
    from imagegate.source.opening import Options, open_image
    from tests.images import Image, layer

    image = Image([layer(DEB)], labels={"org.opencontainers.image.version": "22.04", "os": "ubuntu"}, name="ubuntu:22.04")
    found = take_inventory(open_image(str(image.docker_archive(tmp_path / "a.tar")), INTEREST, Options()))
    assert found.distribution is None
    assert failing(found) != []
