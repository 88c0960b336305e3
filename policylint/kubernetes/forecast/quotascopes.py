"""Which Pods a ResourceQuota with scopes counts.

Source: podMatchesScopeFunc of pkg/quota/v1/evaluator/core/pods.go of k8s.io/kubernetes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from policylint.kubernetes.api.reading import items, part, parts
from policylint.model import Object

_COMPUTE = frozenset({"cpu", "memory"})


def in_scope(quota: Object, pod: Object | None) -> bool:
    """Whether a quota's spec counts an object: a Pod by its spec, defaults included, None for
    anything else, which no scope has."""
    scopes = ({"scopeName": name, "operator": "Exists"} for name in items(quota.get("scopes")))
    requirements = [*scopes, *parts(part(quota, "scopeSelector"), "matchExpressions")]
    if pod is None:
        return not requirements
    return all(_matches(requirement, pod) for requirement in requirements)


def _matches(requirement: Object, pod: Object) -> bool:
    if requirement.get("scopeName") == "PriorityClass":
        return _has_class(requirement, str(pod.get("priorityClassName") or ""))
    scope = _SCOPES.get(str(requirement.get("scopeName")))
    return scope is not None and scope(pod)


def _has_class(requirement: Object, name: str) -> bool:
    operator, values = requirement.get("operator"), items(requirement.get("values"))
    if operator == "Exists":
        return bool(name)
    if operator == "In":
        return name in values
    if operator == "NotIn":
        return name not in values
    return operator == "DoesNotExist" and not name


def _is_terminating(pod: Object) -> bool:
    return pod.get("activeDeadlineSeconds") is not None


def _is_best_effort(pod: Object) -> bool:
    """Whether nothing of the Pod asks for processors or memory."""
    holders = [pod, *parts(pod, "containers"), *parts(pod, "initContainers")]
    asked = (
        part(holder, "resources", kind) for holder in holders for kind in ("limits", "requests")
    )
    return all(_COMPUTE.isdisjoint(amounts) for amounts in asked)


def _reaches_out(pod: Object) -> bool:
    """Whether an affinity term looks at other namespaces."""
    return any(
        term.get("namespaces") or term.get("namespaceSelector") is not None for term in _terms(pod)
    )


def _terms(pod: Object) -> Iterator[Object]:
    for kind in ("podAffinity", "podAntiAffinity"):
        affinity = part(pod, "affinity", kind)
        yield from parts(affinity, "requiredDuringSchedulingIgnoredDuringExecution")
        for weighted in parts(affinity, "preferredDuringSchedulingIgnoredDuringExecution"):
            yield part(weighted, "podAffinityTerm")


_SCOPES: Mapping[str, Callable[[Object], bool]] = {
    "Terminating": _is_terminating,
    "NotTerminating": lambda pod: not _is_terminating(pod),
    "BestEffort": _is_best_effort,
    "NotBestEffort": lambda pod: not _is_best_effort(pod),
    "CrossNamespacePodAffinity": _reaches_out,
}
