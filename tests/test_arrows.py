"""The arrows between the rooms, asserted from the imports."""

import ast
from pathlib import Path

import imagegate

ROOT = Path(imagegate.__file__).parent
SHARED = {"errors", "text", "schema", "program", ""}  # "" is the package itself: its version
MAY_KNOW = {
    "model": set(),
    "source": {"model"},
    "cataloger": {"model"},
    "version": {"model"},
    "advisory": {"model", "version"},
    "matcher": {"model", "version", "advisory"},
    "backend": {"model", "source", "cataloger", "matcher", "advisory", "version"},
    "policy": {"model"},
    "report": {"model"},
    "gate": {"model", "backend", "policy"},
    "errors": set(),
    "text": set(),
    "program": set(),
    "schema": set(),
    "__main__": {"cli"},
    "": set(),
}
ONLY_CLI = {"print", "input", "exit"}


def _room(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def _imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the arrows"
            base = node.module or ""
            names = [f"imagegate.{alias.name}" if base == "imagegate" else base for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "imagegate":
                room = parts[1] if len(parts) > 1 else ""
                found.add("" if room.startswith("__") else room)
    return found


def _modules() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(ROOT.rglob("*.py"))]


def test_a_room_knows_only_what_its_stage_may_know() -> None:
    wrong = []
    for path, tree in _modules():
        room = _room(path)
        if room == "cli":
            continue
        others = _imports(tree) - SHARED - {room} - MAY_KNOW[room]
        wrong += [f"{path.relative_to(ROOT)} imports {other}" for other in others]
    assert wrong == []


def test_every_folder_is_a_room_of_the_picture() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders <= MAY_KNOW.keys() | {"cli"}
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert all(f"`{folder}/`" in readme for folder in folders)


def test_only_the_command_line_prints_exits_and_reads_the_environment() -> None:
    wrong = []
    for path, tree in _modules():
        if _room(path) == "cli" or path.name == "hashing.py":  # a program of its own, and what starts it
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ONLY_CLI:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} calls {node.func.id}")
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "stdout", "stderr", "argv"):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} uses {node.attr}")
    assert wrong == []
