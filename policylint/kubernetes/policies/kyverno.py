"""Kyverno's policies that are written in CEL, as the ValidatingAdmissionPolicies that say the same.

`ValidatingPolicy` holds the same fields; of a `ClusterPolicy` each rule with `validate.cel` becomes
one policy. Source: kyverno pkg/admissionpolicy/builder.go and pkg/cel/policies/vpol. Pods of
workloads are judged as those of any policy that matches Pods, which is what autogen is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policylint.kubernetes.api.apis import plural
from policylint.kubernetes.api.schemas import NEWEST, group_of, schemas
from policylint.kubernetes.policies.model import Policy, Source, name_of
from policylint.model import Object

_OPERATIONS = ["CREATE", "UPDATE", "CONNECT", "DELETE"]
_SAME = ("matchConstraints", "matchConditions", "variables", "validations", "auditAnnotations")
_DENY = ("enforce", "deny")


def validating_policy(source: Source) -> tuple[Policy, ...]:
    """A `ValidatingPolicy`; what only Kyverno's engine has is unknown when it is evaluated."""
    spec = _mapping(source.body.get("spec"))
    own = {key: spec[key] for key in _SAME if key in spec}
    own["failurePolicy"] = spec.get("failurePolicy") or "Fail"
    actions = spec.get("validationActions") or ["Audit"]
    return (_policy(source, name_of(source.body), own, list(map(str, actions))),)


def cluster_policy(source: Source) -> tuple[Policy, ...]:
    """The rules of a `ClusterPolicy` or `Policy`; those that are not CEL cannot be evaluated."""
    spec = _mapping(source.body.get("spec"))
    rules = [rule for rule in spec.get("rules") or () if isinstance(rule, Mapping)]
    if not rules:
        return (_unread(source, "", "it has no rules"),)
    return tuple(_of_rule(source, spec, rule) for rule in rules)


def _of_rule(source: Source, spec: Object, rule: Object) -> Policy:
    name = str(rule.get("name") or "")
    validate = _mapping(rule.get("validate"))
    blocks = _resource_blocks(rule)
    resources = list(_matched(blocks))
    why = next(_hindrances(source, rule, blocks), "")
    if why or not resources:
        return _unread(source, name, why or f"the rule {name} matches in a way that is not known")
    constraints = {"resourceRules": resources, **_selectors(blocks)}
    action = validate.get("failureAction") or spec.get("validationFailureAction")
    if str(action).lower() in _DENY:
        actions = ["Deny"]
    else:
        actions = ["Audit", "Warn"]
    cel = _mapping(validate.get("cel"))
    own = _spec(cel, rule, {"matchConstraints": constraints, **_failure_policy(spec)})
    return _policy(source, f"{name_of(source.body)}/{name}", own, actions, cel.get("paramRef"))


def _failure_policy(spec: Object) -> dict[str, Any]:
    return {"failurePolicy": spec.get("failurePolicy") or "Fail"}


def _spec(cel: Object, rule: Object, own: dict[str, Any]) -> Object:
    """The spec of a policy, of a rule's `validate.cel`."""
    for key in ("variables", "auditAnnotations", "paramKind"):
        if cel.get(key):
            own[key] = cel[key]
    conditions = rule.get("celPreconditions") or []
    return {**own, "matchConditions": conditions, "validations": cel.get("expressions") or []}


def _hindrances(source: Source, rule: Object, blocks: list[Object]) -> Iterator[str]:
    """Why a rule is not evaluated."""
    name = rule.get("name")
    if not isinstance(_mapping(rule.get("validate")).get("cel"), Mapping):
        yield f"the rule {name} is not written in CEL"
    if source.body.get("kind") == "Policy":
        yield "a Policy of one namespace is not evaluated: write it as a ClusterPolicy"
    for key in ("exclude", "context", "preconditions"):
        if rule.get(key):
            yield f"the rule {name} has {key}, which only Kyverno evaluates"
    if len(blocks) != 1 and _selectors(blocks):
        yield f"the rule {name} matches by selectors in one of several ways"
    odd = _odd_keys(blocks)
    if odd:
        yield f"the rule {name} matches by {', '.join(sorted(odd))}"


def _odd_keys(blocks: list[Object]) -> set[str]:
    """The ways to match that are not evaluated."""
    odd = {key for block in blocks for key in block} - _KNOWN
    names = [name for block in blocks for name in block.get("names") or ()]
    return odd | {"patterns of names" for name in names if "*" in name or "?" in name}


_KNOWN = {"kinds", "operations", "names", "selector", "namespaceSelector"}


def _resource_blocks(rule: Object) -> list[Object]:
    match = _mapping(rule.get("match"))
    ways = [*(match.get("any") or ()), *(match.get("all") or ())]
    if not ways and match.get("resources"):
        ways = [match]
    odd = [way for way in ways if set(way) - {"resources"}]
    blocks = [_mapping(way.get("resources")) for way in ways]
    # roles, subjects: who asks is not known offline
    return [*blocks, *({"roles or subjects": True} for _ in odd)]


def _selectors(blocks: Iterable[Object]) -> dict[str, Any]:
    selectors: dict[str, Any] = {}
    for block in blocks:
        if block.get("selector"):
            selectors["objectSelector"] = block["selector"]
        if block.get("namespaceSelector"):
            selectors["namespaceSelector"] = block["namespaceSelector"]
    return selectors


def _matched(blocks: Iterable[Object]) -> Iterator[Object]:
    for block in blocks:
        for kind in block.get("kinds") or ():
            yield _resource_rule(str(kind), block)


def _resource_rule(kind: str, block: Object) -> Object:
    group, version, resource = _resource(kind)
    rule: dict[str, Any] = {
        "apiGroups": [group],
        "apiVersions": [version],
        "operations": block.get("operations") or _OPERATIONS,
        "resources": [resource],
    }
    names = list(block.get("names") or ())
    if names:
        return {**rule, "resourceNames": names}
    return rule


def _resource(kind: str) -> tuple[str, str, str]:
    """(group, version, resource) of `Pod`, `apps/v1/Deployment` or `*`."""
    *where, name = kind.split("/")
    if name == "*":
        return "*", "*", "*"
    if where:
        group, version = (where[0], where[1]) if len(where) > 1 else ("", where[0])
        return group, version, plural(name)
    known = [version for version, known_kind in schemas(NEWEST).kinds() if known_kind == name]
    stable = sorted(known, key=lambda version: ("alpha" in version, "beta" in version, version))
    if not stable:
        return "*", "*", plural(name)
    return group_of(stable[0]), "*", plural(name)


def _policy(source: Source, name: str, spec: Object, actions: list[str], ref: Any = None) -> Policy:
    binding: dict[str, Any] = {"policyName": name, "validationActions": actions}
    if ref:
        binding["paramRef"] = ref
    bound = {"metadata": {"name": f"{name_of(source.body)}-binding"}, "spec": binding}
    kind = str(source.body.get("kind"))
    return Policy(name, spec, (bound,), kind, source.file, source.line)


def _unread(source: Source, rule: str, why: str) -> Policy:
    name = name_of(source.body)
    kind = str(source.body.get("kind"))
    named = f"{name}/{rule}" if rule else name
    return Policy(named, {}, (), kind, source.file, source.line, (why,))


def _mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {}
