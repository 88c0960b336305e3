"""Compile an expression once, evaluate it many times.

`compile("object.spec.replicas >= oldObject.spec.replicas", {"object", "oldObject"})` gives a
`Program`; `Program.evaluate({"object": ..., "oldObject": ...})` gives the value, or an instance of
`CelError` where the expression itself fails (no such key, ...). Expressions see JSON as CEL values:
objects are maps, integers ints, numbers doubles. What policylint cannot evaluate raises
`CelUnsupported`, which names it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from policylint.cel.budget import Budget
from policylint.cel.evaluate import TYPES, Evaluation
from policylint.cel.functions import FUNCTIONS
from policylint.cel.parser import TOO_DEEP, parse
from policylint.cel.tree import Call, Comprehension, Ident, Node, children, names, qualified
from policylint.cel.values import CelError, CelUnsupported, Value
from policylint.errors import PolicylintError


class CelUnknownName(PolicylintError):  # noqa: N818 - named after what it is about
    """An expression that names a variable or function nobody declared."""


class Program(Struct, frozen=True):
    """A parsed expression; `uses` are the variables it names."""

    expression: str
    root: Node
    uses: frozenset[str]

    def evaluate(
        self, bindings: Mapping[str, Value], budget: Budget | None = None
    ) -> Value | CelError:
        """The value under these bindings, a CelError where the expression fails; raises
        CelUnsupported, also for what costs more than the server lets one expression cost, or than
        is left of the `budget` that it shares with others.

        A variable that is not bound is an error of the expression ("no such attribute"), as in the
        server.
        """
        evaluation = Evaluation(bindings, budget)
        try:
            return evaluation.run(self.root)
        except CelError as error:
            return error
        except RecursionError as error:
            raise CelUnsupported(TOO_DEEP) from error


def compile(expression: str, variables: Collection[str] = ()) -> Program:
    """Parse an expression over these variables.

    Raises CelSyntaxError, CelUnknownName and CelUnsupported.
    """
    return _compiled(expression, frozenset(variables))


@lru_cache(maxsize=4096)
def _compiled(expression: str, variables: frozenset[str]) -> Program:
    root, _ = parse(expression)
    try:
        _check_names(root, variables)
    except RecursionError as error:
        raise CelUnsupported(TOO_DEEP) from error
    return Program(expression, root, names(root) & variables)


def _check_names(root: Node, variables: frozenset[str]) -> None:
    for name in _free(root, frozenset()):
        if name not in variables and name not in TYPES and name not in _NAMESPACES:
            raise CelUnknownName(
                f"undeclared reference to '{name}'",
                remedy=f"known here: {', '.join(sorted(variables))}",
            )
    for call in _calls(root):
        _check_function(call)


def _check_function(call: Call) -> None:
    name = call.function
    if call.target is not None:
        dotted = f"{qualified(call.target)}.{name}"
    else:
        dotted = name
    if name in FUNCTIONS or dotted in FUNCTIONS or name in _LAZY:
        return
    namespaced = dotted.partition(".")[0] in _NAMESPACES
    raise CelUnsupported(f"function {dotted if namespaced else name}")


_NAMESPACES = frozenset(name.partition(".")[0] for name in (*TYPES, *FUNCTIONS) if "." in name)
"""What may stand before a dot without being a variable: `optional` of `optional.of`."""

_LAZY = frozenset({"_&&_", "_||_", "_?_:_", "@not_strictly_false"})


def _free(node: Node, bound: frozenset[str]) -> Iterator[str]:
    if isinstance(node, Ident) and node.name.removeprefix(".") not in bound:
        yield node.name.removeprefix(".")
    if not isinstance(node, Comprehension):
        for child in children(node):
            yield from _free(child, bound)
        return
    yield from _free(node.over, bound)
    yield from _free(node.start, bound)
    inside = bound | {node.var, node.var2, node.accumulator}
    for part in (node.condition, node.step, node.result):
        yield from _free(part, inside)


def _calls(node: Node) -> Iterator[Call]:
    if isinstance(node, Call):
        yield node
    for child in children(node):
        yield from _calls(child)
