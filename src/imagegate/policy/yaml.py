"""Reads YAML strictly, and remembers where everything stood.

No duplicate keys, no aliases or anchors, no tags, one document; dates and words such as `on` keep their text.
"""

import re
from math import isfinite
from typing import Any

import yaml

from imagegate.errors import PolicyError
from imagegate.policy.places import Document
from imagegate.schema import Path
from imagegate.text import clean

_LARGEST = 1 << 20  # bytes
_DEEPEST = 30
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})(\.[0-9]{0,17})?([eE][-+]?[0-9]{1,3})?\Z")


def read(data: bytes, name: str) -> Document:
    """Return the document; raises PolicyError with file, line and column."""
    if len(data) > _LARGEST:
        raise PolicyError(f"{name}:1:1: {len(data):,} bytes are too many for a policy", "Is it the right file?")
    text = _text(data, name)
    places: dict[Path, tuple[int, int]] = {}
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise PolicyError(f"{name}:1:1: the file is empty", "Begin with `imagegate policy init`.")
        return Document(name, _Converter(loader, name, places).value(node, ()), places)
    except _Refused as error:
        raise _wrong(name, error.mark, error.message, error.hint) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _wrong(name, mark, error.problem or "not YAML", "Check the indentation and the quotes around it.") from None
    except yaml.reader.ReaderError as error:
        place = _place(text, error.position)
        raise PolicyError(f"{name}:{place}: a character that YAML does not allow", "Remove it, or escape it in quotes.") from None
    except yaml.YAMLError as error:
        raise PolicyError(f"{name}:1:1: {clean(str(error), 200)}", "It must be UTF-8 text in YAML.") from None
    except RecursionError:
        raise PolicyError(f"{name}:1:1: nested too deeply", "A policy is not that deep; is it the right file?") from None
    finally:
        if loader is not None:
            loader.dispose()


def _text(data: bytes, name: str) -> str:
    """Decode here: PyYAML would take UTF-16 as well."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        raise PolicyError(f"{name}:{_place(before, len(before))}: not UTF-8", "Save the file as UTF-8 text.") from None


def _place(text: str, position: int) -> str:
    return f"{text.count(chr(10), 0, position) + 1}:{position - text.rfind(chr(10), 0, position)}"


def _wrong(name: str, mark: Any, message: str, hint: str) -> PolicyError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return PolicyError(f"{name}:{line}:{column}: {clean(message, 500)}", hint)


class _Refused(Exception):
    """Something that YAML allows and a policy does not."""

    def __init__(self, mark: Any, message: str, hint: str) -> None:
        super().__init__(message)
        self.mark, self.message, self.hint = mark, message, hint


class _Loader(yaml.SafeLoader):
    """Sees what the finished nodes do not tell any more: aliases, anchors and tags, at keys too."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(event.start_mark, "aliases (*name) are not allowed in a policy", "Write it out.")
        if getattr(event, "anchor", None) is not None:
            raise _Refused(event.start_mark, "anchors (&name) are not allowed in a policy", "Write it out.")
        if getattr(event, "tag", None) is not None:
            raise _Refused(event.start_mark, f"the tag {clean(event.tag, 60)} is not allowed in a policy", "Remove it.")
        return super().compose_node(parent, index)


class _Converter:
    def __init__(self, loader: yaml.SafeLoader, name: str, places: dict[Path, tuple[int, int]]) -> None:
        self._loader, self._name, self._places = loader, name, places

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if len(path) > _DEEPEST:
            raise _Refused(node.start_mark, "nested too deeply", "A policy is not that deep.")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        kind = node.tag.rpartition(":")[2]
        if kind in ("int", "float"):
            return _number(str(node.value), node.start_mark)
        if kind == "bool" and node.value.lower() in ("true", "false"):
            return node.value.lower() == "true"
        return None if kind == "null" else str(node.value)  # dates, and YAML 1.1's `yes` and `on`, are text

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Refused(key_node.start_mark, "a key must be a word", "Is a quote or a colon missing?")
            key = str(key_node.value)
            if key_node.tag.endswith(":merge"):
                message = "merge keys (<<) are not allowed in a policy"
                raise _Refused(key_node.start_mark, message, "Write it out, or use `extends`.")
            if key in found:
                message = f"the key {clean(key, 60)!r} is there twice"
                raise _Refused(key_node.start_mark, message, "Only one of them could count; keep that one.")
            self._places[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            found[key] = self.value(value_node, (*path, key))
        return found


def _number(text: str, mark: Any) -> int | float:
    """Return a plain decimal number; YAML 1.1 also takes 010 for 8 and 1:30 for 90, which nobody means."""
    if not _DECIMAL.match(text):
        raise _Refused(mark, f"{clean(text, 40)!r} is not a plain decimal number", "Put quotes around text.")
    number = float(text)
    if not isfinite(number):
        raise _Refused(mark, "a number that is too large", "Put quotes around text.")
    return int(number) if number.is_integer() else number
