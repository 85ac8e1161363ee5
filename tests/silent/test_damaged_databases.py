"""One odd line, one damaged entry, one state of a package: nothing beside it is lost."""

import pytest

from tests.images import ALPINE_3_11, apk, dpkg
from tests.silent.judging import ALPINE, APK, BAD, DEBIAN, GOOD, OS_RELEASE, STATUS, Gate, Layers

LONG = "x" * 300_000
ENTRY = "Package: bash\nStatus: install ok installed\nVersion: 5.2\nArchitecture: amd64\n"


def debian(status: str) -> Layers:
    return [{OS_RELEASE: DEBIAN, STATUS: status}]


def alpine(database: str) -> Layers:
    return [{OS_RELEASE: ALPINE, APK: database}]


def openssl(version: str, status: str = "install ok installed") -> str:
    return dpkg(("openssl", version), status=status)


@pytest.mark.parametrize("place", ["before", "after", "between"])
@pytest.mark.parametrize("line", [f"Description: {LONG}\n", f"Depends: {LONG}\n", f"Description: short\n {LONG}\n"])
def test_a_line_of_300_000_characters_drops_nothing(gated: Gate, place: str, line: str) -> None:
    def made(version: str) -> Layers:
        text = {
            "before": ENTRY + line + "\n" + openssl(version),
            "after": openssl(version) + "\n" + ENTRY + line,
            "between": openssl(version) + line + "\n" + ENTRY,
        }
        return debian(text[place])

    gated.differ(made)


def test_a_line_of_300_000_characters_drops_nothing_of_apk(gated: Gate) -> None:
    for line in (f"T:{LONG}\n", f"p:{LONG}\n"):
        gated.differ(lambda version, line=line: alpine(apk(("musl", "1.2.5-r9")) + line + "\n" + _apk(version)))  # type: ignore[misc]
        gated.differ(lambda version, line=line: alpine(_apk(version) + line + "\n" + apk(("musl", "1.2.5-r9"))))  # type: ignore[misc]


def _apk(version: str) -> str:
    return apk(("openssl", version.replace("-1", "-r1")))


@pytest.mark.parametrize(
    "damage",
    ["Package\n", "Package:\nVersion:\n", "\0\0\0\n", "no colon here\n", ": x\n", " begins with a blank\n", "\xff\xfe\n"],
)
def test_one_damaged_entry_does_not_cost_its_neighbours(gated: Gate, damage: str) -> None:
    for text in (f"{damage}\n{openssl(BAD)}", f"{openssl(BAD)}\n{damage}", f"{ENTRY}\n{damage}\n{openssl(BAD)}"):
        found = gated.verdict(debian(text))
        assert found.exit_code == 10
    gated.passes(debian(f"{ENTRY}\n{openssl(GOOD)}"))


@pytest.mark.parametrize(
    "stanza",
    [
        f"Package: openssl\nVersion: {BAD}\nStatus: install ok installed\nVersion: {GOOD}\n",
        f"Package: openssl\nVersion:\n {BAD}\n",
        f"Package: openssl\n#Version: {GOOD}\nVersion : {BAD}\n",
        f"Package: openssl\r\nVersion: {BAD}\r\nStatus: install ok installed\r\n",
        f"package: openssl\nVERSION: {BAD}\n",
        f"Package: openssl\nVersion: {BAD}",
        f"\ufeffPackage: openssl\nVersion: {BAD}\n",
        "Package: openssl\nStatus: install ok installed\n",
        "Package: openssl\nVersion: \nStatus: install ok installed\n",
    ],
)
def test_an_oddly_written_entry_is_read_or_told(gated: Gate, stanza: str) -> None:
    gated.is_seen(debian(f"{ENTRY}\n{stanza}\n{ENTRY}"))


@pytest.mark.parametrize(
    "state",
    [
        "install ok unpacked",
        "install ok half-configured",
        "install ok half-installed",
        "install ok triggers-pending",
        "install ok triggers-awaited",
        "deinstall ok installed",
        "purge ok installed",
        "hold ok installed",
        "unknown ok installed",
        "install reinstreq installed",
        "install reinstreq half-installed",
        "INSTALL OK INSTALLED",
        "strange",
    ],
)
def test_what_is_on_disk_counts_whatever_its_state(gated: Gate, state: str) -> None:
    assert gated.code(debian(ENTRY + "\n" + openssl(BAD, state))) == 10
    gated.passes(debian(ENTRY + "\n" + openssl(GOOD, state)))


@pytest.mark.parametrize("state", ["deinstall ok config-files", "purge ok not-installed", "unknown ok not-installed"])
def test_what_is_gone_does_not_count(gated: Gate, state: str) -> None:
    gated.passes(debian(ENTRY + "\n" + openssl(BAD, state)))


def test_a_binary_is_judged_by_the_version_of_its_source(gated: Gate) -> None:
    def made(binary: str, source: str) -> Layers:
        return debian(ENTRY + "\n" + dpkg(("libssl3", binary, f"openssl ({source})")))

    assert gated.code(made("3.0-1", BAD)) == 10
    gated.passes(made("0.1-1", GOOD))
    gated.differ(lambda version: debian(ENTRY + "\n" + dpkg(("libssl3", version, "openssl"))))
    gated.differ(lambda version: alpine(apk(("libssl3", version.replace("-1", "-r1"), "openssl"))))


def test_a_release_that_has_ended_is_not_clean(gated: Gate) -> None:
    gated.is_seen([{OS_RELEASE: ALPINE_3_11, APK: _apk(GOOD)}])
