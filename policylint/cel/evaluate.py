"""Evaluates a parsed CEL expression: a walk over the tree of `policylint.cel.tree`.

An error in one operand of `&&` or `||` is forgotten where the other decides, as the language asks.
What evaluation may cost is bounded (`policylint.cel.budget`), as the server bounds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from typing import Any

from policylint.cel.budget import NEW_LIST, NEW_MAP, PER_EXPRESSION, Budget, price
from policylint.cel.functions import FUNCTIONS
from policylint.cel.operators import index, optional_index
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
from policylint.cel.values import (
    CelError,
    CelUnknown,
    CelUnsupported,
    Optional,
    TypeValue,
    Unknowable,
    Value,
    type_name,
)

TYPES = {
    name: TypeValue(name)
    for name in (
        *("bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"),
        *(
            "google.protobuf.Timestamp",
            "google.protobuf.Duration",
            "optional_type",
            "net.IP",
            "net.CIDR",
        ),
    )
}
"""The names that stand for a type."""


class Evaluation:
    """One evaluation of one expression."""

    def __init__(self, bindings: Mapping[str, Value], shared: Budget | None = None) -> None:
        self._scope: dict[str, Value] = dict(bindings)
        self._budget = Budget(PER_EXPRESSION, shared)

    def run(self, node: Node) -> Value:
        """The value of a node; raises CelError for the expression's own failure, CelUnsupported for
        policylint's."""
        self._budget.spend(1)
        return self._walk[type(node)](self, node)

    def _literal(self, node: Literal) -> Value:
        return node.value

    def _ident(self, node: Ident) -> Value:
        name = node.name.removeprefix(".")
        if name in self._scope:
            value = self._scope[name]
            if isinstance(value, CelError):  # what an earlier step of a comprehension failed with
                raise value
            return _known(value)
        if name in TYPES:
            return TYPES[name]
        raise CelError(f"no such attribute(s): {name}")

    def _select(self, node: Select) -> Value:
        dotted = self._namespaced(node)
        if dotted in TYPES and not node.test:
            return TYPES[dotted]
        operand = self.run(node.operand)
        if node.test:
            return _has(operand, node.field)
        if isinstance(operand, dict | Optional):
            return _known(index(operand, node.field))
        # cel-go's attributes look for a field in any value (interpreter/attributes.go refQualify)
        raise CelError(f"no such key: {node.field}")

    def _call(self, node: Call) -> Value:
        if node.target is None:
            lazy = self._lazy.get(node.function)
        else:
            lazy = None
        if lazy is not None:
            return lazy(self, *node.args)
        name, operands = self._resolved(node)
        if name == "_+_" and _is_accumulator(operands[0]):
            return self._accumulated(*operands)
        if name not in FUNCTIONS:
            raise CelUnknown(_ASKED_OF_CLUSTER.get(name, f"function {name}"))
        return self._applied(name, [self.run(operand) for operand in operands])

    def _applied(self, name: str, values: list[Value]) -> Value:
        self._budget.spend(price(name, values, self._budget.left))
        try:
            return _known(FUNCTIONS[name](*values))
        except (TypeError, AttributeError, OverflowError) as error:
            raise CelError("no such overload") from error
        except (ValueError, ArithmeticError) as error:
            # a number of more digits than Python reads
            raise CelUnsupported(f"{name}() of such a value") from error

    def _accumulated(self, accumulator: Node, added: Node) -> Value:
        """`@result + [x]`, the step of `map` and `filter`: nobody else holds that list, so it grows
        in place; a copy for each item would take quadratic time."""
        values, more = self.run(accumulator), self.run(added)
        if type(values) is not list or type(more) is not list:
            return self._applied("_+_", [values, more])
        values.extend(more)
        return values

    def _resolved(self, node: Call) -> tuple[str, tuple[Node, ...]]:
        if node.target is None:
            return node.function, node.args
        dotted = f"{self._namespaced(node.target)}.{node.function}"
        if dotted in FUNCTIONS:
            return dotted, node.args
        return node.function, (node.target, *node.args)

    def _namespaced(self, node: Node) -> str:
        dotted = qualified(node)
        if dotted.partition(".")[0] in self._scope:
            return ""
        return dotted

    def _and(self, left: Node, right: Node) -> bool:
        return self._logic(left, right, decisive=False)

    def _or(self, left: Node, right: Node) -> bool:
        return self._logic(left, right, decisive=True)

    def _logic(self, left: Node, right: Node, decisive: bool) -> bool:
        failed: CelError | CelUnknown | None = None
        for operand in (left, right):
            try:
                if self._bool(operand) is decisive:
                    return decisive
            except CelError as error:
                failed = failed or error
            except CelUnknown as error:
                failed = error
        if failed:
            raise failed
        return not decisive

    def _bool(self, node: Node) -> bool:
        value = self.run(node)
        if not isinstance(value, bool):
            raise CelError("no such overload")
        return value

    def _choose(self, condition: Node, yes: Node, no: Node) -> Value:
        return self.run(yes if self._bool(condition) else no)

    def _not_strictly_false(self, operand: Node) -> bool:
        try:
            return self.run(operand) is not False
        except CelError:
            return True

    def _list(self, node: MakeList) -> list[Value]:
        self._budget.spend(NEW_LIST)
        values: list[Value] = []
        for at, element in enumerate(node.elements):
            value = self.run(element)
            if at not in node.optional:
                values.append(value)
            elif value.present:
                values.append(value.value)
        return values

    def _map(self, node: MakeMap) -> dict[Any, Value]:
        if node.message:
            raise CelUnsupported(f"message {node.message}")
        self._budget.spend(NEW_MAP)
        made: dict[Any, Value] = {}
        for entry in node.entries:
            key, value = self.run(entry.key), self.run(entry.value)
            if not entry.optional:
                made[key] = value
            elif value.present:
                made[key] = value.value
        return made

    def _comprehension(self, node: Comprehension) -> Value:
        pairs = _pairs(self.run(node.over), bool(node.var2))
        kept = dict(self._scope)
        self._scope[node.accumulator] = self.run(node.start)
        try:
            for first, second in pairs:
                self._scope[node.var] = first
                if node.var2:
                    self._scope[node.var2] = second
                if self.run(node.condition) is False:
                    break
                self._scope[node.accumulator] = self._step(node.step)
            for name in (node.var, node.var2):
                self._scope.pop(name, None)
                if name in kept:
                    self._scope[name] = kept[name]
            return self.run(node.result)
        finally:
            self._scope = kept

    def _step(self, node: Node) -> Value:
        """A step's value or its error: a later step may decide in spite of it."""
        try:
            return self.run(node)
        except CelError as error:
            return error

    _walk: Mapping[type, Callable[..., Value]] = {
        Literal: _literal,
        Ident: _ident,
        Select: _select,
        Call: _call,
        MakeList: _list,
        MakeMap: _map,
        Comprehension: _comprehension,
    }
    _lazy: Mapping[str, Callable[..., Value]] = {
        "_&&_": _and,
        "_||_": _or,
        "_?_:_": _choose,
        "@not_strictly_false": _not_strictly_false,
    }


