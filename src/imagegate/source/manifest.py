"""From the documents of an image (index, manifest, configuration) to an open image.

Formats: OCI image specification v1.1 (image-layout.md, image-index.md, manifest.md, config.md) and the archive that
`docker save` writes (Docker Image Specification v1.2, "Combined Image JSON + Filesystem Changeset Format").
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from imagegate.errors import SourceError
from imagegate.model.image import Content, Evidence, Image, Interest, OpenImage, Platform
from imagegate.model.image import Layer as ImageLayer
from imagegate.source import digest as digests
from imagegate.source import limits
from imagegate.source.archive import Local, Store
from imagegate.source.cache import Cache, Known, Memory, Wish
from imagegate.source.layer import Budget, Layer
from imagegate.source.reference import Reference, familiar
from imagegate.source.tree import Tree
from imagegate.text import clean

_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
# What tools look up without regard to case (Go, encoding/json); names that users choose, as those of labels, may differ so.
_FIELDS = {"annotations", "architecture", "config", "created_by", "diff_ids", "digest", "empty_layer", "history", "labels"}
_FIELDS |= {"layers", "manifests", "mediatype", "os", "platform", "repotags", "rootfs", "schemaversion", "size", "variant"}
_FOREIGN = ("nondistributable", "foreign")
_NAMES = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
_SAVE_AGAIN = "Save or pull the image again."


@dataclass(frozen=True)
class Asked:
    """What is to be opened, and how: `platform` None means Linux on this machine, if there is a choice at all."""

    reference: Reference
    source: str
    platform: Platform | None
    host: Platform
    interest: Interest
    cache: Cache
    jobs: int = 2
    offer: bool = False  # somebody else scans


@dataclass(frozen=True)
class _Descriptor:
    """One layer as the manifest names it: where its blob is, and what it must be."""

    name: str
    digest: str | None
    media_type: str = ""
    size: int | None = None


def open_docker(store: Store, asked: Asked) -> OpenImage:
    """Open the image of a `docker save` archive; raises SourceError."""
    entries = _document(store, "manifest.json", list)
    images = [entry for entry in entries if isinstance(entry, dict)]
    if not images or len(images) != len(entries):
        raise SourceError(f"{store.what}: manifest.json lists no image", _SAVE_AGAIN)
    chosen = _choose(images, asked.reference.selector, store.what)
    config_name, layer_names = chosen.get("Config"), chosen.get("Layers")
    if not isinstance(config_name, str) or not _strings(layer_names):
        raise SourceError(f"{store.what}: manifest.json names no configuration or layers", _SAVE_AGAIN)
    raw = store.small(config_name)
    if raw is None:
        raise SourceError(f"{store.what}: the configuration {clean(config_name)} is missing", _SAVE_AGAIN)
    promised = _digest_in_name(config_name)
    if promised:
        digests.verify(raw, promised, "the image's configuration")
    descriptors = [_Descriptor(name, _blob_digest(name)) for name in layer_names or []]
    opened = _assemble(store, asked, raw, None, descriptors)
    if opened.image.id and store.small("index.json") is not None:
        _same_in_index(store, opened.image.id)
    return opened


def _same_in_index(store: Store, config: str) -> None:
    """An archive with an index too is loaded by either: raises SourceError where the index leads to other images."""
    index = _document(store, "index.json", dict)
    waiting = [(index, limits.NESTED)]
    seen: set[str] = set()
    while waiting:
        document, depth = waiting.pop()
        found = document.get("config")
        if isinstance(found, dict) and found.get("digest") == config:
            return
        children = document.get("manifests")
        for child in children if isinstance(children, list) and depth >= 0 else []:
            digest = digests.checked(child.get("digest") if isinstance(child, dict) else None, "the manifest")
            if digest not in seen and store.small(_path(digest)) is not None:  # other platforms may be left out
                seen.add(digest)
                what = f"{store.what}: the manifest {digest}"
                waiting.append((parse_document(read_blob(store, {"digest": digest}, "the manifest"), what, dict), depth - 1))
    raise SourceError(f"{store.what}: manifest.json and index.json name different images", _SAVE_AGAIN)


def open_oci(store: Store, asked: Asked) -> OpenImage:
    """Open an image of an OCI layout; raises SourceError, and answers with evidence where the platform is missing."""
    descriptor = _chosen(store, asked)
    missing: list[str] = []
    also: list[str] = []
    found = find_manifest(store, descriptor, asked, limits.NESTED, missing, also, set())
    if found is None:
        return no_platform(asked, missing)
    opened = _open_manifest(store, asked, *found)
    return replace(opened, evidence=(*opened.evidence, *left_out(missing, also)))


class NotKnown(Exception):
    """A layer is not in the cache any more."""


class _Cached(Local):
    """Layers of the cache alone, named by their diff ids."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._budget = Budget()

    def names(self) -> list[str]:
        return []

    def small(self, name: str) -> bytes | None:  # noqa: ARG002 (of the protocol)
        return None

    def layer(self, name: str, wish: Wish) -> Layer | Known:
        def lost() -> Layer:
            raise SourceError(f"layer {name} is not in the cache any more", "Try again.")

        wish.cache.remember(f"blob {wish.diff_id}", wish.diff_id)
        known = wish.known(_NoBlob(), lost, self._budget)
        if known is None:
            raise NotKnown(name)
        return known


