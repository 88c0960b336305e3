"""Runs a CRD's `x-kubernetes-validations` on a custom resource, transition rules included.

Source: apiextensions-apiserver pkg/apiserver/schema/cel: a rule that names `oldSelf` runs only
where an old value correlates (fields by name, items of map lists by key), unless it has
`optionalOldSelf`; a rule that does not is forgiven where the value did not change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import repeat
from typing import Any

from msgspec import Struct

from policylint.cel.budget import PER_OBJECT, Budget
from policylint.cel.program import compile
from policylint.cel.values import NONE, CelError, CelUnsupported, Optional
from policylint.errors import PolicylintError
from policylint.kubernetes.api.fielderrors import (
    OMITTED,
    TOPIC,
    duplicate,
    forbidden,
    invalid,
    required,
)
from policylint.kubernetes.crds.convert import to_cel, with_meta
from policylint.kubernetes.crds.correlate import Pair, old_items
from policylint.model import Cause, Json, Object, Unknown

_VARIABLES = frozenset({"self", "oldSelf"})
_MAX_MESSAGE = 5 * 1024


class RulePosition(Struct, frozen=True):
    """Where rules run: `old` is the correlated old value or None, `pair` and `parent` decide
    ratcheting."""

    path: str
    new: Json
    old: Json
    schema: Object
    root: bool = False
    ratchets: bool = True
    pair: Pair | None = None
    parent: Pair | None = None

    @property
    def forgiven(self) -> bool:
        """Whether errors of rules without `oldSelf` are only warnings here."""
        decider = self.pair if self.pair is not None else self.parent
        return self.ratchets and decider is not None and decider.same

    def field(self, name: str, schema: Object, path: str) -> RulePosition:
        """The position of a field or map entry."""
        if isinstance(self.old, Mapping):
            old = self.old.get(name)
        else:
            old = None
        pair, parent = self._next(self.pair.field(name) if self.pair is not None else None)
        if self.pair is not None and self.parent is None and name in ("apiVersion", "kind"):
            pair = parent = None
        return RulePosition(
            path, self.new[name], old, schema, _embedded(schema), self.ratchets, pair, parent
        )

    def items(self, schema: Object) -> Iterator[RulePosition]:
        """The positions of a list's items; only lists of type map correlate theirs."""
        olds = old_items(self.schema, self.new, self.old)
        if self.pair is not None:
            pairs = self.pair.items()
        else:
            pairs = repeat(None)
        for at, (item, old, pair) in enumerate(zip(self.new, olds, pairs, strict=False)):
            own, parent = self._next(pair)
            path = f"{self.path}[{at}]"
            yield RulePosition(
                path, item, old, schema, _embedded(schema), self.ratchets, own, parent
            )

    def _next(self, pair: Pair | None) -> tuple[Pair | None, Pair | None]:
        if self.pair is not None:
            return (pair, self.pair)
        return (None, self.parent)


def _embedded(schema: Object) -> bool:
    return bool(schema.get("x-kubernetes-embedded-resource"))


def run_rules(position: RulePosition) -> Iterator[Cause | Unknown]:
    """What the rules at a position and below say: causes of a refusal, and what cannot be judged.

    All of them share one budget, as in the server; where it is used up, no further rule is run.
    """
    budget = Budget(PER_OBJECT)
    for finding in _run_below(position, budget):
        yield finding
        if budget.left <= 0:
            return


def _run_below(position: RulePosition, budget: Budget) -> Iterator[Cause | Unknown]:
    if position.new is None:
        return
    yield from _run_own(position, budget)
    if isinstance(position.new, list):
        items = position.schema.get("items")
        for item in position.items(items) if isinstance(items, Mapping) else ():
            yield from _run_below(item, budget)
    elif isinstance(position.new, Mapping):
        for field in _fields(position, position.new):
            yield from _run_below(field, budget)


def _fields(position: RulePosition, value: Object) -> Iterator[RulePosition]:
    properties = position.schema.get("properties") or {}
    additional = position.schema.get("additionalProperties")
    for name in value:
        if name in properties:
            path = f"{position.path}.{name}" if position.path else name
            yield position.field(name, properties[name], path)
        elif isinstance(additional, Mapping):
            yield position.field(name, additional, f"{position.path}[{name}]")


def _run_own(position: RulePosition, budget: Budget) -> Iterator[Cause | Unknown]:
    values = _Values(position)
    for rule in position.schema.get("x-kubernetes-validations") or ():
        if str(rule.get("rule") or "").strip():
            yield from _run(rule, values, budget)


