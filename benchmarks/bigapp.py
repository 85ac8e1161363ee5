"""The benchmark image: two layers of about 1.1 GB, made once, as `docker save` archive and as OCI layout with gzip."""

import hashlib
import json
import shutil
import sys
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import parts
import shapes

CACHE = Path(__file__).resolve().parent / ".images"
RECIPE = 3  # raised whenever the parts make another image
BLOCK = 1 << 20


@dataclass(frozen=True)
class Image:
    """An image as files: its layers uncompressed, an archive, and a layout."""

    folder: Path

    @property
    def base(self) -> Path:
        """The layer of the distribution."""
        return self.folder / "base.tar"

    @property
    def app(self) -> Path:
        """The layer of the application."""
        return self.folder / "app.tar"

    @property
    def archive(self) -> Path:
        """The image as `docker save` writes it."""
        return self.folder / "image.tar"

    @property
    def layout(self) -> Path:
        """The image as an OCI layout, tag 1, its layers compressed as BuildKit does; tags base and app have one layer each."""
        return self.folder / "layout"

    @property
    def made(self) -> str:
        """How its parts were made."""
        path = self.folder / "made.txt"
        return path.read_text() if path.exists() else "all made in code"

    @property
    def blobs(self) -> list[Path]:
        """The compressed layers of the layout, the base first."""
        index = json.loads((self.layout / "index.json").read_bytes())
        manifest = json.loads(blob(self.layout, index["manifests"][0]).read_bytes())
        return [blob(self.layout, layer) for layer in manifest["layers"]]


def image(*, small: bool = False) -> Image:
    """Return the image, made when it is not there; `small`: a tenth of it, made in code."""
    kind = "small" if small else "bigapp"
    wanted = Image(CACHE / f"{kind}-{RECIPE}")
    if wanted.folder.exists():
        return wanted
    print(f"making the image below {CACHE} …", file=sys.stderr)
    for old in CACHE.glob(f"{kind}-*"):
        shutil.rmtree(old)
    made = Image(CACHE / f"{kind}-part")
    made.folder.mkdir(parents=True)
    _fill(made, small)
    docker_archive(made.archive, [made.base, made.app])
    oci_layout(made.layout, {"1": [made.base, made.app], "base": [made.base], "app": [made.app]})
    made.folder.rename(wanted.folder)
    return wanted


def _fill(made: Image, small: bool) -> None:
    root, scratch = made.folder / "root", made.folder / "scratch"
    root.mkdir()
    if small:
        shapes.debian(made.base, 244, 1600, 80 << 20)
        shapes.npm(root, 47)
        shapes.go(root, 2)
    else:
        said = [parts.BASE.fill(made.base, scratch / "base")]
        said += [part.fill(root, scratch / part.name.replace(" ", "-")) for part in parts.PARTS]
        (made.folder / "made.txt").write_text(", ".join(said))
    _pack(root, made.app)
    shutil.rmtree(root)
    shutil.rmtree(scratch, ignore_errors=True)


def _pack(root: Path, layer: Path) -> None:
    """Pack a folder as a layer: by name, owned by root, times in whole seconds."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = int(info.mtime)
        return info

    with tarfile.open(layer, "w") as archive:
        for entry in sorted(root.iterdir()):
            archive.add(entry, entry.name, filter=plain)


def sha256(path: Path) -> str:
    """Return the digest of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _config(layers: Sequence[Path]) -> bytes:
    document = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"User": "1000", "Cmd": ["/usr/local/bin/service0"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer)}" for layer in layers]},
        "history": [{"created_by": f"COPY {layer.name} /"} for layer in layers],
    }
    return json.dumps(document).encode()


def docker_archive(path: Path, layers: Sequence[Path]) -> None:
    """Write layers as a `docker save` archive."""
    config = _config(layers)
    name = hashlib.sha256(config).hexdigest() + ".json"
    names = [f"{digest.removeprefix('sha256:')}/layer.tar" for digest in json.loads(config)["rootfs"]["diff_ids"]]
    with tarfile.open(path, "w") as archive:
        for layer, inside in zip(layers, names, strict=True):
            archive.add(layer, inside)
        shapes.add(archive, name, config)
        shapes.add(archive, "manifest.json", json.dumps([{"Config": name, "RepoTags": ["bigapp:1"], "Layers": names}]))


def oci_layout(folder: Path, images: Mapping[str, Sequence[Path]]) -> None:
    """Write images, the layers of each by its tag, as an OCI image layout with gzip at level 6."""
    (folder / "blobs" / "sha256").mkdir(parents=True)
    packed = {layer: _compress(layer, folder) for layer in dict.fromkeys(chain(*images.values()))}
    media = "application/vnd.oci.image"
    manifests = []
    for tag, layers in images.items():
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{media}.manifest.v1+json",
            "config": _put(folder, _config(layers), f"{media}.config.v1+json"),
            "layers": [packed[layer] for layer in layers],
        }
        described = _put(folder, json.dumps(manifest).encode(), f"{media}.manifest.v1+json")
        manifests.append({**described, "annotations": {"org.opencontainers.image.ref.name": tag}})
    shapes.write(folder / "index.json", json.dumps({"schemaVersion": 2, "manifests": manifests}))
    shapes.write(folder / "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}))


def _put(folder: Path, data: bytes, media: str) -> dict[str, object]:
    digest = hashlib.sha256(data).hexdigest()
    shapes.write(folder / "blobs" / "sha256" / digest, data)
    return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(data)}


def _compress(layer: Path, folder: Path) -> dict[str, object]:
    part = folder / "blobs" / "part"
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    with layer.open("rb") as source, part.open("wb") as out:
        while block := source.read(BLOCK):
            out.write(packer.compress(block))
        out.write(packer.flush())
    digest, size = sha256(part), part.stat().st_size
    part.rename(folder / "blobs" / "sha256" / digest)
    return {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": f"sha256:{digest}", "size": size}


def blob(folder: Path, described: dict[str, str]) -> Path:
    """Return where a layout keeps what a descriptor names."""
    return folder / "blobs" / "sha256" / described["digest"].removeprefix("sha256:")
