"""The value and the nodes of one YAML document as Kubernetes and Helm read it (sigs.k8s.io/yaml),
on libyaml's parser.

The scalar rules are those of go-yaml v2 below sigs.k8s.io/yaml v1.6: YAML 1.1 booleans, `0644` and
`0o644` are octal, `12:30` and dates are strings, keys become strings, of duplicate keys the last
wins. Measured cases are in `fixtures/yaml/cases.json`. Values are JSON: dict, list, str, int,
float, bool, None.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import operator
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from policylint.errors import ReadError
from policylint.kyaml.anchors import with_unique_anchors
from policylint.kyaml.nodes import (
    ConstructorError,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    yaml,
)
from policylint.model import Json
from policylint.runtime.patterns import pattern

MAX_NODES = 2_000_000
"""The most nodes a document may have once its aliases are expanded (go-yaml refuses such documents
too)."""

MAX_DEPTH = 1_000
"""The deepest nesting that is parsed; libyaml's composer would exhaust the C stack far beyond
it."""

_BRACKETS = pattern(r"[\[\]{}]")
_INDENT = pattern(rf"^(?: |[-?:] ){{{MAX_DEPTH}}}", re.MULTILINE)
_BASE: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_INT = pattern(r"[-+]?(?:0|[1-9][0-9_]*|0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|0[0-7_]+)$")
_FLOAT = pattern(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
_TRUE = ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE")
_FALSE = ("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE")
_ANCHOR = pattern(r"(?:^|[\s,\[{])&[^\s,\[\]{}]")
"""Where an anchor may stand: without one there is no alias, however many asterisks a description
has."""
_NOT_SPECIFIC = pattern(r"(?:^|[\s,\[{])!(?:<!>)?(?=[\s,\]}]|$)")
"""The tag `!`, which makes a text of a scalar."""
_BARE = pattern(r"(?:&\S+\s+)?!(?:<!>)?(?:\s|$)")


def parse(text: str, file: str, line: int = 1) -> Json:
    """The value of one document whose first line is `line` of `file`. Raises `ReadError`."""
    try:
        if text.lstrip()[:1] == "{" and "{{" not in text[:4]:
            with suppress(ValueError):  # flow-style YAML, or broken: the YAML reader says which
                return json.loads(text, parse_constant=_not_json)
        return _parse(text)
    except RecursionError:
        raise ReadError(
            "nested too deeply", file=file, line=line, remedy="no Kubernetes object needs this"
        ) from None
    except yaml.MarkedYAMLError as error:
        raise _error(error, text, file, line) from None
    except (yaml.YAMLError, ValueError) as error:
        aliases = "its aliases (*name) grow without measure: write out what they stand for"
        if "aliasing" in str(error):
            remedy = aliases
        else:
            remedy = "correct the text at this place"
        raise ReadError(f"not YAML: {error}", file=file, line=line, remedy=remedy) from None


def _refuse_depth(text: str) -> None:
    """Refuse nesting that no parser should follow, by counting brackets and indents before any
    parsing."""
    if len(text) < MAX_DEPTH:
        return
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH or _INDENT.search(text):
        raise RecursionError


def _parse(text: str) -> Json:
    _refuse_depth(text)
    try:
        return _parsed(text)
    except yaml.composer.ComposerError as error:
        if "duplicate anchor" not in str(error):
            raise
    return _parsed(with_unique_anchors(text))


def _parsed(text: str) -> Json:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if "*" in text and _ANCHOR.search(text):
            _refuse_bomb(node)
        if "!" in text and _NOT_SPECIFIC.search(text):
            _make_texts(node, text)
        return loader.value(node)
    finally:
        loader.dispose()


def _make_texts(root: Node, text: str) -> None:
    """Make texts of the scalars that have the tag `!`, as go-yaml does: libyaml resolves them."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if not isinstance(node, ScalarNode):
            waiting.extend(_children(node))
        elif _BARE.match(text, node.start_mark.index):
            node.tag = _TEXT


