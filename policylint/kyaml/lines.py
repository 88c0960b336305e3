"""Where a key stands in a values file: the 1-based line of a key path in YAML text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

from policylint.kyaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, yaml
from policylint.runtime.digits import whole_or

Path = tuple[str, ...]


def line_of(text: str, path: Path) -> int:
    """The line of the last part of a path that the text has; 0 where it has none of it, or is no
    YAML."""
    line = 0
    for root in reversed(_roots(text)):  # of several documents the last wins
        line = line or _line(root, path)
    return line


def scalars(text: str) -> dict[Path, tuple[str, str, int]]:
    """Every plain scalar of a text as written: key path -> (text, style, line); style is "" for a
    plain one."""
    by_path: dict[Path, tuple[str, str, int]] = {}
    for root in _roots(text):
        _collect(root, (), by_path)
    return by_path


@lru_cache(maxsize=4)
def _roots(text: str) -> list[Node]:
    """The documents of a text, which is asked for one key after the other."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return [node for node in yaml.compose_all(text, Loader=loader) if node is not None]
    except yaml.YAMLError:
        return []


def _line(node: Node, path: Path) -> int:
    line = 0
    for part in path:
        entry = _entry(node, part)
        if entry is None:
            return line
        key, node = entry
        line = key.start_mark.line + 1
    return line


def _entry(node: Node, part: str) -> tuple[Node, Node] | None:
    if isinstance(node, MappingNode):
        matching = [(key, value) for key, value in node.value if _name(key) == part]
        if matching:
            return matching[-1]
        return None
    if isinstance(node, SequenceNode) and 0 <= whole_or(part, -1) < len(node.value):
        return node.value[int(part)], node.value[int(part)]
    return None


def _collect(node: Node, path: Path, by_path: dict[Path, tuple[str, str, int]]) -> None:
    if isinstance(node, ScalarNode):
        by_path[path] = (node.value, node.style or "", node.start_mark.line + 1)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            _collect(value, (*path, _name(key)), by_path)
    elif isinstance(node, SequenceNode):
        for position, value in enumerate(node.value):
            _collect(value, (*path, str(position)), by_path)


def _name(key: Node) -> str:
    if isinstance(key, ScalarNode):
        return str(key.value)
    return json.dumps(str(key))


def written_at(text: str, path: Path) -> int:
    """The line that a person edits to change a key: where the value stands that an alias or a merge
    key brings; else as `line_of`, the nearest parent of a key that is not there."""
    line = 0
    for root in reversed(_roots(text)):
        line = line or _written(root, path)
    return line


def _written(node: Node, path: Path) -> int:
    line = 0
    for part in path:
        entry = _entry(node, part) or _merged(node, part)
        if entry is None:
            return line
        key, node = entry
        line = key.start_mark.line + 1
    anchored = node.start_mark.line + 1
    if 0 < anchored < line:
        return anchored
    return line


def _merged(node: Node, part: str) -> tuple[Node, Node] | None:
    """The entry that a merge key (`<<`) brings into a mapping; the first of several wins."""
    if not isinstance(node, MappingNode):
        return None
    for key, value in node.value:
        if _name(key) != "<<":
            continue
        for merged in value.value if isinstance(value, SequenceNode) else [value]:
            entry = _entry(merged, part) or _merged(merged, part)
            if entry:
                return entry
    return None


def path_at(text: str, line: int) -> Path:
    """The key path whose key stands on a line (from 1) of a values file; empty where none does."""
    paths = [path for root in _roots(text) for path, at in _keys(root, ()) if at == line]
    if paths:
        return paths[-1]
    return ()


def _keys(node: Node, path: Path) -> Iterator[tuple[Path, int]]:
    """Every key path with its line; list items count by their place."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            below = (*path, _name(key))
            yield below, key.start_mark.line + 1
            yield from _keys(value, below)
    elif isinstance(node, SequenceNode):
        for place, value in enumerate(node.value):
            yield from _keys(value, (*path, str(place)))
