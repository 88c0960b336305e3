"""Terraform's language: blocks and attributes with their places, and the values that the file itself decides."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from policylint.invocations.tree import Spot

if TYPE_CHECKING:
    from tree_sitter import Node


class Undecided:
    """The value of an expression that this file alone does not decide."""

    def __repr__(self) -> str:
        return "undecided"


UNDECIDED: Final = Undecided()
_DEPTH = 12
"""How many references deep a value is followed; Terraform refuses cycles, a broken file may have one."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name = expression`."""

    name: str
    expression: Node
    spot: Spot

    @property
    def text(self) -> str:
        """The expression as it is written."""
        return _text(self.expression)


@dataclass(frozen=True, slots=True)
class Block:
    """`type "label" "label" { ... }`."""

    type: str
    labels: tuple[str, ...]
    spot: Spot
    attributes: Mapping[str, Attribute]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """One file: its blocks, and where to look names up."""

    blocks: tuple[Block, ...]
    scope: Mapping[tuple[str, ...], Node] = field(default_factory=dict)
    """("local", name), ("var", name) and (resource type, name, attribute) -> expression."""
    broken: int = 0
    """The line of the first thing that could not be parsed; 0 for none."""


@functools.cache
def _parser() -> Any:
    import tree_sitter
    import tree_sitter_hcl

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))


def parse(text: str) -> Module:
    """Read one file; what cannot be parsed is left out and `broken` says where."""
    root = _parser().parse(text.encode()).root_node
    blocks = tuple(_blocks(root))
    return Module(blocks, dict(_scope(blocks)), _broken(root) if root.has_error else 0)


def _broken(node: Node) -> int:
    if node.type == "ERROR" or node.is_missing:
        return node.start_point[0] + 1
    return next((line for child in node.children if child.has_error and (line := _broken(child))), 0)


def _blocks(node: Node) -> Iterator[Block]:
    """The blocks of a body, those inside unparsable parts too."""
    for child in node.named_children:
        if child.type == "block":
            yield _block(child)
        elif child.type in ("body", "ERROR"):
            yield from _blocks(child)


def _block(node: Node) -> Block:
    named = node.named_children
    words = [_label(child) for child in named if child.type in ("identifier", "string_lit")]
    body = next((child for child in named if child.type == "body"), None)
    attributes = [_attribute(child) for child in body.named_children if child.type == "attribute"] if body else []
    return Block(
        words[0] if words else "",
        tuple(words[1:]),
        _spot(node),
        {attribute.name: attribute for attribute in attributes},
        tuple(_blocks(body)) if body else (),
    )


def _label(node: Node) -> str:
    return _text(node).strip('"')


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def _attribute(node: Node) -> Attribute:
    return Attribute(_text(node.named_children[0]), node.named_children[-1], _spot(node))


def _spot(node: Node) -> Spot:
    (line, column), (end_line, end_column) = node.start_point, node.end_point
    return Spot(line + 1, column + 1, end_line + 1, end_column + 1)


def _scope(blocks: tuple[Block, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    for block in blocks:
        if block.type == "locals":
            for name, attribute in block.attributes.items():
                yield ("local", name), attribute.expression
        elif block.type == "variable" and block.labels and "default" in block.attributes:
            yield ("var", block.labels[0]), block.attributes["default"].expression
        elif block.type == "resource" and len(block.labels) == 2:
            for name, attribute in block.attributes.items():
                yield (*block.labels, name), attribute.expression
            for inner in block.blocks:
                for name, attribute in inner.attributes.items():
                    yield (*block.labels, inner.type, name), attribute.expression


def value(node: Node, module: Module, depth: int = 0) -> Any:
    """The JSON value of an expression, `UNDECIDED` where (a part of) it is decided elsewhere."""
    read = _READERS.get(node.type)
    return read(node, module, depth) if read and depth < _DEPTH else UNDECIDED


def _expression(node: Node, module: Module, depth: int) -> Any:
    inner = node.named_children
    if len(inner) == 1:
        return value(inner[0], module, depth)
    if inner and inner[0].type == "variable_expr":
        return _reference(inner, module, depth)
    return UNDECIDED


def _reference(parts: list[Node], module: Module, depth: int) -> Any:
    """`local.a.b["c"]`, `var.x`, `kubernetes_namespace.x.metadata[0].name`."""
    steps: list[str] = [_text(parts[0])]
    for part in parts[1:]:
        step = _step(part, module, depth)
        if not isinstance(step, str):
            return UNDECIDED
        steps.append(step)
    named = tuple(step for step in steps if not step.isdigit())
    for length in range(min(4, len(named)), 1, -1):
        found = module.scope.get(named[:length])
        if found is not None:
            return _within(value(found, module, depth + 1), named[length:])
    return UNDECIDED


def _step(part: Node, module: Module, depth: int) -> object:
    if part.type == "get_attr":
        return _text(part.named_children[-1]) if part.named_children else None
    if part.type == "index":
        inner = part.named_children[0]
        if inner.type == "legacy_index":
            return _text(inner).strip(".")
        found = value(inner.named_children[0], module, depth + 1) if inner.named_children else None
        return str(found) if isinstance(found, (str, int)) else None
    return None


def _within(found: Any, steps: tuple[str, ...]) -> Any:
    for step in steps:
        if not isinstance(found, dict) or step not in found:
            return UNDECIDED
        found = found[step]
    return found


def _literal(node: Node, _module: Module, _depth: int) -> Any:
    inner = node.named_children
    if not inner:
        return None if _text(node) == "null" else UNDECIDED
    kind, text = inner[0].type, _text(inner[0])
    if kind == "string_lit":
        return text[1:-1]
    if kind == "numeric_lit":
        return float(text) if any(mark in text for mark in ".eE") else int(text)
    return {"bool_lit": text == "true", "null_lit": None}.get(kind, UNDECIDED)


def _template(node: Node, module: Module, depth: int) -> Any:
    inner = node.named_children[0] if node.named_children else node
    parts: list[str] = []
    for part in inner.named_children:
        if part.type == "template_literal":
            parts.append(_text(part))
        elif part.type == "template_interpolation":
            found = [value(child, module, depth + 1) for child in part.named_children if child.type == "expression"]
            if len(found) != 1 or not isinstance(found[0], (str, int)):
                return UNDECIDED
            parts.append(str(found[0]))
        elif part.type == "template_directive":
            return UNDECIDED
    return "".join(parts)


def _collection(node: Node, module: Module, depth: int) -> Any:
    inner = node.named_children[0]
    if inner.type == "tuple":
        return [value(child, module, depth + 1) for child in inner.named_children if child.type == "expression"]
    found: dict[str, Any] = {}
    for element in inner.named_children:
        if element.type == "object_elem":
            key, item = element.named_children[0], element.named_children[-1]
            found[_text(key).strip('"')] = value(item, module, depth + 1)
    return found


def _operation(node: Node, module: Module, depth: int) -> Any:
    inner = node.named_children[0] if node.named_children else node
    if inner.type == "unary_operation" and _text(inner).startswith("!") and len(inner.named_children) == 1:
        found = value(inner.named_children[0], module, depth + 1)
        return not found if isinstance(found, bool) else UNDECIDED
    return UNDECIDED


_READERS: dict[str, Callable[[Node, Module, int], Any]] = {
    "expression": _expression,
    "literal_value": _literal,
    "template_expr": _template,
    "collection_value": _collection,
    "operation": _operation,
}
