"""The table of targets: each takes any bytes and raises only for a bug.

What a parser may answer is packages, evidence, or its documented error; anything else (another exception, more notes or
text than promised, words that could forge a log line, two answers where one is promised) is a bug. `guarded` makes a
hang and a blow-up of memory bugs too.
"""

# ruff: noqa: E501, PLC0415 (a table, and imports that atheris has instrumented)

import json
import os
import resource
import signal
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from tests import images

from fuzz import mutate, samples
from imagegate.errors import ImageGateError, SourceError, StoreError

SECONDS, MEMORY = 5.0, 1 << 30  # of one input, beyond what the process has taken already
_FOLDER = tempfile.mkdtemp(prefix="imagegate-fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)  # noqa: S108


@dataclass(frozen=True)
class Target:
    """What is tried, samples to begin with, and what makes changed bytes pass a checksum."""

    run: Callable[[bytes], None]
    samples: Callable[[], list[bytes]]
    seal: Callable[[bytes], bytes] = bytes


class Hang(Exception):
    """An input took more than SECONDS."""


@contextmanager
def guarded() -> Iterator[None]:
    """Raise Hang or MemoryError within where one input costs too much."""

    def stop(*_: object) -> None:
        raise Hang(f"more than {SECONDS} seconds")

    before = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux" and before[0] == resource.RLIM_INFINITY:
        with open("/proc/self/statm", encoding="ascii") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, before[1]))
    handler = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)


def _file(data: bytes, name: str = "file") -> str:
    path = os.path.join(_FOLDER, f"{os.getpid()}-{name}")
    with open(path, "wb") as file:
        file.write(data)
    return path


def _region(data: bytes) -> Any:
    """Return the bytes as part of an open file, which is what an image is read from."""
    from imagegate.source.archive import open_file

    return open_file(_file(data, "region"))


def _clean(*texts: str) -> None:
    from imagegate.text import clean

    for text in texts:
        assert isinstance(text, str), text
        assert clean(text, len(text)) == text, ascii(text)[:200]


def _evidence(items: Any) -> None:
    for item in items:
        assert item.found in ("fail", "warn", "ok")
        _clean(item.kind, item.detail)


# --- layers, streams, images ---------------------------------------------------------------------------------------


class _Blob:
    name = "fuzz"

    def __init__(self, data: bytes, *, stream: bool) -> None:
        self._data, self._stream = data, stream

    def region(self) -> Any:
        return None if self._stream else _region(self._data)

    def chunks(self) -> Iterator[bytes]:
        for at in range(0, len(self._data), 777):
            yield self._data[at : at + 777]


def layer(data: bytes) -> None:
    """A file and a stream of the same bytes are the same layer, or the same error; and it can be asked for anything."""
    from imagegate.cataloger.collect import INTEREST
    from imagegate.source.layer import scan_layer
    from imagegate.source.tree import Tree

    answers: list[object] = []
    for stream in (False, True):
        try:
            found = scan_layer(_Blob(data, stream=stream), INTEREST)
            found.settle()
        except SourceError as error:
            answers.append(error.message)
            continue
        answers.append((found.entries, found.folders, found.whiteouts, found.opaque, found.diff_id, found.problem))
        try:
            files = Tree([found, found], INTEREST)
        except SourceError:
            continue
        for path in ("etc/os-release", "lib/apk/db/installed", "loop", "up/x", "a/../b", ""):
            files.exists(path, 1)
            file = files.find(path, 1)
            if file is not None:
                with suppress(SourceError):
                    files.read(file)
        list(files.children("usr/lib", 1))
        list(files.looked())
    if not data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")) and data[1:4] != b"\x2a\x4d\x18":
        assert answers[0] == answers[1], answers


def stream(data: bytes) -> None:
    """Compressed bytes become others, or an error."""
    from imagegate.source.stream import Bomb, bounded, compression

    with suppress(SourceError, Bomb):
        for _ in bounded(iter([data[:3], data[3:]]), compression(data[:8])):
            pass


