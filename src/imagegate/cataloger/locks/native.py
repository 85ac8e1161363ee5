"""Locks of Cargo, Go, Conan and Swift.

Formats: rust-lang/cargo, src/cargo/core/resolver/encode.rs; Go, "Modules Reference", go.mod files; conan-io/conan,
conan/internal/model/lockfile.py (and `graph_lock` of Conan 1); swiftlang/swift-package-manager, Sources/PackageGraph.
"""

from imagegate.cataloger.conan import add as add_conan
from imagegate.cataloger.records import Finds, Unreadable, entries, member, read_json, read_toml, rows, text_of
from imagegate.cataloger.swift import add as add_swift


def cargo(text: str, finds: Finds) -> None:
    """Read Cargo.lock. It does not say what is for development."""
    document = read_toml(text)
    if not document.keys() & {"package", "version", "root"}:
        raise Unreadable("it is not a lock of Cargo")
    for entry in rows(document, "package", finds):
        if entry.get("source"):  # without one it is a folder of the application
            finds.add(entry.get("name"), entry.get("version"))


def go(text: str, finds: Finds) -> None:
    """Read go.mod: since Go 1.17 it names every module that is needed, each in the version that is used."""
    wanted: dict[str, str] = {}
    replaced: dict[tuple[str, ...], list[str]] = {}
    block, module = "", False
    for line in text.split("\n"):
        words = [word.strip('"`') for word in line.partition("//")[0].replace("(", " ( ").replace(")", " ) ").split()]
        if not words:
            continue
        if words[0] == ")":
            block = ""
            continue
        verb, words = (block, words) if block else (words[0], words[1:])
        if words == ["("]:
            block = verb
        elif verb == "require":
            wanted[words[0] if words else ""] = words[1] if len(words) > 1 else ""
        elif verb == "replace" and "=>" in words:
            arrow = words.index("=>")
            replaced[tuple(words[:arrow])] = words[arrow + 1 :]
        module = module or verb == "module"
    if not module:
        raise Unreadable("it names no module")
    for name, version in wanted.items():
        by = replaced.get((name, version)) or replaced.get((name,)) or [name, version]
        if len(by) == 1:
            finds.doubtful(f"{name}: a folder takes its place")
        else:
            finds.path(by[0] if by else "", by[1] if by else "")


def conan(text: str, finds: Finds) -> None:
    """Read conan.lock. What is required for building only stays out."""
    document = read_json(text)
    if not document.keys() & {"requires", "graph_lock"}:
        raise Unreadable("it is not a lock of Conan")
    references = document.get("requires") or []
    if not isinstance(references, list):
        raise Unreadable("`requires` is not a list")
    for reference in references:
        add_conan(reference, finds)
    for number, node in entries(member(document, "graph_lock"), "nodes", finds):
        reference = text_of(node.get("ref"))
        if node.get("context") == "build":
            finds.development(reference)
        elif reference and number != "0" and not node.get("path"):  # those are the application
            add_conan(reference, finds)
    for key in ("build_requires", "python_requires"):
        tools = document.get(key)
        for tool in tools if isinstance(tools, list) else ():
            finds.development(tool)


def swift(text: str, finds: Finds) -> None:
    """Read Package.resolved of any version."""
    document = read_json(text)
    document = member(document, "object") if "object" in document else document
    if "pins" not in document:
        raise Unreadable("it has no pins")
    for pin in rows(document, "pins", finds):
        if pin.get("kind") not in ("localSourceControl", "fileSystem"):
            add_swift(pin.get("location") or pin.get("repositoryURL"), pin.get("identity"), member(pin, "state"), finds)
