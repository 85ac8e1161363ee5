"""Opens whatever a reference names."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from imagegate.errors import SourceError
from imagegate.model.image import Interest, OpenImage, Platform
from imagegate.source.archive import Folder, Store, TarFile, TarStream, open_file
from imagegate.source.manifest import Asked, open_docker, open_oci
from imagegate.source.reference import ENGINE_KINDS, Reference, parse, remote
from imagegate.source.stream import compression
from imagegate.text import clean

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386", "AMD64": "amd64"}


@dataclass(frozen=True)
class Options:
    """How images are opened; `timeout` is in seconds, for every single answer of an engine or registry."""

    platform: Platform | None = None
    jobs: int = 2
    timeout: float = 60.0
    env: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str], None] = lambda _: None
    progress: Callable[[int], None] = lambda _: None
    registry_insecure: bool = False  # plain HTTP to registries that are not on this machine


def open_image(text: str, interest: Interest, options: Options) -> OpenImage:
    """Open the image; `interest` tells which files matter. Raises UsageError or SourceError."""
    reference = parse(text)
    if reference.kind in ("name", *ENGINE_KINDS):
        return _from_engine(reference, interest, options)
    if reference.kind == "registry":
        return _from_registry(reference, interest, options)
    asked = _asked(reference, reference.kind, interest, options)
    if reference.kind == "oci":
        if not os.path.isdir(reference.name):
            raise SourceError(
                f"{clean(reference.name)}: no such folder", "An OCI layout is a folder; for a file write oci-archive:FILE."
            )
        return open_oci(Folder(reference.name), asked)
    store = _archive(reference.name, interest, options)
    names = set(store.names())
    if reference.kind == "docker-archive" or (reference.kind == "archive" and "manifest.json" in names):
        return open_docker(store, _asked(reference, "docker-archive", interest, options))
    if reference.kind == "oci-archive" or "oci-layout" in names or "index.json" in names:
        return open_oci(store, _asked(reference, "oci-archive", interest, options))
    raise SourceError(
        f"{store.what}: a tar file, but not an image", "It holds neither manifest.json (docker save) nor index.json (OCI layout)."
    )


def _archive(path: str, interest: Interest, options: Options) -> Store:
    region = open_file(path)
    if region.size == 0:
        raise SourceError(f"{clean(path)}: the file is empty", "Save the image again.")
    kind = compression(region.read(8))
    region.at = 0
    try:
        if kind:
            return TarStream(clean(path), region.chunks, interest, options.progress)
        return TarFile(path, region)
    except SourceError as error:
        if error.message.startswith(clean(path)):
            raise
        raise SourceError(f"{clean(path)}: {error.message}", error.hint) from error


def _from_engine(reference: Reference, interest: Interest, options: Options) -> OpenImage:
    from imagegate.source import engine

    kinds = ENGINE_KINDS if reference.kind == "name" else (reference.kind,)
    try:
        found = engine.find(kinds, reference.name, options.env, options.timeout, options.say)
    except SourceError as error:
        if reference.kind != "name" or "no local engine" not in error.message:
            raise
        return _not_local(reference, "no local engine is listening", interest, options)
    if found is None:
        if reference.kind == "name":
            return _not_local(reference, "no local engine has it", interest, options)
        raise SourceError(
            f"{reference.kind} has no image {clean(reference.name, 200)}", "See its list of images; was it built in this job?"
        )
    local, facts = found
    # By its id: a name without a tag would export every tag of the repository, and a tag can move in between.
    identity = str(facts["Id"])
    store = TarStream(
        f"{local.endpoint.engine}:{clean(reference.name, 200)}", lambda: local.save(identity), interest, options.progress
    )
    chosen = Reference(reference.text, local.endpoint.engine, reference.name)
    opened = open_docker(store, _asked(chosen, local.endpoint.engine, interest, options))
    if opened.image.id and identity.removeprefix("sha256:") != opened.image.id.removeprefix("sha256:"):
        _same_layers(facts, opened, reference.name)
    return opened


def _same_layers(facts: dict[str, object], opened: OpenImage, name: str) -> None:
    """An engine with a content store calls an image by its index: then the layers must be the same."""
    rootfs = facts.get("RootFS")
    layers = rootfs.get("Layers") if isinstance(rootfs, dict) else None
    if layers != [layer.diff_id for layer in opened.image.layers]:
        raise SourceError(
            f"{clean(name, 200)} changed while it was read", "Another build took its tag; try again, or name it by its id."
        )


def _not_local(reference: Reference, why: str, interest: Interest, options: Options) -> OpenImage:
    name = clean(reference.name, 200)
    options.say(f"{name}: {why}, so its registry is asked")
    try:
        return _from_registry(reference, interest, options)
    except SourceError as error:
        raise SourceError(f"{name}: {why}; {error.message}", error.hint) from error


def _from_registry(reference: Reference, interest: Interest, options: Options) -> OpenImage:
    from imagegate.source.registry import Access, RegistryStore

    access = Access(options.env, options.timeout, options.registry_insecure, options.jobs)
    store = RegistryStore(remote(reference.name), access, options.progress)
    chosen = Reference(reference.text, "registry", reference.name)
    return open_oci(store, _asked(chosen, "registry", interest, options))


def _asked(reference: Reference, source: str, interest: Interest, options: Options) -> Asked:
    machine = os.uname().machine
    host = Platform("linux", _ARCHITECTURES.get(machine, machine), "v7" if machine == "armv7l" else "")
    return Asked(reference, source, options.platform, host, interest, options.jobs)