def archive(data: bytes) -> None:
    """A file is an image, whose inventory can be taken, or an error."""
    from imagegate.cataloger.collect import INTEREST, take_inventory
    from imagegate.source.opening import Options, openings

    path = _file(data, "archive")
    for kind in ("docker-archive:", "oci-archive:", ""):
        with suppress(ImageGateError):
            for opening in openings(kind + path, INTEREST, Options(every_platform=kind != "docker-archive:")):
                opened = opening()
                found = take_inventory(opened)
                _evidence(found.evidence)
                _clean(opened.image.reference, opened.image.platform, *(text for pair in opened.image.labels for text in pair))


def _image(members: dict[str, bytes]) -> None:

    archive(images.layer(members))


def config(data: bytes) -> None:
    """The configuration of an image whose digests are right."""

    class Changed(images.Image):
        def config(self) -> bytes:
            return data

    image = Changed([images.layer(samples.FILES)])
    _image(image.docker_members())
    _image(image.oci_members())


def manifest(data: bytes) -> None:
    """A manifest or an index whose digests are right."""
    members = images.Image([images.layer(samples.FILES)]).oci_members()
    descriptor = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": images.sha256(data), "size": len(data)}
    members |= images.layout([descriptor]) | {"blobs/sha256/" + images.sha256(data)[7:]: data}
    _image(members)
    _image(members | {"index.json": data})


def docker_manifest(data: bytes) -> None:
    """The list of images that `docker save` writes."""
    _image(images.Image([images.layer(samples.FILES)]).engine_members() | {"manifest.json": data})
    _image(images.Image([images.layer(samples.FILES)]).docker_members() | {"manifest.json": data})


def cache(data: bytes) -> None:
    """What lies in the cache under the right name and checksum is a layer or nothing."""
    from imagegate.cataloger.collect import INTEREST
    from imagegate.source import cache as caches
    from imagegate.source.layer import Budget
    from imagegate.source.tar import LimitReached

    folder = os.path.join(_FOLDER, f"{os.getpid()}-cache")
    kept = caches.Cache(folder, INTEREST)
    key = "sha256:" + "0" * 64
    sound = caches._compressed(data)
    for packed in (data, caches._checksum(sound, f"{kept._version} {key}") + sound):
        with open(kept._path("layers", f"{kept._version} {key}"), "wb") as file:
            file.write(packed)
        with suppress(LimitReached):
            kept.layer(key, _Blob(b"", stream=True), Budget())


def cached() -> list[bytes]:
    """Return what the cache keeps of layers."""
    from imagegate.cataloger.collect import INTEREST
    from imagegate.source.cache import _stored
    from imagegate.source.layer import scan_layer

    kept = []
    for one in samples.layers():
        layer = scan_layer(_Blob(one, stream=False), INTEREST)
        layer.settle()  # before the next one takes its place in the file
        kept.append(_stored(layer))
    return kept


# --- what is asked over a network, and for whom ----------------------------------------------------------------------


def challenges(data: bytes) -> None:
    """What a registry demands."""
    from imagegate.source.http import retry_after
    from imagegate.source.registry import challenges

    text = data.decode("latin-1")
    for scheme, parameters in challenges(text).items():
        assert scheme == scheme.lower()
        assert all(isinstance(value, str) for value in parameters.values())
    assert retry_after(text) >= 0


class _Server:
    """Answers every connection with the same bytes, whatever is asked: over TCP and over a socket of this machine."""

    def __init__(self, *, local: bool) -> None:
        import socket
        import threading

        if local:
            self.address = os.path.join(_FOLDER, f"{os.getpid()}-engine.sock")
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.bind(self.address)
        else:
            self._socket = socket.socket()
            self._socket.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._socket.listen(16)
        self.answer = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection, suppress(OSError):
                connection.settimeout(1)
                asked = connection.recv(65536)
                body = self.answer
                if body[:5] != b"HTTP/":
                    kind = b"application/vnd.oci.image.manifest.v1+json"
                    body = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind, len(body), body)
                    if b"/v2/ " in asked:
                        body = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
                connection.sendall(body)