def open_known(what: str, asked: Asked, config: bytes, diff_ids: list[str]) -> OpenImage:
    """Open an image whose layers are all in the cache; raises NotKnown where that changed, SourceError."""
    return _assemble(_Cached(what), asked, config, None, [_Descriptor(diff_id, None) for diff_id in diff_ids])


def open_all(store: Store, asked: Asked) -> list[Callable[[], OpenImage]]:
    """Return, for every image below the one asked for, whatever its platform, how to open it; raises SourceError."""
    found: dict[str, Callable[[], OpenImage]] = {}
    skipped = 0
    waiting = [(_chosen(store, asked), limits.NESTED)]
    while waiting:
        descriptor, depth = waiting.pop(0)
        digest = digests.checked(descriptor.get("digest"), "the manifest")
        if digest in found:
            continue
        if _is_attestation(descriptor):
            skipped += 1
            continue
        what = f"{store.what}: the manifest {digest}"
        document: dict[str, Any] = parse_document(read_blob(store, descriptor, "the manifest"), what, dict)
        _only_one_kind(document, descriptor, what)
        children = document.get("manifests")
        if not isinstance(children, list):
            found[digest] = partial(_open_one, store, asked, document, digest, str(_platform(descriptor) or digest))
        elif depth == 0:
            raise SourceError(f"{store.what}: too many indexes inside indexes", _SAVE_AGAIN)
        else:
            waiting += [(child, depth - 1) for child in children if isinstance(child, dict)]
        if len(found) + len(waiting) > limits.PLATFORMS:
            raise SourceError(f"{store.what}: an index of more than {limits.PLATFORMS} images", "Name one with --platform.")
    if not found:
        return [lambda: no_platform(asked, [f"{skipped} attestations"] if skipped else [])]
    return list(found.values())


def _open_one(store: Store, asked: Asked, manifest: dict[str, Any], digest: str, name: str) -> OpenImage:
    try:
        return _open_manifest(store, asked, manifest, digest)
    except SourceError as error:  # which of several images it was
        raise SourceError(f"{name}: {error.message}", error.hint) from error


def _chosen(store: Store, asked: Asked) -> dict[str, Any]:
    if store.small("oci-layout") is None:
        raise SourceError(
            f"{store.what}: not an OCI layout, it holds no oci-layout file", "For `docker save` write docker-archive:FILE."
        )
    return _select(_document(store, "index.json", dict), asked.reference.selector, store.what)


