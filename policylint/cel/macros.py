"""CEL's macros: calls that are written out as presence tests and folds while an expression is read.

Source: cel-go parser/macro.go, cel/library.go (optionals), ext/comprehensions.go and ext/lists.go;
which Kubernetes minor knows which: k8s.io/apiserver pkg/cel/environment/base.go and the release of
cel-go that it is built with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from policylint.cel.tree import Call, Comprehension, Ident, Literal, MakeList, MakeMap, Node, Select

ACCUMULATOR = "@result"
_OLD_ACCUMULATOR = "__result__"
_UNUSED = "#unused"
_SORTED = "@__sortBy_input__"
_INSERT = "cel.@mapInsert"


class MacroError(Exception):
    """A macro whose arguments are not what it takes; `node` is the one that is wrong."""

    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.node = node


class Writer:
    """Makes the nodes of one expansion: `number` gives each its number, `copy` the same tree once
    more, with numbers of its own."""

    def __init__(self, number: Callable[[], int], copy: Callable[[Node], Node]) -> None:
        self._number = number
        self.copy = copy

    def literal(self, value: int | bool) -> Node:
        """A constant."""
        return Literal(self._number(), value)

    def name(self, name: str) -> Node:
        """A variable."""
        return Ident(self._number(), name)

    def result(self) -> Node:
        """What a fold has gathered."""
        return self.name(ACCUMULATOR)

    def call(self, function: str, *args: Node) -> Node:
        """A call of a function or operator."""
        return Call(self._number(), function, None, args)

    def member_call(self, function: str, target: Node, *args: Node) -> Node:
        """A call with a receiver."""
        return Call(self._number(), function, target, args)

    def list(self, *elements: Node) -> Node:
        """A list."""
        return MakeList(self._number(), elements)

    def empty_map(self) -> Node:
        """A map without entries."""
        return MakeMap(self._number(), ())

    def presence(self, select: Select) -> Node:
        """Whether a field is there."""
        return Select(self._number(), select.operand, select.field, test=True)

    def fold(
        self,
        over: Node,
        names: tuple[str, ...],
        start: Node,
        condition: Node,
        step: Node,
        result: Node,
        accumulator: str = ACCUMULATOR,
    ) -> Node:
        """A fold with one variable or two."""
        var, var2 = names if len(names) == 2 else (names[0], "")
        number = self._number()
        return Comprehension(number, var, var2, over, accumulator, start, condition, step, result)

    def bound(self, name: str, value: Node, body: Node) -> Node:
        """An expression in which a name stands for a value: a fold over nothing."""
        nothing, never = self.list(), self.literal(False)
        return self.fold(nothing, (_UNUSED,), value, never, self.name(name), body, name)


Expander = Callable[[Writer, Node, tuple[Node, ...]], Node]
"""(writer, receiver, arguments) -> what the call is written out as; a global macro's receiver is
its first argument."""


def _has(write: Writer, target: Node, _args: tuple[Node, ...]) -> Node:
    if not isinstance(target, Select):
        raise MacroError(target, "invalid argument to has() macro")
    return write.presence(target)


def _all(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    names = _names(args[:-1], "argument must be a simple name")
    return write.fold(
        target,
        names,
        start=write.literal(True),
        condition=write.call("@not_strictly_false", write.result()),
        step=write.call("_&&_", write.result(), args[-1]),
        result=write.result(),
    )


def _exists(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    names = _names(args[:-1], "argument must be a simple name")
    return write.fold(
        target,
        names,
        start=write.literal(False),
        condition=write.call("@not_strictly_false", write.call("!_", write.result())),
        step=write.call("_||_", write.result(), args[-1]),
        result=write.result(),
    )


def _exists_one(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    names = _names(args[:-1], "argument must be a simple name")
    counted = write.call("_+_", write.result(), write.literal(1))
    return write.fold(
        target,
        names,
        start=write.literal(0),
        condition=write.literal(True),
        step=write.call("_?_:_", args[-1], counted, write.result()),
        result=write.call("_==_", write.result(), write.literal(1)),
    )


def _map(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    names = _names(args[:1], "argument is not an identifier")
    return _gathered(write, target, names, write.list(args[-1]), args[1:-1])


def _filter(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    names = _names(args[:1], "argument is not an identifier")
    return _gathered(write, target, names, write.list(args[0]), args[1:])


def _transform_list(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    names = _names(args[:2], "argument must be a simple name")
    return _gathered(write, target, names, write.list(args[-1]), args[2:-1])


def _gathered(
    write: Writer, target: Node, names: tuple[str, ...], item: Node, condition: tuple[Node, ...]
) -> Node:
    step = _if(write, condition, write.call("_+_", write.result(), item))
    return write.fold(target, names, write.list(), write.literal(True), step, write.result())


def _transform_map(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    names = _names(args[:2], "argument must be a simple name")
    return _inserted(write, target, names, (write.name(names[0]), args[-1]), args[2:-1])


def _transform_entry(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    names = _names(args[:2], "argument must be a simple name")
    return _inserted(write, target, names, args[-1:], args[2:-1])


def _inserted(
    write: Writer,
    target: Node,
    names: tuple[str, ...],
    entry: tuple[Node, ...],
    condition: tuple[Node, ...],
) -> Node:
    step = _if(write, condition, write.call(_INSERT, write.result(), *entry))
    return write.fold(target, names, write.empty_map(), write.literal(True), step, write.result())


def _if(write: Writer, condition: tuple[Node, ...], step: Node) -> Node:
    """A step that is taken where a condition holds; always, where there is none."""
    if not condition:
        return step
    return write.call("_?_:_", condition[0], step, write.result())


def _opt_map(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    name = _optional_name("optMap", args[0])
    value = write.member_call("value", write.copy(target))
    made = write.call("optional.of", write.bound(name, value, args[1]))
    return _where_present(write, target, made)


def _opt_flat_map(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    name = _optional_name("optFlatMap", args[0])
    value = write.member_call("value", write.copy(target))
    return _where_present(write, target, write.bound(name, value, args[1]))


def _where_present(write: Writer, target: Node, made: Node) -> Node:
    present = write.member_call("hasValue", target)
    return write.call("_?_:_", present, made, write.call("optional.none"))


def _optional_name(macro: str, variable: Node) -> str:
    if isinstance(variable, Ident):
        return variable.name
    raise MacroError(variable, f"{macro}() variable name must be a simple identifier")


def _sort_by(write: Writer, target: Node, args: tuple[Node, ...]) -> Node:
    if not isinstance(target, MakeList | Select | Ident | Comprehension | Call):
        kinds = "a list, identifier, comprehension, call or select expression"
        raise MacroError(target, f"sortBy can only be applied to {kinds}")
    keys = _map(write, write.name(_SORTED), args)
    body = write.member_call("@sortByAssociatedKeys", write.name(_SORTED), keys)
    return write.bound(_SORTED, target, body)


def _names(variables: tuple[Node, ...], complaint: str) -> tuple[str, ...]:
    names: list[str] = []
    for variable in variables:
        if not isinstance(variable, Ident):
            raise MacroError(variable, complaint)
        names.append(variable.name)
    if len(names) == 2 and names[0] == names[1]:
        raise MacroError(variables[1], f"duplicate variable name: {names[0]}")
    for variable, name in zip(variables, names, strict=True):
        if name in (ACCUMULATOR, _OLD_ACCUMULATOR):
            raise MacroError(variable, "iteration variable overwrites accumulator variable")
    return tuple(names)


class Macro(Struct, frozen=True):
    """A macro, and the Kubernetes minor that knows it first."""

    since: int
    expand: Expander


HAS = Macro(0, _has)
"""The only macro that is no method: of one argument."""

METHODS: Mapping[tuple[str, int], Macro] = {
    ("all", 2): Macro(0, _all),
    ("exists", 2): Macro(0, _exists),
    ("exists_one", 2): Macro(0, _exists_one),
    ("map", 2): Macro(0, _map),
    ("map", 3): Macro(0, _map),
    ("filter", 2): Macro(0, _filter),
    ("optMap", 2): Macro(28, _opt_map),
    ("optFlatMap", 2): Macro(28, _opt_flat_map),
    ("all", 3): Macro(32, _all),
    ("exists", 3): Macro(32, _exists),
    ("exists_one", 3): Macro(32, _exists_one),
    ("existsOne", 3): Macro(32, _exists_one),
    ("transformList", 3): Macro(32, _transform_list),
    ("transformList", 4): Macro(32, _transform_list),
    ("transformMap", 3): Macro(32, _transform_map),
    ("transformMap", 4): Macro(32, _transform_map),
    ("transformMapEntry", 3): Macro(32, _transform_entry),
    ("transformMapEntry", 4): Macro(32, _transform_entry),
    ("sortBy", 2): Macro(34, _sort_by),
}
"""Macros by name and number of arguments."""
