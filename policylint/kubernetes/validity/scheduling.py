"""Where pods may run: affinity terms, tolerations, spread constraints."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import (
    NOT_POSITIVE,
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    required,
    unsupported,
)
from policylint.kubernetes.api.reading import fields, has, many, number, objects, text, texts
from policylint.kubernetes.validity.formats import dns_label, label_value, qualified_name
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")


def affinity_term(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a PodAffinityTerm."""
    for path, name in texts(value, "namespaces", at):
        yield from each_invalid(path, name, dns_label(name))
    key = text(value, "topologyKey")
    if not key:
        yield required(f"{at}.topologyKey", "can not be empty")
    yield from each_invalid(f"{at}.topologyKey", key, qualified_name(key))
    for name in ("matchLabelKeys", "mismatchLabelKeys"):
        yield from _label_keys(value, name, at)
    for path, label in texts(value, "matchLabelKeys", at):
        if label in many(value, "mismatchLabelKeys"):
            yield invalid(path, label, "exists in both matchLabelKeys and mismatchLabelKeys")


def weight(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a preferred term's weight."""
    points = number(value, "weight") or 0
    if not 1 <= points <= 100:
        yield invalid(f"{at}.weight", points, "must be in the range 1-100")


def toleration(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a toleration."""
    key, operator, effect = text(value, "key"), text(value, "operator"), text(value, "effect")
    if key:
        yield from each_invalid(f"{at}.key", key, qualified_name(key))
    elif operator != "Exists":
        detail = (
            "operator must be Exists when `key` is empty, which means "
            '"match all values and all keys"'
        )
        yield invalid(f"{at}.operator", operator, detail)
    if has(value, "tolerationSeconds") and effect != "NoExecute":
        yield invalid(
            f"{at}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"
        )
    yield from _operator(value, at, operator, scope)
    if effect and effect not in _EFFECTS:
        yield unsupported(f"{at}.effect", effect, _EFFECTS)


def _operator(value: Object, at: str, operator: str, scope: Scope) -> Iterator[Cause]:
    taint_value = text(value, "value")
    if operator in ("Equal", ""):
        complaints = label_value(taint_value)
        if complaints:
            yield invalid(f"{at}.operator", taint_value, ";".join(complaints))
    elif operator == "Exists":
        if taint_value:
            yield invalid(
                f"{at}.operator", taint_value, "value must be empty when `operator` is 'Exists'"
            )
    elif operator in ("Lt", "Gt") and scope.minor >= 35:
        yield unsupported(f"{at}.operator", operator, ("Equal", "Exists", "Lt", "Gt"))
    else:
        yield unsupported(f"{at}.operator", operator, ("Equal", "Exists"))


def spread(spec: Object, at: str) -> Iterator[Cause]:
    """The errors of a pod's topology spread constraints."""
    constraints = list(objects(spec, "topologySpreadConstraints", at))
    for index, (path, value) in enumerate(constraints):
        key, action = text(value, "topologyKey"), text(value, "whenUnsatisfiable")
        skew = number(value, "maxSkew") or 0
        if skew <= 0:
            yield invalid(f"{path}.maxSkew", skew, NOT_POSITIVE)
        if not key:
            yield required(f"{path}.topologyKey", "can not be empty")
        if action not in _ACTIONS:
            yield unsupported(f"{path}.whenUnsatisfiable", action, _ACTIONS)
        for _, later in constraints[index + 1 :]:
            if (text(later, "topologyKey"), text(later, "whenUnsatisfiable")) == (key, action):
                yield duplicate(
                    f"{path}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}"
                )
                break
        yield from _least_domains(value, path, action)
        yield from _label_keys(value, "matchLabelKeys", path)


def _least_domains(value: Object, at: str, action: str) -> Iterator[Cause]:
    domains = number(value, "minDomains")
    if domains is None:
        return
    if domains <= 0:
        yield invalid(f"{at}.minDomains", domains, NOT_POSITIVE)
    if action != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        yield invalid(f"{at}.minDomains", domains, detail)


def _label_keys(value: Object, name: str, at: str) -> Iterator[Cause]:
    if many(value, name) and not has(value, "labelSelector"):
        yield forbidden(f"{at}.{name}", "must not be specified when labelSelector is not set")
        return
    selector = fields(value, "labelSelector")
    expressions = objects(selector, "matchExpressions", "")
    selected = {*fields(selector, "matchLabels"), *(text(item, "key") for _, item in expressions)}
    for path, key in texts(value, name, at):
        yield from each_invalid(path, key, qualified_name(key))
        if name == "matchLabelKeys" and key in selected and "topologySpread" in at:
            yield invalid(path, key, "exists in both matchLabelKeys and labelSelector")
