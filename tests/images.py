"""Images made in code: layers from plain values, archives and layouts as the tools write them."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

LONG_AGO = 0  # every time stamp: the same content gives the same digest


@dataclass(frozen=True)
class Entry:
    """One member of a layer, when a plain `bytes` value cannot say it."""

    name: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    link: str = ""


def whiteout(path: str) -> Entry:
    head, slash, tail = path.rpartition("/")
    return Entry(f"{head}{slash}.wh.{tail}")


def opaque(folder: str) -> Entry:
    return Entry(f"{folder}/.wh..wh..opq")


def file(name: str, data: bytes | str = b"") -> Entry:
    return Entry(name, data.encode() if isinstance(data, str) else data)


def symlink(name: str, target: str) -> Entry:
    return Entry(name, kind=tarfile.SYMTYPE, link=target)


def hardlink(name: str, target: str) -> Entry:
    return Entry(name, kind=tarfile.LNKTYPE, link=target)


def folder(name: str) -> Entry:
    return Entry(name, kind=tarfile.DIRTYPE)


def layer(entries: Iterable[Entry] | Mapping[str, bytes | str], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return the uncompressed tar of a layer."""
    if isinstance(entries, Mapping):
        entries = [file(name, data) for name, data in entries.items()]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.type, info.linkname, info.mtime, info.size = entry.kind, entry.link, LONG_AGO, len(entry.data)
            info.mode = 0o755 if entry.kind == tarfile.DIRTYPE else 0o644
            archive.addfile(info, io.BytesIO(entry.data))
    return out.getvalue()


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def compressed(data: bytes, kind: str) -> bytes:
    if kind == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if kind == "zstd":
        return zstandard.ZstdCompressor().compress(data)
    return data


@dataclass
class Image:
    """An image to be written in any form; `commands` are the history of its layers."""

    layers: Sequence[bytes]
    commands: Sequence[str] = ()
    architecture: str = "amd64"
    os: str = "linux"
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = "app:1"
    changes: Mapping[str, Any] = field(default_factory=dict)  # of the configuration: to make it lie

    def config(self) -> bytes:
        commands = list(self.commands) or [f"RUN step {number}" for number in range(len(self.layers))]
        document = {
            "architecture": self.architecture,
            "os": self.os,
            "config": {"Labels": dict(self.labels)},
            "rootfs": {"type": "layers", "diff_ids": [sha256(layer) for layer in self.layers]},
            "history": [{"created_by": command} for command in commands],
        } | dict(self.changes)
        return json.dumps(document).encode()

    def docker_members(self) -> dict[str, bytes]:
        """Return the members of the archive that `docker save` wrote until version 24."""
        config = self.config()
        name = sha256(config)[7:] + ".json"
        members = {name: config}
        names = []
        for number, data in enumerate(self.layers):
            path = f"{hashlib.sha256(b'%d' % number + data).hexdigest()}/layer.tar"
            members[path] = data
            names.append(path)
        members["manifest.json"] = json.dumps([{"Config": name, "RepoTags": [self.name], "Layers": names}]).encode()
        return members

    def docker_archive(self, path: Path) -> Path:
        return archive(path, self.docker_members())

    def engine_members(self) -> dict[str, bytes]:
        """Return the members of the archive that `docker save` writes since version 25: a layout and manifest.json."""
        found, descriptor = self.blobs("")
        config = _blob(self.config())
        names = [_blob(data) for data in self.layers]
        manifest = [{"Config": config, "RepoTags": [self.name], "Layers": names}]
        return found | layout([descriptor]) | {"manifest.json": json.dumps(manifest).encode()}

    def blobs(self, compression: str = "gzip") -> tuple[dict[str, bytes], dict[str, Any]]:
        """Return the blobs of an OCI layout by path, and the descriptor of the manifest."""
        config = self.config()
        found = {_blob(config): config}
        descriptors = []
        suffix = f"+{compression}" if compression else ""
        for data in self.layers:
            stored = compressed(data, compression)
            found[_blob(stored)] = stored
            kind = f"application/vnd.oci.image.layer.v1.tar{suffix}"
            descriptors.append({"mediaType": kind, "digest": sha256(stored), "size": len(stored)})
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {
                    "mediaType": "application/vnd.oci.image.config.v1+json",
                    "digest": sha256(config),
                    "size": len(config),
                },
                "layers": descriptors,
            }
        ).encode()
        found[_blob(manifest)] = manifest
        descriptor = {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": sha256(manifest),
            "size": len(manifest),
            "annotations": {"org.opencontainers.image.ref.name": self.name},
        }
        return found, descriptor

    def oci_members(self, compression: str = "gzip") -> dict[str, bytes]:
        found, descriptor = self.blobs(compression)
        return found | layout([descriptor])

    def oci(self, path: Path, compression: str = "gzip") -> Path:
        return write_folder(path, self.oci_members(compression))


def layout(descriptors: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """Return the two files that make a folder an OCI layout."""
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": list(descriptors)}
    return {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index).encode()}


def archive(path: Path, members: Iterable[Entry] | Mapping[str, bytes], compression: str = "") -> Path:
    """Write the members as a tar file, compressed as a whole where that is asked for."""
    path.write_bytes(compressed(layer(members, tarfile.USTAR_FORMAT), compression))
    return path


def write_folder(path: Path, members: Mapping[str, bytes]) -> Path:
    for name, data in members.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return path


def _blob(data: bytes) -> str:
    return "blobs/sha256/" + sha256(data)[7:]


def dpkg(*packages: tuple[str, str] | tuple[str, str, str], status: str = "install ok installed") -> str:
    """Return a dpkg status file of (name, version[, source]) packages."""
    stanzas = []
    for package in packages:
        source = f"Source: {package[2]}\n" if len(package) > 2 else ""
        stanzas.append(
            f"Package: {package[0]}\nStatus: {status}\nArchitecture: amd64\n{source}Version: {package[1]}\n"
            "Description: a package\n"
        )
    return "\n".join(stanzas)


def apk(*packages: tuple[str, str] | tuple[str, str, str]) -> str:
    """Return an installed database of apk with (name, version[, origin]) packages."""
    stanzas = []
    for package in packages:
        origin = package[2] if len(package) > 2 else package[0]
        stanzas.append(
            f"C:Q1pSfbXbdgPDuUH7AjO9YvMiQtVZ8=\nP:{package[0]}\nV:{package[1]}\nA:x86_64\no:{origin}\nF:usr/bin\nR:{package[0]}\n"
        )
    return "\n".join(stanzas)


DEBIAN_11 = 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\nID=debian\n'
ALPINE_3_11 = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.11.6\nPRETTY_NAME="Alpine Linux v3.11"\n'
