"""ELF, PE and Mach-O files, read by position: what their sections are called and where they lie in the file.

Formats: System V ABI, "Object Files" (elf.h); Microsoft, "PE Format"; Apple, mach-o/loader.h and mach-o/fat.h.
A program brings a few kB of headers, so that a file without packages costs three small reads.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from imagegate.cataloger import golang, rust
from imagegate.cataloger.interface import Sightings
from imagegate.model.image import Content

_HEAD = 4096  # bytes of a first read: all headers of most files, but for the section table of ELF
_MOST_HEADERS = 4 << 20  # bytes of one table of headers; 65535 sections fit
_MOST_ARCHITECTURES = 16  # of a universal Mach-O file
_UNUSED_MAJOR = 45  # what is above, where a universal file counts its architectures, is a version of a Java class


class Malformed(Exception):
    """Headers that lead nowhere; the text says which."""


@dataclass(frozen=True, slots=True)
class Part:
    """A section or a segment: its address when loaded, and its place in the file, in bytes."""

    name: str
    address: int
    offset: int
    size: int
    data: bool = False  # writable and not executable


@dataclass(slots=True)
class Executable:
    """One program; `segments` are what is loaded, `packed` whether UPX hides it, `problem` what was not readable."""

    content: Content
    sections: list[Part] = field(default_factory=list)
    segments: list[Part] = field(default_factory=list)
    packed: bool = False
    problem: str = ""

    def section(self, name: str) -> Part | None:
        """Return the first section of that name."""
        return next((part for part in self.sections if part.name == name), None)

    def at(self, address: int, size: int) -> bytes:
        """Return up to `size` bytes from an address of the loaded program; b"" where the file has nothing for it."""
        for part in self.segments:
            if part.address <= address < part.address + part.size:
                into = address - part.address
                return self.content.read_at(part.offset + into, min(size, part.size - into))
        return b""


class Executables:
    """Packages that a compiler built into a program; see interface.FileCataloger."""

    name = "executable"
    names: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    executables = True

    def wants(self, path: str) -> bool:  # noqa: ARG002
        """See FileCataloger.wants: it is the content that tells."""
        return False

    def look(self, path: str, content: Content) -> Sightings:  # noqa: ARG002
        """See FileCataloger.look."""
        found = Sightings()
        try:
            for program in parse(content):
                if program.packed:
                    found.unreadable("packed with UPX: what is in it cannot be seen")
                    continue
                told = golang.look(program, found)
                rust.look(program, found)
                if program.problem and not told:
                    found.doubtful(program.problem)
        except Malformed as error:
            found.doubtful(f"damaged, so that it cannot be run: {error}")
        found.packages = list(dict.fromkeys(found.packages))  # one program for two architectures tells twice
        return found


def parse(content: Content) -> Iterator[Executable]:
    """Yield the programs of a file, one but for a universal Mach-O file, none when it is of another format.

    Raises Malformed when the headers that a system needs to load it cannot be read.
    """
    head = content.read_at(0, _HEAD)
    try:
        if head[:4] == b"\x7fELF":
            yield _elf(content, head)
        elif head[:2] == b"MZ":
            yield from _pe(content, head)
        elif head[:4] in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"):
            yield from _universal(content, head)
        elif head[:4] in _MACH_O:
            yield _mach_o(content, 0, head)
    except struct.error:
        raise Malformed("its headers are cut off") from None


def _table(content: Content, at: int, size: int, what: str) -> bytes:
    if size > _MOST_HEADERS:
        raise Malformed(f"its {what} are too many")
    data = content.read_at(at, size)
    if len(data) < size:
        raise Malformed(f"its {what} are cut off")
    return data


def _name(names: bytes, at: int = 0) -> str:
    end = names.find(b"\0", at, at + 100)
    return names[at : end if end >= 0 else at + 100].decode("latin-1")


def _elf(content: Content, head: bytes) -> Executable:
    wide, order = head[4:5] == b"\2", ">" if head[5:6] == b"\2" else "<"
    kind, _, _, _, phoff, shoff, _, _, phsize, phnum, shsize, shnum, names = struct.unpack_from(
        order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), head, 16
    )
    program = Executable(content, packed=b"UPX!" in head[:1024])
    # p_type, p_offset, p_vaddr, p_filesz and p_flags, which stands elsewhere in 32 bits
    entry = struct.Struct(order + ("IIQQ8xQ16x" if wide else "III4xI4xI4x"))
    if phnum:
        if phsize != entry.size:
            raise Malformed("its program headers have another size")
        size = phnum * phsize
        table = head[phoff : phoff + size] if phoff + size <= len(head) else _table(content, phoff, size, "program headers")
        for fields in entry.iter_unpack(table):
            if fields[0] == 1:  # PT_LOAD
                flags, offset, address, size = fields[1:] if wide else (fields[4], fields[1], fields[2], fields[3])
                program.segments.append(Part("", address, offset, size, data=flags & 3 == 2))
    try:
        program.sections = _elf_sections(content, shoff, (shsize, shnum, names), order, wide)
    except (Malformed, struct.error) as error:  # a system loads it all the same
        program.problem = f"packages built into it may not be seen: {error}"
    if not program.sections and not program.problem and kind in (2, 3):  # ET_EXEC, ET_DYN
        program.problem = "packages built into it may not be seen: it has no section headers"
    return program


def _elf_sections(content: Content, at: int, header: tuple[int, int, int], order: str, wide: bool) -> list[Part]:
    size, count, names = header
    entry = struct.Struct(order + ("IIQQQQII16x" if wide else "IIIIIIII8x"))
    if not at:
        return []
    if size != entry.size:
        raise Malformed("its section headers have another size")
    if not count or names == 0xFFFF:  # more than the fields can hold: the first section has the numbers
        first = entry.unpack(_table(content, at, size, "section headers"))
        count, names = count or first[5], first[6] if names == 0xFFFF else names
    table = list(entry.iter_unpack(_table(content, at, size * count, "section headers")))
    if names >= len(table):
        raise Malformed("its section names are missing")
    text = _table(content, table[names][4], table[names][5], "section names")
    return [  # 8 is SHT_NOBITS: nothing in the file
        Part(_name(text, name), address, offset, 0 if kind == 8 else size, data=flags & 7 == 3)
        for name, kind, flags, address, offset, size, _, _ in table
    ]


def _pe(content: Content, head: bytes) -> Iterator[Executable]:
    if len(head) < 64:
        return
    (start,) = struct.unpack_from("<I", head, 60)
    coff = head[start : start + 24] if start + 24 <= len(head) else content.read_at(start, 24)
    if coff[:4] != b"PE\0\0":
        return  # a program for DOS
    count, optional = struct.unpack_from("<6xH12xH", coff)
    headers = _table(content, start + 24, optional + 40 * count, "section headers")
    base = 0
    if optional:
        base = struct.unpack_from("<24xQ" if headers[:2] == b"\x0b\x02" else "<28xI", headers)[0]
    program = Executable(content)
    for name, _, address, size, offset, flags in struct.iter_unpack("<8sIIII12xI", headers[optional:]):
        data = flags & 0xA0000000 == 0x80000000  # IMAGE_SCN_MEM_WRITE without IMAGE_SCN_MEM_EXECUTE
        program.sections.append(Part(_name(name), base + address, offset, size, data))
    program.segments = program.sections
    program.packed = any(part.name.startswith("UPX") for part in program.sections) or b"UPX!" in head[:2048]
    yield program


_MACH_O = {
    b"\xfe\xed\xfa\xce": (">", 28),
    b"\xfe\xed\xfa\xcf": (">", 32),
    b"\xce\xfa\xed\xfe": ("<", 28),
    b"\xcf\xfa\xed\xfe": ("<", 32),
}


def _universal(content: Content, head: bytes) -> Iterator[Executable]:
    (count,) = struct.unpack_from(">I", head, 4)
    if count >= _UNUSED_MAJOR:
        return
    if count > _MOST_ARCHITECTURES:
        raise Malformed("it is for too many architectures")
    wide = head[3] == 0xBF
    for index in range(count):
        at = struct.unpack_from(">8xQ" if wide else ">8xI", head, 8 + index * (32 if wide else 20))[0]
        inner = content.read_at(at, _HEAD)
        if inner[:4] in _MACH_O:
            yield _mach_o(content, at, inner)


def _mach_o(content: Content, start: int, head: bytes) -> Executable:
    order, size = _MACH_O[head[:4]]
    count, length = struct.unpack_from(order + "16xII", head)
    commands = _table(content, start + size, length, "load commands")
    program = Executable(content, packed=b"UPX!" in head)
    at = 0
    for _ in range(count):
        command, step = struct.unpack_from(order + "II", commands, at)
        if step < 8 or at + step > length:
            raise Malformed("its load commands have no end")
        if command in (0x1, 0x19):  # LC_SEGMENT, LC_SEGMENT_64
            _mach_o_segment(program, commands[at : at + step], order, start, wide=command == 0x19)
        at += step
    return program


def _mach_o_segment(program: Executable, command: bytes, order: str, start: int, *, wide: bool) -> None:
    layout = struct.Struct(order + ("8x16sQ8xQQ4xII4x" if wide else "8x16sI4xII4xII4x"))
    name, address, offset, size, protection, count = layout.unpack_from(command)
    data = protection & 6 == 2  # VM_PROT_WRITE without VM_PROT_EXECUTE
    if size:
        program.segments.append(Part(_name(name), address, start + offset, size, data))
    entry = struct.Struct(order + ("16s16xQQI28x" if wide else "16s16xIII24x"))
    if layout.size + count * entry.size > len(command):
        raise Malformed("its sections are cut off")
    for title, where, length, place in entry.iter_unpack(command[layout.size : layout.size + count * entry.size]):
        program.sections.append(Part(_name(title), where, start + place, length, data))
