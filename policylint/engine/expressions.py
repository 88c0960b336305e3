"""The expressions of rules in YAML, evaluated as CEL."""

from __future__ import annotations

from collections.abc import Mapping

from policylint.cel.library import note
from policylint.cel.program import compile
from policylint.cel.values import CelError
from policylint.errors import PolicylintError
from policylint.model import Json

__all__ = ["VARIABLES", "ExpressionError", "is_true", "note", "value"]

VARIABLES = frozenset({"object", "oldObject", "params", "variables"})


class ExpressionError(PolicylintError):
    """An expression of a rule that cannot be evaluated on an object: makes the verdict unknown."""


def value(expression: str, bindings: Mapping[str, Json]) -> Json:
    """What an expression gives. Raises `ExpressionError`."""
    result = compile(expression, VARIABLES).evaluate(bindings)
    if isinstance(result, CelError):
        raise ExpressionError(f"{result}, in the expression {expression}")
    return result


def is_true(expression: str, bindings: Mapping[str, Json]) -> bool:
    """Whether a condition holds. Raises `ExpressionError` where it gives no truth value."""
    result = value(expression, bindings)
    if not isinstance(result, bool):
        raise ExpressionError(f"the expression gives {result!r}, not true or false: {expression}")
    return result
