"""Walk an object along its published schema and run the checks of each struct and field that is
met.

A check is found by the name of the struct ("core.v1.PodSpec"), so a Pod's rules hold wherever a pod
template is, and a field's path is where the walk found it. Subtrees without any check are never
entered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from policylint.kubernetes.api.fielderrors import child
from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.validity.scope import Check, Rule, Scope
from policylint.kubernetes.validity.tables import UNCHECKED, checks_of, rules_of
from policylint.model import Cause, Json, Object
from policylint.runtime.patterns import pattern

_PREFIXES = ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.kube-aggregator.pkg.apis.")
_UNCHECKED = ("io.k8s.apiextensions-apiserver.", "io.k8s.api.core.v1.PersistentVolumeClaimStatus")
"""What is checked elsewhere, and what the server does not look at where it stands in a template."""
_BETA = pattern(r"\.v1(alpha|beta)\d+\.")
"""Beta versions of a kind are checked as its v1 is: the server validates them all in one form."""


class Plan:
    """What to check at one schema node, and below it as far as somebody looks."""

    def __init__(self, node: Node, minor: int) -> None:
        name = struct_as_v1(node)
        self._node, self._minor = node, minor
        self._since: Mapping[str, int] = UNCHECKED.get(name, {})
        self._below: dict[str, Plan | None] = {}
        self.checks: tuple[Check, ...] = checks_of(name, node)
        self.rules: Mapping[str, tuple[Rule, ...]] = rules_of(name, node)
        structs = {key: self.below(key) for key in node.structs}
        self.plain: Mapping[str, Plan] = {
            key: plan
            for key, plan in structs.items()
            if plan is not None and (plan.checks or plan.plain)
        }
        """Fields that are structs in Go, not pointers: where they are missing, an empty one is
        checked."""

    def below(self, name: str) -> Plan | None:
        """The plan of a field; None where there is nothing to check."""
        if name not in self._below:
            fields = self._node.properties
            looked_at = self._since.get(name, 0) <= self._minor and fields.nests(name)
            self._below[name] = _unless_empty(fields.get(name) if looked_at else None, self._minor)
        return self._below[name]

    @property
    def element(self) -> Plan | None:
        """The plan of a list's items or a map's values; None where there is nothing to check."""
        if "" not in self._below:
            self._below[""] = _unless_empty(self._node.items or self._node.additional, self._minor)
        return self._below[""]


@cache
def _is_empty(node: Node, minor: int) -> bool:
    """Whether there is nothing to check at a node or below it."""
    if node.ref.startswith(_UNCHECKED):
        return True
    plan = plan_of(node, minor)
    return not (plan.checks or plan.rules or plan.element or any(map(plan.below, node.properties)))


def _unless_empty(node: Node | None, minor: int) -> Plan | None:
    return None if node is None or _is_empty(node, minor) else plan_of(node, minor)


def walk(plan: Plan, value: Json, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a value and everything below it, parents first."""
    if isinstance(value, dict):
        for check in plan.checks:
            yield from check(value, at, scope)
        yield from _fields(plan, value, at, scope)
    elif isinstance(value, list) and (element := plan.element) is not None:
        for index, item in enumerate(value):
            yield from walk(element, item, f"{at}[{index}]", scope)


def _fields(plan: Plan, value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    for name, struct_plan in plan.plain.items():
        if value.get(name) is None:
            yield from walk(struct_plan, {}, child(at, name), scope)
    for name, item in value.items():
        if item is not None:
            yield from _field(plan, name, item, at, scope)


def _field(plan: Plan, name: str, value: Json, at: str, scope: Scope) -> Iterator[Cause]:
    rules = plan.rules.get(name)
    below = plan.below(name)
    element = plan.element if below is None else None
    if rules is None and below is None and element is None:
        return  # most fields: no path is made for them
    path = child(at, name)
    for rule in rules or ():
        yield from rule(value, path)
    if below is not None:
        yield from walk(below, value, path, scope)
    elif element is not None:
        yield from walk(element, value, f"{at}[{name}]", scope)


@cache
def plan_of(node: Node, minor: int) -> Plan:
    """The plan of a schema node for a Kubernetes minor."""
    return Plan(node, minor)


def struct(node: Node) -> str:
    """The name of a node's struct as "core.v1.PodSpec"; "" where it has none."""
    for prefix in _PREFIXES:
        if node.ref.startswith(prefix):
            return node.ref[len(prefix) :]
    return node.ref


def struct_as_v1(node: Node) -> str:
    """The name under which a struct's checks are found: beta versions have those of v1."""
    return _BETA.sub(".v1.", struct(node))
