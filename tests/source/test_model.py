"""The tree against a simple model that really applies the layers, entry by entry, into a nested dictionary."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.model.image import Files
from imagegate.source.layer import Layer
from imagegate.source.stream import Stream
from imagegate.source.tree import Tree
from tests.images import Entry, file, folder, hardlink, layer, opaque, symlink, whiteout
from tests.source.interests import EVERYTHING


@dataclass
class Node:
    """A folder has children, a link a target, a file neither."""

    data: bytes = b""
    target: str = ""
    children: dict[str, Node] | None = None
    layer: int = -1


@dataclass
class Root:
    """A file system in memory, changed as an engine extracts layers into it."""

    top: Node = field(default_factory=lambda: Node(children={}))
    broken: bool = False  # a real engine would have refused the layer

    def walk(self, path: str, make: int | None = None, *, last: bool = True) -> Node | None:
        waiting, trail, links = path.split("/")[::-1], [self.top], 0
        while waiting:
            part = waiting.pop()
            here = trail[-1]
            if here.children is None:
                return None
            if part in ("", "."):
                continue
            if part == "..":
                trail = trail[:-1] or trail
                continue
            node = here.children.get(part)
            if node is None:
                if make is None:
                    return None
                node = here.children[part] = Node(children={}, layer=make)
            if node.target and (last or waiting):
                links += 1
                if links > 40:
                    return None
                trail = [self.top] if node.target.startswith("/") else trail
                waiting += node.target.split("/")[::-1]
                continue
            trail.append(node)
        return trail[-1]

    def apply(self, entries: list[Entry], number: int) -> None:
        for entry in entries:
            parent, _, base = entry.name.rpartition("/")
            hides = base.startswith(".wh.") and base != ".wh..wh..opq"
            into = self.walk(parent, None if hides else number)
            if into is None and hides:
                continue
            if into is None or into.children is None:
                self.broken = True
                return
            if base == ".wh..wh..opq":
                self.hide(into, number, itself=False)
                into.layer = number
            elif base.startswith(".wh."):
                if (node := into.children.get(base[4:])) is not None and self.hide(node, number):
                    del into.children[base[4:]]
            else:
                self.extract(entry, into, base, number)

    def extract(self, entry: Entry, into: Node, base: str, number: int) -> None:
        assert into.children is not None
        old = into.children.get(base)
        if entry.kind == b"5":
            if old is None or old.children is None:
                into.children[base] = Node(children={}, layer=number)
            else:
                old.layer = number
        elif entry.kind == b"2":
            into.children[base] = Node(target=entry.link, layer=number)
        elif entry.kind == b"1":
            into.children.pop(base, None)
            node = self.walk(entry.link, last=False)
            if node is None or node.children is not None:
                self.broken = True
                return
            into.children[base] = node
        else:
            into.children[base] = Node(data=entry.data, layer=number)

    def hide(self, node: Node, number: int, itself: bool = True) -> bool:
        """Remove what lower layers brought, as the specification says; return whether all of it is gone."""
        if node.children is not None:
            for name in [name for name, child in node.children.items() if self.hide(child, number)]:
                del node.children[name]
            return itself and not node.children and node.layer != number
        return node.layer != number


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TARGETS = st.one_of(PATHS, PATHS.map("/".__add__), PATHS.map("../".__add__), st.just(".."), st.just("../../a/./b"))
ENTRIES = st.one_of(
    st.builds(file, PATHS, st.binary(min_size=1, max_size=3)),
    st.builds(folder, PATHS),
    st.builds(symlink, PATHS, TARGETS),
    st.builds(hardlink, PATHS, PATHS),
    st.builds(whiteout, PATHS),
    st.builds(opaque, PATHS),
)
LAYERS = st.lists(st.lists(ENTRIES, min_size=1, max_size=6), min_size=1, max_size=4)


class _Bytes:
    name = "a layer"

    def __init__(self, data: bytes) -> None:
        self.data = data

    def region(self) -> None:
        return None

    def chunks(self):  # type: ignore[no-untyped-def]
        return iter([self.data])


def tree(layers: list[list[Entry]]) -> Tree:
    scanned = []
    for entries in layers:
        data = layer(entries)
        one = Layer(_Bytes(data))
        one.scan(Stream(iter([data])), EVERYTHING)
        scanned.append(one)
    return Tree(scanned, EVERYTHING)


def sensible(entries: list[Entry]) -> list[Entry]:
    """Return the entries as the specification asks for: what a layer hides comes before what it brings."""
    return sorted(entries, key=lambda entry: ".wh." not in entry.name)


def everything(depth: int = 3) -> list[str]:
    paths = [""]
    for _ in range(depth):
        paths += [f"{path}/{name}".lstrip("/") for path in paths for name in "abc"]
    return sorted(set(paths) - {""})


def expected(root: Root, path: str) -> bytes | None:
    node = root.walk(path)
    return node.data if node is not None and node.children is None and not node.target else None


def found(files: Files, path: str, upto: int) -> bytes | None:
    file_found = files.find(path, upto)
    return None if file_found is None else files.read(file_found)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(LAYERS.map(lambda layers: [sensible(entries) for entries in layers]))
def test_every_path_is_what_extraction_makes_of_it(layers: list[list[Entry]]) -> None:
    root = Root()
    good = []
    for number, entries in enumerate(layers):
        root.apply(entries, number)
        if root.broken:
            break
        good.append(entries)
        files = tree(good)
        for path in everything():
            assert found(files, path, number) == expected(root, path), path
            parent, _, base = path.rpartition("/")
            holder = root.walk(parent)
            there = holder is not None and holder.children is not None and base in holder.children
            assert files.exists(path, number) == there, path
            node = root.walk(path)
            names = sorted(node.children) if node is not None and node.children is not None else []
            assert [child.rpartition("/")[2] for child in files.children(path, number)] == names, path


@settings(max_examples=100, deadline=None)
@given(LAYERS)
def test_what_was_seen_of_a_layer_does_not_depend_on_the_layers_above(layers: list[list[Entry]]) -> None:
    whole = tree(layers)
    for number in range(len(layers)):
        lower = tree(layers[: number + 1])
        for path in everything():
            assert whole.find(path, number) == lower.find(path, number)
            assert list(whole.children(path, number)) == list(lower.children(path, number))