def _error(error: yaml.MarkedYAMLError, text: str, file: str, line: int) -> ReadError:
    mark = error.problem_mark or error.context_mark
    at = line + (mark.line if mark else 0)
    problem = " ".join(part for part in (error.context, error.problem) if part)
    remedy = "correct the YAML at this line"
    if "{{" in text:
        remedy = "this looks like a template: render it first (helm template), or name its chart"
    elif "cannot start any token" in problem and "\t" in text:
        remedy = "indent with blanks: YAML allows no tab there"
    return ReadError(f"not YAML: {problem}", file=file, line=at, remedy=remedy)


def _not_json(name: str) -> Json:
    raise ValueError(f"json: unsupported value: {name}")


def _refuse_bomb(root: Node) -> None:
    if (
        expanded_size(root) > MAX_NODES
    ):  # an alias to a parent adds nothing here: `value` refuses it
        raise yaml.YAMLError("document contains excessive aliasing")


def expanded_size(root: Node, endless: int = 0) -> int:
    """How many nodes a document has once its aliases are expanded; one to a parent counts as
    `endless`."""
    sizes: dict[int, int] = {}

    def size(node: Node) -> int:
        known = sizes.get(id(node))
        if known is not None:
            return known
        sizes[id(node)] = endless
        total = 1 + sum(size(child) for child in _children(node))
        sizes[id(node)] = total
        return total

    return size(root)


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, SequenceNode):
        yield from node.value
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield key
            yield value


def _bool(node: ScalarNode) -> bool:
    if node.value not in _TRUE and node.value not in _FALSE:
        raise _undecodable(node, "bool")
    return node.value in _TRUE


def _null(node: ScalarNode) -> None:
    if _WORDS.get(node.value) != _NULL:
        raise _undecodable(node, "null")


def _undecodable(node: ScalarNode, tag: str) -> ConstructorError:
    """The refusal of a value that is not what its tag says."""
    message = f"cannot decode !!str `{node.value}` as a !!{tag}"
    return ConstructorError(None, None, message, node.start_mark)


def _int(node: ScalarNode) -> Json:
    text = node.value.replace("_", "")
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-")
    prefix = digits[:2].lower()
    try:
        if prefix in ("0x", "0b", "0o"):
            number = int(digits[2:], {"0x": 16, "0b": 2, "0o": 8}[prefix])
        else:
            number = int(digits, 8 if digits[0] == "0" and len(digits) > 1 else 10)
    except ValueError:
        return node.value
    number *= sign
    if -(2**63) <= number < 2**64:
        return number
    try:
        return float(number)
    except OverflowError:  # as Go does: no number at all
        return node.value


def _float(node: ScalarNode) -> Json:
    text = node.value.replace("_", "")
    if text.lower().lstrip("+-") in (".inf", ".nan"):
        raise ConstructorError(
            None, None, f"json: unsupported value: {node.value}", node.start_mark
        )
    number = float(text)
    if math.isinf(number):
        return node.value
    if number.is_integer() and abs(number) < 1e21:
        return int(number)
    return number


def _binary(node: ScalarNode) -> str:
    try:
        return base64.b64decode("".join(node.value.split()), validate=True).decode(
            "utf-8", "replace"
        )
    except (binascii.Error, ValueError):
        raise ConstructorError(
            None, None, "!!binary value contains invalid base64 data", node.start_mark
        ) from None


