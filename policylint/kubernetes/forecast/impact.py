"""What the upgrade does to one resource, and because of which field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from policylint.kubernetes.api.generated import are_generated
from policylint.kubernetes.api.gotypes import same
from policylint.kubernetes.api.keys import DATA, WHOLE, keys_read
from policylint.kubernetes.api.reading import at, part
from policylint.kubernetes.api.schemas import NEWEST, minor_number, schemas
from policylint.kubernetes.forecast.decode import UndecodableError, decode
from policylint.kubernetes.forecast.request import schema
from policylint.kubernetes.manifests.reader import UnreadResource
from policylint.model import (
    Change,
    Created,
    Deleted,
    FieldChange,
    Impact,
    Kept,
    Object,
    Outcome,
    Resource,
    ResourceId,
    Upgrade,
)
from policylint.runtime.patterns import pattern
from policylint.runtime.pointers import steps

KEEP = "helm.sh/resource-policy"
ROLLED_BY = {
    "Deployment": "strategy",
    "DaemonSet": "updateStrategy",
    "StatefulSet": "updateStrategy",
}
"""Workloads whose controller replaces the pods when the template changes, and the field that says
how."""
_CHECKSUM = pattern(r"/spec/template/metadata/annotations/[^/]*checksum[^/]*$")


def impact(change: Change, minor: str = NEWEST) -> tuple[Impact, str]:
    """(impact, reason) of one change for a Kubernetes minor; the reason names the field or policy
    that decides."""
    if isinstance(change, Created):
        answer = change.forecast.upgrade
        refused = answer is not None and answer.outcome is Outcome.REJECTED
        if refused and answer:
            return (Impact.REFUSED, answer.causes[0].field)
        return (Impact.CREATE, "")
    if isinstance(change, Deleted):
        if is_kept(change.before):
            return (Impact.NONE, f"{KEEP}: keep")
        return (Impact.DELETE, "")
    return _kept(change, minor)


def effect_on(change: Change, upgrade: Upgrade, minor: str = NEWEST) -> tuple[Impact, str]:
    """`impact` of a change of an upgrade, with the pods that restart whatever changes."""
    effect, reason = impact(change, minor)
    restarting = upgrade.restarting.get(_name(change))
    if restarting and isinstance(change, Kept) and effect in (Impact.NONE, Impact.IN_PLACE):
        return _rolled(change.after, FieldChange(restarting, "replace"))
    return effect, reason


def _name(change: Change) -> str:
    return f"{change.id.kind} {change.id.name}"


def is_kept(resource: Resource) -> bool:
    """Whether Helm leaves this object in the cluster when the release drops it."""
    return resource.annotations.get(KEEP) == "keep"


def deleted(upgrade: Upgrade, *kinds: str) -> Iterator[Deleted]:
    """The objects of these kinds (of every kind where none is named) that Helm deletes."""
    for change in upgrade.of(*kinds) if kinds else upgrade.changes:
        if isinstance(change, Deleted) and not is_kept(change.before):
            yield change


def _kept(change: Kept, minor: str) -> tuple[Impact, str]:
    answer = change.forecast.upgrade
    if answer is not None and answer.outcome is Outcome.REJECTED:
        return Impact.REFUSED, answer.causes[0].field if answer.causes else ""
    if change.forecast.recreated:
        return Impact.RECREATE, change.forecast.recreated
    if not change.fields:
        return _put_back(change) if change.forecast.reverted else _reordered(change, minor)
    return _changed_in_place(change, minor)


def _changed_in_place(change: Kept, minor: str) -> tuple[Impact, str]:
    if change.id.group == "apps":
        template = template_change(change, minor)
    else:
        template = None
    if template is not None:
        return _rolled(change.after, template)
    if _only_writes_out(change, minor):
        return Impact.NONE, "what is written out is what the API server fills in anyway"
    return Impact.IN_PLACE, ""


def _only_writes_out(change: Kept, minor: str) -> bool:
    """Whether all that changes are defaults that are written out now, or no longer are."""
    if any(field.op == "replace" for field in change.fields):
        return False
    return _stored_alike(change, minor)


def _put_back(change: Kept) -> tuple[Impact, str]:
    """What an upgrade that changes nothing does to a live object that somebody has changed."""
    for field in change.forecast.reverted:
        rolled = change.id.kind in ROLLED_BY and field.path.startswith("/spec/template")
        if rolled and change.id.group == "apps":
            return _rolled(change.after, field)
    return Impact.IN_PLACE, f"{change.forecast.reverted[0].path} was changed in the cluster"


def _reordered(change: Kept, minor: str) -> tuple[Impact, str]:
    """What items in another order do: a template in which they change places is another one."""
    if change.id.kind not in ROLLED_BY or change.id.group != "apps":
        return Impact.NONE, ""
    before, after = change.before, change.after
    if before is after or isinstance(after, UnreadResource) or _same_template(change, minor):
        return Impact.NONE, ""
    return _rolled(after, FieldChange("/spec/template", "replace"))


def template_change(change: Kept, minor: str = NEWEST) -> FieldChange | None:
    """The change of a workload's pod template that restarts pods; None where there is none.

    What the API server fills in anyway (a default that is now written out) and another notation of
    the same amount are no change: the controllers compare the templates as they are stored.
    """
    if change.id.kind not in ROLLED_BY:
        return None
    touched = [field for field in change.fields if field.path.startswith("/spec/template")]
    replaced = [field for field in touched if _is_plain(field)]
    if not touched or (not replaced and _same_template(change, minor)):
        return None
    return _least_noisy(replaced or touched)


def generated_secrets(change: Kept, upgrade: Upgrade) -> list[ResourceId]:
    """The Secrets that a workload reads and whose checksums are all that changes of its template,
    where what changes of them are values that a template generates at each render; none where it
    reads anything else that changes."""
    configs = _changed_configs(change, upgrade) if _only_checksums(change) else []
    secrets = [config for config in configs if config.id.kind == "Secret"]
    fields = [field for secret in secrets for field in secret.fields]
    if secrets == configs and are_generated(fields):
        return [secret.id for secret in secrets]
    return []


def _only_checksums(change: Kept) -> bool:
    touched = [field.path for field in change.fields if field.path.startswith("/spec/template")]
    return bool(touched) and all(map(_CHECKSUM.match, touched))


def _changed_configs(change: Kept, upgrade: Upgrade) -> list[Kept]:
    """The ConfigMaps and Secrets that a workload reads and that change."""
    read = {identity for identity, _ in keys_read(change.after)}
    configs = [config for config in upgrade.of("ConfigMap", "Secret") if config.id in read]
    return [config for config in configs if isinstance(config, Kept) and config.fields]


def _least_noisy(fields: list[FieldChange]) -> FieldChange:
    return next((field for field in fields if not field.noise), fields[0])


def _is_plain(field: FieldChange) -> bool:
    """Whether one value takes the place of another: no default can make the two the same."""
    return field.op == "replace" and bool(field.before) and bool(field.after)


def _same_template(change: Kept, minor: str) -> bool:
    """Whether both templates are stored alike."""
    return _stored_alike(change, minor, "spec", "template")


def _stored_alike(change: Kept, minor: str, *names: str) -> bool:
    """Whether both sides are stored alike below these names; what no server can store counts as
    another."""
    node = schema(schemas(minor).kind(change.after.api_version, change.id.kind), *names)
    if node is None or change.before.api_version != change.after.api_version:
        return False
    sides = [part(side.body, *names) for side in (change.before, change.after)]
    try:
        before, after = (decode(node, side, minor_number(minor)) for side in sides)
    except UndecodableError:
        return False
    return same(node, before, after)


def _rolled(after: Resource, field: FieldChange) -> tuple[Impact, str]:
    """What a new template does to the pods of a workload."""
    spec = part(after.body, "spec")
    how = strategy(spec, after.id.kind)
    if after.id.kind != "DaemonSet":
        replicas = spec.get("replicas", 1)
    else:
        replicas = 1
    if replicas == 0:
        return Impact.IN_PLACE, f"{field.path} (no pod restarts: replicas is 0)"
    if after.id.kind == "Deployment" and spec.get("paused") is True:
        return Impact.IN_PLACE, f"{field.path} (no pod restarts while the Deployment is paused)"
    if how == "OnDelete":
        return Impact.IN_PLACE, f"{field.path} (pods restart when they are deleted: OnDelete)"
    if how == "Recreate":
        return Impact.RECREATE, field.path
    partition = at(spec, "updateStrategy", "rollingUpdate", "partition")
    if after.id.kind == "StatefulSet" and isinstance(partition, int) and partition > 0:
        return _partitioned(field.path, partition, at(spec, "ordinals", "start"), replicas)
    return Impact.ROLLING_RESTART, field.path


def _partitioned(path: str, partition: int, start: object, replicas: object) -> tuple[Impact, str]:
    """Only pods whose ordinal is at least the partition get the new template."""
    first = start if isinstance(start, int) else 0
    if isinstance(replicas, int) and partition >= first + replicas:
        return Impact.IN_PLACE, f"{path} (no pod restarts: partition is {partition})"
    return Impact.ROLLING_RESTART, f"{path} (pods from ordinal {partition} on: partition)"


def strategy(spec: Object, kind: str) -> str:
    """RollingUpdate, Recreate or OnDelete, as a workload's spec says or defaults."""
    block = spec.get(ROLLED_BY.get(kind, ""))
    if isinstance(block, Mapping):
        name = block.get("type")
    else:
        name = None
    if isinstance(name, str):
        return name
    return "RollingUpdate"