_servers: dict[bool, _Server] = {}


def _server(data: bytes, *, local: bool) -> str:
    server = _servers.get(local) or _servers.setdefault(local, _Server(local=local))
    server.answer = data
    return server.address


def engine(data: bytes) -> None:
    """Whatever answers where an engine should be."""
    from imagegate.cataloger.collect import INTEREST
    from imagegate.source.opening import Options, open_image

    address = _server(data, local=True)
    with suppress(ImageGateError):
        open_image("docker:app", INTEREST, Options(env={"DOCKER_HOST": f"unix://{address}"}, timeout=2))


def registry(data: bytes) -> None:
    """Whatever answers where a registry should be; its waits are left out."""
    from imagegate.cataloger.collect import INTEREST
    from imagegate.source import registry as registries
    from imagegate.source.opening import Options, openings

    registries._sleep = lambda *_: None
    address = _server(data, local=False)
    with suppress(ImageGateError):
        for opening in openings(f"registry:{address}/team/app:1", INTEREST, Options(timeout=2, every_platform=True)):
            opening()


def credentials(data: bytes) -> None:
    """A configuration of Docker's command line, which may name helpers that are not there."""
    from imagegate.source.credentials import find

    text = data.decode("utf-8", "surrogateescape").replace("\0", "")
    for host in ("docker.io", "registry.example.com:5000"):
        with suppress(SourceError):
            _clean(find(host, "team/app", {"DOCKER_AUTH_CONFIG": text, "PATH": "/nonexistent"}).told())


def helper(data: bytes) -> None:
    """What a credential helper answers."""
    from imagegate.source.credentials import find

    program = os.path.join(_FOLDER, "docker-credential-fuzz")
    if not os.path.exists(program):
        with open(os.open(program, os.O_CREAT | os.O_WRONLY, 0o700), "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\nexec /bin/cat {_FOLDER}/$ANSWER\n")
    answer = os.path.basename(_file(data, "helper"))
    with suppress(SourceError):
        find("example.com", "x", {"DOCKER_AUTH_CONFIG": '{"credsStore": "fuzz"}', "PATH": _FOLDER, "ANSWER": answer})


def reference(data: bytes) -> None:
    """What is named on a command line."""
    from imagegate.source.reference import parse, remote

    with suppress(ImageGateError):
        remote(parse(data.decode("utf-8", "surrogateescape")).name)


# --- packages --------------------------------------------------------------------------------------------------------


