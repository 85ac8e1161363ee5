"""Which distribution an image is decides which advisories are asked: where that is in doubt, nothing passes."""

import pytest

from tests.images import apk, dpkg, file, folder, symlink, whiteout
from tests.silent.judging import ALPINE, APK, BAD, DEBIAN, GOOD, OS_RELEASE, ROCKY, STATUS, Gate, Layers

USR = "usr/lib/os-release"


def debian(version: str = BAD) -> str:
    return dpkg(("bash", "5.2"), ("openssl", version))


def alpine(version: str = BAD) -> str:
    return apk(("musl", "1.2.5-r9"), ("openssl", version.replace("-1", "-r1")))


@pytest.mark.parametrize(
    "release",
    [
        "",
        "\n",
        "NAME=Debian\n",
        "ID=\n",
        "ID=nothing-that-is-known\nVERSION_ID=12\n",
        "ID=linuxmint\nID_LIKE=debian\nVERSION_ID=22\n",  # a derivative: its own releases, its own packages
        "ID=kali\nID_LIKE=debian\nVERSION_ID=2025.1\n",
        "ID=debian\n",  # no release
        "ID=debian\nVERSION_ID=99\n",
        "ID=debian\nVERSION_ID=12abc\n",
        "ID=debian\nVERSION_ID=11\n",  # a release that the store does not cover
        "ID=ubuntu\nVERSION_ID=24.04\n",
        "ID=alpine\nVERSION_ID=3.21.2\n",
        "ID=rocky\nVERSION_ID=9.5\n",
        "ID=scratch\n",
        "\0\0\0",
        "ID=" + "debian" * 50_000,
    ],
)
def test_a_distribution_in_doubt_never_passes(gated: Gate, release: str) -> None:
    gated.is_seen([{OS_RELEASE: release, STATUS: debian(GOOD)}])
    gated.is_seen([{OS_RELEASE: release, STATUS: debian(BAD)}])


def test_no_file_that_names_the_distribution_never_passes(gated: Gate) -> None:
    gated.is_seen([{STATUS: debian(GOOD)}])
    gated.is_seen([{APK: alpine(GOOD)}])
    gated.is_seen([{OS_RELEASE: DEBIAN, STATUS: debian(GOOD)}, [whiteout(OS_RELEASE)]])
    gated.is_seen([[folder(OS_RELEASE), file(STATUS, debian(GOOD))]])
    gated.is_seen([[symlink(OS_RELEASE, "/etc/os-release"), file(STATUS, debian(GOOD))]])


@pytest.mark.parametrize(
    ("release", "database"),
    [
        (ALPINE, {STATUS: debian(GOOD)}),
        (DEBIAN, {APK: alpine(GOOD)}),
        (ROCKY, {STATUS: debian(GOOD)}),
        (ROCKY, {APK: alpine(GOOD)}),
    ],
)
def test_a_distribution_over_the_database_of_another_never_passes(
    gated: Gate, release: str, database: dict[str, bytes | str]
) -> None:
    gated.is_seen([{OS_RELEASE: release, **database}])


def test_two_databases_in_one_image_never_pass(gated: Gate) -> None:
    gated.is_seen([{OS_RELEASE: DEBIAN, STATUS: debian(GOOD), APK: alpine(GOOD)}])
    gated.is_seen([{OS_RELEASE: ALPINE, STATUS: debian(GOOD), APK: alpine(GOOD)}])
    gated.is_seen([{OS_RELEASE: DEBIAN, STATUS: debian(GOOD), "var/lib/rpm/Packages": "x"}])


def test_the_file_in_etc_counts_and_that_in_usr_only_without_it(gated: Gate) -> None:
    """os-release(5): an application uses the one in etc."""
    other = "ID=alpine\nVERSION_ID=3.21\n"

    def both(first: str, second: str, version: str) -> Layers:
        return [{OS_RELEASE: first, USR: second, STATUS: debian(version)}]

    assert gated.code(both(DEBIAN, DEBIAN, BAD)) == 10
    assert gated.code(both(DEBIAN, DEBIAN, GOOD)) == 0
    gated.is_seen(both(other, DEBIAN, GOOD))
    gated.differ(lambda version: [{USR: DEBIAN, STATUS: debian(version)}])
    gated.differ(lambda version: [[file(USR, DEBIAN), symlink(OS_RELEASE, "../" + USR), file(STATUS, debian(version))]])


def test_what_a_label_says_does_not_count(gated: Gate) -> None:
    labels = {"org.opencontainers.image.base.name": "docker.io/library/debian:12", "os": "debian", "version": "12"}
    for layers in ([{STATUS: debian(GOOD)}], [{"bin/x": "x"}]):
        (found,) = gated.judge(gated.write(layers, labels=labels))
        assert found.exit_code == 4
    (found,) = gated.judge(gated.write([{OS_RELEASE: DEBIAN, STATUS: debian(BAD)}], labels={"os": "alpine"}))
    assert found.exit_code == 10


def test_an_upgrade_in_a_later_layer_counts(gated: Gate) -> None:
    old = "ID=debian\nVERSION_ID=8\nVERSION_CODENAME=jessie\n"
    gated.differ(lambda version: [{OS_RELEASE: old, STATUS: debian(BAD)}, {OS_RELEASE: DEBIAN, STATUS: debian(version)}])
    gated.is_seen([{OS_RELEASE: DEBIAN, STATUS: debian(GOOD)}, {OS_RELEASE: old}])