def stale_readers(upgrade: Upgrade, minor: str = NEWEST) -> dict[ResourceId, list[ResourceId]]:
    """Workloads whose pods do not restart although what they read changes, with those ConfigMaps
    and Secrets."""
    kept = [change for change in upgrade.changes if isinstance(change, Kept)]
    changed = _changed(kept)
    if not changed:
        return {}
    stale = {
        change.id: _read_of(change.after, changed)
        for change in kept
        if _goes_on(change, upgrade, minor)
    }
    return {workload: read for workload, read in stale.items() if read}


def _changed(kept: Iterable[Kept]) -> set[tuple[ResourceId, str]]:
    """The keys of ConfigMaps and Secrets that change, and each of those objects as a whole."""
    keys = {(change.id, key) for change in kept for key in _changed_keys(change)}
    return keys | {(identity, WHOLE) for identity, _ in keys}


def _goes_on(change: Kept, upgrade: Upgrade, minor: str) -> bool:
    """Whether it is a workload whose pods do not restart."""
    if change.id.kind not in ROLLED_BY or _name(change) in upgrade.restarting:
        return False
    return template_change(change, minor) is None


def _read_of(workload: Resource, changed: Set[tuple[ResourceId, str]]) -> list[ResourceId]:
    """The objects of which a workload reads something that changes."""
    return sorted({identity for identity, _ in changed & keys_read(workload)})


def _changed_keys(change: Kept) -> set[str]:
    """The keys of a ConfigMap or Secret that change."""
    if change.id.kind not in ("ConfigMap", "Secret"):
        return set()
    changed: set[str] = set()
    for field in change.fields:
        name, *below = steps(field.path) or [""]
        if name in DATA:
            changed.update(below[:1] or {*part(field.before), *part(field.after)})
    return changed
