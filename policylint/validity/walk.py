"""Walk an object along its published schema and run the checks of each struct and field that is met.

A check is found by the name of the struct ("core.v1.PodSpec"), so a Pod's rules hold wherever a pod template is, and
a field's path is where the walk found it. Subtrees without any check are never entered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from msgspec import Struct, field

from policylint.model import Cause, Json, Object
from policylint.patterns import pattern
from policylint.schemas import Node


class Scope(Struct, frozen=True):
    """What a check may want to know besides its own struct: the Kubernetes minor (36 of 1.36) and the whole object."""

    minor: int
    root: Object

    @property
    def kind(self) -> str:
        """The kind of the whole object."""
        return str(self.root.get("kind") or "")


Check = Callable[[Object, str, Scope], Iterator[Cause]]
"""(struct, its path, scope) -> errors."""

Rule = Callable[[Json, str], Iterator[Cause]]
"""(value of one field, its path) -> errors; not run where the field is missing or null."""

_PREFIXES = ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.kube-aggregator.pkg.apis.")
_UNCHECKED = ("io.k8s.apiextensions-apiserver.",)
_BETA = pattern(r"\.v1(alpha|beta)\d+\.")
"""Beta versions of a kind are checked as its v1 is: the server validates them all in one form."""


class Plan(Struct, eq=False):
    """What to check at one schema node and below it."""

    checks: tuple[Check, ...] = ()
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    fields: Mapping[str, Plan] = field(default_factory=dict)
    plain: tuple[str, ...] = ()
    """Fields that are structs in Go, not pointers: where they are missing, an empty one is checked."""

    each: Plan | None = None
    """The plan of a list's items or a map's values."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to check here or below."""
        return not (self.checks or self.rules or self.fields or self.each)


def walk(plan: Plan, value: Json, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a value and everything below it, parents first."""
    if isinstance(value, Mapping):
        for check in plan.checks:
            yield from check(value, at, scope)
        yield from _fields(plan, value, at, scope)
    elif isinstance(value, list) and plan.each is not None:
        for index, item in enumerate(value):
            yield from walk(plan.each, item, f"{at}[{index}]", scope)


def _fields(plan: Plan, value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    for name in plan.plain:
        if value.get(name) is None:
            yield from walk(plan.fields[name], {}, f"{at}.{name}" if at else name, scope)
    for name, item in value.items():
        if item is None:
            continue
        rules = plan.rules.get(name)
        below = plan.fields.get(name)
        if rules is None and below is None and plan.each is None:
            continue
        path = f"{at}.{name}" if at else name
        for rule in rules or ():
            yield from rule(item, path)
        if below is not None:
            yield from walk(below, item, path, scope)
        elif plan.each is not None:
            yield from walk(plan.each, item, f"{at}[{name}]", scope)


@cache
def plan_of(node: Node, minor: int) -> Plan:
    """The plan of a schema node for a Kubernetes minor."""
    if node.ref.startswith(_UNCHECKED):
        return Plan()
    from policylint.validity.tables import CHECKS, RULES, UNCHECKED

    name = _BETA.sub(".v1.", struct(node))
    since = UNCHECKED.get(name, {})
    below = {key: plan_of(child, minor) for key, child in node.properties.items() if since.get(key, 0) <= minor}
    plain = tuple(key for key, child in node.properties.items() if child.default == {} and _has_checks(below.get(key)))
    each = node.items or node.additional
    plan = plan_of(each, minor) if each is not None else None
    return Plan(
        checks=CHECKS.get(name, ()),
        rules=RULES.get(name, {}),
        fields={key: found for key, found in below.items() if not found.empty},
        plain=plain,
        each=plan if plan is not None and not plan.empty else None,
    )


def _has_checks(plan: Plan | None) -> bool:
    """Whether an empty struct of this plan could be wrong."""
    return plan is not None and bool(plan.checks or any(_has_checks(plan.fields[name]) for name in plan.plain))


def struct(node: Node) -> str:
    """The name of a node's struct as "core.v1.PodSpec"; "" where it has none."""
    for prefix in _PREFIXES:
        if node.ref.startswith(prefix):
            return node.ref[len(prefix) :]
    return node.ref
