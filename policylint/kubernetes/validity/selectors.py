"""Label selectors and node selectors: their errors, and whether a selector matches labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.fielderrors import each_invalid, forbidden, invalid, required
from policylint.kubernetes.api.reading import many, objects, text, text_map, texts
from policylint.kubernetes.validity.formats import dns_subdomain, label_value, qualified_name
from policylint.kubernetes.validity.metadata import labels
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_WITH_VALUES = frozenset({"In", "NotIn"})
_WITHOUT_VALUES = frozenset({"Exists", "DoesNotExist"})
_ONE_VALUE = frozenset({"Gt", "Lt"})
_STRICT_VALUES = 33
"""The first minor known to check the values of required node affinity."""


def label_selector(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a LabelSelector."""
    yield from labels(value, "matchLabels", f"{at}.matchLabels")
    for path, item in objects(value, "matchExpressions", at):
        operator = text(item, "operator")
        yield from _values(item, path, operator)
        if operator not in _WITH_VALUES | _WITHOUT_VALUES:
            yield invalid(f"{path}.operator", operator, "not a valid selector operator")
        yield from each_invalid(f"{path}.key", text(item, "key"), qualified_name(text(item, "key")))
        for place, label in texts(item, "values", path):
            yield from each_invalid(place, label, label_value(label))


def node_selector(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a NodeSelector: there must be a term."""
    if not many(value, "nodeSelectorTerms"):
        yield required(f"{at}.nodeSelectorTerms", "must have at least one node selector term")


def node_selector_term(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a NodeSelectorTerm; values of preferred terms need not be label values."""
    strict = "preferredDuringScheduling" not in at and scope.minor >= _STRICT_VALUES
    for path, item in objects(value, "matchExpressions", at):
        yield from _node_requirement(item, path, strict)
    for path, item in objects(value, "matchFields", at):
        yield from _node_field(item, path)


def _node_requirement(item: Object, at: str, strict: bool) -> Iterator[Cause]:
    operator = text(item, "operator")
    yield from _values(item, at, operator)
    if operator in _ONE_VALUE:
        if len(many(item, "values")) != 1:
            yield required(
                f"{at}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'"
            )
    elif operator not in _WITH_VALUES | _WITHOUT_VALUES:
        yield invalid(f"{at}.operator", operator, "not a valid selector operator")
    yield from each_invalid(f"{at}.key", text(item, "key"), qualified_name(text(item, "key")))
    if strict:
        for place, label in texts(item, "values", at):
            yield from each_invalid(place, label, label_value(label))


def _node_field(item: Object, at: str) -> Iterator[Cause]:
    if text(item, "operator") not in _WITH_VALUES:
        yield invalid(f"{at}.operator", text(item, "operator"), "not a valid selector operator")
    elif len(many(item, "values")) != 1:
        yield required(
            f"{at}.values",
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        )
    if text(item, "key") != "metadata.name":
        yield invalid(f"{at}.key", text(item, "key"), "not a valid field selector key")
    else:
        for place, name in texts(item, "values", at):
            yield from each_invalid(place, name, dns_subdomain(name))


def _values(item: Object, at: str, operator: str) -> Iterator[Cause]:
    values = many(item, "values")
    if operator in _WITH_VALUES and not values:
        yield required(f"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    if operator in _WITHOUT_VALUES and values:
        yield forbidden(
            f"{at}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        )


def matches(selector: Object, object_labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects labels; an empty one selects everything."""
    wanted = text_map(selector, "matchLabels")
    if any(object_labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_meets(item, object_labels) for _, item in objects(selector, "matchExpressions", ""))


def _meets(item: Object, object_labels: Mapping[str, str]) -> bool:
    key, operator, values = text(item, "key"), text(item, "operator"), many(item, "values")
    if operator == "In":
        return key in object_labels and object_labels[key] in values
    if operator == "NotIn":
        return object_labels.get(key) not in values
    if operator == "DoesNotExist":
        return key not in object_labels
    return key in object_labels or operator != "Exists"


def is_empty(selector: Object) -> bool:
    """Whether a LabelSelector has no requirement at all."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")
