"""What the upgrade does to one resource, and because of which field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policylint.kubernetes.api.schemas import NEWEST
from policylint.kubernetes.api.workloads import at, mapping, references, referred
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
)

KEEP = "helm.sh/resource-policy"
ROLLED_BY = {
    "Deployment": "strategy",
    "DaemonSet": "updateStrategy",
    "StatefulSet": "updateStrategy",
}
"""Workloads whose controller replaces the pods when the template changes, and the field that says
how."""
_DATA = ("/data", "/stringData", "/binaryData")


def impact(change: Change, minor: str = NEWEST) -> tuple[Impact, str]:
    """(impact, reason) of one change for a Kubernetes minor; the reason names the field or policy
    that decides."""
    if isinstance(change, Created):
        answer = change.forecast.upgrade
        refused = answer is not None and answer.outcome is Outcome.REJECTED
        return (
            (Impact.REFUSED, answer.causes[0].field) if refused and answer else (Impact.CREATE, "")
        )
    if isinstance(change, Deleted):
        return (Impact.NONE, f"{KEEP}: keep") if is_kept(change.before) else (Impact.DELETE, "")
    return _kept(change, minor)


def is_kept(resource: Resource) -> bool:
    """Whether Helm leaves this object in the cluster when the release drops it."""
    return str(resource.annotations.get(KEEP, "")).lower() == "keep"


def _kept(change: Kept, minor: str) -> tuple[Impact, str]:
    answer = change.forecast.upgrade
    if answer is not None and answer.outcome is Outcome.REJECTED:
        return Impact.REFUSED, answer.causes[0].field if answer.causes else ""
    if not change.fields:
        return Impact.NONE, ""
    template = template_change(change, minor) if change.id.group == "apps" else None
    return (Impact.IN_PLACE, "") if template is None else _rolled(change.after, template)


def template_change(change: Kept, minor: str = NEWEST) -> FieldChange | None:
    """The change of a workload's pod template that restarts pods; None where there is none.

    What the API server fills in anyway (a default that is now written out) and another notation of
    the same amount are no change: the controllers compare the templates as they are stored.
    """
    if change.id.kind not in ROLLED_BY:
        return None
    touched = [field for field in change.fields if field.path.startswith("/spec/template")]
    if not touched or (
        not any(_is_plain(field) for field in touched) and _same_template(change, minor)
    ):
        return None
    counting = [field for field in touched if _is_plain(field)] or touched
    return next((field for field in counting if not field.noise), counting[0])


def _is_plain(field: FieldChange) -> bool:
    """Whether one value takes the place of another: no default can make the two the same."""
    return field.op == "replace" and bool(field.before) and bool(field.after)


def _same_template(change: Kept, minor: str) -> bool:
    """Whether both templates are stored alike; a template that no server can store counts as
    another one."""
    from policylint.kubernetes.api.gotypes import same
    from policylint.kubernetes.api.schemas import minor_number, schemas
    from policylint.kubernetes.forecast.decode import UndecodableError, decode
    from policylint.kubernetes.forecast.request import schema

    node = schema(schemas(minor).kind(change.after.api_version, change.id.kind), "spec", "template")
    if node is None or change.before.api_version != change.after.api_version:
        return False
    sides = [mapping(side.body, "spec", "template") for side in (change.before, change.after)]
    try:
        before, after = (decode(node, template, minor_number(minor)) for template in sides)
    except UndecodableError:
        return False
    return same(node, before, after)


def _rolled(after: Resource, field: FieldChange) -> tuple[Impact, str]:
    """What a new template does to the pods of a workload."""
    spec = mapping(after.body, "spec")
    how = strategy(spec, after.id.kind)
    replicas = spec.get("replicas", 1) if after.id.kind != "DaemonSet" else 1
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
    found = spec.get(ROLLED_BY.get(kind, ""))
    name = found.get("type") if isinstance(found, Mapping) else None
    return name if isinstance(name, str) else "RollingUpdate"


def stale_readers(
    changes: Iterable[Change], minor: str = NEWEST
) -> dict[ResourceId, list[ResourceId]]:
    """Workloads whose pods do not restart although what they read changes, with those ConfigMaps
    and Secrets."""
    kept = [change for change in changes if isinstance(change, Kept)]
    changed = {
        change.id
        for change in kept
        if change.id.kind in ("ConfigMap", "Secret")
        and any(field.path.startswith(_DATA) for field in change.fields)
    }
    found: dict[ResourceId, list[ResourceId]] = {}
    for change in kept if changed else ():
        if change.id.kind in ROLLED_BY and template_change(change, minor) is None:
            read = {
                referred(change.after, reference) for reference in references(change.after)
            } & changed
            if read:
                found[change.id] = sorted(read)
    return found
