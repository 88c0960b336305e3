"""Where pods may run: affinity terms, tolerations, spread constraints."""

from __future__ import annotations

from collections.abc import Collection, Iterator

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


_MERGED_KEYS = 34
"""The first minor that puts the labels of a spread constraint's keys into its selector (feature
MatchLabelKeysInPodTopologySpreadSelectorMerge), as it does for affinity terms."""

_IN_BOTH = "exists in both matchLabelKeys and labelSelector"


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
    yield from _keys_expressed_again(value, at)
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


def spread(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
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
        if scope.minor >= _MERGED_KEYS:
            yield from _keys_expressed_again(value, path)
        else:
            yield from _keys_selected(value, path)


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
    for path, key in texts(value, name, at):
        yield from each_invalid(path, key, qualified_name(key))


def _keys_selected(
    value: Object, at: str, merged: Collection[str] | None = None
) -> Iterator[Cause]:
    """The errors of keys that the selector has already; of `merged` alone, where they are given."""
    selector = fields(value, "labelSelector")
    selected = {*fields(selector, "matchLabels"), *_expressed(selector)}
    for path, key in texts(value, "matchLabelKeys", at):
        if key in selected and (merged is None or key in merged):
            yield invalid(path, key, _IN_BOTH)


def _keys_expressed_again(value: Object, at: str) -> Iterator[Cause]:
    """The errors of keys that an expression of the selector names after another part of it."""
    selector = fields(value, "labelSelector")
    keys = [*fields(selector, "matchLabels"), *_expressed(selector)]
    for path, key in texts(value, "matchLabelKeys", at):
        if keys.count(key) > 1:
            yield invalid(path, key, _IN_BOTH)


def _expressed(selector: Object) -> list[str]:
    return [text(item, "key") for _, item in objects(selector, "matchExpressions", "")]


def merged_keys(meta: Object, spec: Object, scope: Scope) -> Iterator[Cause]:
    """The errors of a new Pod whose labels the server puts into selectors that have their keys."""
    labels = fields(meta, "labels")
    for path, term in _affinity_terms(spec):
        yield from _keys_selected(term, path, labels)
    if scope.minor >= _MERGED_KEYS:
        for path, constraint in objects(spec, "topologySpreadConstraints", "spec"):
            yield from _keys_selected(constraint, path, labels)


def _affinity_terms(spec: Object) -> Iterator[tuple[str, Object]]:
    """Each affinity term of a pod's spec with its path."""
    for name in ("podAffinity", "podAntiAffinity"):
        affinity, at = fields(fields(spec, "affinity"), name), f"spec.affinity.{name}"
        yield from objects(affinity, "requiredDuringSchedulingIgnoredDuringExecution", at)
        preferred = objects(affinity, "preferredDuringSchedulingIgnoredDuringExecution", at)
        for path, weighted in preferred:
            yield f"{path}.podAffinityTerm", fields(weighted, "podAffinityTerm")