def _open_manifest(store: Store, asked: Asked, manifest: dict[str, Any], digest: str) -> OpenImage:
    config = manifest.get("config")
    layers = manifest.get("layers")
    if not isinstance(config, dict) or not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        raise SourceError(f"{store.what}: the manifest names no configuration or layers", _SAVE_AGAIN)
    raw = read_blob(store, config, "the image's configuration")
    descriptors = []
    for number, layer in enumerate(layers):
        layer_digest = digests.checked(layer.get("digest"), f"layer {number}")
        media_type, size = str(layer.get("mediaType", "")), layer.get("size")
        descriptors.append(_Descriptor(_path(layer_digest), layer_digest, media_type, size if isinstance(size, int) else None))
    return _assemble(store, asked, raw, digest, descriptors)


def _assemble(store: Store, asked: Asked, raw: bytes, digest: str | None, descriptors: list[_Descriptor]) -> OpenImage:
    """Read the layers, hold every one against its digests, and describe the image."""
    config = parse_document(raw, f"{store.what}: the image's configuration", dict)
    rootfs = config.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not _strings(diff_ids) or diff_ids is None:
        raise SourceError(
            f"{store.what}: the configuration lists no layers, so it is not a container image",
            "Only images can be checked, not other artifacts.",
        )
    if len(diff_ids) != len(descriptors):
        raise SourceError(
            f"{store.what}: the manifest names {len(descriptors)} layers, the configuration {len(diff_ids)}", _SAVE_AGAIN
        )
    if len(diff_ids) > limits.LAYERS:
        raise SourceError(f"{store.what}: {len(diff_ids):,} layers, more than any engine runs", _SAVE_AGAIN)
    platform = platform_of(config)
    if asked.platform and not fits(asked.platform, platform):
        return no_platform(asked, [str(platform)])
    evidence: list[Evidence] = []
    unverified: list[Callable[[], None]] = []
    diff_ids = [digests.checked(diff_id, "a layer") for diff_id in diff_ids]
    looked = not (asked.offer and store.elsewhere)
    layers = _read_layers(store, asked, descriptors, diff_ids, evidence, unverified) if looked else []
    commands = _commands(config, len(descriptors))
    settings = config.get("config")
    labels = settings.get("Labels") if isinstance(settings, dict) else None
    image = Image(
        reference=clean(asked.reference.text, 1000),
        source=asked.source,
        id=_sha256(raw),
        digest=digest,
        platform=str(platform),
        labels=tuple(sorted((clean(str(key)), clean(str(value))) for key, value in labels.items()))
        if isinstance(labels, dict)
        else (),
        layers=tuple(
            ImageLayer(
                number, layer.digest or descriptor.digest or _promised(layer, diff_id), diff_id, layer.size, commands[number]
            )
            for number, (layer, descriptor, diff_id) in enumerate(zip(layers, descriptors, diff_ids, strict=True))
        )
        if looked
        else tuple(
            ImageLayer(number, descriptor.digest or "", diff_id, descriptor.size or 0, commands[number])
            for number, (descriptor, diff_id) in enumerate(zip(descriptors, diff_ids, strict=True))
        ),
    )
    offer = _Offer(store, descriptors) if asked.offer else None
    if not looked:
        evidence += [_closed(number, descriptor) for number, descriptor in enumerate(descriptors) if _why_closed(descriptor)]
        return OpenImage(image, Tree([], asked.interest), tuple(evidence), offer=offer, looked=False)
    whole = not any(layer.problem for layer in layers)
    memory = Memory(asked.cache, diff_ids) if whole else None
    tree = Tree(layers, asked.interest)
    fresh = [layer for layer in layers if isinstance(layer, Layer)]
    if fresh:
        tree.catch_up()

    def confirm() -> None:
        for layer in fresh:
            asked.cache.prepare(layer)
        for verify in unverified:
            verify()
        for layer in fresh:
            asked.cache.keep(layer)
        if memory:
            memory.confirm()

    return OpenImage(image, tree, tuple(evidence), memory=memory, confirm=confirm, offer=offer)