class _Values:
    """A position's values as CEL sees them, converted once for all rules there."""

    def __init__(self, position: RulePosition) -> None:
        self.position = position
        if position.root:
            self._schema = with_meta(position.schema)
        else:
            self._schema = position.schema

    @cached_property
    def new(self) -> Any:
        return to_cel(self.position.new, self._schema)

    @cached_property
    def old(self) -> Any:
        return to_cel(self.position.old, self._schema)

    def bindings(self, transition: bool, optional: bool) -> dict[str, Any]:
        """The variables of a rule; raises CelError where a value cannot be converted."""
        bindings = {"self": self.new}
        if transition and self.position.old is not None:
            bindings["oldSelf"] = Optional(self.old, True) if optional else self.old
        elif transition:
            bindings["oldSelf"] = NONE
        return bindings


def _run(rule: Object, values: _Values, budget: Budget) -> Iterator[Cause | Unknown]:
    position = values.position
    try:
        program = compile(str(rule["rule"]), _VARIABLES)
        transition, optional = "oldSelf" in program.uses, bool(rule.get("optionalOldSelf"))
        if transition and position.old is None and not optional:
            return
        bindings = values.bindings(transition, optional)
        result = program.evaluate(bindings, budget)
    except CelError as error:
        text = f"rule evaluation error: {error} evaluating rule: {_default_text(rule)}"
        yield invalid(_at(position), _type(position), text)
        return
    except (CelUnsupported, PolicylintError) as error:
        yield _unknown(rule, position, error)
        return
    if isinstance(result, CelError):
        yield invalid(_at(position), _type(position), _failed(result, rule))
    elif result is not True and (transition or not position.forgiven):
        yield _refusal(rule, position, bindings, budget)


def _at(position: RulePosition) -> str:
    return position.path or "<nil>"


def _type(position: RulePosition) -> str:
    return str(position.schema.get("type") or "")


def _default_text(rule: Object) -> str:
    return str(rule.get("message") or rule["rule"]).strip()


def _failed(error: CelError, rule: Object) -> str:
    if str(error) != "no such overload":
        return f"{error} evaluating rule: {_default_text(rule)}"
    reason = (
        "call arguments did not match a supported operator, function or macro signature for rule"
    )
    return f"'{error}': {reason}: {_default_text(rule)}"


def _refusal(
    rule: Object, position: RulePosition, bindings: Mapping[str, Any], budget: Budget
) -> Cause:
    text = _message(rule, bindings, budget)
    field = f"{position.path}{_child_path(rule)}".removeprefix(".") or "<nil>"
    if isinstance(position.new, Mapping | list):
        value = OMITTED
    else:
        value = position.new
    match rule.get("reason"):
        case "FieldValueForbidden":
            return forbidden(field, text)
        case "FieldValueRequired":
            return required(field, text)
        case "FieldValueDuplicate":
            return duplicate(field, value)
    return invalid(field, value, text)


def _message(rule: Object, bindings: Mapping[str, Any], budget: Budget) -> str:
    expression = str(rule.get("messageExpression") or "")
    if expression:
        evaluated = _evaluated(expression, bindings, budget).strip()
    else:
        evaluated = ""
    if evaluated and "\n" not in evaluated and len(evaluated) <= _MAX_MESSAGE:
        return evaluated
    text = str(rule.get("message") or "").strip()
    return text or f"failed rule: {str(rule['rule']).strip()}"


def _evaluated(expression: str, bindings: Mapping[str, Any], budget: Budget) -> str:
    try:
        text = compile(expression, _VARIABLES).evaluate(bindings, budget)
    except (CelUnsupported, PolicylintError):
        return ""
    if isinstance(text, str):
        return text
    return ""


def _child_path(rule: Object) -> str:
    path = str(rule.get("fieldPath") or "")
    if path.startswith((".", "[")):
        return path.replace("['", "[").replace("']", "]")
    if path:
        return f".{path}"
    return ""


def _unknown(rule: Object, position: RulePosition, error: Exception) -> Unknown:
    lead = "a validation rule that cannot be judged offline"
    return Unknown(
        f"{lead} ({error}): {str(rule['rule']).strip()}",
        "kubectl apply --dry-run=server -f <the manifest> (the server then runs the rule)",
        TOPIC,
        _at(position),
    )
