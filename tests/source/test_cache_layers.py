"""A layer from the cache is, in every respect, the layer as it was read; so is the file system made of such layers."""

import os
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.model.image import KEEP, LOOK, Content
from imagegate.source.cache import Cache
from imagegate.source.layer import Budget, Layer
from imagegate.source.layer import scan_layer as scan_unsettled
from imagegate.source.stream import OpenFile, Region
from imagegate.source.tree import Tree
from tests.images import Entry, file, folder, hardlink, layer, opaque, symlink, whiteout

FIELDS = [
    "order", "entries", "folders", "hollow", "unnamed", "indirect", "whiteouts", "opaque", "captured", "notes", "leads",
    "diff_id", "problem",
]  # fmt: skip


class Mixed:
    """Keeps what is called `k`, looks at what is called `l` or begins with a magic; folders called `d` matter."""

    version = "mixed"
    smallest = 1

    def of(self, path: str) -> str:
        if path.endswith("/"):
            return LOOK if path.endswith("d/") else ""
        return {"k": KEEP, "l": LOOK}.get(path[-1], "") or (LOOK if path.rpartition("/")[0].endswith("d") else "")

    def kind(self, path: str) -> str:
        return path[-1] if self.of(path) == LOOK else ""

    def knows(self, head: bytes) -> bool:
        return head[:1] == b"!"

    def look(self, path: str, content: Content) -> bytes:
        return path[-1:].encode() + sha256(content.read_at(0, content.size)).digest()

    def refuse(self, why: str) -> bytes:
        return why.encode()


MIXED = Mixed()
NAMES = st.lists(st.sampled_from(["a", "b", "d", "k", "l", "é"]), min_size=1, max_size=3).map("/".join)
DATA = st.sampled_from([b"", b"1", b"!x", b"2" * 700])
ENTRIES = st.one_of(
    st.builds(file, NAMES, DATA),
    st.builds(file, NAMES, DATA),
    st.builds(folder, NAMES),
    st.builds(whiteout, NAMES),
    st.builds(opaque, NAMES),
    st.builds(symlink, NAMES, st.sampled_from(["a", "/d", "../b", "d/k", ".", "/a/b/l"])),
    st.builds(hardlink, NAMES, NAMES),
    st.just(Entry(".wh..wh..opq")),
    st.just(Entry(".wh..wh.plnk/1")),
)
LAYERS = st.lists(ENTRIES, max_size=12)


class Blob:
    """Bytes in an open file."""

    name = "a layer"

    def __init__(self, data: bytes) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the blob
        self._file.write(data)
        self._file.flush()
        self._size = len(data)

    def region(self) -> Region:
        return Region(OpenFile(os.dup(self._file.fileno())), 0, self._size)

    def chunks(self) -> Iterator[bytes]:
        return self.region().chunks()

    def close(self) -> None:
        self._file.close()


def scan_layer(*about: Any) -> Layer:
    """Scan and wait for the digests."""
    layer = scan_unsettled(*about)
    layer.settle()
    return layer


def facts(one: Layer) -> dict[str, object]:
    return {name: getattr(one, name) for name in FIELDS}


def through_cache(fresh: Layer, cache: Cache, budget: Budget) -> Layer:
    cache.keep(fresh)
    restored = cache.layer(fresh.diff_id, fresh.blob, budget)
    assert restored is not None
    return restored


@settings(max_examples=150)
@given(LAYERS)
def test_any_layer_comes_back_as_it_was(entries: list[Entry]) -> None:
    blob = Blob(layer(entries))
    with tempfile.TemporaryDirectory() as where:
        first, second = Budget(), Budget()
        fresh = scan_layer(blob, MIXED, first)
        before = facts(fresh)
        restored = through_cache(fresh, Cache(where, MIXED), second)
        assert facts(restored) == before
        assert list(restored.entries) == list(fresh.entries)
        assert restored.restored
        assert not fresh.restored
        assert (second.notes, second.passes) == (first.notes, first.passes)
        again = restored.again()
        assert (again.order, again.leads) == (fresh.order, None)
    blob.close()


@settings(max_examples=100)
@given(st.lists(LAYERS, min_size=1, max_size=4))
def test_the_file_system_made_of_layers_that_come_back_is_the_same(stack: list[list[Entry]]) -> None:
    blobs = [Blob(layer(entries)) for entries in stack]
    with tempfile.TemporaryDirectory() as where:
        cache = Cache(where, MIXED)
        fresh = [scan_layer(blob, MIXED) for blob in blobs]
        restored = [through_cache(one, cache, Budget()) for one in fresh]
        mixed = [one if number % 2 else other for number, (one, other) in enumerate(zip(fresh, restored, strict=True))]
        expected = told(Tree(fresh, MIXED))
        assert told(Tree(restored, MIXED)) == expected
        assert told(Tree(mixed, MIXED)) == expected
    for blob in blobs:
        blob.close()


def told(tree: Tree) -> list[object]:
    """Return everything that can be asked of a file system of these names."""
    found: list[object] = list(tree.looked())
    for upto in range(tree.depth):
        waiting, seen = [""], {""}
        while waiting:
            path = waiting.pop()
            inside = list(tree.children(path, upto))
            waiting += [name for name in inside if name not in seen]
            seen |= set(inside)
            one = tree.find(path, upto)
            found.append((upto, path, inside, one, tree.exists(path, upto), one and tree.read(one)))
    return found


def test_a_name_that_is_not_utf_8_comes_back(tmp_path: Path) -> None:
    data = bytearray(layer([file("aXa/k", "1"), symlink("l", "aX")]))
    blob = Blob(_named(bytes(data)))
    fresh = scan_layer(blob, MIXED)
    assert any("\udcff" in path for path in fresh.entries)
    assert facts(through_cache(fresh, Cache(str(tmp_path / "cache"), MIXED), Budget())) == facts(fresh)
    blob.close()


def _named(data: bytes) -> bytes:
    """Put a byte that is not UTF-8 into the names, and correct the sums of the headers."""
    out = bytearray(data)
    for at in range(0, len(out) - 1024, 512):
        block = out[at : at + 512]
        if block[257:262] == b"ustar":
            block[:100] = block[:100].replace(b"X", b"\xff")
            block[157:257] = block[157:257].replace(b"X", b"\xff")
            block[148:156] = b" " * 8
            block[148:156] = b"%06o\0 " % sum(block)
            out[at : at + 512] = block
    return bytes(out)