@dataclass(frozen=True)
class _Offer:
    """Implements model.image.Offer."""

    store: Store
    descriptors: list[_Descriptor]

    def here(self, layer: int) -> Content | None:
        return self.store.here(self.descriptors[layer].name)

    def there(self, layer: int) -> tuple[str, dict[str, str]]:
        return self.store.there(self.descriptors[layer].name)


def _why_closed(descriptor: _Descriptor) -> str:
    """Return why nobody who fetches the layer from the registry can look into it, "" where that may be possible."""
    if "+encrypted" in descriptor.media_type:
        return "it is encrypted"
    return "it is foreign: its bytes lie elsewhere" if any(word in descriptor.media_type for word in _FOREIGN) else ""


def _closed(number: int, descriptor: _Descriptor) -> Evidence:
    return Evidence("skipped_layer", "fail", f"layer {number} cannot be looked at: {_why_closed(descriptor)}")


def _promised(layer: Layer | Known, diff_id: str) -> str:
    """Return the digest that a layer whose bytes are still being hashed must have: it is not compressed."""
    return diff_id if isinstance(layer, Layer) and layer.later else ""


def _read_layers(
    store: Store,
    asked: Asked,
    descriptors: list[_Descriptor],
    diff_ids: list[str],
    evidence: list[Evidence],
    unverified: list[Callable[[], None]],
) -> list[Layer | Known]:
    """Return the layers; what is left to verify, while the caller goes on, is added to `unverified`."""

    def read(number: int) -> Layer | Known:
        descriptor, what = descriptors[number], f"layer {number}"
        if "+encrypted" in descriptor.media_type:
            return _unseen("it is encrypted")
        try:
            wish = Wish(descriptor.digest or "", diff_ids[number], descriptor.size, asked.interest, asked.cache)
            layer = store.layer(descriptor.name, wish)
        except SourceError as error:
            raise SourceError(f"{store.what}: {what} ({clean(descriptor.name, 100)}): {error.message}", error.hint) from error
        if layer is None:
            if why := _why_closed(descriptor):
                return _unseen(why)
            raise SourceError(f"{store.what}: {what} ({clean(descriptor.name, 100)}) is missing", _SAVE_AGAIN)

        def verify() -> None:
            if isinstance(layer, Layer):
                layer.settle()
            if descriptor.digest:
                digests.same(layer.digest, descriptor.digest, f"{store.what}: {what}")
            if descriptor.size is not None and descriptor.size != layer.size:
                raise _wrong_size(f"{store.what}: {what}", descriptor.size, layer.size)
            if not layer.problem or layer.diff_id:
                digests.same(layer.diff_id, diff_ids[number], f"{store.what}: {what}, uncompressed,")

        unverified.append(verify)
        return layer

    with ThreadPoolExecutor(asked.jobs) as pool:
        layers = list(pool.map(read, range(len(descriptors))))
    evidence += [_partly(number, layer) for number, layer in enumerate(layers) if layer.problem]
    return layers


def _partly(number: int, layer: Layer | Known) -> Evidence:
    seen = layer.digest or (isinstance(layer, Layer) and layer.later)
    detail = clean(f"layer {number} was not looked at as a whole: {layer.problem}")
    return Evidence("unreadable" if seen else "skipped_layer", "fail", detail)


class _NoBlob:
    name = "an unseen layer"

    def region(self) -> None:
        return None

    def chunks(self) -> Any:
        raise SourceError("a layer that was not looked at was read", "Please report this.")


def _unseen(why: str) -> Layer:
    layer = Layer(_NoBlob())
    layer.problem = why
    return layer


