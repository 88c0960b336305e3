"""Compiles a schema's validation rules as the API server does when the CRD is written: types, use
of oldSelf, cost.

Source: apiextensions-apiserver pkg/apiserver/schema/cel/compilation.go and
apis/apiextensions/validation.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from policylint.cel.check import check, error_text
from policylint.cel.cost import worst_cost
from policylint.cel.literals import bad_constant, bad_literals
from policylint.cel.parser import CelSyntaxError, parse
from policylint.cel.sizes import MOST
from policylint.cel.tree import names
from policylint.cel.types import Type, optional
from policylint.kubernetes.api.fielderrors import forbidden, invalid
from policylint.kubernetes.crds.declare import MAX_REQUEST, Shape, size_at
from policylint.model import Cause, Object

RULE_LIMIT, CRD_LIMIT = 10_000_000, 100_000_000
"""The most a rule, and all rules of a version together, may be estimated to cost."""


class Environment(Struct, frozen=True):
    """What expressions may use: the functions of `minor`, or of `stored_minor` where the old CRD
    had them already."""

    minor: int
    stored_minor: int
    stored: frozenset[str] = frozenset()
    unchanged: bool = False
    """The version's schema did not change: the cost of its rules is not held against it."""

    def minor_for(self, expression: str) -> int:
        """The minor whose functions an expression may use."""
        if expression in self.stored:
            return self.stored_minor
        return self.minor


class Total(Struct):
    """The estimated cost of all rules of a version, and the dearest of them."""

    cost: int = 0
    dear: list[tuple[int, str]] = field(default_factory=list)

    def add(self, path: str, cost: int) -> None:
        """Count one rule; those from 1 % of the limit on are remembered, the four dearest."""
        self.cost = min(self.cost + cost, MOST)
        if cost >= CRD_LIMIT // 100:
            self.dear = sorted([*self.dear, (cost, path)], reverse=True)[:4]

    def causes(self, path: str) -> list[Cause]:
        """The server's refusal of too dear a schema."""
        if self.cost <= CRD_LIMIT:
            return []
        text = (
            "contributed to estimated rule cost total exceeding cost limit for entire "
            "OpenAPIv3 schema"
        )
        whole = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        own = [forbidden(where, text) for _, where in self.dear]
        return [*own, forbidden(path, too_dear(whole, self.cost, CRD_LIMIT))]


class Scope(Struct, frozen=True):
    """A schema node's place for its rules: its shape, how often it can occur, whether oldSelf
    correlates."""

    shape: Shape
    cardinality: int | None
    uncorrelated: str
    environment: Environment
    total: Total


def compile_rule(rule: Object, path: str, scope: Scope) -> list[Cause]:
    """What the server refuses of one rule; raises CelUnsupported where that cannot be told."""
    source = str(rule.get("rule") or "")
    shown = _shown(rule)
    problem, cost, uses_old = _compiled(source, rule, scope, Type("bool"))
    if scope.cardinality is not None:
        factor = scope.cardinality
    else:
        factor = MAX_REQUEST // (scope.shape.least + 1)
    causes = _dear(f"{path}.rule", "estimated rule cost", min(cost * factor, MOST), scope)
    if problem:
        return [*causes, invalid(f"{path}.rule", shown, problem)]
    causes += _message(rule, path, scope)
    if uses_old and scope.uncorrelated:
        text = (
            "oldSelf cannot be used on the uncorrelatable portion of the schema within "
            f"{scope.uncorrelated}"
        )
        causes.append(invalid(f"{path}.rule", source, text))
    if not uses_old and rule.get("optionalOldSelf") is not None:
        text = "may not be set if oldSelf is not used in rule"
        causes.append(invalid(f"{path}.optionalOldSelf", rule["optionalOldSelf"], text))
    return causes


def _message(rule: Object, path: str, scope: Scope) -> list[Cause]:
    source = str(rule.get("messageExpression") or "")
    if not source:
        return []
    problem, cost, _ = _compiled(source, rule, scope, Type("string"))
    where = f"{path}.messageExpression"
    if problem:
        return [
            invalid(
                where, _shown(rule), f"messageExpression {problem}".replace("cel expression ", "")
            )
        ]
    return _dear(where, "estimated messageExpression cost", cost, scope)


def _dear(path: str, name: str, cost: int, scope: Scope) -> list[Cause]:
    scope.total.add(path, cost)
    if scope.environment.unchanged or cost <= RULE_LIMIT:
        return []
    return [forbidden(path, too_dear(name, cost, RULE_LIMIT))]


def _compiled(source: str, rule: Object, scope: Scope, wanted: Type) -> tuple[str, int, bool]:
    """What is wrong with an expression, its worst cost, and whether it uses oldSelf."""
    if rule.get("optionalOldSelf"):
        old = optional(scope.shape.type)
    else:
        old = scope.shape.type
    try:
        root, positions = parse(source, scope.environment.stored_minor)
    except CelSyntaxError as error:
        return f"compilation failed: {error}", 0, False
    checked = check(
        root, {"self": scope.shape.type, "oldSelf": old}, scope.environment.minor_for(source)
    )
    errors = checked.errors or bad_literals(root, checked, scope.environment.stored_minor)
    if errors:
        return f"compilation failed: {error_text(source, positions, errors)}", 0, False
    if checked.type(root) != wanted:
        return f"cel expression must evaluate to a {wanted}", 0, False
    problem = bad_constant(root)
    if problem:
        return f"program instantiation failed: {problem}", 0, False
    cost = worst_cost(
        root, checked, lambda path: size_at(scope.shape, path), scope.environment.stored_minor
    )
    return "", cost, "oldSelf" in names(root)


def too_dear(name: str, cost: int, limit: int) -> str:
    """The server's words for a cost above a limit."""
    factor = cost / limit
    times = f"{factor:f}" if factor < 1.5 else f"{factor:.1f}"
    if factor > 100:
        times = "more than 100"
    hint = (
        "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where "
        "arrays, maps, and strings"
    )
    return f"{name} exceeds budget by factor of {times}x ({hint} are declared)"


def _shown(rule: Object) -> Mapping[str, object]:
    """A rule as the server's messages show it."""
    return {
        "Rule": rule.get("rule") or "",
        "Message": rule.get("message") or "",
        "MessageExpression": rule.get("messageExpression") or "",
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath") or "",
        "OptionalOldSelf": rule.get("optionalOldSelf"),
    }
