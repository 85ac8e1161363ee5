"""Sections and segments of programs, in files made for it; real ones are in the tests of Go and Rust."""

import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.executable import Executables, Malformed, parse
from tests.cataloger.contents import Memory, look

BASE = 0x400000  # where the one segment is loaded, so that a place in the file is an address less this


def elf(parts: dict[str, bytes], *, wide: bool = True, big: bool = False, named: bool = True, flags: int = 6) -> bytes:
    """Make an ELF file whose one segment, writable by default, is the whole file; sections are in the order given."""
    order = ">" if big else "<"
    head = 64 + 56 if wide else 52 + 32
    body = bytearray(-head % 16)
    places = []
    for content in parts.values():
        places.append(head + len(body))
        body += content + bytes(-len(content) % 16)
    names = b"\0" + b"".join(name.encode() + b"\0" for name in parts) + b".shstrtab\0"
    text = head + len(body)
    body += names + bytes(-len(names) % 16)
    table, at = bytearray(64 if wide else 40), 1
    rows = [*zip(parts, places, map(len, parts.values()), strict=True), (".shstrtab", text, len(names))]
    for name, place, size in rows:
        common = (at, 1, 3, BASE + place, place, size, 0, 0)
        table += struct.pack(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"), *common, 16, 0)
        at += len(name) + 1
    shoff, count = (head + len(body), len(rows) + 1) if named else (0, 0)
    ident = b"\x7fELF" + bytes([1 + wide, 1 + big, 1]) + bytes(9)
    total = head + len(body)
    sizes = (64, 56, 1, 64) if wide else (52, 32, 1, 40)
    ident += struct.pack(
        order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
        2,
        62,
        1,
        BASE,
        head - sizes[1],
        shoff,
        0,
        *sizes,
        count,
        count and count - 1,
    )
    if wide:
        ident += struct.pack(order + "IIQQQQQQ", 1, flags, 0, BASE, BASE, total, total, 16)
    else:
        ident += struct.pack(order + "IIIIIIII", 1, 0, BASE, BASE, total, total, flags, 16)
    return bytes(ident + body + (table if named else b""))


def pe(parts: dict[str, bytes], *, wide: bool = True) -> bytes:
    """Make a PE file whose sections are all writable."""
    optional = struct.pack("<H22xQ", 0x20B, BASE) if wide else struct.pack("<H26xI", 0x10B, BASE)
    optional += bytes(96 - len(optional))
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", 0x8664, len(parts), 0, 0, 0, len(optional), 2) + optional
    at, table, body = 1024, b"", b""
    for name, content in parts.items():
        padded = content + bytes(-len(content) % 512)
        table += struct.pack("<8sIIIIIIHHI", name.encode(), len(content), at, len(padded), at, 0, 0, 0, 0, 0xC0000040)
        at, body = at + len(padded), body + padded
    return (head + table).ljust(1024, b"\0") + body


def mach_o(parts: dict[str, bytes], *, wide: bool = True, big: bool = False) -> bytes:
    """Make a Mach-O file with one writable segment."""
    order = ">" if big else "<"
    segment, section = ("16sQQQQIIII", "16s16sQQIIIIIIII") if wide else ("16sIIIIIIII", "16s16sIIIIIIIII")
    length = 8 + struct.calcsize(order + segment) + len(parts) * struct.calcsize(order + section)
    start = 512
    body, sections = b"", b""
    for name, content in parts.items():
        place = start + len(body)
        rest = (0,) * (7 if wide else 6)
        sections += struct.pack(order + section, name.encode(), b"__DATA", BASE + place, len(content), place, *rest)
        body += content + bytes(-len(content) % 16)
    total = start + len(body)
    command = struct.pack(
        order + "II" + segment, 0x19 if wide else 1, length, b"__DATA", BASE, total, 0, total, 3, 3, len(parts), 0
    )
    head = struct.pack(order + "IIIIIII", 0xFEEDFACF if wide else 0xFEEDFACE, 7, 3, 2, 1, length, 0) + bytes(4 if wide else 0)
    return (head + command + sections).ljust(start, b"\0") + body


def universal(*programs: bytes) -> bytes:
    """Make a Mach-O file for several architectures."""
    head, body = struct.pack(">II", 0xCAFEBABE, len(programs)), b""
    for program in programs:
        head += struct.pack(">IIIII", 7, 3, 4096 + len(body), len(program), 0)
        body += program
    return head.ljust(4096, b"\0") + body


MADE = {
    "elf64": elf({".text": b"code", ".dep-v0": b"here"}),
    "elf32": elf({".text": b"code", ".dep-v0": b"here"}, wide=False),
    "elf64-big": elf({".text": b"code", ".dep-v0": b"here"}, big=True),
    "elf32-big": elf({".text": b"code", ".dep-v0": b"here"}, wide=False, big=True),
    "pe64": pe({".text": b"code", ".dep-v0": b"here"}),
    "pe32": pe({".text": b"code", ".dep-v0": b"here"}, wide=False),
    "mach-o64": mach_o({"__text": b"code", ".dep-v0": b"here"}),
    "mach-o32": mach_o({"__text": b"code", ".dep-v0": b"here"}, wide=False),
    "mach-o64-big": mach_o({"__text": b"code", ".dep-v0": b"here"}, big=True),
    "universal": universal(mach_o({"__text": b"code", ".dep-v0": b"here"})),
}


@pytest.mark.parametrize("data", MADE.values(), ids=MADE)
def test_a_section_is_found_by_its_name_and_by_its_address(data: bytes) -> None:
    (program,) = parse(Memory(data))
    part = program.section(".dep-v0")
    assert part is not None
    assert data[part.offset :][:4] == b"here"
    assert program.at(part.address, 4) == b"here"
    assert part.data
    assert program.at(1, 4) == b""
    assert not program.problem


class Counting(Memory):
    reads = size_read = 0

    def read_at(self, at: int, size: int) -> bytes:
        data = super().read_at(at, size)
        self.reads, self.size_read = self.reads + 1, self.size_read + len(data)
        return data


def test_a_library_without_packages_costs_three_small_reads() -> None:
    content = Counting(elf({".text": bytes(3_000_000), ".data": bytes(1_000_000)}))
    assert Executables().look("usr/lib/libx.so", content).problems == []
    assert content.reads <= 3
    assert content.size_read < 10_000


def test_more_sections_than_the_header_can_count_are_counted_in_the_first_one() -> None:
    data = bytearray(elf({".dep-v0": b"here"}))
    (at,) = struct.unpack_from("<Q", data, 40)
    count, names = struct.unpack_from("<HH", data, 60)
    struct.pack_into("<HH", data, 60, 0, 0xFFFF)
    struct.pack_into("<Q", data, at + 32, count)
    struct.pack_into("<I", data, at + 40, names)
    (program,) = parse(Memory(bytes(data)))
    assert program.section(".dep-v0") is not None


def test_a_program_without_section_headers_is_doubtful() -> None:
    found = look(Executables(), "bin/x", elf({".text": b"code"}, named=False))
    assert found.problems == [("warn", "packages built into it may not be seen: it has no section headers")]


@pytest.mark.parametrize(("at", "value"), [(40, b"\xff\xff\xff\x7f"), (58, b"\x07"), (60, b"\xff\xf0"), (62, b"\x77")])
def test_section_headers_that_lead_nowhere_are_doubtful_since_a_system_does_not_need_them(at: int, value: bytes) -> None:
    data = MADE["elf64"]
    ((found, detail),) = look(Executables(), "bin/x", data[:at] + value + data[at + len(value) :]).problems
    assert found == "warn"
    assert detail.startswith("packages built into it may not be seen: its section")


@pytest.mark.parametrize(("name", "at"), [("elf64", 54), ("pe64", 71), ("mach-o64", 23), ("mach-o64", 37)])
def test_a_program_that_no_system_loads_is_said_to_be_damaged(name: str, at: int) -> None:
    data = MADE[name]
    ((found, detail),) = look(Executables(), "bin/x", data[:at] + b"\x7f" + data[at + 1 :]).problems
    assert found == "warn"
    assert detail.startswith("damaged, so that it cannot be run: ")


def test_what_only_begins_like_a_program_is_none() -> None:
    java_class = b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(5000)
    for data in (java_class, b"MZ", b"MZ is what this text begins with" * 100, b"", b"#!/bin/sh\n"):
        assert look(Executables(), "x", data).problems == []


@pytest.mark.parametrize("data", [MADE["elf64"][:130] + b"UPX!" + MADE["elf64"][134:], pe({"UPX0": b"", "UPX1": b"x"})])
def test_a_packed_program_is_unreadable(data: bytes) -> None:
    assert look(Executables(), "bin/x", data).problems == [("fail", "packed with UPX: what is in it cannot be seen")]


def test_the_interpreter_of_these_tests_is_readable() -> None:
    with open(sys.executable, "rb") as file:
        (program, *_) = parse(Memory(file.read()))
    assert len(program.sections) > 5
    assert not program.problem


@pytest.mark.parametrize("data", MADE.values(), ids=MADE)
def test_a_cut_program_never_raises_more_than_malformed(data: bytes) -> None:
    for end in range(0, len(data), 64):
        look(Executables(), "bin/x", data[:end])


@given(st.sampled_from(sorted(MADE)), st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=8))
def test_no_change_of_the_headers_raises_more_than_malformed(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(MADE[name])
    for at, value in changes:
        if 4 <= at < len(data):
            data[at] = value
    look(Executables(), "bin/x", bytes(data))


@given(
    st.sampled_from([b"\x7fELF\2\1", b"\x7fELF\1\2", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"]), st.binary(max_size=600)
)
def test_no_bytes_raise_more_than_malformed(magic: bytes, rest: bytes) -> None:
    look(Executables(), "bin/x", magic + rest)


def test_a_loop_of_load_commands_ends() -> None:
    data = bytearray(MADE["mach-o64"])
    struct.pack_into("<I", data, 36, 0)
    with pytest.raises(Malformed, match="no end"):
        list(parse(Memory(bytes(data))))