def no_platform(asked: Asked, present: list[str]) -> OpenImage:
    """Return an image without layers, and the evidence that the platform asked for is missing."""
    wanted = asked.platform or asked.host
    there = ", ".join(sorted({clean(text, 60) for text in present})) or "none"
    image = Image(clean(asked.reference.text, 1000), asked.source, "", None, str(wanted))
    evidence = Evidence("missing_platform", "fail", f"no image for {wanted}; there is: {there}")
    return OpenImage(image, Tree([], asked.interest), (evidence,))


def left_out(platforms: list[str], also: list[str]) -> list[Evidence]:
    """Say which other platforms the index holds: this verdict is not about them, though a machine may choose from `also`."""
    others, near = ", ".join(sorted(set(platforms))), ", ".join(sorted(set(also)))
    evidence = [Evidence("missing_platform", "ok", clean(f"not looked at, because not asked for: {others}"))] if others else []
    if near:
        evidence.append(Evidence("missing_platform", "warn", clean(f"not looked at, though some machines choose it: {near}")))
    return evidence


def find_manifest(
    store: Store,
    descriptor: dict[str, Any],
    asked: Asked,
    depth: int,
    missing: list[str],
    also: list[str],
    seen: set[str],
) -> tuple[dict[str, Any], str] | None:
    """Return the manifest of the platform asked for and its digest; None, with what is there in `missing`."""
    digest = digests.checked(descriptor.get("digest"), "the manifest")
    seen.add(digest)
    raw = read_blob(store, descriptor, "the manifest")
    document: dict[str, Any] = parse_document(raw, f"{store.what}: the manifest {digest}", dict)
    _only_one_kind(document, descriptor, f"{store.what}: the manifest {digest}")
    if not isinstance(document.get("manifests"), list):
        return document, digest
    if depth == 0:
        raise SourceError(f"{store.what}: too many indexes inside indexes", _SAVE_AGAIN)
    wanted = asked.platform or asked.host
    fitting: dict[str, Platform] = {}
    loaded: dict[str, tuple[dict[str, Any], str]] = {}
    unread: dict[str, dict[str, Any]] = {}
    for child in document["manifests"]:
        if not isinstance(child, dict) or _is_attestation(child):
            continue
        child_digest = digests.checked(child.get("digest"), "a manifest of the index")
        platform = _platform(child)
        nested = child.get("mediaType") in _INDEXES
        if platform is not None and not nested:
            if fits(wanted, platform):
                fitting.setdefault(child_digest, platform)
                unread.setdefault(child_digest, child)
            else:
                missing.append(str(platform))
        elif child_digest not in seen:
            inner = find_manifest(store, child, asked, depth - 1, missing, also, seen)
            if inner is not None and (nested or _config_fits(store, inner[0], asked, platform, missing)):
                fitting.setdefault(inner[1], wanted)
                loaded[inner[1]] = inner
    chosen = _pick(fitting, wanted, also, store.what)
    if chosen is None or chosen in loaded:
        return loaded.get(chosen or "")
    return find_manifest(store, unread[chosen], asked, depth - 1, missing, also, seen)


def _pick(fitting: dict[str, Platform], wanted: Platform, also: list[str], what: str) -> str | None:
    """Return the digest of the one that is meant; raises SourceError where that depends on the machine."""
    chosen = list(fitting)
    if len(chosen) > 1:
        chosen = [one for one, platform in fitting.items() if _variant(platform) == _variant(wanted)]
        if len(chosen) != 1:
            listed = ", ".join(f"{clean(str(platform), 60)} {one}" for one, platform in list(fitting.items())[:20])
            raise SourceError(f"{what}: {len(fitting)} images for {wanted}", f"Name a variant or a digest: {listed}.")
        also.extend(f"{platform} {one}" for one, platform in fitting.items() if one not in chosen)
    return chosen[0] if chosen else None


