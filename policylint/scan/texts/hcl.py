"""Terraform's language: blocks and attributes with their places, and the values that the file
itself decides."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from policylint.runtime.digits import BEYOND, whole, whole_or
from policylint.scan.texts.grammars import parser
from policylint.scan.texts.hclfunctions import UNDECIDED, call
from policylint.scan.texts.source import Place

if TYPE_CHECKING:
    from tree_sitter import Node


__all__ = [
    "UNDECIDED",
    "Attribute",
    "Block",
    "Module",
    "encoded",
    "here_documents",
    "items",
    "literal_text",
    "parse",
    "value",
]

_HERE = re.compile(r"<<(?P<dash>-?)[^\n]*\n(?P<body>.*)\n[^\n]*", re.DOTALL)
_OPEN = re.compile(r"(?<![$%])[$%]\{")
"""What begins an interpolation or a directive of a template."""
_NAMESPACES = ("kubernetes_namespace", "kubernetes_namespace_v1")
"""Resources whose id is their name (hashicorp/terraform-provider-kubernetes,
resource_kubernetes_namespace)."""
_LARGEST = 10_000
"""The most characters or items that a value has; a name of a release has 53."""
_DEPTH = 12
"""How many references deep a value is followed; Terraform refuses cycles, a broken file may have
one."""


class Attribute(Struct, frozen=True):
    """`name = expression`."""

    name: str
    expression: Node
    place: Place

    @property
    def text(self) -> str:
        """The expression as it is written."""
        return _text(self.expression)


class Block(Struct, frozen=True):
    """`type "label" "label" { ... }`."""

    type: str
    labels: tuple[str, ...]
    place: Place
    attributes: Mapping[str, Attribute]
    blocks: tuple[Block, ...]


class Module(Struct, frozen=True, eq=False):
    """One file: its blocks, and where to look names up."""

    blocks: tuple[Block, ...]
    scope: Mapping[tuple[str, ...], Node] = field(default_factory=dict)
    """("local", name), ("var", name) and (resource type, name, attribute) -> expression."""
    broken: int = 0
    """The line of the first thing that could not be parsed; 0 for none."""
    known: dict[tuple[int, int, str], Any] = field(default_factory=dict)
    """The values of the expressions that were asked for, by their place."""


def parse(text: str) -> Module:
    """Read one file; what cannot be parsed is left out and `broken` says where."""
    root = parser("tree_sitter_hcl").parse(text.encode()).root_node
    blocks = tuple(_blocks(root))
    return Module(blocks, dict(_scope(blocks)), _broken(root) if root.has_error else 0)


def here_documents(text: str) -> Iterator[tuple[int, int]]:
    """Start and end, in characters, of each here-document that may hold blocks itself."""
    data = text.encode()
    stack = [parser("tree_sitter_hcl").parse(data).root_node]
    start = counted = 0
    while stack:
        node = stack.pop()
        if node.type == "heredoc_template":
            start += len(data[counted : node.start_byte].decode())
            counted = node.start_byte
            yield start, start + len(_text(node))
        else:
            stack += reversed(node.named_children)


def _broken(node: Node) -> int:
    if node.type == "ERROR" or node.is_missing:
        return node.start_point[0] + 1
    return next(
        (line for child in node.children if child.has_error and (line := _broken(child))), 0
    )


def _blocks(node: Node) -> Iterator[Block]:
    """The blocks of a body, those inside unparsable parts too."""
    for child in node.named_children:
        if child.type == "block":
            yield _block(child)
        elif child.type in ("body", "ERROR"):
            yield from _blocks(child)


def _block(node: Node) -> Block:
    words, bodies = [], []
    for child in node.named_children:
        if child.type in ("identifier", "string_lit"):
            words.append(_label(child))
        elif child.type == "body":
            bodies.append(child)
    kind, labels = "".join(words[:1]), tuple(words[1:])
    if not bodies:
        return Block(kind, labels, _place(node), {}, ())
    return Block(kind, labels, _place(node), _attributes(bodies[0]), tuple(_blocks(bodies[0])))


def _attributes(body: Node) -> dict[str, Attribute]:
    attributes = (_attribute(child) for child in body.named_children if child.type == "attribute")
    return {attribute.name: attribute for attribute in attributes}


def _label(node: Node) -> str:
    return _text(node).strip('"')


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def _attribute(node: Node) -> Attribute:
    return Attribute(_text(node.named_children[0]), node.named_children[-1], _place(node))


def _place(node: Node) -> Place:
    (line, column), (end_line, end_column) = node.start_point, node.end_point
    return Place(line + 1, column + 1, end_line + 1, end_column + 1)


def _scope(blocks: tuple[Block, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    """What the blocks of a file name, by the steps of a reference to it."""
    for block in blocks:
        if block.type == "locals":
            for name, attribute in block.attributes.items():
                yield ("local", name), attribute.expression
        elif block.type == "variable" and block.labels and "default" in block.attributes:
            yield ("var", block.labels[0]), block.attributes["default"].expression
        elif block.type == "resource" and len(block.labels) == 2:
            yield from _resource(block)


def _resource(block: Block) -> Iterator[tuple[tuple[str, ...], Node]]:
    for name, attribute in block.attributes.items():
        yield (*block.labels, name), attribute.expression
    for inner in block.blocks:
        for name, attribute in inner.attributes.items():
            yield (*block.labels, inner.type, name), attribute.expression
            if (inner.type, name) == ("metadata", "name") and block.labels[0] in _NAMESPACES:
                yield (*block.labels, "id"), attribute.expression


def value(node: Node, module: Module, depth: int = 0) -> Any:
    """The JSON value of an expression, `UNDECIDED` where (a part of) it is decided elsewhere.

    Each expression is read once: names that stand for names are many paths to few values.
    """
    read = _READERS.get(node.type)
    if read is None or depth >= _DEPTH:
        return UNDECIDED
    place = (node.start_byte, node.end_byte, node.type)
    if place not in module.known:
        module.known[place] = UNDECIDED  # what leads back to itself has no value
        decoded = read(node, module, depth)
        if isinstance(decoded, (str, list, dict)) and len(decoded) > _LARGEST:
            decoded = UNDECIDED
        module.known[place] = decoded
    return module.known[place]


def encoded(node: Node, module: Module) -> Any:
    """The value of an expression, or what `yamlencode` and `jsonencode` are given."""
    if node.type == "expression" and node.named_children:
        inner = node.named_children[0]
    else:
        inner = node
    if inner.type == "function_call" and _text(inner.named_children[0]) in (
        "yamlencode",
        "jsonencode",
    ):
        if len(inner.named_children) > 1:
            arguments = inner.named_children[1].named_children
        else:
            arguments = []
        if arguments:
            return value(arguments[0], module)
        return UNDECIDED
    return value(node, module)


def items(node: Node) -> list[Node] | None:
    """The expressions of a list that is written out; None for any other expression."""
    if node.named_children:
        inner = node.named_children[0]
    else:
        inner = None
    if inner is not None and inner.named_children:
        listed = inner.named_children[0]
    else:
        listed = None
    if listed is None or listed.type != "tuple":
        return None
    return [child for child in listed.named_children if child.type == "expression"]


def literal_text(node: Node) -> str | None:
    """A quoted text or a here-document as its characters; None where a part of it is not
    literal."""
    text = _text(node)
    if _OPEN.search(text):
        return None
    here = _HERE.fullmatch(text)
    if here:
        if here["dash"]:
            return textwrap.dedent(here["body"])
        return here["body"]
    if not text.startswith('"'):
        return None
    try:
        read = json.loads(text, strict=False)
    except ValueError:
        return None
    if isinstance(read, str):
        return read
    return None


def _expression(node: Node, module: Module, depth: int) -> Any:
    inner = node.named_children
    if len(inner) == 1:
        return value(inner[0], module, depth)
    if inner and inner[0].type == "variable_expr":
        return _reference(inner, module, depth)
    return UNDECIDED


def _reference(parts: list[Node], module: Module, depth: int) -> Any:
    """`local.a.b["c"]`, `var.x`, `kubernetes_namespace.x[0].metadata[0].name`,
    `kubernetes_namespace.x.*.id[0]`."""
    steps: list[str] = [_text(parts[0])]
    for part in _unfolded(parts[1:]):
        step = _step(part, module, depth)
        if not isinstance(step, str):
            return UNDECIDED
        steps.append(step)
    places = [at for at, step in enumerate(steps) if not step.isdigit()]
    for length in range(min(4, len(places)), 1, -1):
        target = module.scope.get(tuple(steps[at] for at in places[:length]))
        if target is not None:
            return _within(value(target, module, depth + 1), steps[places[length - 1] + 1 :])
    return UNDECIDED


def _unfolded(parts: list[Node]) -> Iterator[Node]:
    """The steps of a reference, those behind a `*` as if they were taken of each alike."""
    for part in parts:
        if part.type in ("splat", "attr_splat", "full_splat"):
            yield from _unfolded(part.named_children)
        else:
            yield part


def _step(part: Node, module: Module, depth: int) -> object:
    if part.type == "get_attr":
        if part.named_children:
            return _text(part.named_children[-1])
        return None
    if part.type == "index" and part.named_children:
        inner = part.named_children[0]
        if inner.type == "legacy_index":
            return _text(inner).strip(".")
        if _text(inner).strip("[] ") == "count.index":
            return "0"  # which of the instances that one block makes
        if inner.named_children:
            key = value(inner.named_children[0], module, depth + 1)
        else:
            key = None
        if isinstance(key, (str, int)):
            return str(key)
        return None
    return None


def _within(decoded: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(decoded, list):
            place = whole_or(step, -1)
            decoded = decoded[place] if 0 <= place < len(decoded) else UNDECIDED
        elif isinstance(decoded, dict):
            decoded = decoded.get(step, UNDECIDED)
        elif not step.isdigit():
            return UNDECIDED
    return decoded


def _call(node: Node, module: Module, depth: int) -> Any:
    name, *rest = node.named_children
    arguments = rest[0].named_children if rest else []
    if any(child.type == "ellipsis" for child in arguments):
        return UNDECIDED
    return call(
        _text(name),
        [value(child, module, depth + 1) for child in arguments if child.type == "expression"],
    )


def _conditional(node: Node, module: Module, depth: int) -> Any:
    """Either side where both say the same: who asks for a condition means to choose otherwise
    somewhere."""
    sides = [child for child in node.named_children if child.type == "expression"][1:]
    first, *rest = [value(side, module, depth + 1) for side in sides] or [UNDECIDED]
    if all(side == first for side in rest):
        return first
    return UNDECIDED


def _literal(node: Node, _module: Module, _depth: int) -> Any:
    inner = node.named_children
    if not inner:
        if _text(node) == "null":
            return None
        return UNDECIDED
    kind, text = inner[0].type, _text(inner[0])
    if kind == "string_lit":
        return text[1:-1]
    if kind == "numeric_lit":
        if any(mark in text for mark in ".eE"):
            return float(text)
        number = whole(text)
        if number is None or abs(number) >= BEYOND:
            return UNDECIDED
        return number
    return {"bool_lit": text == "true", "null_lit": None}.get(kind, UNDECIDED)


def _template(node: Node, module: Module, depth: int) -> Any:
    if node.named_children:
        inner = node.named_children[0]
    else:
        inner = node
    parts: list[str] = []
    for part in inner.named_children:
        if part.type == "template_literal":
            parts.append(_text(part))
        elif part.type == "template_interpolation":
            values = [
                value(child, module, depth + 1)
                for child in part.named_children
                if child.type == "expression"
            ]
            if len(values) != 1 or not isinstance(values[0], (str, int)):
                return UNDECIDED
            parts.append(str(values[0]))
        elif part.type == "template_directive":
            return UNDECIDED
    return "".join(parts)


def _collection(node: Node, module: Module, depth: int) -> Any:
    inner = node.named_children[0]
    if inner.type == "tuple":
        return [
            value(child, module, depth + 1)
            for child in inner.named_children
            if child.type == "expression"
        ]
    entries: dict[str, Any] = {}
    for element in inner.named_children:
        if element.type == "object_elem":
            key, item = element.named_children[0], element.named_children[-1]
            entries[_text(key).strip('"')] = value(item, module, depth + 1)
    return entries


def _operation(node: Node, module: Module, depth: int) -> Any:
    if node.named_children:
        inner = node.named_children[0]
    else:
        inner = node
    if (
        inner.type == "unary_operation"
        and _text(inner).startswith("!")
        and len(inner.named_children) == 1
    ):
        operand = value(inner.named_children[0], module, depth + 1)
        if isinstance(operand, bool):
            return not operand
        return UNDECIDED
    return UNDECIDED


_READERS: dict[str, Callable[[Node, Module, int], Any]] = {
    "expression": _expression,
    "literal_value": _literal,
    "template_expr": _template,
    "collection_value": _collection,
    "operation": _operation,
    "function_call": _call,
    "conditional": _conditional,
}
