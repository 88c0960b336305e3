"""Which requests a policy or a binding matches.

Source: k8s.io/apiserver pkg/admission/plugin/policy/matching/matching.go and
pkg/admission/plugin/webhook/predicates (rules, namespace, object).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policylint.cel.values import CelUnsupported
from policylint.kubernetes.policies.model import Request
from policylint.model import Json, Object

_NEVER = frozenset(
    {
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
    }
)
"""Kinds that policies never judge, so that nobody locks himself out."""


def matched(constraints: Object, request: Request) -> Request | None:
    """The request as match constraints take it, in an equivalent version where only that one is
    named; None where they do not.

    Raises CelUnsupported where a label that nobody knows decides.
    """
    if request.kind in _NEVER and request.group == "admissionregistration.k8s.io":
        return None
    if not _objects_match(constraints.get("objectSelector"), request):
        return None
    exact = constraints.get("matchPolicy") == "Exact"
    excluded = constraints.get("excludeResourceRules") or ()
    if _by_rules(excluded, request, exact) is not None:
        return None
    rules = constraints.get("resourceRules")
    if rules:
        taken = _by_rules(rules, request, exact)
    else:
        taken = request
    if taken is None or not _namespace_matches(constraints.get("namespaceSelector"), request):
        return None
    return taken


def _by_rules(rules: Iterable[Object], request: Request, exact: bool) -> Request | None:
    rules = tuple(rules)
    if any(_rule_matches(rule, request) for rule in rules):
        return request
    for equivalent in () if exact else request.equivalents:
        if any(_rule_matches(rule, equivalent) for rule in rules):
            return equivalent
    return None


def _rule_matches(rule: Object, request: Request) -> bool:
    return (
        _any_of(rule.get("apiGroups"), request.group)
        and _any_of(rule.get("apiVersions"), request.version)
        and _any_of(rule.get("operations"), request.operation)
        and _resource_matches(rule.get("resources") or (), request.resource)
        and _scope_matches(str(rule.get("scope") or "*"), request)
        and _name_matches(rule.get("resourceNames") or (), request)
    )


def _any_of(values: Any, wanted: str) -> bool:
    return "*" in (values or ()) or wanted in (values or ())


def _resource_matches(resources: Iterable[str], resource: str) -> bool:
    return any(entry in ("*", "*/*", resource, f"{resource}/*") for entry in resources)


def _scope_matches(scope: str, request: Request) -> bool:
    if scope == "*":
        return True
    # a Namespace is not in itself
    return (scope == "Namespaced") is request.namespaced


def _name_matches(names: Iterable[str], request: Request) -> bool:
    """A name that the server generates is none that a policy could have named."""
    names = tuple(names)
    return not names or (request.name in names and not request.generated)


def _objects_match(selector: Object | None, request: Request) -> bool:
    """Either side will do: taking the label off does not get an update past the policy."""
    if not selector:
        return True
    sides = (request.object, request.old_object)
    return any(selects(selector, labels_of(side)) for side in sides if side is not None)


def _namespace_matches(selector: Object | None, request: Request) -> bool:
    if not selector:
        return True
    if request.kind == "Namespace" and request.group == "":
        if request.operation == "DELETE":
            side = request.old_object
        else:
            side = request.object
        return selects(selector, labels_of(side))
    if not request.namespaced:
        return True
    if request.namespace is None:
        labels = {"kubernetes.io/metadata.name": request.namespace_name}
        return _selects_partly(selector, labels, request.namespace_name)
    return selects(selector, labels_of(request.namespace))


def _selects_partly(selector: Object, labels: Mapping[str, str], namespace: str) -> bool:
    """The same where only the label that every namespace has is known."""
    known, unknown = _split(selector, frozenset(labels))
    if not selects(known, labels):
        return False
    if not unknown:
        return True
    raise CelUnsupported(
        f"the labels of the namespace {namespace} are not known: add the Namespace to the release,"
        " or give it with --live"
    )


def _split(selector: Object, labels: frozenset[str]) -> tuple[Object, list[str]]:
    """The part of a selector that is about these labels, and the other keys that it names."""
    wanted, terms = selector.get("matchLabels") or {}, selector.get("matchExpressions") or ()
    known = {
        "matchLabels": {key: value for key, value in wanted.items() if key in labels},
        "matchExpressions": [term for term in terms if term.get("key") in labels],
    }
    keys = [*wanted, *(str(term.get("key")) for term in terms)]
    return known, [key for key in keys if key not in labels]


def labels_of(body: Json) -> Mapping[str, str]:
    """The labels of an object."""
    if isinstance(body, Mapping):
        metadata = body.get("metadata")
    else:
        metadata = None
    if isinstance(metadata, Mapping):
        labels = metadata.get("labels")
    else:
        labels = None
    if isinstance(labels, Mapping):
        return labels
    return {}


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    return all(_term_holds(term, labels) for term in selector.get("matchExpressions") or ())


def _term_holds(term: Object, labels: Mapping[str, str]) -> bool:
    key, values = str(term.get("key")), term.get("values") or ()
    match term.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
