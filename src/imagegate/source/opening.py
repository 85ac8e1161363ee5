"""Opens whatever a reference names."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from imagegate.errors import SourceError, UsageError
from imagegate.model.image import Interest, OpenImage, Platform
from imagegate.source import digest as digests
from imagegate.source.archive import Folder, Store, TarFile, TarStream, kept, open_file
from imagegate.source.cache import Cache
from imagegate.source.manifest import Asked, NotKnown, open_all, open_docker, open_known, open_oci
from imagegate.source.reference import ENGINE_KINDS, Reference, mirrored, parse, remote
from imagegate.source.stream import Bomb, Region, bounded, compression
from imagegate.text import clean

if TYPE_CHECKING:
    from imagegate.source.engine import Engine

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386", "AMD64": "amd64"}


@dataclass(frozen=True)
class Options:
    """How images are opened; `timeout` is in seconds, for every single answer of an engine or registry."""

    platform: Platform | None = None
    every_platform: bool = False  # then the platform is of no matter
    jobs: int = 2
    timeout: float = 60.0
    env: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str], None] = lambda _: None
    progress: Callable[[int], None] = lambda _: None
    registry_insecure: bool = False  # plain HTTP to registries that are not on this machine
    registry_mirrors: tuple[str, ...] = ()  # `docker.io=mirror.example.com/hub`: asked before the registry itself
    cache_dir: str | None = None  # where to keep what layers hold
    distro: str = ""  # of an SBOM that does not tell
    offer: bool = False  # somebody else scans: layers of a registry are left to him, others are kept to be handed out


Opening = Callable[[], OpenImage]


def open_image(text: str, interest: Interest, options: Options) -> OpenImage:
    """Open the image of one platform; `interest` tells which files matter. Raises UsageError or SourceError."""
    opened = openings(text, interest, replace(options, every_platform=False))[0]()
    opened.confirm()
    return opened


def openings(text: str, interest: Interest, options: Options) -> list[Opening]:
    """Return how to open the image, or the images of all its platforms; raises UsageError or SourceError, as they do.

    What is opened must be confirmed before anything of it is believed: see OpenImage.
    """
    reference = parse(text)
    if reference.kind in ("name", *ENGINE_KINDS):
        return _from_engine(reference, interest, options)
    if reference.kind == "registry":
        return _from_registry(reference, interest, options)
    if reference.kind == "sbom":
        if options.every_platform:
            raise UsageError("--platform all: a bill of materials is of one image", "Name a platform, such as linux/arm64.")
        return [lambda: _billed(reference, interest, options)]
    asked = _asked(reference, reference.kind, interest, options)
    if reference.kind == "oci":
        if not os.path.isdir(reference.name):
            raise SourceError(
                f"{clean(reference.name)}: no such folder", "An OCI layout is a folder; for a file write oci-archive:FILE."
            )
        return _of_layout(Folder(reference.name), asked, options)
    store = _archive(reference.name, interest, options)
    names = set(store.names())
    if reference.kind == "docker-archive" or (reference.kind == "archive" and "manifest.json" in names):
        return [partial(open_docker, store, replace(asked, source="docker-archive"))]
    if reference.kind == "oci-archive" or "oci-layout" in names or "index.json" in names:
        return _of_layout(store, replace(asked, source="oci-archive"), options)
    raise SourceError(
        f"{store.what}: a tar file, but not an image", "It holds neither manifest.json (docker save) nor index.json (OCI layout)."
    )


def _of_layout(store: Store, asked: Asked, options: Options) -> list[Opening]:
    return open_all(store, asked) if options.every_platform else [partial(open_oci, store, asked)]


def _archive(path: str, interest: Interest, options: Options) -> Store:
    region = open_file(path)
    if region.size == 0:
        raise SourceError(f"{clean(path)}: the file is empty", "Save the image again.")
    kind = compression(region.read(8))
    region.at = 0
    try:
        if kind and options.offer:
            return kept(clean(path), _unpacked(region, kind))
        if kind:
            return TarStream(clean(path), region.chunks, interest, options.progress)
        return TarFile(path, region)
    except SourceError as error:
        if error.message.startswith(clean(path)):
            raise
        raise SourceError(f"{clean(path)}: {error.message}", error.hint) from error


def _unpacked(region: Region, kind: str) -> Iterator[bytes]:
    try:
        yield from bounded(region.chunks(), kind)
    except Bomb as limit:
        raise SourceError(str(limit), "It is not an image archive.") from None


def _from_engine(reference: Reference, interest: Interest, options: Options) -> list[Opening]:
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
    return [lambda: _exported(local, facts, reference, interest, options)]


def _exported(local: "Engine", facts: dict[str, object], reference: Reference, interest: Interest, options: Options) -> OpenImage:
    # By its id: a name without a tag would export every tag of the repository, and a tag can move in between.
    identity = str(facts["Id"])
    chosen = Reference(reference.text, local.endpoint.engine, reference.name)
    asked = _asked(chosen, local.endpoint.engine, interest, options)
    what = f"{local.endpoint.engine}:{clean(reference.name, 200)}"
    if not options.offer and (known := _believed(local, facts, what, asked)) is not None:
        return known
    store = (
        kept(what, local.save(identity))
        if options.offer
        else TarStream(what, lambda: local.save(identity), interest, options.progress)
    )
    opened = open_docker(store, asked)
    if opened.image.id and identity.removeprefix("sha256:") != opened.image.id.removeprefix("sha256:"):
        _same_layers(facts, opened, reference.name)
    if isinstance(store, TarStream):
        documents = map(store.small, store.names())
        config = next((raw for raw in documents if raw is not None and digests.of(raw) == opened.image.id), b"")
        asked.cache.remember(f"config of {identity}", config.decode("utf-8", "replace"))
    return opened


def _believed(local: "Engine", facts: dict[str, object], what: str, asked: Asked) -> OpenImage | None:
    """Return the image without exporting it, where the engine says that it consists of layers that are all known.

    An engine is believed about its own content: it made sure of the diff ids when it took the layers in.
    """
    diff_ids = _diff_ids(facts)
    if not diff_ids or not all(isinstance(diff_id, str) and asked.cache.holds(diff_id) for diff_id in diff_ids):
        return None
    identity = str(facts["Id"])
    config = asked.cache.fact(f"config of {identity}").encode()
    if not config:
        if "Descriptor" in facts:  # an engine with a content store calls images by their manifest
            return None
        config = local.configuration(facts)
    try:
        opened = open_known(what, asked, config, diff_ids)
    except NotKnown:
        return None
    name = opened.image.id if asked.cache.fact(f"config of {identity}") else identity
    return replace(opened, image=replace(opened.image, id=name))


def _same_layers(facts: dict[str, object], opened: OpenImage, name: str) -> None:
    """An engine with a content store calls an image by its index: then the layers must be the same."""
    if _diff_ids(facts) != [layer.diff_id for layer in opened.image.layers]:
        raise SourceError(
            f"{clean(name, 200)} changed while it was read", "Another build took its tag; try again, or name it by its id."
        )


def _diff_ids(facts: dict[str, object]) -> list[str]:
    rootfs = facts.get("RootFS")
    layers = rootfs.get("Layers") if isinstance(rootfs, dict) else None
    return layers if isinstance(layers, list) else []


def _not_local(reference: Reference, why: str, interest: Interest, options: Options) -> list[Opening]:
    name = clean(reference.name, 200)
    options.say(f"{name}: {why}, so its registry is asked")
    try:
        return _from_registry(reference, interest, options)
    except SourceError as error:
        raise SourceError(f"{name}: {why}; {error.message}", error.hint) from error


def _from_registry(reference: Reference, interest: Interest, options: Options) -> list[Opening]:
    from imagegate.source.registry import Access, RegistryStore

    access = Access(options.env, options.timeout, options.registry_insecure, options.jobs)
    place = remote(reference.name)
    asked = _asked(Reference(reference.text, "registry", reference.name), "registry", interest, options)
    for mirror in mirrored(place, options.registry_mirrors):
        try:
            return _of_layout(RegistryStore(mirror, access, options.progress), asked, options)
        except SourceError as error:
            options.say(f"warning: the mirror did not serve: {error.message}")
    return _of_layout(RegistryStore(place, access, options.progress), asked, options)


def _billed(reference: Reference, interest: Interest, options: Options) -> OpenImage:
    from imagegate.source.billed import REGISTRY, open_attached_bill, open_file_bill

    if not reference.name.startswith(REGISTRY):
        return open_file_bill(reference, options.distro, interest, options.platform)
    from imagegate.source.registry import Access

    access = Access(options.env, options.timeout, options.registry_insecure, options.jobs)
    return open_attached_bill(reference, access, options.platform or _host(), options.distro, interest)


def _host() -> Platform:
    machine = os.uname().machine
    return Platform("linux", _ARCHITECTURES.get(machine, machine), "v7" if machine == "armv7l" else "")


def _asked(reference: Reference, source: str, interest: Interest, options: Options) -> Asked:
    cache = Cache(options.cache_dir, interest, options.say)
    platform = None if options.every_platform else options.platform
    return Asked(reference, source, platform, _host(), interest, cache, options.jobs, options.offer)
