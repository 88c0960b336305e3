"""Walk an object along its published schema and run the checks of each struct and field that is
met.

A check is found by the name of the struct ("core.v1.PodSpec"), so a Pod's rules hold wherever a pod
template is, and a field's path is where the walk found it. Subtrees without any check are never
entered.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from policylint.kubernetes.api.fielderrors import child
from policylint.kubernetes.api.repeated import STRUCTS, Sound
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


_ON_ITS_OBJECT = frozenset({("StatefulSet", "spec.template.spec")})
"""Repeated parts that are judged by more than themselves: a StatefulSet's pods have the volumes of
its claim templates."""

_MOST_SOUND = 1000
"""The texts of a field that are kept as sound: as many as many releases have, and no more."""


class Entry(Struct):
    """What to check of one field: its value by rules, and what is below it.

    `sound` are the texts that no rule objected to: the same few stand in many objects, and whether
    a rule objects does not depend on the place.
    """

    rules: tuple[Rule, ...]
    below: Plan | None
    element: Plan | None
    """The plan of a map's values, where the field is an entry of a map."""
    sound: set[str]


class Plan:
    """What to check at one schema node, and below it as far as somebody looks."""

    def __init__(self, node: Node, minor: int) -> None:
        name = struct_as_v1(node)
        self._node, self._minor = node, minor
        self._since: Mapping[str, int] = UNCHECKED.get(name, {})
        self._below: dict[str, Plan | None] = {}
        self.checks: tuple[Check, ...] = checks_of(name, node)
        self.rules: Mapping[str, tuple[Rule, ...]] = rules_of(name, node)
        self._sound: dict[tuple[str, str], Sound] | None = {} if name in STRUCTS else None
        self.entries: dict[str, Entry | None] = {}
        """Declared fields that were met; None for one of which nothing is checked."""
        structs = {key: self.below(key) for key in node.structs}
        self.plain: Mapping[str, Plan] = {
            key: plan
            for key, plan in structs.items()
            if plan is not None and (plan.checks or plan.plain)
        }
        """Fields that are structs in Go, not pointers: where they are missing, an empty one is
        checked."""

    def sound(self, at: str, kind: str) -> Sound | None:
        """The values of this struct at one place in objects of a kind that have no errors; None
        where none are kept."""
        if self._sound is None or (kind, at) in _ON_ITS_OBJECT:
            return None
        return self._sound.setdefault((at, kind), Sound())

    def entry(self, name: str) -> Entry | None:
        """What to check of a field that was not met yet; None for nothing."""
        rules, below = self.rules.get(name, ()), self.below(name)
        element = self.element if below is None else None
        checked = bool(rules) or below is not None or element is not None
        if checked:
            entry = Entry(rules, below, element, set())
        else:
            entry = None
        if name in self._node.properties:  # the keys of a map are anybody's
            self.entries[name] = entry
        return entry

    def below(self, name: str) -> Plan | None:
        """The plan of a field; None where there is nothing to check."""
        if name not in self._below:
            fields = self._node.properties
            looked_at = self._since.get(name, 0) <= self._minor and fields.nests(name)
            plan = _unless_empty(fields.get(name) if looked_at else None, self._minor)
            if name not in fields:
                return plan
            self._below[name] = plan
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
    if node is None or _is_empty(node, minor):
        return None
    return plan_of(node, minor)


def walk(plan: Plan, value: Json, at: str, scope: Scope) -> list[Cause]:
    """The errors of a value and everything below it, parents first."""
    errors: list[Cause] = []
    _walk(plan, value, at, scope, errors)
    return errors


def _walk(plan: Plan, value: Json, at: str, scope: Scope, errors: list[Cause]) -> None:
    if value.__class__ is dict:
        _walk_struct(plan, value, at, scope, errors)
    elif value.__class__ is list and (element := plan.element) is not None:
        for index, item in enumerate(value):
            _walk(element, item, f"{at}[{index}]", scope, errors)


def _walk_struct(plan: Plan, value: Object, at: str, scope: Scope, errors: list[Cause]) -> None:
    sound = plan.sound(at, scope.kind)
    if sound is not None:
        if value in sound:
            return
        # checks that are asked once for many objects see nothing of the object around
        scope = Scope(scope.minor, {"kind": scope.kind})
    before = len(errors)
    for check in plan.checks:
        errors += check(value, at, scope)
    _walk_fields(plan, value, at, scope, errors)
    if sound is not None and len(errors) == before:
        sound.add(value)


def _walk_fields(plan: Plan, value: Object, at: str, scope: Scope, errors: list[Cause]) -> None:
    for name, struct_plan in plan.plain.items():
        if value.get(name) is None:
            _walk(struct_plan, {}, child(at, name), scope, errors)
    entries = plan.entries
    for name, item in value.items():
        if name in entries:
            entry = entries[name]
        else:
            entry = plan.entry(name)
        if entry is None or item is None:
            continue  # most fields: no path is made for them
        _walk_field(entry, name, item, at, scope, errors)


def _walk_field(
    entry: Entry, name: str, value: Json, at: str, scope: Scope, errors: list[Cause]
) -> None:
    below, element = entry.below, entry.element
    if value.__class__ is str:
        if entry.rules and value not in entry.sound:
            errors += _unsound(entry, value, child(at, name))
        return
    path = child(at, name)
    for rule in entry.rules:
        errors += rule(value, path)
    if below is not None:
        _walk(below, value, path, scope, errors)
    elif element is not None:
        _walk(element, value, f"{at}[{name}]", scope, errors)


def _unsound(entry: Entry, value: str, path: str) -> list[Cause]:
    """The errors of a text by the rules of its field."""
    errors = [cause for rule in entry.rules for cause in rule(value, path)]
    if not errors and len(entry.sound) < _MOST_SOUND:
        entry.sound.add(value)
    return errors


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
