"""Crates in programs that `cargo auditable` built."""

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from imagegate.cataloger.executable import Executables
from imagegate.cataloger.interface import Sightings
from tests.cataloger.contents import known, look
from tests.cataloger.test_executable import elf, mach_o, pe

# The section of a program that cargo-auditable 0.7.7 built: time 0.1.42 and itoa are used, cc by the build script alone.
REAL = base64.b64decode(
    "eJyVkN0KwjAMhd8l13Ws8wfdq8guahe12DWj7YYw9u7GXch+FBUKJSHnOyfpoFb6pi4YID924FSFkIPWIKBFHww5LmUi+XErUOP1MOBVxJAY4ubNuJJbp8bY"
    "kssSa3QlOm0GphTbohcv8pmHV1Vo9SoS2TCxSRN22f5kMyKaSGqWlkH795iRzpqTntlniTzIr0IfVF0vgqdjnSWt7PIWqcjErhDgiSLk0Tc4woarxfsEmz0X"
    "+fcc0fA3D7fJPmFmCddFz/nO5CvFCWX/AHf8qw0="
)


def program(section: bytes) -> bytes:
    return elf({".text": b"code", ".dep-v0": section})


def seen(crates: object) -> Sightings:
    return look(Executables(), "bin/x", program(zlib.compress(json.dumps({"packages": crates}).encode())))


@pytest.mark.parametrize(
    "data", [program(REAL), elf({".dep-v0": REAL}, wide=False, big=True), pe({".dep-v0": REAL}), mach_o({".dep-v0": REAL})]
)
def test_the_crates_that_are_in_a_program_are_seen_those_that_built_it_are_not(data: bytes) -> None:
    found = look(Executables(), "bin/x", data)
    assert known(found) == [("itoa", "1.0.18"), ("libc", "0.2.191"), ("rsapp", "0.1.0"), ("time", "0.1.42")]
    assert found.problems == []
    for package in found.packages:
        assert package.type == "cargo"
        assert PackageURL.from_string(package.purl).to_string() == package.purl


def test_a_crate_that_is_not_from_the_registry_may_be_another_of_that_name() -> None:
    sources = ["crates.io", "registry", "git", "local", {"Other": "x"}, None]
    found = seen([{"name": f"a{index}", "version": "1.0.0", "source": source} for index, source in enumerate(sources)])
    assert [package.basis for package in found.packages] == ["installed"] * 2 + ["guessed"] * 4


def test_an_entry_without_a_version_costs_only_itself_and_is_told() -> None:
    found = seen([{"name": "a", "source": "crates.io"}, 7, {"name": "b", "version": "1.0.0", "source": "crates.io"}])
    assert known(found) == [("b", "1.0.0")]
    assert found.problems == [("fail", "2 entries of its list of Rust crates cannot be read")]


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"null", b'{"packages": 1}', b"[" * 100_000, b'{"packages": [' + b"9" * 5000, b"\xff"]
)
def test_a_list_of_another_form_is_unreadable(text: bytes) -> None:
    assert look(Executables(), "bin/x", program(zlib.compress(text))).problems == [
        ("fail", "its list of Rust crates cannot be read")
    ]


def test_a_list_that_is_cut_off_damaged_or_a_bomb_is_unreadable() -> None:
    for section in (REAL[:-8], b"not zlib", zlib.compress(bytes(9 << 20), 9)):
        ((found, detail),) = look(Executables(), "bin/x", program(section)).problems
        assert found == "fail"
        assert detail.startswith("its list of Rust crates ")


def test_an_endless_list_is_not_listed_to_its_end() -> None:
    found = seen([{"name": "a", "version": "1.0.0"}] * 60_000)
    assert found.problems == [("fail", "it names more Rust crates than are listed")]


@given(st.binary(max_size=100))
def test_no_section_raises(section: bytes) -> None:
    look(Executables(), "bin/x", program(section))
    look(Executables(), "bin/x", program(zlib.compress(section)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "version", "kind", "source"]), inner),
)


@given(JSON)
def test_no_list_raises(crates: object) -> None:
    seen(crates)