def database(path: str, data: bytes, beside: dict[str, bytes] | None = None) -> None:
    """A package database, or a file that names the distribution, in an image of two layers."""
    from imagegate.cataloger.collect import INTEREST, take_inventory
    from imagegate.model.image import Image, OpenImage
    from imagegate.source.layer import scan_layer
    from imagegate.source.tree import Tree

    files: dict[str, bytes | str] = {
        "etc/os-release": images.DEBIAN_11,
        "usr/lib/python3/dist-packages/x-1.egg": b"",
        **(beside or {}),
    }
    lower = scan_layer(_Blob(images.layer(files | {path: data}), stream=False), INTEREST)
    lower.settle()
    upper = scan_layer(_Blob(images.layer({path: data[: len(data) // 2 * 2], "x": b""}), stream=False), INTEREST)
    found = take_inventory(OpenImage(Image("x", "x", "x", None, "linux/amd64"), Tree([lower, upper], INTEREST)))
    _evidence(found.evidence)
    for package in found.packages:
        _clean(package.name, package.version, package.purl, package.source_name, package.source_version, package.owned_by or "")
        assert package.name
        assert package.version


def single(path: str, data: bytes) -> None:
    """A file that one cataloger looks at; it must not need the net that its caller spreads."""
    from imagegate.cataloger.collect import INTEREST, singles
    from imagegate.cataloger.looking import read

    region = _region(data)
    wanted = [one for one in singles() if (one.executables if path == "program" else one.wants(path))]
    assert wanted, path
    for one in wanted:
        found = one.look(path, region)
        assert len(found.packages) <= 150_000
        assert len(found.problems) <= 1000
        for package in found.packages:
            _clean(package.type, package.name, package.version, package.purl, package.inside)
            assert package.name, package
            assert package.version, package
            assert package.basis in ("installed", "locked", "guessed")
            assert package.purl.startswith(f"pkg:{package.type}/"), package
    if path != "program":
        read(INTEREST.look(path, region))


# --- documents -------------------------------------------------------------------------------------------------------


def bom(data: bytes) -> None:
    """A bill of materials."""
    from imagegate.source.sbom import read_sbom, unwrap

    with suppress(SourceError):
        found = read_sbom(data, "bom", "debian:11" if len(data) % 2 else "")
        _evidence(found.evidence)
        for package in found.packages:
            _clean(package.name, package.version, package.purl, *(place.path for place in package.locations))
    with suppress(SourceError):
        unwrap(data)


def purl(data: bytes) -> None:
    """A package URL, whose canonical form is read as the same."""
    from imagegate.source.sbom import names
    from imagegate.source.sbom.purl import parse

    try:
        found = parse(data.decode("utf-8", "surrogateescape"))
    except ValueError:
        return
    names.name_of(found)
    names.version_of(found, found.version, "1:" + found.version)
    names.source(found.version)
    with suppress(UnicodeEncodeError):  # half a surrogate pair has no encoding
        if len(str(found)) > 8192:  # encoded, it can be longer than is read
            return
        again = parse(str(found))
        assert str(parse(str(again))) == str(again)


def osv(data: bytes) -> None:
    """A record of OSV."""
    from imagegate.advisory.osv import BadRecord, cves, parse

    with suppress(BadRecord, json.JSONDecodeError, RecursionError if len(data) > 5000 else BadRecord):
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            return
        found = parse(document)
        list(cves(found))
        _clean(found.id, found.title, found.url, found.severity, *found.aliases, *found.upstream)


def _built(name: str, data: bytes) -> None:
    import sqlite3
    from contextlib import closing

    from imagegate.advisory.build import _TABLES, Archive, Builder

    with closing(sqlite3.connect(":memory:")) as connection, suppress(StoreError):
        connection.executescript(_TABLES)
        Builder(connection).add(Archive(name, _file(data, "zip")))


def store(data: bytes) -> None:
    """A file with the right checksum in the place of a store."""
    from imagegate.advisory import file as files
    from imagegate.advisory.store import Store

    path = _file(data, "store.db")
    if len(data) >= 100:
        files.seal(path)
    with suppress(StoreError):
        opened = Store(path)
        try:
            for ask in (opened.sources, opened.coverage, lambda: opened.database(["npm"]), lambda: opened.origin):
                with suppress(StoreError):
                    ask()
            with suppress(StoreError):
                for one in opened.candidates("npm", "a"):
                    opened.advisory(one.advisory)
            with suppress(StoreError):
                opened.vulnerability("CVE-2021-1")
        finally:
            opened.close()


def stores() -> list[bytes]:
    """Return a store of a few records."""
    from imagegate.advisory.build import build_folder

    folder = os.path.join(_FOLDER, f"{os.getpid()}-folder")
    os.makedirs(os.path.join(folder, "npm"), exist_ok=True)
    with open(os.path.join(folder, "npm", "all.zip"), "wb") as file:
        file.write(samples.zips()[0])
    path = os.path.join(_FOLDER, f"{os.getpid()}-built.db")
    build_folder(folder, path, lambda _: None)
    with open(path, "rb") as built:
        return [built.read()]


def parcel(data: bytes) -> None:
    """An exported store that somebody imports."""
    from imagegate.advisory.share import import_file

    with suppress(StoreError):
        import_file(
            _file(data, "parcel"), os.path.join(_FOLDER, f"{os.getpid()}-imported.db"), "", lambda _: None, lambda *_: None
        )


def parcels() -> list[bytes]:
    """Return exported stores, and the beginning of one with other notes."""
    import struct

    from imagegate.advisory.share import export

    path = _file(stores()[0], "exported.db")
    export(path, path + ".out")
    with open(path + ".out", "rb") as file:
        whole = file.read()
    notes = [
        whole[8 : 8 + struct.unpack_from("<I", whole, 4)[0]].replace(b"}", b', "size": %s}' % one)
        for one in (b"1e999", b"-1", b"[]")
    ]
    return [whole, *(whole[:4] + struct.pack("<I", len(note)) + note for note in notes)]


def policy(data: bytes) -> None:
    """A policy, or a file of waivers in it."""
    from imagegate.errors import PolicyError
    from imagegate.policy.load import as_yaml, load

    with suppress(PolicyError):
        as_yaml(load(_file(data, "policy.yaml"), date(2026, 11, 22)))


def policies() -> list[bytes]:
    """Return a policy with everything in it."""
    return [
        (
            b"version: 1\nseverity: {source: [vendor, cvss], unknown: high}\nowned: defer\nrules:\n  - id: a\n"
            b'    match: {severity: ">=high", fix: available, fix_age: ">14d", cvss: ">9", id: [CVE-1, "GHSA-*"]}\n    action: fail\n'
            b"    max: 3\nevidence: {database_max_age: 3d, end_of_life: warn}\nwaivers:\n  require: [reason]\n  max_days: 90\n  list:\n"
            b'    - {id: CVE-2023-1, package: "pkg:deb/debian/openssl", reason: x, owner: y, expires: 2026-12-31}\n'
        ),
        b"version: 1\nextends: [recommended]\nrules:\n  - {id: no-critical, action: warn}\n",
    ]


def stored(data: bytes) -> None:
    """A result that was stored, or changed since."""
    from imagegate.backend.stored import read
    from imagegate.errors import BackendError

    with suppress(BackendError):
        for report in read(data, "result"):
            if not isinstance(report, BackendError):
                _evidence(report.evidence)


def results() -> list[bytes]:
    """Return results of this version."""
    from tests.scans import busy, finding, judged, scan

    from imagegate.report.json import Json

    return [Json().render([judged(scan([finding(severity="low")]))]).encode(), Json().render([busy()]).encode()]


def foreign(data: bytes) -> None:
    """A report of Clair that was stored, of either API."""
    from imagegate.backend.foreign import read
    from imagegate.errors import BackendError

    with suppress(BackendError):
        for report in read(data, "report"):
            if not isinstance(report, BackendError):
                _evidence(report.evidence)
                for finding in report.findings:
                    _clean(finding.id, finding.title, finding.raw_severity, *finding.aliases, *finding.fixed_in)


def clair_reports() -> list[bytes]:
    """Return recorded answers of both APIs."""
    from tests.clair.recordings import recorded

    names = (("v4", "heartbleed-report"), ("v4", "nothing-recognised-report"), ("v1", "heartbleed-layer-1"))
    return [json.dumps(recorded(name, folder)["response"]["body"]).encode() for folder, name in names]


def answer(data: bytes) -> None:
    """What a Clair, or a proxy before it, sends with any status."""
    from imagegate.backend.clair.answer import Answer, message_of
    from imagegate.errors import BackendError

    message_of(data)
    with suppress(BackendError):
        Answer(200, {}, data).document()


# --- versions, text --------------------------------------------------------------------------------------------------


def versions(name: str, data: bytes) -> None:
    """Any two texts have an order, the same from both sides; three that are valid have it without a circle, but in Maven."""
    from imagegate.version import is_readable, is_valid, order_of, ranges

    compare = order_of(name)
    texts = [*[part.decode("utf-8", "surrogateescape") for part in data.split(b"\t")][:4], "", "0"]
    left, middle, right = (text[:50_000] for text in texts[:3])
    for text in (left, right):
        assert isinstance(is_valid(compare, text), bool)
        assert isinstance(is_readable(compare, text), bool)
        assert compare(text, text) == 0
    order = compare(left, right)
    back = compare(right, left)
    assert (order > 0) == (back < 0), (left, right)
    assert (order == 0) == (back == 0), (left, right)
    if name not in ("Maven", "Red Hat") and compare(left, middle) <= 0 and compare(middle, right) <= 0:
        assert order <= 0, (left, middle, right)
    bounds = [("introduced", left), ("fixed", right), ("introduced", middle), ("last_affected", right), ("limit", middle)]
    ranges.affecting(middle, [bounds, bounds[:2]], compare)
    ranges.fixes(left, bounds, compare)


def text(data: bytes) -> None:
    """Text that was made harmless is printable, on one line, no longer than asked, and is left alone from then on."""
    from imagegate.text import clean, decode

    for said in (
        decode(data),
        data.decode("utf-8", "surrogateescape"),
        "".join(map(chr, data)),
        data.decode("utf-32", "replace"),
    ):
        for longest in (1, 40, 2000):
            shown = clean(said, longest)
            assert len(shown) <= longest
            assert all(char.isprintable() or unicodedata.category(char) == "Zs" for char in shown)
            assert clean(shown, longest) == shown


_PATHS: dict[str, Callable[[], list[bytes]]] = {
    "lib/python3/site-packages/Zope-1.dist-info/METADATA": partial(samples.interpreted, "zope.METADATA"),
    "lib/python3/site-packages/x-1.egg-info": partial(samples.interpreted, "wsgiref.egg-info"),
    "opt/conda/conda-meta/openssl-1.json": partial(samples.interpreted, "openssl.conda.json"),
    "app/node_modules/lodash/package.json": partial(samples.interpreted, "lodash.package.json"),
    "app/.pnp.cjs": partial(samples.interpreted, "yarn-4.pnp.cjs"),
    "app/.pnp.js": partial(samples.interpreted, "yarn-3.pnp.cjs"),
    "app/.pnp.data.json": partial(samples.interpreted, "yarn-4-apart.pnp.cjs"),
    "gems/specifications/digest-1.gemspec": partial(samples.interpreted, "digest.gemspec"),
    "usr/lib/bundler/gems/a-1/a.gemspec": partial(samples.interpreted, "checkout.gemspec"),
    "vendor/composer/installed.json": partial(samples.interpreted, "composer-2.installed.json"),
    "opt/bitnami/postgresql/.spdx-postgresql.spdx": partial(samples.interpreted, "postgresql.spdx.json"),
    "opt/bitnami/.bitnami_components.json": lambda: [b'{"nginx": {"version": "1.2-1", "arch": "amd64", "distro": "debian-12"}}'],
    "app/app.jar": samples.jars,
    "app/app.war": samples.jars,
    "app/META-INF/maven/a/b/pom.properties": lambda: [b"#x\nversion=1\ngroupId=a\nartifactId=b\n"],
    "program": samples.executables,
    "app/lib/x-1/ebin/x.app": lambda: [b'%% x\n{application,x,[{description,"y\\"z"},{vsn,"1.2.3"},{modules,[]}]}.\n'],
    "usr/lib/R/library/R6/DESCRIPTION": lambda: [b"Package: R6\nVersion: 2.5.1\nRepository: CRAN\nBuilt: R 4.2; ; 2022; unix\n"],
    "app/.dart_tool/package_config.json": lambda: [
        b'{"packages": [{"name": "args", "rootUri": "file:///root/.pub-cache/hosted/pub.dev/args-2.3.1"}]}'
    ],
    "root/.conan2/p/cache.sqlite3": samples.conan,
    "app/.build/workspace-state.json": lambda: [
        (
            b'{"object": {"dependencies": [{"packageRef": {"identity": "nio", "kind": "remoteSourceControl", "location": '
            b'"https://github.com/apple/nio.git"}, "state": {"checkoutState": {"version": "2.0.0"}}}]}}'
        )
    ],
    "opt/ghc/package.conf.d/aeson-2.conf": lambda: [b"name: aeson\nversion: 2.1\nid: x\ndepends:\n    base text\n"],
    "app/app.deps.json": lambda: [b'{"runtimeTarget": {"name": ".NETCoreApp/x"}, "libraries": {"A.B/1.0": {"type": "package"}}}'],
}
_DATABASES: dict[str, Callable[[], list[bytes]]] = {
    "var/lib/dpkg/status": lambda: [samples.FILES["var/lib/dpkg/status"].encode()],
    "var/lib/dpkg/status.d/a": lambda: [samples.FILES["var/lib/dpkg/status"].encode()],
    "var/lib/dpkg/info/python3.list": lambda: [b"/.\n/usr\n/usr/lib/python3/dist-packages/x-1.egg\n"],
    "lib/apk/db/installed": lambda: [images.apk(("busybox", "1.31"), ("ssl", "1.1", "openssl")).encode()],
    "etc/os-release": lambda: [images.DEBIAN_11.encode(), images.ALPINE_3_11.encode()],
    "etc/lsb-release": lambda: [b'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=20.04\nDISTRIB_CODENAME=focal\nDISTRIB_DESCRIPTION="x"\n'],
    "etc/redhat-release": lambda: [b"Rocky Linux release 9.3 (Blue Onyx)\n", b"CentOS Linux release 7.9.2009 (Core)\n"],
    "etc/debian_version": lambda: [b"11.6\n", b"trixie/sid\n"],
    "etc/alpine-release": lambda: [b"3.11.6\n", b"3.22.0_alpha20250108\n"],
    "var/lib/rpm/rpmdb.sqlite": partial(samples.rpms, "rpmdb.sqlite"),
    "var/lib/rpm/Packages.db": partial(samples.rpms, "Packages.db"),
    "var/lib/rpm/Packages": partial(samples.rpms, "Packages"),
    "var/lib/rpmmanifest/container-manifest-2": lambda: [b"a\t1-1\t0\t0\tx\t(none)\t1\tx86_64\t0\ta-1-1.src.rpm\n"],
}
_ORDERS = {
    "Alpine": "apk", "Bitnami": "bitnami", "Pub": "semver", "Packagist": "composer", "ConanCenter": "conan", "Debian": "dpkg",
    "RubyGems": "gem", "Go": "go", "Maven": "maven", "NuGet": "nuget", "CRAN": "numeric", "PyPI": "pypi", "Red Hat": "rpm", "npm": "semver",
}  # fmt: skip


def _locks() -> dict[str, Target]:
    from imagegate.cataloger.locks import Locks

    places = {name: f"app/cache/{name}" if name == "plan.json" else f"app/{name}" for name in Locks.names}
    return {f"lock:{name}": Target(partial(single, path), partial(samples.locks, name)) for name, path in places.items()}


def _wal(data: bytes) -> None:
    database("var/lib/rpm/rpmdb.sqlite", samples.rpms("rpmdb.sqlite")[0], {"var/lib/rpm/rpmdb.sqlite-wal": data})


def _header(data: bytes) -> None:
    from imagegate.cataloger.rpm import header
    from imagegate.cataloger.rpm.package import entry, is_own, package, paths
    from imagegate.model.inventory import Distribution, Location

    with suppress(header.Damaged):
        one = header.parse(data)
        system = Distribution("rocky", "9.3")
        paths(one, frozenset((b"x", b"bash")))
        found = entry(one, lambda detail: _clean(detail[:0]))
        if found is not None:
            is_own(found, one, system)
            _clean(package(found, "", system, Location("x", 0)).purl)


def _headers() -> list[bytes]:
    from imagegate.cataloger.rpm import bdb

    return [one for one in bdb.blobs(samples.rpms("Packages")[0], lambda _: None) if one][:3]


def _wals() -> list[bytes]:
    """Return a log with one commit."""
    import shutil
    import sqlite3

    main, copied = os.path.join(_FOLDER, "wal.db"), os.path.join(_FOLDER, "wal.copy")
    with open(main, "wb") as file:
        file.write(samples.rpms("rpmdb.sqlite")[0])
    connection = sqlite3.connect(main)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("DELETE FROM Packages WHERE hnum = 1")
    connection.commit()
    shutil.copyfile(main + "-wal", copied)
    connection.close()
    with open(copied, "rb") as log:
        return [log.read()]


_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
_FACTS = b'{"Id": "sha256:%s", "Os": "linux", "RootFS": {"Layers": ["sha256:%s"]}, "message": "x"}' % (b"0" * 64, b"1" * 64)
_CHALLENGE = (
    b'HTTP/1.1 401 x\r\nWWW-Authenticate: Bearer realm="https://a.example/t",service="b",scope="c"\r\nContent-Length: 0\r\n\r\n'
)

TARGETS: dict[str, Target] = {
    "layer": Target(layer, samples.layers, mutate.sealed_tar),
    "stream": Target(stream, samples.compressed),
    "archive": Target(archive, samples.archives, mutate.sealed_tar),
    "config": Target(config, samples.config),
    "manifest": Target(manifest, samples.manifests),
    "docker-manifest": Target(docker_manifest, samples.docker_manifest),
    "cache": Target(cache, cached),
    "challenges": Target(challenges, lambda: [_CHALLENGE[31:-25], b'Basic realm="x", Bearer realm=y', b"Wed, 21 Oct 2026 07:28:00 GMT"]),
    "engine": Target(engine, lambda: [_ANSWER % (len(_FACTS), _FACTS), _FACTS, *samples.archives()[:1]]),
    "registry": Target(registry, lambda: [_CHALLENGE, *samples.manifests(), _ANSWER % (9, b'{"a": 1}\n')]),
    "credentials": Target(credentials, lambda: [
        (b'{"auths": {"https://index.docker.io/v1/": {"auth": "dTpw"}, "registry.example.com:5000/team": {"identitytoken": "x"}}, '
        b'"credHelpers": {"docker.io": "x"}, "credsStore": "y"}')]),
    "helper": Target(helper, lambda: [b'{"ServerURL": "x", "Username": "<token>", "Secret": "s"}']),
    "reference": Target(reference, lambda: [b"docker.io/library/x:1@sha256:" + b"0" * 64, b"oci:/x:y", b"localhost:5000/a/b", b"./x.tar"]),
    **{f"database:{path}": Target(partial(database, path), found) for path, found in _DATABASES.items()},
    "rpm-log": Target(_wal, _wals, mutate.sealed_log),
    "rpm-header": Target(_header, _headers),
    **{f"file:{path}": Target(partial(single, path), found) for path, found in _PATHS.items()},
    **_locks(),
    "bom": Target(bom, samples.boms),
    "purl": Target(purl, lambda: [b"pkg:npm/%40a/b@1.0?c=d&e=f#g", b"pkg:golang/github.com/a/b@v1", b"pkg:deb/debian/x@1%3A2"]),
    "osv": Target(osv, samples.osv),
    "osv-archive": Target(partial(_built, "npm"), samples.zips),
    "exploited": Target(partial(_built, "known_exploited_vulnerabilities.json"), samples.exploited),
    "store": Target(store, stores),
    "parcel": Target(parcel, parcels),
    "policy": Target(policy, policies),
    "stored": Target(stored, results),
    "foreign": Target(foreign, clair_reports),
    "clair-answer": Target(answer, clair_reports),
    **{f"version:{name}": Target(partial(versions, name), partial(samples.versions, file)) for name, file in _ORDERS.items()},
    "text": Target(text, lambda: ["a\u202e\x1b[31m\n\u0430\U000e0001".encode(), b"\xff" * 50]),
}  # fmt: skip
_NDB = "database:var/lib/rpm/Packages.db"
TARGETS[_NDB] = replace(TARGETS[_NDB], seal=mutate.sealed_ndb)
