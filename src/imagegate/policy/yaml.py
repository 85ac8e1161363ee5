"""Reads YAML strictly, and remembers where everything stood.

No duplicate keys, no aliases or anchors, no tags, one document; dates and words such as `on` keep their text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from imagegate.errors import PolicyError
from imagegate.schema import Path
from imagegate.text import clean

_LARGEST = 1 << 20  # bytes
_DEEPEST = 30
_PLAIN = {"tag:yaml.org,2002:" + name for name in ("null", "bool", "int", "float")}


@dataclass(frozen=True, slots=True)
class Document:
    """The value, and the line and column (from 1) of everything in it."""

    name: str
    value: Any
    places: Mapping[Path, tuple[int, int]]

    def error(self, path: Path, message: str, hint: str = "") -> PolicyError:
        """Return an error that begins with the place of `path`, or of the nearest thing around it."""
        while path not in self.places:
            path = path[:-1]
        line, column = self.places[path]
        return PolicyError(f"{self.name}:{line}:{column}: {message}", hint)


def read(text: bytes, name: str) -> Document:
    """Return the document; raises PolicyError with file, line and column."""
    if len(text) > _LARGEST:
        raise PolicyError(f"{name}: {len(text):,} bytes are too many for a policy", "Is it the right file?")
    places: dict[Path, tuple[int, int]] = {}
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise PolicyError(f"{name}:1:1: the file is empty", "Begin with `imagegate policy init`.")
        return Document(name, _Converter(loader, name, places).value(node, ()), places)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise PolicyError(
            f"{place}: {clean(error.problem or 'not YAML', 200)}", "Check the indentation and the quotes around it."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyError(f"{name}: {clean(str(error), 200)}", "It must be UTF-8 text in YAML.") from None
    except RecursionError:
        raise PolicyError(f"{name}: nested too deeply", "A policy is not that deep; is it the right file?") from None
    finally:
        if loader is not None:
            loader.dispose()


class _Converter:
    def __init__(self, loader: yaml.SafeLoader, name: str, places: dict[Path, tuple[int, int]]) -> None:
        self._loader, self._name, self._places = loader, name, places
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if id(node) in self._seen:
            raise self._wrong(node, "aliases (*name) are not allowed in a policy", "Write it out.")
        self._seen.add(id(node))
        if len(path) > _DEEPEST:
            raise self._wrong(node, "nested too deeply", "A policy is not that deep.")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        if node.tag in _PLAIN:
            try:
                return self._loader.construct_object(node)  # type: ignore[no-untyped-call]
            except (ValueError, OverflowError):
                raise self._wrong(node, "a number that cannot be read", "Put quotes around text.") from None
        if node.tag.startswith("tag:yaml.org,2002:") and node.tag.rpartition(":")[2] in ("str", "timestamp"):
            return str(node.value)
        raise self._wrong(node, f"the tag {clean(node.tag, 60)} is not allowed in a policy", "Remove it.")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._wrong(key_node, "a key must be a word", "")
            key = str(key_node.value)
            if key_node.tag.endswith(":merge"):
                raise self._wrong(key_node, "merge keys (<<) are not allowed in a policy", "Write it out, or use `extends`.")
            if key in found:
                raise self._wrong(
                    key_node, f"the key {clean(key, 60)!r} is there twice", "Only one of them could count; keep that one."
                )
            self._places[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            found[key] = self.value(value_node, (*path, key))
        return found

    def _wrong(self, node: yaml.Node, message: str, hint: str) -> PolicyError:
        return PolicyError(f"{self._name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}: {message}", hint)
