"""Packages made in code, in the formats and sizes of the real ones, for machines without the tools or the network."""

import io
import json
import random
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

NOISE = random.Random(1)
# Names and versions that exist and have advisories, so that there is something to find.
NPM_NAMES = {"lodash": "4.17.20", "axios": "0.21.1", "express": "4.17.1", "jsonwebtoken": "8.5.1", "minimist": "1.2.5"}
GEM_NAMES = {
    "actionpack": "7.0.4", "activerecord": "7.0.4", "activesupport": "7.0.4", "devise": "4.8.1", "loofah": "2.19.0",
    "nokogiri": "1.13.9", "puma": "5.6.4", "rack": "2.2.4", "rails": "7.0.4", "rails-html-sanitizer": "1.4.3",
    "sidekiq": "7.0.0", "sinatra": "2.2.2",
}  # fmt: skip
WHEEL_NAMES = {"django": "4.2.1", "flask": "2.3.1", "cryptography": "41.0.3", "jinja2": "3.1.2", "pillow": "10.0.0"}
JAR_NAMES = {"log4j-core": ("org.apache.logging.log4j", "2.14.1"), "spring-web": ("org.springframework", "5.3.23")}
GO_NAMES = {"golang.org/x/crypto": "v0.31.0", "github.com/gin-gonic/gin": "v1.9.0", "google.golang.org/grpc": "v1.56.0"}


@lru_cache(maxsize=1)
def _pool() -> bytes:
    """Words in no order: deflate makes about a third of them, as of what images hold."""
    words = [NOISE.randbytes(NOISE.randrange(3, 12)) for _ in range(1000)]
    return b"".join(NOISE.choices(words, k=1_000_000))


def content(size: int) -> bytes:
    """Return bytes that compress like an image's."""
    pool = _pool()
    begin = NOISE.randrange(len(pool))
    data = pool[begin : begin + size]
    while len(data) < size:
        data += pool[: size - len(data)]
    return data


def named(known: dict[str, str], kind: str, count: int) -> Iterator[tuple[str, str]]:
    """Yield `count` names and versions, the known ones first."""
    yield from known.items()
    yield from ((f"bench-{kind}-{number}", f"1.{number}.0") for number in range(len(known), count))


