"""Go modules: the build information that the linker leaves in a program.

Formats: Go's packages debug/buildinfo (where it lies) and runtime/debug (`ParseBuildInfo`, what it says), and
internal/gover with cmd/go/internal/gover (what the names of toolchains mean).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from imagegate.cataloger.interface import Sighting, Sightings
from imagegate.model.inventory import package_url
from imagegate.text import clean, decode

if TYPE_CHECKING:
    from imagegate.cataloger.executable import Executable, Part

_MAGIC = b"\xff Go buildinf:"
_STEP = 1 << 20  # bytes searched at once; the magic is aligned, so it never lies across two steps
_MOST_SEARCHED = 64 << 20
_LONGEST = 4 << 20  # bytes of build information
_MOST_MODULES = 50_000
_TOOLCHAIN = re.compile(r"go(\d+)\.(\d+)(?:\.(\d+))?(?:(alpha|beta|rc)(\d+))?(?:b\d+)?(?:[ \t+-]|\Z)")  # b4: boringcrypto
_UNRELEASED = re.compile(r"devel go(\d+)\.(\d+)-")
_NO_RELEASE = re.compile(r"(?:\(devel\)|v0\.0\.0|v0\.0\.0-00010101000000-000000000000|)\Z")


class _Absent(Exception):
    """There is a place for build information, and none in it."""


def look(program: Executable, found: Sightings) -> bool:
    """Note the modules and the standard library in a program; return whether it was written in Go."""
    marked = any("go.build" in part.name or "go_build" in part.name or "gopclntab" in part.name for part in program.sections)
    named = program.section(".go.buildinfo") or program.section("__go_buildinfo")
    # The sections of a Windows program have no names of Go's own.
    places = [named] if named else []
    if marked or not program.sections or program.segments is program.sections:
        places += [part for part in program.segments if part.data]
    at = _search(program, places, found)
    if at < 0:
        if marked:
            found.unreadable("a Go program without build information: its modules are not known")
        return marked
    try:
        toolchain, modules = _blob(program, at)
    except _Absent:
        found.unreadable("a Go program whose build information is damaged: its modules are not known")
        return True
    _stdlib(toolchain, found)
    if modules:
        _modules(modules, found)
    else:
        found.unreadable("a Go program built without a list of its modules")
    return True


def _search(program: Executable, places: list[Part], found: Sightings) -> int:
    """Return where in the file the build information begins, -1 when there is none."""
    left = _MOST_SEARCHED
    for part in places:
        for at in range(part.offset, part.offset + part.size, _STEP):
            if left <= 0:
                found.unreadable("its data are too large to be searched for the modules of a Go program")
                return -1
            data = program.content.read_at(at, min(_STEP, part.offset + part.size - at))
            left -= max(len(data), 4096)  # thousands of empty places cost time too
            where = data.find(_MAGIC)
            while where >= 0:
                if where % 16 == 0:
                    return at + where
                where = data.find(_MAGIC, where + 1)
            if len(data) < _STEP:
                break
    return -1


def _blob(program: Executable, at: int) -> tuple[str, str]:
    header = program.content.read_at(at, 32)
    if len(header) < 32:
        raise _Absent
    width, flags = header[14], header[15]
    if flags & 2:  # since Go 1.18: both texts follow
        toolchain, at = _inline(program, at + 32)
        modules, _ = _inline(program, at)
    elif width in (4, 8):
        pointers = header[16 : 16 + width], header[16 + width : 16 + 2 * width]
        toolchain, modules = (_pointed(program, pointer, "big" if flags & 1 else "little") for pointer in pointers)
    else:
        raise _Absent
    if not toolchain:
        raise _Absent
    # The list stands between two markers of 16 bytes each.
    framed = len(modules) >= 33 and modules[-17:-16] == b"\n"
    return decode(toolchain), decode(modules[16:-16]) if framed else ""


def _inline(program: Executable, at: int) -> tuple[bytes, int]:
    """Return a text after its length as a varint, and where it ends."""
    length = 0
    for index, byte in enumerate(program.content.read_at(at, 10)):
        length |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return _exactly(program.content.read_at(at + index + 1, min(length, _LONGEST)), length), at + index + 1 + length
    raise _Absent


def _pointed(program: Executable, pointer: bytes, order: Literal["big", "little"]) -> bytes:
    """Return the text that a Go string describes: its address and its length."""
    width = len(pointer)
    description = _exactly(program.at(int.from_bytes(pointer, order), 2 * width), 2 * width)
    address, length = int.from_bytes(description[:width], order), int.from_bytes(description[width:], order)
    return _exactly(program.at(address, min(length, _LONGEST)), length) if length else b""


def _exactly(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise _Absent
    return data


def _stdlib(toolchain: str, found: Sightings) -> None:
    released, coming = _TOOLCHAIN.match(toolchain), _UNRELEASED.match(toolchain)
    basis = "installed"
    if released:
        major, minor, patch, stage, number = released.groups()
        version = f"{major}.{minor}.{patch or 0}" + (f"-{stage}.{number}" if stage else "")
    elif coming:
        version, basis = f"{coming[1]}.{coming[2]}.0-0", "guessed"  # no older than the first prerelease
        found.doubtful(f"built by an unreleased Go, {clean(toolchain, 100)}")
    else:
        found.unreadable(f"the version of its Go, {clean(toolchain, 100)!r}, cannot be read")
        return
    found.packages.append(Sighting("golang", "stdlib", version, package_url("golang", "", "stdlib", version, {}), basis))


def _modules(text: str, found: Sightings) -> None:
    """Note what the lines `mod`, `dep` and, for what is used in place of the line before, `=>` say."""
    last: list[str] | None = None
    main = False
    for line in text.split("\n"):
        kind, *fields = line.split("\t")
        if kind == "=>" and last and len(fields) >= 2:
            _replaced(last, fields, found)
            last = None
            continue
        if last:
            _module(last, main, found)
        last = None
        if kind in ("mod", "dep"):
            if len(fields) < 2 or not fields[0]:
                found.unreadable("a line of its Go modules cannot be read")
                continue
            last, main = fields, kind == "mod"
        elif kind == "=>":
            found.unreadable("a replacement among its Go modules cannot be read")
        if len(found.packages) + len(found.problems) > _MOST_MODULES:
            found.unreadable("it names more Go modules than are listed")
            return
    if last:
        _module(last, main, found)


def _module(fields: list[str], main: bool, found: Sightings, basis: str = "installed") -> None:
    path, version = clean(fields[0]), clean(fields[1])
    if not _NO_RELEASE.match(version):
        namespace, _, name = path.rpartition("/")
        purl = package_url("golang", namespace, name, version, {})
        found.packages.append(Sighting("golang", path, version, purl, basis))
    elif not main:
        found.doubtful(f"the version of the Go module {path} is not known")


def _replaced(fields: list[str], by: list[str], found: Sightings) -> None:
    if by[0].startswith((".", "/")):  # a folder: nothing tells how it differs from what it replaces
        _module(fields, False, found, "guessed")
        if not _NO_RELEASE.match(fields[1]):
            found.doubtful(f"the Go module {clean(fields[0])} is a local copy, its version not certain")
    else:
        _module(by, False, found)
