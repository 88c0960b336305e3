"""Policies, bindings, params and namespaces among the objects of files that a user names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.kubernetes.policies import gatekeeper
from policylint.kubernetes.policies.forms import refuse_odd
from policylint.kubernetes.policies.kyverno import cluster_policy, validating_policy
from policylint.kubernetes.policies.model import Policy, Source, name_of
from policylint.model import Object

_GROUP = "admissionregistration.k8s.io"
_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
_VERSIONS = {"v1": 3, "v1beta1": 2, "v1alpha1": 1}
"""API versions by how much they are preferred where a file holds a policy in several."""

_ENGINES = frozenset(
    {
        "kyverno.io",
        "policies.kyverno.io",
        "templates.gatekeeper.sh",
        "policies.kubewarden.io",
    }
)
"""API groups of policy engines: an object of theirs that is not converted is told, not passed
over."""


_OF_FORM = frozenset((_GROUP, "kyverno.io", "policies.kyverno.io"))
"""API groups of policies that are evaluated, and so must have the form for it."""


class PolicySet(Struct, frozen=True):
    """What files of policies hold: policies with their bindings, and all that policies may look
    at."""

    policies: tuple[Policy, ...] = ()
    objects: tuple[Object, ...] = ()
    """Params, namespaces and whatever else is no policy."""
    unread: tuple[Policy, ...] = ()
    """Objects of policy engines that cannot be evaluated: `unsupported` says why."""
    user: Object | None = None
    """Who runs helm (`kind: UserInfo`), as `request.userInfo` shows it."""


_CONVERTED: Mapping[tuple[str, str], Callable[[Source], tuple[Policy, ...]]] = {
    ("policies.kyverno.io", "ValidatingPolicy"): validating_policy,
    ("kyverno.io", "ClusterPolicy"): cluster_policy,
    ("kyverno.io", "Policy"): cluster_policy,
}
"""What makes policies of one engine's objects, by group and kind."""


def read(sources: Iterable[Source]) -> PolicySet:
    """What these objects are."""
    collected = _Collected()
    for source in flattened(sources):
        if _group_version(source.body)[0] in _OF_FORM:
            refuse_odd(source)
        collected.add(source)
    return collected.policy_set()


class _Collected:
    """What was found so far."""

    def __init__(self) -> None:
        self._templates: list[Source] = []
        self._constraints: list[Source] = []
        self._policies: dict[str, tuple[int, Policy]] = {}
        self._bindings: dict[str, tuple[int, Object]] = {}
        self._converted: list[Policy] = []
        self._unread: list[Policy] = []
        self._objects: list[Object] = []
        self._user: Object | None = None

    def add(self, source: Source) -> None:
        """Sort an object in."""
        body = source.body
        kind, (group, version) = str(body.get("kind") or ""), _group_version(body)
        if (group, kind) == (_GROUP, _POLICY):
            _keep(self._policies, name_of(body), _VERSIONS.get(version, 0), _policy(source))
        elif (group, kind) == (_GROUP, _BINDING):
            _keep(self._bindings, name_of(body), _VERSIONS.get(version, 0), body)
        elif kind == "UserInfo":
            self._user = _user(body)
        elif (group, kind) in _CONVERTED:
            self._converted += _CONVERTED[group, kind](source)
        elif group == gatekeeper.CONSTRAINTS:
            self._constraints.append(source)
            self._objects.append(body)  # its policy's params
        elif (group, kind) == (gatekeeper.TEMPLATES, "ConstraintTemplate"):
            self._templates.append(source)
        elif _is_of_an_engine(group, kind):
            self._unread.append(_not_evaluated(source))
        else:
            self._objects.append(body)

    def policy_set(self) -> PolicySet:
        """All of it, each policy with its bindings."""
        named = [policy for _, policy in self._policies.values()]
        bound = _bound(named, [body for _, body in self._bindings.values()])
        constrained = gatekeeper.policies(self._templates, self._constraints)
        return PolicySet(
            (*bound, *self._converted, *constrained),
            tuple(self._objects),
            tuple(self._unread),
            self._user,
        )


def flattened(sources: Iterable[Source]) -> Iterable[Source]:
    """The objects, those of Lists one by one; what is no object is left out."""
    for source in sources:
        body = source.body
        if not isinstance(body, Mapping):
            continue
        items = body.get("items")
        if str(body.get("kind") or "").endswith("List") and isinstance(items, list):
            yield from flattened(replace(source, body=item) for item in items)
        elif body.get("kind"):
            yield source


def _is_of_an_engine(group: str, kind: str) -> bool:
    return group in _ENGINES or (group == _GROUP and kind.startswith("Mutating"))


def _group_version(body: Object) -> tuple[str, str]:
    group, _, version = str(body.get("apiVersion") or "").rpartition("/")
    return group, version


def _keep(known: dict[str, tuple[int, Any]], name: str, rank: int, value: Any) -> None:
    if name not in known or known[name][0] <= rank:
        known[name] = (rank, value)


def _policy(source: Source) -> Policy:
    spec = source.body.get("spec")
    return Policy(
        name_of(source.body),
        _modern(spec) if isinstance(spec, Mapping) else {},
        file=source.file,
        line=source.line,
    )


def _modern(spec: Object) -> Object:
    """A spec as v1 has it: v1alpha1 names a param's group and version apart."""
    kind = spec.get("paramKind")
    if not isinstance(kind, Mapping) or "version" not in kind:
        return spec
    group = kind.get("group")
    if group:
        version = f"{group}/{kind['version']}"
    else:
        version = str(kind["version"])
    return {**spec, "paramKind": {"apiVersion": version, "kind": kind.get("kind")}}


def _bound(policies: Iterable[Policy], bindings: Iterable[Object]) -> Iterable[Policy]:
    by_policy: dict[str, list[Object]] = {}
    for binding in bindings:
        spec = binding.get("spec")
        if isinstance(spec, Mapping):
            by_policy.setdefault(str(spec.get("policyName") or ""), []).append(binding)
    for policy in policies:
        yield replace(policy, bindings=tuple(by_policy.get(policy.name, ())))


def _not_evaluated(source: Source) -> Policy:
    kind = str(source.body.get("kind"))
    why = f"{kind} is not evaluated by policylint: only policies written in CEL are"
    if kind.startswith("Mutating"):
        why = f"{kind} changes objects before they are judged, which is not evaluated offline"
    return Policy(name_of(source.body), {}, (), kind, source.file, source.line, unsupported=(why,))


def _user(body: Object) -> Object | None:
    info = body.get("userInfo")
    if isinstance(info, Mapping):
        return info
    return None
