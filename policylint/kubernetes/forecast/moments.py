"""When each object is in the cluster while Helm upgrades a release, or rolls it back.

Hooks of the event before come first, by weight and name; then the objects of the manifest in the
order of their kinds; then the hooks of the event after; what is rendered no longer is deleted last.
A hook with hook-succeeded goes when all hooks of its event have run. Sources: Run of
pkg/action/upgrade.go and execHook of pkg/action/hooks.go, Helm 3.22 and 4.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from policylint.kubernetes.forecast.impact import is_kept
from policylint.kubernetes.manifests.hookorder import (
    events_of,
    in_order,
    is_deleted_after,
    stays_behind,
)
from policylint.kubernetes.manifests.install import rank
from policylint.model import Manifest, Object, Resource, ResourceId, Upgrade

Moment = tuple[int, int]
"""A phase and a step in it; what is made at a moment is there at every later one."""
Span = tuple[Moment, Moment]
START: Moment = (0, 0)
FIRST: Moment = (0, 1)
"""Before anything is sent."""
_BEFORE, _RESOURCES, _AFTER = 1, 2, 3
_DELETIONS: Moment = (4, 0)
END: Moment = (5, 0)
"""When the run is over."""
_ENDLESS: Moment = (9, 0)
_LAST = 10**9
ROLLBACK = ("pre-rollback", "post-rollback")


class Moments:
    """One run of Helm: from the side that is there to the side that it makes."""

    def __init__(
        self,
        there: Manifest,
        makes: Manifest,
        events: tuple[str, str],
        live: Mapping[ResourceId, Object],
    ) -> None:
        self.there, self.makes, self.events, self.live = there, makes, events, live
        self._spans: dict[ResourceId, list[Span]] = {}
        self._sent: dict[ResourceId, Moment] = {}
        self._at_first()
        self._run(in_order(makes, events[0]), _BEFORE)
        ordered = sorted(makes.resources.values(), key=lambda item: rank(item.id.kind))
        for step, resource in enumerate(ordered):
            self._sent[resource.id] = (_RESOURCES, step)
            self._span(resource.id, (_RESOURCES, step))
        self._run(in_order(makes, events[1]), _AFTER)
        for identity, resource in there.resources.items():
            if identity not in makes.resources and not is_kept(resource):
                self._cut(identity, _DELETIONS)

    def _at_first(self) -> None:
        there = self.there
        left = [hook.id for hook in there.hooks.values() if stays_behind(hook)]
        crds = [crd.id for crd in there.crds]
        if not there.resources:
            crds += [crd.id for crd in self.makes.crds]  # an installation applies crds/ first
        for identity in (*there.resources, *self.live, *left, *crds):
            self._span(identity, START)

    def _run(self, hooks: Sequence[Resource], phase: int) -> None:
        for step, hook in enumerate(hooks):
            end = _ENDLESS
            if is_deleted_after(hook):
                end = (phase, _LAST)
                self._cut(hook.id, end)
            self._spans.setdefault(hook.id, []).append(((phase, step), end))

    def _span(self, identity: ResourceId, start: Moment) -> None:
        self._spans.setdefault(identity, []).append((start, _ENDLESS))

    def _cut(self, identity: ResourceId, end: Moment) -> None:
        """What has the identity of a hook that is deleted goes with it."""
        if identity in self._spans:
            spans = self._spans[identity]
            self._spans[identity] = [(start, min(last, end)) for start, last in spans]

    def knows(self, identity: ResourceId) -> bool:
        """Whether the object is there or made at any time."""
        return identity in self._spans

    def has(self, identity: ResourceId, moment: Moment) -> bool:
        """Whether the object is there when something is made at a moment."""
        return any(start < moment <= end for start, end in self._spans.get(identity, ()))

    def comes_after(self, identity: ResourceId, moment: Moment) -> bool:
        """Whether the object is made at the moment or later."""
        return any(moment <= start for start, _ in self._spans.get(identity, ()))

    def is_never_made(self, identity: ResourceId) -> bool:
        """Whether the object is a hook that this run does not make, and nothing else made it."""
        return identity in self.makes.hooks and not self.knows(identity)

    def of_resource(self, identity: ResourceId) -> Moment:
        """When an object of the manifest is sent."""
        return self._sent.get(identity, (_RESOURCES, _LAST))

    def of_hooks(self) -> Iterator[tuple[str, Moment, Resource]]:
        """(event, moment, hook) in the order in which they run."""
        for event, phase in zip(self.events, (_BEFORE, _AFTER), strict=True):
            for step, hook in enumerate(in_order(self.makes, event)):
                yield event, (phase, step), hook

    def body(self, identity: ResourceId, moment: Moment) -> Object | None:
        """The object as it is at a moment, None where it is not there."""
        if not self.has(identity, moment):
            return None
        made = self.makes.resources.get(identity)
        if made is not None and self._sent[identity] < moment:
            return made.body
        hook = self.makes.hooks.get(identity)
        if hook is not None and any(START < start < moment for start, _ in self._spans[identity]):
            return hook.body
        return self.live.get(identity) or self._earlier(identity)

    def _earlier(self, identity: ResourceId) -> Object | None:
        for resources in (self.there.resources, self.there.hooks):
            if identity in resources:
                return resources[identity].body
        crds = (*self.there.crds, *self.makes.crds)
        return next((crd.body for crd in crds if crd.id == identity), None)

    def of_kind(
        self, kind: str, namespace: str, moment: Moment
    ) -> Iterator[tuple[ResourceId, Object]]:
        """The objects of a kind in a namespace that are there at a moment, and as they are then."""
        for identity in self._spans:
            if (identity.kind, identity.namespace) == (kind, namespace):
                body = self.body(identity, moment)
                if body is not None:
                    yield identity, body

    @property
    def identities(self) -> Iterable[ResourceId]:
        """Everything that is there at any time."""
        return self._spans.keys()


def forward(upgrade: Upgrade, live: Mapping[ResourceId, Object]) -> Moments:
    """The upgrade itself."""
    return Moments(upgrade.before, upgrade.after, events_of(upgrade), live)


def backward(upgrade: Upgrade, live: Mapping[ResourceId, Object]) -> Moments:
    """The rollback from what the upgrade leaves."""
    return Moments(upgrade.after, upgrade.before, ROLLBACK, live)