_NULL, _BOOL, _MERGE = f"{_TAG}null", f"{_TAG}bool", f"{_TAG}merge"
_INTEGER, _NUMBER, _TEXT = f"{_TAG}int", f"{_TAG}float", f"{_TAG}str"
_LIST, _TABLE = f"{_TAG}seq", f"{_TAG}map"
_SCALARS: dict[str, Callable[[ScalarNode], Json]] = {
    _NULL: _null,
    _BOOL: _bool,
    _INTEGER: _int,
    _NUMBER: _float,
    f"{_TAG}binary": _binary,
}
_WORDS = {
    **dict.fromkeys((*_TRUE, *_FALSE), _BOOL),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), _NULL),
    "<<": _MERGE,
    **{sign + word: _NUMBER for word in (".inf", ".Inf", ".INF") for sign in ("", "+", "-")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), _NUMBER),
}
"""What plain scalars that are words mean."""
_NUMERIC = frozenset("0123456789+-.")
"""What plain scalars begin with that are numbers."""


class _Loader(_BASE):  # type: ignore[misc]  # libyaml's loader where it is built in, else the pure one
    """libyaml's parser with Kubernetes' scalars and mappings."""

    descend_resolver, ascend_resolver = staticmethod(operator.is_), staticmethod(tuple)
    """Called for each node: nothing is resolved by where it stands, and these do nothing the
    quickest."""

    def resolve(self, kind: type[Node], value: str | None, implicit: tuple[bool, bool]) -> str:
        """The tag of a node that names none."""
        if kind is not ScalarNode:
            if kind is SequenceNode:
                return _LIST
            return _TABLE
        if value is None or not implicit[0]:
            return _TEXT
        tag = _WORDS.get(value)
        if tag is None and value[0] in _NUMERIC:
            if _INT.match(value):
                return _INTEGER
            if _FLOAT.match(value):
                return _NUMBER
        return tag or _TEXT

    def value(self, node: Node) -> Json:
        """The JSON value of a composed node; an alias to a parent is refused by recursion."""
        if isinstance(node, ScalarNode):
            read = _SCALARS.get(node.tag)
            if read:
                return read(node)
            return node.value
        if isinstance(node, SequenceNode):
            return [self.value(child) for child in node.value]
        return self._mapping(node)

    def _mapping(self, node: Node) -> dict[str, Json]:
        table: dict[str, Json] = {}
        for key, child in node.value:
            tag = key.tag
            if tag == _TEXT and key.__class__ is ScalarNode:
                table[key.value] = self.value(child)
            elif tag == _MERGE:
                self._merge(child, table)
            else:
                table[self._key(key)] = self.value(child)
        return table

    def _merge(self, node: Node, into: dict[str, Json]) -> None:
        if isinstance(node, MappingNode):
            into.update(self._mapping(node))
        elif isinstance(node, SequenceNode) and all(
            isinstance(child, MappingNode) for child in node.value
        ):
            for child in reversed(node.value):
                into.update(self._mapping(child))
        else:
            raise ConstructorError(
                None,
                None,
                "map merge requires map or sequence of maps as the value",
                node.start_mark,
            )

    def _key(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            raise ConstructorError(
                None, None, "invalid map key (a mapping or list)", node.start_mark
            )
        value = self.value(node)
        if value is None:
            raise ConstructorError(None, None, "unsupported map key of type null", node.start_mark)
        if isinstance(value, bool):
            if value:
                return "true"
            return "false"
        if isinstance(value, str):
            return value
        return json.dumps(value)


def compose(text: str, file: str) -> Node | None:
    """The node tree of one document, whose marks give lines and columns. Raises `ReadError`."""
    _refuse_depth(text)
    loader = _Loader(text)
    try:
        root: Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _error(error, text, file, 1) from None
    except yaml.YAMLError as error:
        raise ReadError(
            f"not YAML: {error}", file=file, line=1, remedy="correct the text"
        ) from None
    else:
        return root
    finally:
        loader.dispose()


def line_of(root: Node, path: tuple[str | int, ...]) -> int:
    """The 1-based line of the key or item at `path`, or of the nearest parent that is there."""
    line: int = root.start_mark.line + 1
    for step in path:
        entry = _entry(root, step)
        if entry is None:
            return line
        at, root = entry
        line = at.start_mark.line + 1
    return line


def _entry(node: Node, step: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