def write(path: Path, data: bytes | str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def add(archive: tarfile.TarFile, name: str, data: bytes | str) -> None:
    """Add a file to a tar."""
    encoded = data if isinstance(data, bytes) else data.encode()
    info = tarfile.TarInfo(name)
    info.size = len(encoded)
    archive.addfile(info, io.BytesIO(encoded))


def stanza(name: str, version: str) -> str:
    """Return an entry of dpkg's status file."""
    return (
        f"Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: misc\nInstalled-Size: 100\n"
        f"Maintainer: Nobody <nobody@example.org>\nArchitecture: amd64\nVersion: {version}\n"
        f"Description: made up\n which stands here\n for the size of it\n\n"
    )


OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'


def debian(layer: Path, packages: int = 244, files: int = 16_000, size: int = 800 << 20) -> None:
    """Write the tar of a root file system with dpkg's database."""
    lists: dict[str, list[str]] = {f"package{number}": [] for number in range(packages)}
    with tarfile.open(layer, "w") as archive:
        add(archive, "etc/os-release", OS_RELEASE)
        for number in range(files):
            # Few files are large: half of the bytes are in every hundredth.
            share = size // 2 // (files // 100) if number % 100 == 0 else size // 2 // files
            path = f"usr/share/folder{number % 300}/file{number}"
            lists[f"package{number % packages}"].append(f"/{path}\n")
            add(archive, path, content(share))
        for name, owned in lists.items():
            add(archive, f"var/lib/dpkg/info/{name}.list", "".join(owned))
        add(archive, "var/lib/dpkg/status", "".join(stanza(name, f"1.{number}-1") for number, name in enumerate(lists)))


def npm(root: Path, count: int = 473, files: int = 18, size: int = 11_000) -> None:
    """Write node_modules."""
    for name, version in named(NPM_NAMES, "npm", count):
        folder = root / "app/node_modules" / name
        write(folder / "package.json", json.dumps({"name": name, "version": version, "license": "MIT", "main": "file0.js"}))
        for number in range(files):
            write(folder / f"file{number}.js", content(size))


def gems(root: Path, count: int = 91, files: int = 40, size: int = 8_000) -> None:
    """Write gems and their specifications, as `gem install` leaves them."""
    bundle = root / "usr/local/bundle"
    for name, version in named(GEM_NAMES, "gem", count):
        write(
            bundle / f"specifications/{name}-{version}.gemspec",
            f"# -*- encoding: utf-8 -*-\n# stub: {name} {version} ruby lib\n\nGem::Specification.new do |s|\n"
            f'  s.name = "{name}".freeze\n  s.version = "{version}"\n\n  s.licenses = ["MIT".freeze]\nend\n',
        )
        for number in range(files):
            write(bundle / f"gems/{name}-{version}/lib/file{number}.rb", content(size))


def wheels(root: Path, count: int = 15, files: int = 300, size: int = 25_000) -> None:
    """Write Python packages and their dist-info folders."""
    packages = root / "usr/local/lib/python3.11/dist-packages"
    for name, version in named(WHEEL_NAMES, "wheel", count):
        paths = [f"{name}/file{number}.py" for number in range(files)]
        info = packages / f"{name.replace('-', '_')}-{version}.dist-info"
        write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nmade up\n")
        write(info / "RECORD", "".join(f"{path},sha256=,{size}\n" for path in paths))
        for path in paths:
            write(packages / path, content(size))


def jars(root: Path, count: int = 17, files: int = 200, size: int = 4_000) -> None:
    """Write jars with pom.properties, and one that holds them all."""
    library = root / "opt/service/lib"
    library.mkdir(parents=True, exist_ok=True)
    known = {name: version for name, (_, version) in JAR_NAMES.items()}
    for name, version in named(known, "jar", count):
        group = JAR_NAMES[name][0] if name in JAR_NAMES else "org.example"
        with zipfile.ZipFile(library / f"{name}-{version}.jar", "w", zipfile.ZIP_DEFLATED) as out:
            out.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n\r\n")
            properties = f"groupId={group}\nartifactId={name}\nversion={version}\n"
            out.writestr(f"META-INF/maven/{group}/{name}/pom.properties", properties)
            for number in range(files):
                out.writestr(f"org/example/{name}/File{number}.class", content(size))
    fat_jar(library, root / "opt/service/service.jar")


def fat_jar(library: Path, path: Path) -> None:
    """Pack jars into one as Spring Boot does: below BOOT-INF/lib, stored."""
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nSpring-Boot-Lib: BOOT-INF/lib/\r\n\r\n")
        for jar in sorted(library.glob("*.jar")):
            out.write(jar, f"BOOT-INF/lib/{jar.name}")


def go(root: Path, count: int = 12, size: int = 7 << 20) -> None:
    """Write ELF files with Go's build information, 40 modules in all."""
    made_up = {f"example.org/module{number}": f"v1.{number}.0" for number in range(40 - len(GO_NAMES))}
    modules = list((GO_NAMES | made_up).items())
    for number in range(count):
        chosen = [modules[(number * 3 + step) % len(modules)] for step in range(20)]
        lines = [f"path\tbigapp/service{number}", "mod\tbigapp\t(devel)\t"]
        lines += [f"dep\t{name}\t{version}\th1:AAAA=" for name, version in chosen]
        write(root / f"usr/local/bin/service{number}", elf(build_info("go1.22.0", "\n".join(lines) + "\n"), content(size)))


def build_info(version: str, modules: str) -> bytes:
    """Return what debug/buildinfo of Go's standard library reads: a magic, then two strings with their lengths."""
    mark = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
    end = b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"
    header = b"\xff Go buildinf:\x08\x02".ljust(32, b"\0")
    return header + _counted(version.encode()) + _counted(mark + modules.encode() + end)


def _counted(data: bytes) -> bytes:
    length, out = len(data), bytearray()
    while length >= 0x80:
        out.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([*out, length]) + data


def elf(info: bytes, text: bytes) -> bytes:
    """Return a 64-bit ELF executable of the sections .text and .go.buildinfo (System V ABI, chapter 4)."""
    names = b"\0.text\0.go.buildinfo\0.shstrtab\0"
    base, at = 0x400000, 0x100
    sections, parts = [bytes(64)], []
    for name, kind, flags, data in ((1, 1, 6, text), (7, 1, 3, info), (21, 3, 0, names)):
        sections.append(struct.pack("<IIQQQQIIQQ", name, kind, flags, base + at if flags else 0, at, len(data), 0, 0, 16, 0))
        padded = data + bytes(-len(data) % 16)
        parts.append(padded)
        at += len(padded)
    identity = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header = identity + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, base + 0x100, 64, at, 0, 64, 56, 1, 64, 4, 3)
    segment = struct.pack("<IIQQQQQQ", 1, 7, 0, base, base, at, at, 0x1000)
    return (header + segment).ljust(0x100, b"\0") + b"".join(parts) + b"".join(sections)
