"""YAML as scenarios use it: mappings, lists and text, each with its line; nothing that changes or hides a value.

Every scalar is its text as it stands in the file (`010` and `1:30` are no numbers, `on` is no truth), an empty one is None. Tags,
aliases, merges, keys that come twice and keys that are no text are refused, and so is what is nested past any use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

DEEPEST = 20
_TEXT = "tag:yaml.org,2002:str"
_NOTHING = ("", "~", "null")


class Mistake(ValueError):
    """What is expected, and the line of what stands there instead (None: known to whoever asked)."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line


class Mapping(dict[str, Any]):
    """A mapping and the line of each of its keys."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Sequence(list[Any]):
    """A list and the line of each of its items."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


class _Composer(yaml.BaseLoader):
    """Refuses aliases and depth before they are followed."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise Mistake(f"*{event.anchor}: aliases are not known here; write it out", line)
        if self.depth >= DEEPEST:
            raise Mistake(f"nested deeper than {DEEPEST}", line)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read(path: Path) -> Any:
    """What the file says: Mapping, Sequence, str or None. Mistake with its line; OSError."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Mistake("not YAML: not UTF-8", raw[: error.start].count(b"\n") + 1) from error
    try:
        node = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Mistake(f"not YAML: {error.problem or error.context}", mark.line + 1 if mark else 1) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Mistake(f"not YAML: character {error.character!r} is not allowed", line) from error
    return None if node is None else _value(node)


def _value(node: yaml.Node) -> Any:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, line)
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        items = Sequence(line)
        for child in node.value:
            items.append(_value(child))
            items.lines.append(child.start_mark.line + 1)
        return items
    if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
        return _mapping(node, line)
    raise Mistake(f"{node.tag}: tags are not known here", line)


def _scalar(node: yaml.ScalarNode, line: int) -> str | None:
    if node.tag != _TEXT:
        raise Mistake(f"{node.tag}: tags are not known here", line)
    return None if node.style is None and node.value in _NOTHING else node.value


def _mapping(node: yaml.MappingNode, line: int) -> Mapping:
    fields = Mapping(line)
    for key, child in node.value:
        at = key.start_mark.line + 1
        name = _scalar(key, at) if isinstance(key, yaml.ScalarNode) else None
        if name is None:
            raise Mistake("the name of a field is text", at)
        if name in fields:
            raise Mistake(f"'{name}' stands here twice, first in line {fields.lines[name]}", at)
        fields[name], fields.lines[name] = _value(child), at
    return fields