def _only_one_kind(document: dict[str, Any], descriptor: dict[str, Any], what: str) -> None:
    """Raises SourceError for what one tool takes for an index and another for a manifest (CVE-2021-41190)."""
    fields = {key.casefold() for key in document}
    is_index = isinstance(document.get("manifests"), list)
    if "manifests" in fields and not fields.isdisjoint(("layers", "config", "fslayers")):
        raise SourceError(f"{what} is an index too", _SAVE_AGAIN)
    for kind in (document.get("mediaType"), descriptor.get("mediaType")):
        if isinstance(kind, str) and kind in (_MANIFESTS if is_index else _INDEXES):
            raise SourceError(f"{what} is not what its media type says", _SAVE_AGAIN)


def _variant(platform: Platform) -> str:
    return platform.variant or {"arm64": "v8", "amd64": "v1"}.get(platform.architecture, "")


def _config_fits(store: Store, manifest: dict[str, Any], asked: Asked, platform: Platform | None, missing: list[str]) -> bool:
    """An entry that names no platform is judged by its configuration."""
    config = manifest.get("config")
    if platform is not None or not isinstance(config, dict):
        return True
    facts = parse_document(read_blob(store, config, "the image's configuration"), f"{store.what}: the configuration", dict)
    actual = platform_of(facts)
    if fits(asked.platform or asked.host, actual):
        return True
    missing.append(str(actual))
    return False


def _platform(descriptor: dict[str, Any]) -> Platform | None:
    platform = descriptor.get("platform")
    if not isinstance(platform, dict):
        return None
    return platform_of(platform)


def platform_of(facts: dict[str, Any]) -> Platform:
    """Return the platform that a configuration, or the entry of an index, names."""
    return Platform(*(clean(str(facts.get(key) or ""), 64) for key in ("os", "architecture", "variant")))


def fits(wanted: Platform, actual: Platform) -> bool:
    """arm64 and arm64/v8 are one platform; a variant that was not asked for does not matter."""
    if (wanted.os, wanted.architecture) != (actual.os, actual.architecture):
        return False
    default = "v8" if wanted.architecture == "arm64" else ""
    return not wanted.variant or (actual.variant or default) == wanted.variant


def _is_attestation(descriptor: dict[str, Any]) -> bool:
    """By its platform alone, as engines choose: they run what is annotated as an attestation, but names one of theirs."""
    platform = _platform(descriptor)
    return platform is not None and platform.os == platform.architecture == "unknown"


def _select(index: dict[str, Any], selector: str, what: str) -> dict[str, Any]:
    """Return the descriptor in `index.json` that the selector names, or the only one."""
    descriptors = (
        [entry for entry in index.get("manifests") or [] if isinstance(entry, dict)]
        if isinstance(index.get("manifests"), list)
        else []
    )
    if selector.startswith("sha256:"):
        fitting = [entry for entry in descriptors if entry.get("digest") == selector]
        if not fitting:  # a manifest inside an index, by its own digest: the blob is verified against it
            return {"digest": digests.checked(selector, "the selector")}
    elif selector:
        fitting = [
            entry for entry in descriptors if selector in _tags(entry) or familiar(selector) in map(familiar, _tags(entry))
        ]
    else:
        fitting = descriptors
    if len({digests.checked(entry.get("digest"), "an entry of index.json") for entry in fitting}) == 1:
        return fitting[0]
    raise _ambiguous(what, [tag for entry in descriptors for tag in _tags(entry) or [str(entry.get("digest"))]], selector)


def _tags(descriptor: dict[str, Any]) -> list[str]:
    annotations = descriptor.get("annotations")
    if not isinstance(annotations, dict):
        return []
    return [annotations[key] for key in _NAMES if isinstance(annotations.get(key), str)]


def _choose(images: list[dict[str, Any]], selector: str, what: str) -> dict[str, Any]:
    """Return the image of a docker archive that the selector names, or the only one."""

    def tags(entry: dict[str, Any]) -> list[str]:
        found = entry.get("RepoTags")
        return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []

    def is_named(entry: dict[str, Any]) -> bool:
        if selector.startswith("sha256:"):
            return _digest_in_name(str(entry.get("Config"))) == selector
        return familiar(selector) in [familiar(tag) for tag in tags(entry)] or selector in [
            tag.rpartition(":")[2] for tag in tags(entry)
        ]

    fitting = [entry for entry in images if is_named(entry)] if selector else images
    if len(fitting) == 1:
        return fitting[0]
    raise _ambiguous(what, [tag for entry in images for tag in tags(entry) or [str(entry.get("Config"))]], selector)


