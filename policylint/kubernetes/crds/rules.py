"""Runs a CRD's `x-kubernetes-validations` on a custom resource, transition rules included.

Source: apiextensions-apiserver pkg/apiserver/schema/cel: a rule that names `oldSelf` runs only
where an old value correlates (fields by name, items of map lists by key), unless it has
`optionalOldSelf`; a rule that does not is forgiven where the value did not change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from policylint.cel import CelError, CelUnsupported, compile
from policylint.cel.values import NONE, Optional
from policylint.errors import PolicylintError
from policylint.kubernetes.crds.convert import to_cel, with_meta
from policylint.kubernetes.crds.correlate import Pair, old_item
from policylint.kubernetes.crds.words import CR, OMITTED, duplicate, forbidden, invalid, required
from policylint.model import Cause, Json, Object, Unknown

_VARIABLES = frozenset({"self", "oldSelf"})
_MAX_MESSAGE = 5 * 1024


class Place(Struct, frozen=True):
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

    def field(self, name: str, schema: Object, path: str) -> Place:
        """The place of a field or map entry."""
        old = self.old.get(name) if isinstance(self.old, Mapping) else None
        pair, parent = self._next(self.pair.field(name) if self.pair is not None else None)
        if self.pair is not None and self.parent is None and name in ("apiVersion", "kind"):
            pair = parent = None
        return Place(
            path, self.new[name], old, schema, _embedded(schema), self.ratchets, pair, parent
        )

    def item(self, at: int, schema: Object) -> Place:
        """The place of a list item; only lists of type map correlate theirs."""
        old = old_item(self.schema, self.new[at], self.old)
        pair, parent = self._next(self.pair.item(at) if self.pair is not None else None)
        return Place(
            f"{self.path}[{at}]",
            self.new[at],
            old,
            schema,
            _embedded(schema),
            self.ratchets,
            pair,
            parent,
        )

    def _next(self, pair: Pair | None) -> tuple[Pair | None, Pair | None]:
        return (pair, self.pair) if self.pair is not None else (None, self.parent)


def _embedded(schema: Object) -> bool:
    return bool(schema.get("x-kubernetes-embedded-resource"))


def run_rules(place: Place) -> Iterator[Cause | Unknown]:
    """What the rules at a place and below say: causes of a refusal, and what cannot be judged."""
    if place.new is None:
        return
    for rule in place.schema.get("x-kubernetes-validations") or ():
        if str(rule.get("rule") or "").strip():
            yield from _run(rule, place)
    if isinstance(place.new, list):
        items = place.schema.get("items")
        if isinstance(items, Mapping):
            for at in range(len(place.new)):
                yield from run_rules(place.item(at, items))
    elif isinstance(place.new, Mapping):
        yield from _fields(place, place.new)


def _fields(place: Place, value: Object) -> Iterator[Cause | Unknown]:
    properties, additional = (
        place.schema.get("properties") or {},
        place.schema.get("additionalProperties"),
    )
    for name in value:
        if name in properties:
            path = f"{place.path}.{name}" if place.path else name
            yield from run_rules(place.field(name, properties[name], path))
        elif isinstance(additional, Mapping):
            yield from run_rules(place.field(name, additional, f"{place.path}[{name}]"))


def _run(rule: Object, place: Place) -> Iterator[Cause | Unknown]:
    try:
        program = compile(str(rule["rule"]), _VARIABLES)
        transition, optional = "oldSelf" in program.uses, bool(rule.get("optionalOldSelf"))
        if transition and place.old is None and not optional:
            return
        bindings = _bindings(place, transition, optional)
        result = program.evaluate(bindings)
    except CelError as error:
        yield invalid(
            _at(place),
            _type(place),
            f"rule evaluation error: {error} evaluating rule: {_default_text(rule)}",
        )
        return
    except (CelUnsupported, PolicylintError) as error:
        yield _unknown(rule, place, error)
        return
    if result is True:
        return
    if isinstance(result, CelError):
        yield invalid(_at(place), _type(place), _failed(result, rule))
    elif transition or not place.forgiven:
        yield _refusal(rule, place, bindings)


def _bindings(place: Place, transition: bool, optional: bool) -> dict[str, Any]:
    schema = with_meta(place.schema) if place.root else place.schema
    bindings = {"self": to_cel(place.new, schema)}
    if transition and place.old is not None:
        old = to_cel(place.old, schema)
        bindings["oldSelf"] = Optional(old, True) if optional else old
    elif transition:
        bindings["oldSelf"] = NONE
    return bindings


def _at(place: Place) -> str:
    return place.path or "<nil>"


def _type(place: Place) -> str:
    return str(place.schema.get("type") or "")


def _default_text(rule: Object) -> str:
    return str(rule.get("message") or rule["rule"]).strip()


def _failed(error: CelError, rule: Object) -> str:
    if str(error) != "no such overload":
        return f"{error} evaluating rule: {_default_text(rule)}"
    reason = (
        "call arguments did not match a supported operator, function or macro signature for rule"
    )
    return f"'{error}': {reason}: {_default_text(rule)}"


def _refusal(rule: Object, place: Place, bindings: Mapping[str, Any]) -> Cause:
    text = _message(rule, bindings)
    field = f"{place.path}{_child_path(rule)}".removeprefix(".") or "<nil>"
    value = OMITTED if isinstance(place.new, Mapping | list) else place.new
    match rule.get("reason"):
        case "FieldValueForbidden":
            return forbidden(field, text)
        case "FieldValueRequired":
            return required(field, text)
        case "FieldValueDuplicate":
            return duplicate(field, value)
    return invalid(field, value, text)


def _message(rule: Object, bindings: Mapping[str, Any]) -> str:
    expression = str(rule.get("messageExpression") or "")
    made = _evaluated(expression, bindings).strip() if expression else ""
    if made and "\n" not in made and len(made) <= _MAX_MESSAGE:
        return made
    text = str(rule.get("message") or "").strip()
    return text or f"failed rule: {str(rule['rule']).strip()}"


def _evaluated(expression: str, bindings: Mapping[str, Any]) -> str:
    try:
        found = compile(expression, _VARIABLES).evaluate(bindings)
    except (CelUnsupported, PolicylintError):
        return ""
    return found if isinstance(found, str) else ""


def _child_path(rule: Object) -> str:
    path = str(rule.get("fieldPath") or "")
    return (
        path.replace("['", "[").replace("']", "]")
        if path.startswith((".", "["))
        else f".{path}"
        if path
        else ""
    )


def _unknown(rule: Object, place: Place, error: Exception) -> Unknown:
    lead = "a validation rule that cannot be judged offline"
    return Unknown(
        f"{lead} ({error}): {str(rule['rule']).strip()}",
        "kubectl apply --dry-run=server -f <the manifest> (the server then runs the rule)",
        CR,
        _at(place),
    )
