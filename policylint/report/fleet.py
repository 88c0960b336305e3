"""What several releases show together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any

from msgspec import Struct, field

from policylint.model import ResourceId
from policylint.report.model import ChangeSummary

Key = tuple[str, ...]


_MISSING: Any = object()


class Member(Struct, frozen=True):
    """One release of the run: what it renders (hooks left out), and the user's values of both sides
    by key path."""

    name: str
    namespace: str
    environment: str = ""
    chart: str = ""
    changes: tuple[ChangeSummary, ...] = ()
    before: dict[Key, Any] = field(default_factory=dict)
    after: dict[Key, Any] = field(default_factory=dict)

    @property
    def role(self) -> tuple[str, str]:
        """What it is in every environment: its chart, and its name without the environment's."""
        return self.chart, self.name.replace(
            self.environment, ""
        ) if self.environment else self.name


class Fleet(Struct, frozen=True):
    """All releases of one run, in the order of the configuration: the subject of rules."""

    members: tuple[Member, ...]


class Overlap(Struct, frozen=True):
    """One object that several releases of one environment render, and whether the upgrade creates
    it for one."""

    resource: ResourceId
    members: tuple[Member, ...]
    created: bool


class Ahead(Struct, frozen=True):
    """A key whose value moves in a later stage although the stage before it stays at the value both
    had."""

    key: Key
    later: Member
    earlier: Member


def overlaps(fleet: Fleet) -> Iterator[Overlap]:
    """The objects of two releases; releases of different environments are in different clusters."""
    holders: dict[tuple[str, ResourceId], list[tuple[Member, str]]] = {}
    for member in fleet.members:
        for row in member.changes:
            if row.change in ("created", "kept"):
                holders.setdefault((member.environment, row.resource), []).append(
                    (member, row.change)
                )
    for (_, resource), holding in holders.items():
        members = {(member.namespace, member.name): member for member, _ in holding}
        if len(members) > 1:
            yield Overlap(
                resource, tuple(members.values()), any(word == "created" for _, word in holding)
            )


def ahead(fleet: Fleet) -> Iterator[Ahead]:
    """The values that skip a stage: equal before, moved in the later environment, not in the one
    listed before it."""
    staged = [member for member in fleet.members if member.environment]
    for _, group in groupby(
        sorted(staged, key=lambda member: member.role), key=lambda member: member.role
    ):
        stages = list(group)
        for earlier, later in pairwise(stages):
            yield from (Ahead(key, later, earlier) for key in _moved_alone(later, earlier))


def _moved_alone(later: Member, earlier: Member) -> Iterator[Key]:
    for key in {**later.before, **later.after}:
        was, now = later.before.get(key, _MISSING), later.after.get(key, _MISSING)
        if was != now and earlier.before.get(key, _MISSING) == was == earlier.after.get(
            key, _MISSING
        ):
            yield key