def _ambiguous(what: str, names: list[str], selector: str) -> SourceError:
    listed = ", ".join(clean(name, 100) for name in names[:20]) or "nothing"
    if selector:
        return SourceError(f"{what}: no single image is called {clean(selector, 100)}", f"It holds: {listed}.")
    if not names:
        return SourceError(f"{what}: no image in it", _SAVE_AGAIN)
    return SourceError(f"{what}: holds {len(names)} images", f"Name one after a colon: {listed}.")


def read_blob(store: Store, descriptor: dict[str, Any], what: str) -> bytes:
    """Return a document that a descriptor names, verified."""
    digest = digests.checked(descriptor.get("digest"), what)
    raw = store.small(_path(digest))
    if raw is None:
        raise SourceError(f"{store.what}: {what} ({digest}) is missing", _SAVE_AGAIN)
    digests.verify(raw, digest, f"{store.what}: {what}")
    size = descriptor.get("size")
    if isinstance(size, int) and size != len(raw):
        raise _wrong_size(f"{store.what}: {what}", size, len(raw))
    return raw


def _wrong_size(what: str, promised: int, found: int) -> SourceError:
    return SourceError(f"{what} should have {promised:,} bytes, but has {found:,}", _SAVE_AGAIN)


def _path(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    return f"blobs/{algorithm}/{value}"


def _digest_in_name(name: str) -> str:
    """The configuration is called `<hex>.json`, `blobs/sha256/<hex>` or `sha256:<hex>` after its own digest."""
    stem = name.removesuffix(".json").rpartition("/")[2].removeprefix("sha256:")
    return f"sha256:{stem}" if len(stem) == 64 and set(stem) <= set("0123456789abcdef") else ""


def _blob_digest(name: str) -> str | None:
    """Only `blobs/sha256/<hex>` promises the digest of a layer's blob; older names are ids of another kind."""
    return _digest_in_name(name) or None if name.startswith("blobs/sha256/") else None


def _commands(config: dict[str, Any], count: int) -> list[str]:
    """Return the command that made each layer; empty ones where the history does not fit the layers."""
    history = config.get("history")
    entries = history if isinstance(history, list) else []
    made = [
        clean(str(step.get("created_by") or ""), 500)
        for step in entries
        if isinstance(step, dict) and not step.get("empty_layer")
    ]
    return made if len(made) == count else [""] * count


def _document(store: Store, name: str, kind: Callable[..., Any]) -> Any:
    raw = store.small(name)
    if raw is None:
        raise SourceError(
            f"{store.what}: not an image, it holds no {name}", "Write it with `docker save`, `skopeo copy` or `buildah push`."
        )
    return parse_document(raw, f"{store.what}: {name}", kind)


def parse_document(raw: bytes, what: str, kind: Any) -> Any:
    """Return a JSON document whose outermost value is of the kind; raises SourceError for any other."""
    try:
        value = json.loads(raw, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{what} is not sound JSON: {clean(str(error), 200)}", _SAVE_AGAIN) from None
    if not isinstance(value, kind):
        raise SourceError(f"{what} has the wrong form", _SAVE_AGAIN)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError for a field that comes twice, also where only case differs: tools take the one or the other."""
    found = dict(pairs)
    fields = [key.casefold() for key in found if key.casefold() in _FIELDS]
    if len(found) < len(pairs) or len(set(fields)) < len(fields):
        raise ValueError("a field comes twice")
    return found


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _sha256(raw: bytes) -> str:
    import hashlib

    return "sha256:" + hashlib.sha256(raw, usedforsecurity=False).hexdigest()
