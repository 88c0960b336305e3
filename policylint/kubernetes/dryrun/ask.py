"""Ask a cluster about an upgrade: each create and update as Helm would send it, as a dry run.

A dry run changes nothing, so that what an upgrade creates first is not there for what follows: an
object of a namespace, or of a kind, that the upgrade itself makes is not asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from policylint.kubernetes.api.reading import part
from policylint.kubernetes.dryrun.kubectl import Kubectl, Said
from policylint.kubernetes.forecast.answers import as_sent, patch_of
from policylint.kubernetes.forecast.building import unbuilt
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.moments import START, Moments, forward
from policylint.kubernetes.forecast.ownership import ownership_conflict, with_marks
from policylint.kubernetes.forecast.release import server_of
from policylint.kubernetes.forecast.server import Server
from policylint.kubernetes.forecast.strategicapply import UnpatchableError
from policylint.kubernetes.manifests.hookorder import events_of, is_deleted_first
from policylint.model import (
    Answer,
    Apply,
    Created,
    Deleted,
    Kept,
    Object,
    Outcome,
    Resource,
    ResourceId,
    Upgrade,
)

_AT_A_TIME = 8
_FIRST = (START[0], START[1] + 1)
"""Before Helm has made anything."""
_MADE_HERE = "it needs what this upgrade makes before it, which a dry run does not"
_NOT_SENT = "Helm refuses it before it sends anything"


class DryRun(Struct, frozen=True):
    """One object, what was forecast of it, and what the cluster answered.

    `unasked` says why it was not asked about, and is empty where it was.
    """

    id: ResourceId
    forecast: Answer | None
    answer: Said
    unasked: str = ""
    is_hook: bool = False
    """Whether it is a hook of the upgrade."""

    @property
    def differs(self) -> bool:
        """Whether the cluster answers otherwise than was forecast."""
        if self.unasked or self.answer.outcome is None or self.forecast is None:
            return False
        return self.answer.outcome is not self.forecast.outcome


def ask(upgrade: Upgrade, cluster: Cluster, kubectl: Kubectl) -> tuple[DryRun, ...]:
    """The cluster's answers, in the order of the changes, the hooks of the upgrade last."""
    asking = Asking(upgrade, cluster, kubectl)
    sent = [change for change in upgrade.changes if not isinstance(change, Deleted)]
    events = set(events_of(upgrade))
    hooks = [hook for hook in upgrade.hooks if events & set(hook.after.hooks)]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        changes = pool.map(asking.change, sent)
        runs = pool.map(asking.hook, hooks)
        return (*changes, *runs)


class Asking:
    """One upgrade, and the cluster that is asked about it."""

    def __init__(self, upgrade: Upgrade, cluster: Cluster, kubectl: Kubectl) -> None:
        self.upgrade, self.kubectl = upgrade, kubectl
        self.server: Server = server_of(upgrade, cluster)
        self.moments = forward(upgrade, cluster.live)
        self.kinds = frozenset(_kinds_made(self.moments))

    def change(self, change: Created | Kept) -> DryRun:
        """The answer to a change of the release."""
        unasked = self._unasked(change.after)
        response = Said(None) if unasked else self._change(change)
        return DryRun(change.id, change.forecast.upgrade, response, unasked)

    def hook(self, hook: Created) -> DryRun:
        """The answer to the creation of a hook."""
        unasked = self._unasked(hook.after)
        if unasked:
            response = Said(None)
        else:
            response = self._created(as_sent(hook.after), hook.id)
        if response.reason == "AlreadyExists" and is_deleted_first(hook.after):
            response = Said(Outcome.ACCEPTED)  # it is valid, and Helm deletes the old one first
        return DryRun(hook.id, hook.forecast.upgrade, response, unasked, is_hook=True)

    def _unasked(self, resource: Resource) -> str:
        if unbuilt(resource, hook=resource.is_hook) is not None:
            return _NOT_SENT
        identity = resource.id
        namespace = ResourceId("", "Namespace", "", identity.namespace)
        new_namespace = self.moments.knows(namespace) and not self.moments.has(namespace, _FIRST)
        new_kind = (identity.group, identity.kind) in self.kinds
        if new_namespace or new_kind:
            return _MADE_HERE
        return ""

    def _change(self, change: Created | Kept) -> Said:
        body = with_marks(as_sent(change.after), self.server.release, self.server.namespace)
        if isinstance(change, Kept) and self.server.target.apply is Apply.SERVER_SIDE:
            return self._applied(body, change.id)
        live, got = self.kubectl.live(body, change.id)
        if got.outcome is not Outcome.ACCEPTED:
            return got
        if live is None:
            return self._created(body, change.id)
        if isinstance(change, Created):
            refused = self._foreign(change.id, live)
            if refused is not None:
                return refused
        return self._updated(change, body, live)

    def _foreign(self, identity: ResourceId, live: Object) -> Said | None:
        """Helm's refusal of an object that is there and not of this release."""
        server = self.server
        if server.target.take_ownership:
            return None
        refused = ownership_conflict(
            identity, live, server.target.helm, server.release, server.namespace
        )
        if refused is None:
            return None
        return Said(Outcome.REJECTED, refused.causes[0].message)

    def _created(self, body: Object, identity: ResourceId) -> Said:
        if self.server.target.apply is Apply.SERVER_SIDE:
            return self._applied(body, identity)
        return self.kubectl.create(body, identity)

    def _applied(self, body: Object, identity: ResourceId) -> Said:
        return self.kubectl.apply(body, identity, force=self.server.target.force_conflicts)

    def _updated(self, change: Created | Kept, body: Object, live: Object) -> Said:
        method = self.server.target.apply
        if method is Apply.SERVER_SIDE:
            return self._applied(body, change.id)
        if method is Apply.REPLACE:
            return self.kubectl.replace(body, change.id)
        if isinstance(change, Kept):
            base = as_sent(change.before)
        else:
            base = live
        try:
            sort, patch = patch_of(self.server, change.after, base, body, live)
        except UnpatchableError as error:
            return Said(Outcome.REJECTED, str(error))
        if not patch:
            return Said(Outcome.ACCEPTED)  # Helm sends nothing
        return self.kubectl.patch(patch, body, change.id, sort)


def _kinds_made(moments: Moments) -> Iterator[tuple[str, str]]:
    """The kinds whose definition this run makes before its resources are built."""
    definitions = [*moments.makes.crds, *moments.makes.hooks.values()]
    for definition in definitions:
        is_definition = definition.id.kind == "CustomResourceDefinition"
        if is_definition and not moments.has(definition.id, _FIRST):
            spec = part(definition.body, "spec")
            yield str(spec.get("group")), str(part(spec, "names").get("kind"))
