"""Gatekeeper's templates that are written in CEL, with their constraints, as policies.

Each constraint becomes a policy with one binding; its kinds are the resource rules. Source:
gatekeeper pkg/drivers/k8scel (transform, schema).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policylint.kubernetes.api.apis import plural
from policylint.kubernetes.policies.model import Policy, Source, name_of
from policylint.model import Object

TEMPLATES, CONSTRAINTS = "templates.gatekeeper.sh", "constraints.gatekeeper.sh"
_ENGINE = "K8sNativeValidation"
_ACTIONS = {"deny": "Deny", "warn": "Warn", "dryrun": "Audit"}
_VARIABLES = (
    {
        "name": "anyObject",
        "expression": 'request.operation == "DELETE" && object == null ? oldObject : object',
    },
    {
        "name": "params",
        "expression": "!has(params.spec) ? null : !has(params.spec.parameters) ? null"
        " : params.spec.parameters",
    },
)
_MATCH = frozenset(
    {
        *("kinds", "scope", "namespaces", "excludedNamespaces", "name"),
        *("labelSelector", "namespaceSelector", "source"),
    }
)
_IN_NAMESPACES = (
    "[object, oldObject].exists(obj, obj != null && (!has(obj.metadata.namespace)"
    " || obj.metadata.namespace == '' ? true : %sparams.spec.match.%s.exists(pattern,"
    " string(obj.metadata.namespace).matches('^' + string(pattern).replace('*', '.*') + '$'))))"
)
_NAMED = (
    "[object, oldObject].exists(obj, obj != null && has(obj.metadata.name) &&"
    " string(obj.metadata.name).matches('^' + string(params.spec.match.name)"
    ".replace('*', '.*') + '$'))"
)
_CONDITIONS = {
    "excludedNamespaces": _IN_NAMESPACES % ("!", "excludedNamespaces"),
    "namespaces": _IN_NAMESPACES % ("", "namespaces"),
    "name": _NAMED,
}


def policies(templates: Sequence[Source], constraints: Sequence[Source]) -> Iterator[Policy]:
    """The policy of each constraint, and what cannot be evaluated."""
    by_kind = {_kind_of(template.body): template for template in templates}
    for constraint in constraints:
        kind = str(constraint.body.get("kind") or "")
        template = by_kind.get(kind)
        if template is None:
            yield _unread(constraint, f"its template {kind} is not among the files of policies")
        else:
            yield _policy(template, constraint)
    used = {str(constraint.body.get("kind")) for constraint in constraints}
    for kind, template in by_kind.items():
        if kind not in used:
            yield Policy(name_of(template.body), {}, (), "ConstraintTemplate", template.file)


def _policy(template: Source, constraint: Source) -> Policy:
    code = _code(template.body)
    spec = _mapping(constraint.body.get("spec"))
    match = _mapping(spec.get("match"))
    enforcement = str(spec.get("enforcementAction") or "deny")
    odd = sorted(set(match) - _MATCH)
    if code is None:
        return _unread(constraint, f"its template is not written for {_ENGINE}")
    if enforcement not in _ACTIONS:
        return _unread(constraint, f"its enforcementAction is {enforcement}")
    if odd:
        return _unread(constraint, f"it matches by {', '.join(odd)}")
    name = f"gatekeeper-{name_of(template.body)}"
    kind = str(constraint.body.get("kind"))
    own = {
        **_spec(code, match),
        "paramKind": {"apiVersion": str(constraint.body.get("apiVersion")), "kind": kind},
    }
    action = _ACTIONS[enforcement]
    binding = _binding(f"{name}-{name_of(constraint.body)}", constraint, match, action)
    return Policy(name, own, (binding,), kind, constraint.file, constraint.line)


def _spec(code: Object, match: Object) -> dict[str, Any]:
    """The spec of a policy, of a template's code and a constraint's match."""
    conditions = [
        {"name": f"gatekeeper-{key}", "expression": expression}
        for key, expression in _CONDITIONS.items()
        if match.get(key)
    ]
    return {
        "failurePolicy": code.get("failurePolicy") or "Fail",
        "matchConstraints": {"resourceRules": list(_rules(match))},
        "matchConditions": [*conditions, *(code.get("matchCondition") or ())],
        "variables": [*_VARIABLES, *(code.get("variables") or ())],
        "validations": code.get("validations") or [],
    }


def _binding(name: str, constraint: Source, match: Object, action: str) -> Object:
    selectors = {"objectSelector": "labelSelector", "namespaceSelector": "namespaceSelector"}
    resources = {own: match[key] for own, key in selectors.items() if match.get(key)}
    return {
        "metadata": {"name": name},
        "spec": {
            "validationActions": [action],
            "paramRef": {"name": name_of(constraint.body), "parameterNotFoundAction": "Allow"},
            "matchResources": resources,
        },
    }


def _rules(match: Object) -> Iterator[Object]:
    """The resource rules of a constraint's kinds; all where it names none."""
    every: tuple[Object, ...] = ({},)
    for entry in match.get("kinds") or every:
        kinds = entry.get("kinds") or ["*"]
        yield {
            "apiGroups": entry.get("apiGroups") or ["*"],
            "apiVersions": ["*"],
            "operations": ["CREATE", "UPDATE"],
            "resources": ["*" if kind == "*" else plural(str(kind)) for kind in kinds],
            "scope": match.get("scope") or "*",
        }


def _code(template: Object) -> Object | None:
    """What a template says in CEL; None where it does not."""
    for target in _mapping(template.get("spec")).get("targets") or ():
        for code in _mapping(target).get("code") or ():
            if _mapping(code).get("engine") == _ENGINE:
                return _mapping(code.get("source"))
    return None


def _kind_of(template: Object) -> str:
    crd = _mapping(_mapping(_mapping(template.get("spec")).get("crd")).get("spec"))
    return str(_mapping(crd.get("names")).get("kind") or "")


def _unread(constraint: Source, why: str) -> Policy:
    kind, name = str(constraint.body.get("kind")), name_of(constraint.body)
    return Policy(name, {}, (), kind, constraint.file, constraint.line, (why,))


def _mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {}
