"""Checks an expression's types as the API server does when a CRD is written.

Follows cel-go's checker with Kubernetes' declarations (`declarations`): overloads by argument
types, fields of objects by their schema, literals of one element type. Errors are the server's,
with line and column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from policylint.cel.declarations import Overload, overloads, parameters
from policylint.cel.display import display
from policylint.cel.tree import (
    Call,
    Comprehension,
    Ident,
    Literal,
    MakeList,
    MakeMap,
    Node,
    Select,
    qualified,
)
from policylint.cel.types import (
    BOOL,
    DYN,
    ERROR,
    NULL,
    STRING,
    Solution,
    Type,
    is_optional,
    optional,
    parse_type,
)
from policylint.cel.values import CelUnsupported, Duration, Timestamp, Uint

_RESERVED_SINCE = 33
"""The minor from which reserved words may be written as field names (1.30 refuses, 1.34
accepts)."""

_LITERALS: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (Uint, "uint"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (bytes, "bytes"),
    (Timestamp, "timestamp"),
    (Duration, "duration"),
)
_TYPE_NAMES = {
    **{name: parse_type(name) for name in ("bool", "bytes", "double", "int", "string", "uint")},
    "list": parse_type("list(dyn)"),
    "map": parse_type("map(dyn, dyn)"),
    "null_type": NULL,
    "type": parse_type("type(dyn)"),
    "google.protobuf.Timestamp": parse_type("timestamp"),
    "google.protobuf.Duration": parse_type("duration"),
    "optional_type": parse_type("optional(dyn)"),
    "net.IP": parse_type("IP"),
    "net.CIDR": parse_type("CIDR"),
}


class Checked(Struct):
    """What the checker found: types and overloads by node id, and errors with the node they are
    about."""

    types: dict[int, Type] = field(default_factory=dict)
    overloads: dict[int, tuple[str, ...]] = field(default_factory=dict)
    errors: list[tuple[int, str]] = field(default_factory=list)

    def type(self, node: Node) -> Type:
        """The type of a node; dyn where it has none."""
        return self.types.get(node.id, DYN)


Messages = Callable[[str], Type | None]
"""The object type of a name that message literals may have; None for a name that is no type."""


def check(
    root: Node, variables: Mapping[str, Type], minor: int, messages: Messages | None = None
) -> Checked:
    """Check an expression over typed variables with the functions of a Kubernetes minor (36 for
    1.36); without `messages` a message literal raises `CelUnsupported`."""
    checker = _Checker(variables, minor, messages)
    checker.infer(root)
    checked = checker.checked
    checked.types = {
        number: checker.solution.resolve(kind, finally_=True)
        for number, kind in checked.types.items()
    }
    return checked


def _either(left: Type, right: Type) -> Type:
    """The type of a call that two overloads fit."""
    if left.kind == "dyn" or left == right:
        return left
    return DYN


class _Checker:
    def __init__(
        self, variables: Mapping[str, Type], minor: int, messages: Messages | None
    ) -> None:
        self.checked = Checked()
        self._messages = messages
        self.solution = Solution()
        self._scope: dict[str, Type] = dict(variables)
        self._minor = minor
        self._mixed = False  # within the arguments of format(), whose lists may hold several types

    def infer(self, node: Node) -> Type:
        """The type of a node; every node below it gets one."""
        kind = self._rules[type(node)](self, node)
        self.checked.types[node.id] = kind
        return kind

    def _fail(self, node: Node, text: str) -> Type:
        self.checked.errors.append((node.id, text))
        return ERROR

    def _literal(self, node: Literal) -> Type:
        for python, name in _LITERALS:
            if isinstance(node.value, python):
                return parse_type(name)
        return NULL

    def _ident(self, node: Ident) -> Type:
        name = node.name.removeprefix(".")
        if name in self._scope:
            return self._scope[name]
        if name in _TYPE_NAMES:
            return Type("type", (_TYPE_NAMES[name],))
        return self._fail(node, f"undeclared reference to '{name}' (in container '')")

    def _select(self, node: Select) -> Type:
        whole = qualified(node)
        if whole in self._scope and not node.test:
            return self._scope[whole]  # a variable whose name has dots
        dotted = self._namespaced(node)
        if dotted in _TYPE_NAMES and not node.test:
            return Type("type", (_TYPE_NAMES[dotted],))
        result = self._field(node, self.solution.resolve(self.infer(node.operand)), node.field)
        if node.test:
            return BOOL
        return result

    def _field(self, node: Node, target: Type, name: str) -> Type:
        if is_optional(target):
            inner = self._field(node, self.solution.resolve(target.params[0]), name)
            if is_optional(inner):
                return inner
            return optional(inner)
        match target.kind:
            case "map":
                return target.params[1]
            case "object":
                member = target.fields.get(name)
                if member is None and self._minor >= _RESERVED_SINCE:
                    member = target.fields.get(f"__{name}__")
                if member is not None:
                    return member
                return self._fail(node, f"undefined field '{name}'")
            case "param":
                self.solution.assignable((target,), (DYN,))
                return DYN
            case "dyn" | "error":
                return DYN
        return self._fail(node, f"type '{target}' does not support field selection")

    def _call(self, node: Call) -> Type:
        if node.function == "_?._":
            return self._optional_field(node)
        declared = overloads()
        if node.target is None:
            return self._resolve(node, node.function, tuple(map(self.infer, node.args)), None)
        dotted = f"{self._namespaced(node.target)}.{node.function}"
        if dotted in declared:
            return self._resolve(node, dotted, tuple(map(self.infer, node.args)), None)
        target = self.infer(node.target)
        mixed, self._mixed = self._mixed, self._mixed or node.function == "format"
        args = tuple(map(self.infer, node.args))
        self._mixed = mixed
        return self._resolve(node, node.function, args, target)

    def _optional_field(self, node: Call) -> Type:
        operand, name = node.args
        if self._minor < 28 or not isinstance(name, Literal):
            return self._fail(node, "unsupported optional field selection")
        member = self._field(node, self.solution.resolve(self.infer(operand)), str(name.value))
        self.infer(name)
        self.checked.overloads[node.id] = ("select_optional_field",)
        if is_optional(member):
            return member
        return optional(member)

    def _resolve(self, node: Call, name: str, args: tuple[Type, ...], target: Type | None) -> Type:
        known = self._known(name)
        if not known:
            return self._fail(node, f"undeclared reference to '{name}' (in container '')")
        if name in ("_&&_", "_||_"):
            return self._logic(node, name, args)
        operands = args if target is None else (target, *args)
        result: Type | None = None
        fitting: list[str] = []
        for overload in known:
            if overload.member is (target is None):
                continue
            fitted = self._try(overload, operands)
            if fitted is not None:
                fitting.append(overload.id)
                if result is None:
                    result = fitted
                else:
                    result = _either(result, fitted)
        if result is None:
            types = list(map(self.solution.resolve, operands))
            return self._fail(node, _no_overload(name, types, target))
        self.checked.overloads[node.id] = tuple(fitting)
        return result

    def _known(self, name: str) -> list[Overload]:
        if name.startswith("jsonpatch.") and not self._patches():
            return []
        return [item for item in overloads().get(name, ()) if item.since <= self._minor]

    def _patches(self) -> bool:
        """Whether the expression makes patches: their functions are declared for these alone."""
        return self._messages is not None and self._messages("JSONPatch") is not None

    def _logic(self, node: Call, name: str, args: tuple[Type, ...]) -> Type:
        for operand, kind in zip(node.args, args, strict=True):
            self._expect(operand, kind, BOOL)
        self.checked.overloads[node.id] = ("logical_and" if name == "_&&_" else "logical_or",)
        return BOOL

    def _try(self, overload: Overload, actual: tuple[Type, ...]) -> Type | None:
        fresh = self.solution.fresh(iter(parameters((*overload.args, overload.result))))
        wanted = tuple(_renamed(item, fresh) for item in overload.args)
        if not self.solution.assignable(actual, wanted):
            return None
        return self.solution.resolve(_renamed(overload.result, fresh))

    def _list(self, node: MakeList) -> Type:
        element: Type | None = None
        for at, item in enumerate(node.elements):
            kind = self.infer(item)
            if at in node.optional:
                kind = _unwrapped(kind)
            element = self._joined(item, element, kind)
        if element is None:
            element = next(iter(self.solution.fresh(iter((Type("param", name="elem"),))).values()))
        return Type("list", (element,))

    def _joined(self, node: Node, before: Type | None, kind: Type) -> Type:
        if before is None:
            return kind
        joined = self.solution.join(before, kind)
        if self._mixed:
            if joined is None:
                return DYN
            return joined
        expected, actual = self.solution.resolve(before), self.solution.resolve(kind)
        if joined is None or expected != actual:
            return self._fail(node, f"expected type '{expected}' but found '{actual}'")
        return joined

    def _map(self, node: MakeMap) -> Type:
        if node.message:
            return self._message(node)
        key: Type | None = None
        value: Type | None = None
        for entry in node.entries:
            key = self._joined(entry.key, key, self.infer(entry.key))
            kind = self.infer(entry.value)
            if entry.optional:
                kind = _unwrapped(kind)
            value = self._joined(entry.value, value, kind)
        if key is None or value is None:
            names = (Type("param", name="key"), Type("param", name="value"))
            key, value = self.solution.fresh(iter(names)).values()
        return Type("map", (key, value))

    def _message(self, node: MakeMap) -> Type:
        if self._messages is None:
            raise CelUnsupported(f"message {node.message}")
        made = self._messages(node.message)
        if made is None:
            text = f"undeclared reference to '{node.message}' (in container '')"
            return self._fail(node, text)
        for entry in node.entries:
            kind = self.infer(entry.value)
            if entry.optional:
                kind = _unwrapped(kind)
            if isinstance(entry.key, Literal):
                name = str(entry.key.value)
            else:
                name = ""
            wanted = self._field(node, made, name)
            if wanted.kind != "error" and not self.solution.assignable((wanted,), (kind,)):
                provided = self.solution.resolve(kind)
                text = f"expected type of field '{name}' is '{wanted}'"
                self._fail(entry.value, f"{text} but provided type is '{provided}'")
        return made

    def _comprehension(self, node: Comprehension) -> Type:
        over = self.solution.resolve(self.infer(node.over))
        accumulated = self.infer(node.start)
        first, second = self._elements(node, over)
        if node.var2 and self._minor < 32:
            self._fail(node, "two-variable comprehensions need Kubernetes 1.32")
        outer = dict(self._scope)
        self._scope[node.accumulator] = accumulated
        inner = dict(self._scope)
        if node.var2:
            keys = {"map": first, "list": parse_type("int")}
            self._scope |= {node.var: keys.get(over.kind, DYN), node.var2: second}
        else:
            self._scope[node.var] = first
        self._expect(node.condition, self.infer(node.condition), BOOL)
        self._expect(node.step, self.infer(node.step), accumulated)
        self._scope = inner
        result = self.infer(node.result)
        self._scope = outer
        return self.solution.resolve(result)

    def _elements(self, node: Comprehension, over: Type) -> tuple[Type, Type]:
        """What the variables of a comprehension range over: the single one, and the value where
        there are two."""
        match over.kind:
            case "list":
                return over.params[0], over.params[0]
            case "map":
                return over.params[0], over.params[1]
            case "dyn" | "error":
                return DYN, DYN
            case "param":
                self.solution.assignable((over,), (DYN,))
                return DYN, DYN
        text = (
            f"expression of type '{over}' cannot be range of a comprehension "
            "(must be list, map, or dynamic)"
        )
        self._fail(node.over, text)
        return ERROR, ERROR

    def _expect(self, node: Node, kind: Type, wanted: Type) -> None:
        if not self.solution.assignable((wanted,), (kind,)):
            expected, actual = self.solution.resolve(wanted), self.solution.resolve(kind)
            self._fail(node, f"expected type '{expected}' but found '{actual}'")

    def _namespaced(self, node: Node) -> str:
        dotted = qualified(node)
        if dotted.partition(".")[0] in self._scope:
            return ""
        return dotted

    _rules: Mapping[type, Callable[[Any, Any], Type]] = {
        Literal: _literal,
        Ident: _ident,
        Select: _select,
        Call: _call,
        MakeList: _list,
        MakeMap: _map,
        Comprehension: _comprehension,
    }


def _unwrapped(kind: Type) -> Type:
    """What an optional element, entry or field holds."""
    if is_optional(kind):
        return kind.params[0]
    return DYN


def _renamed(kind: Type, fresh: Mapping[Type, Type]) -> Type:
    if kind.kind == "param":
        return fresh.get(kind, kind)
    return Type(
        kind.kind, tuple(_renamed(item, fresh) for item in kind.params), kind.name, kind.fields
    )


def _no_overload(name: str, arguments: list[Type], target: Type | None) -> str:
    shown = [STRING if item.kind == "error" else item for item in arguments]
    receiver, rest = ("", shown) if target is None else (f"{shown[0]}.", shown[1:])
    text = f"{receiver}({', '.join(map(str, rest))})"
    return f"found no matching overload for '{name}' applied to '{text}'"


def error_text(expression: str, positions: Mapping[int, int], errors: list[tuple[int, str]]) -> str:
    """The errors as the server prints them, in the order of their places."""
    return display(expression, [(positions.get(number, 0), text) for number, text in errors])
