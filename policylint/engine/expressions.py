"""The expressions of rules in YAML, evaluated as CEL: compiled once, bounded in what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policylint.cel.budget import Budget
from policylint.cel.check import check, error_text
from policylint.cel.parser import parse
from policylint.cel.program import compile
from policylint.cel.types import BOOL, DYN, ERROR, STRING, Type
from policylint.cel.values import CelError, CelUnsupported, Unknowable
from policylint.errors import PolicylintError
from policylint.model import Json

__all__ = [
    "VARIABLES",
    "ExpressionError",
    "Purse",
    "Variables",
    "complaint",
    "is_true",
    "items",
    "text",
    "unknown",
    "value",
]

VARIABLES = frozenset(
    (
        *("object", "oldObject", "resource", "objects", "oldObjects", "values", "oldValues"),
        *("release", "invocation", "history", "params", "variables", "item"),
    )
)
PER_RULE = 10_000_000
"""What one rule may cost in one run, in the API server's units: some seconds."""
LONGEST = 5120
"""Characters of a message: the API server's limit for messageExpression."""
_NEWEST = 37
"""The minor whose functions rules may use: they run here, not in a cluster."""


class ExpressionError(PolicylintError):
    """An expression of a rule that cannot be evaluated on an object: makes the verdict unknown."""


class Purse:
    """What one rule may still spend in a run."""

    def __init__(self) -> None:
        self.budget = Budget(PER_RULE)
        self._is_told = False

    def is_closed(self) -> bool:
        """Whether nothing is left and that was told: of the first subject, not of each."""
        if self.budget.left > 0:
            return False
        told, self._is_told = self._is_told, True
        return told


class Variables(dict[str, Any]):
    """`variables`: each is evaluated when somebody first asks for it, and once."""

    def __init__(
        self, expressions: Mapping[str, str], bindings: Mapping[str, Json], purse: Purse
    ) -> None:
        super().__init__()
        self._expressions = expressions
        self._bindings = bindings
        self._purse = purse

    def __contains__(self, name: object) -> bool:
        return name in self._expressions

    def __getitem__(self, name: str) -> Any:
        if not super().__contains__(name):
            result = _run(self._expressions[name], self._bindings, self._purse)
            if isinstance(result, CelError):
                raise CelError(f'variable "{name}" fails to evaluate: {result}')
            super().__setitem__(name, result)
        return super().__getitem__(name)


def unknown(what: str) -> Unknowable:
    """A value that is not at hand: an expression that needs it is unknown."""
    return Unknowable(what)


def value(expression: str, bindings: Mapping[str, Json], purse: Purse) -> Json:
    """What an expression gives. Raises `ExpressionError`."""
    try:
        result = _run(expression, bindings, purse)
    except CelUnsupported as error:
        raise ExpressionError(f"{error}, in the expression {expression}") from error
    if isinstance(result, CelError):
        raise ExpressionError(f"{result}, in the expression {expression}")
    return result


def _run(expression: str, bindings: Mapping[str, Json], purse: Purse) -> Json:
    return compile(expression, VARIABLES).evaluate(bindings, purse.budget)


def is_true(expression: str, bindings: Mapping[str, Json], purse: Purse) -> bool:
    """Whether a condition holds. Raises `ExpressionError` where it gives no truth value."""
    result = value(expression, bindings, purse)
    if not isinstance(result, bool):
        raise ExpressionError(f"the expression gives {result!r}, not true or false: {expression}")
    return result


def items(expression: str, bindings: Mapping[str, Json], purse: Purse) -> list[Json]:
    """The items of a list. Raises `ExpressionError` where the expression gives none."""
    result = value(expression, bindings, purse)
    if not isinstance(result, list):
        raise ExpressionError(f"the expression gives {result!r}, not a list: {expression}")
    return result


def text(expression: str, bindings: Mapping[str, Json], purse: Purse, otherwise: str) -> str:
    """What an expression says; what it would have said otherwise where it says nothing, or more
    than a message holds. Raises `ExpressionError`."""
    result = value(expression, bindings, purse)
    if not isinstance(result, str):
        raise ExpressionError(f"the expression gives {result!r}, not text: {expression}")
    if len(result.strip()) > 0 and len(result) <= LONGEST:
        return result
    return otherwise


_WANTED: Mapping[str, tuple[Type, ...]] = {
    "condition": (BOOL, DYN),
    "text": (STRING, DYN),
    "list": (DYN, Type("list", (DYN,))),
    "value": (),
}


def complaint(expression: str, kind: str, variables: Iterable[str]) -> str:
    """What is wrong with an expression before it runs, with line, column and a caret; "" for
    nothing.

    `kind` is condition, text, list or value; `variables` are the names that it may use.
    """
    try:
        root, positions = parse(expression)
        checked = check(root, dict.fromkeys(variables, DYN), _NEWEST)
        if checked.errors:
            return error_text(expression, positions, checked.errors)
        compile(expression, VARIABLES)
    except (CelUnsupported, RecursionError) as error:
        return str(error) or "nested too deeply"
    except PolicylintError as error:
        return str(error)
    kind_of_result, wanted = checked.type(root), _WANTED[kind]
    if (
        wanted
        and kind_of_result != ERROR
        and not any(kind_of_result.kind == allowed.kind for allowed in wanted)
    ):
        return f"it gives {kind_of_result}, not a {wanted[0].kind}"
    return ""
