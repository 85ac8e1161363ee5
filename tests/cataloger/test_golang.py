"""Build information of Go in programs made for it; test_golang_real.py reads what Go itself builds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from imagegate.cataloger.executable import Executables
from imagegate.cataloger.interface import Sightings
from tests.cataloger.contents import known, look
from tests.cataloger.test_executable import BASE, elf, mach_o, pe, universal

MAGIC = b"\xff Go buildinf:"
FRAME = b"0123456789abcdef"  # sixteen bytes on both sides, whatever they are
MODULES = (
    "path\texample.com/app\n"
    "mod\texample.com/app\t(devel)\t\n"
    "dep\tgithub.com/Masterminds/semver\tv1.5.0\th1:x=\n"
    "dep\tgithub.com/docker/distribution\tv2.8.2+incompatible\th1:y=\n"
    "build\t-compiler=gc\n"
)


def inline(version: str, modules: str) -> bytes:
    framed = FRAME + modules.encode() + FRAME if modules else b""
    return MAGIC + b"\x08\x02" + bytes(16) + _prefixed(version.encode()) + _prefixed(framed)


def _prefixed(text: bytes) -> bytes:
    length, varint = len(text), b""
    while length > 127:
        varint, length = varint + bytes([length & 127 | 128]), length >> 7
    return varint + bytes([length]) + text


def pointing(at: int, version: str, modules: str, *, width: int, big: bool) -> bytes:
    """Build information up to Go 1.17 for the address where it will be."""
    order = "big" if big else "little"
    texts = version.encode(), FRAME + modules.encode() + FRAME
    descriptions = at + 32
    text = descriptions + 4 * width
    blob = MAGIC + bytes([width, big])
    blob += b"".join((descriptions + 2 * width * i).to_bytes(width, order) for i in (0, 1))  # type: ignore[arg-type]
    blob = blob.ljust(32, b"\0")
    for one in texts:
        blob += text.to_bytes(width, order) + len(one).to_bytes(width, order)  # type: ignore[arg-type]
        text += len(one)
    return blob + b"".join(texts)


def seen(data: bytes) -> Sightings:
    return look(Executables(), "bin/x", data)


def told(version: str = "go1.26.8", modules: str = MODULES) -> Sightings:
    return seen(elf({".go.buildinfo": inline(version, modules)}))


EXPECTED = [
    ("github.com/Masterminds/semver", "v1.5.0"),
    ("github.com/docker/distribution", "v2.8.2+incompatible"),
    ("stdlib", "1.26.8"),
]
BLOB = inline("go1.26.8", MODULES)
PROGRAMS = {
    "elf": elf({".text": b"x", ".go.buildinfo": BLOB, ".gopclntab": b"x"}),
    "elf32-big": elf({".go.buildinfo": BLOB}, wide=False, big=True),
    "in the data of an elf without section headers": elf({".data": bytes(4096) + BLOB}, named=False),
    "in the data of an elf, under no name": elf({".data": bytes(64) + BLOB, ".note.go.buildid": b"x"}),
    "behind a magic that is not aligned": elf({".go.buildinfo": b"12345" + MAGIC + bytes(13) + BLOB}),
    "pe": pe({".text": b"x", ".data": bytes(5000) + bytes(120) + BLOB}),
    "mach-o": mach_o({"__text": b"x", "__go_buildinfo": BLOB}),
    "universal": universal(mach_o({"__go_buildinfo": BLOB}), mach_o({"__go_buildinfo": BLOB}, big=True)),
}


@pytest.mark.parametrize("data", PROGRAMS.values(), ids=PROGRAMS)
def test_all_modules_and_the_standard_library_are_seen(data: bytes) -> None:
    found = seen(data)
    assert known(found) == EXPECTED
    assert found.problems == []
    assert {package.type for package in found.packages} == {"golang"}
    assert {package.basis for package in found.packages} == {"installed"}


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("wide", [False, True])
def test_build_information_up_to_go_1_17_is_followed_by_its_pointers(wide: bool, big: bool) -> None:
    place = elf({".go.buildinfo": MAGIC}, wide=wide, big=big).index(MAGIC)
    blob = pointing(BASE + place, "go1.17.13", MODULES, width=8 if wide else 4, big=big)
    assert known(seen(elf({".go.buildinfo": blob}, wide=wide, big=big))) == [*EXPECTED[:2], ("stdlib", "1.17.13")]


def test_package_urls_are_the_canonical_ones() -> None:
    for package in told().packages:
        parsed = PackageURL.from_string(package.purl)
        assert parsed.to_string() == package.purl
        assert "/".join(part for part in (parsed.namespace, parsed.name) if part) == package.name
        assert parsed.version == package.version


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("go1.21.3", "1.21.3"),
        ("go1.14", "1.14.0"),
        ("go1.22rc1", "1.22.0-rc.1"),
        ("go1.18beta2", "1.18.0-beta.2"),
        ("go1.20.5 X:boringcrypto", "1.20.5"),
        ("go1.18.1b7", "1.18.1"),
        ("go1.20.10 (Red Hat 1.20.10-1.el9)", "1.20.10"),
        ("go1.21.0-fips", "1.21.0"),
        ("go1.22.3 cl/631437190 +0a5be9ab X:fieldtrack", "1.22.3"),
    ],
)
def test_the_toolchain_is_the_version_of_the_standard_library(said: str, version: str) -> None:
    found = told(said)
    assert ("stdlib", version) in known(found)
    assert found.problems == []


def test_an_unreleased_toolchain_is_its_first_prerelease_and_said_to_be_guessed() -> None:
    found = told("devel go1.23-4f4c7f8 Mon Jan 8 00:00:00 2024 +0000")
    assert [(one.version, one.basis) for one in found.packages if one.name == "stdlib"] == [("1.23.0-0", "guessed")]
    assert found.problems == [("warn", "built by an unreleased Go, devel go1.23-4f4c7f8 Mon Jan 8 00:00:00 2024 +0000")]


@pytest.mark.parametrize("said", ["devel +b7a2bb9f68 Thu Jan 1", "go", "gccgo 12", "go1.x"])
def test_a_toolchain_without_a_version_is_unreadable_and_the_modules_are_seen_all_the_same(said: str) -> None:
    found = told(said)
    assert known(found) == EXPECTED[:2]
    assert found.problems == [("fail", f"the version of its Go, {said!r}, cannot be read")]


def test_a_replaced_module_is_what_replaces_it() -> None:
    found = told(modules="dep\tgolang.org/x/text\tv0.3.0\n=>\tgithub.com/golang/text\tv0.3.7\th1:z=\ndep\ta.org/b\tv1.0.0\t\n")
    assert known(found)[:2] == [("a.org/b", "v1.0.0"), ("github.com/golang/text", "v0.3.7")]
    assert len(found.packages) == 3
    assert found.problems == []


def test_a_module_replaced_by_a_folder_is_a_guess() -> None:
    found = told(modules="dep\ta.org/b\tv1.2.3\n=>\t../b\t(devel)\t\ndep\ta.org/c\tv0.0.0\n=>\t./c\t(devel)\t\n")
    assert [(one.name, one.version, one.basis) for one in found.packages[1:]] == [("a.org/b", "v1.2.3", "guessed")]
    assert found.problems == [
        ("warn", "the Go module a.org/b is a local copy, its version not certain"),
        ("warn", "the version of the Go module a.org/c is not known"),
    ]


def test_the_main_module_is_a_package_only_with_a_version() -> None:
    assert ("a.org/b", "v1.2.3") in known(told(modules="mod\ta.org/b\tv1.2.3\th1:x=\n"))
    found = told(modules="mod\ta.org/b\t(devel)\t\n")
    assert [one.name for one in found.packages] == ["stdlib"]
    assert found.problems == []


@pytest.mark.parametrize("line", ["dep\ta.org/b", "dep\t\tv1.0.0", "mod\t\tv1.0.0", "=>\ta.org/b\tv1.0.0"])
def test_a_line_that_cannot_be_read_costs_only_itself_and_is_told(line: str) -> None:
    found = told(modules=f"{line}\ndep\ta.org/a\tv1.0.0\t\n")
    assert ("a.org/a", "v1.0.0") in known(found)
    assert [kind for kind, _ in found.problems] == ["fail"]


def test_a_program_without_a_list_of_modules_is_unreadable() -> None:
    found = told(modules="")
    assert known(found) == [("stdlib", "1.26.8")]
    assert found.problems == [("fail", "a Go program built without a list of its modules")]


@pytest.mark.parametrize("marker", [".gopclntab", ".note.go.buildid", ".go.buildinfo", ".data.rel.ro.gopclntab"])
def test_a_go_program_whose_build_information_was_removed_is_unreadable(marker: str) -> None:
    found = seen(elf({marker: b"x" * 64, ".data": bytes(64)}))
    assert found.problems == [("fail", "a Go program without build information: its modules are not known")]


@pytest.mark.parametrize("end", range(15, len(BLOB) - 17, 32))
def test_build_information_that_is_cut_off_is_unreadable(end: int) -> None:
    assert "fail" in [kind for kind, _ in seen(elf({".go.buildinfo": BLOB[:end]})).problems]


def test_data_too_large_to_be_searched_are_unreadable() -> None:
    found = seen(elf({".data": bytes(65 << 20)}, named=False))
    assert found.problems[0] == ("fail", "its data are too large to be searched for the modules of a Go program")


def test_a_length_beyond_the_file_is_damage() -> None:
    found = seen(elf({".go.buildinfo": BLOB[:32] + b"\xff\xff\xff\xff\x7f"}))
    assert found.problems == [("fail", "a Go program whose build information is damaged: its modules are not known")]


def test_names_are_made_harmless() -> None:
    package = told(modules="dep\ta.org/\x1b[31mb\tv1.0.0\x07\t\n").packages[1]
    assert (package.name, package.version) == ("a.org/\\u001b[31mb", "v1.0.0\\u0007")


@given(st.binary(max_size=200), st.integers(14, 40))
def test_no_build_information_raises(rest: bytes, at: int) -> None:
    seen(elf({".go.buildinfo": BLOB[:at] + rest}))


@given(st.text("\n\t=>mod dep(v1.)/", max_size=80))
def test_no_list_of_modules_raises(text: str) -> None:
    told(modules=text)


def test_hundreds_of_thousands_of_modules_are_not_all_listed() -> None:
    found = told(modules="dep\ta\tv1\n" * 100_000)
    assert ("fail", "it names more Go modules than are listed") in found.problems