_ASKED_OF_CLUSTER: Mapping[str, str] = dict.fromkeys(
    (
        *("path", "group", "serviceAccount", "resource", "subresource", "namespace", "name"),
        *("check", "allowed", "errored", "error", "reason", "fieldSelector", "labelSelector"),
    ),
    "the authorizer, whose answers only the cluster knows",
)
"""The functions of Kubernetes' authorizer library (pkg/cel/library/authz.go)."""


def _known(value: Value) -> Value:
    """A value that may be looked at; raises CelUnknown for one that nobody knows."""
    if isinstance(value, Unknowable):
        raise CelUnknown(value.what)
    return value


def _is_accumulator(node: Node) -> bool:
    """Whether a node is the variable that a macro keeps its result in: no expression can name
    it."""
    return isinstance(node, Ident) and node.name == "@result"


def _has(operand: Value, field: str) -> bool:
    if isinstance(operand, Optional):
        return optional_index(operand, field).present
    return isinstance(operand, dict) and field in operand


_GO_TYPES = {
    "null_type": "types.Null",
    "bool": "types.Bool",
    "int": "types.Int",
    "uint": "types.Uint",
    "double": "types.Double",
    "string": "types.String",
    "bytes": "types.Bytes",
    "optional_type": "*types.Optional",
}
"""How cel-go names types that it cannot range over (interpreter/interpretable.go evalFold)."""


def _pairs(over: Value, two: bool) -> Iterable[tuple[Value, Value]]:
    if isinstance(over, dict):
        return over.items()
    if isinstance(over, list):
        if two:
            return enumerate(over)
        return zip(over, repeat(None), strict=False)
    kind = _GO_TYPES.get(type_name(over), type_name(over))
    raise CelError(f"got '{kind}', expected iterable type")
