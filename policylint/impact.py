"""What the upgrade does to one resource, and because of which field."""

from __future__ import annotations

from collections.abc import Mapping

from policylint.model import Change, Created, Deleted, FieldChange, Impact, Kept, Object, Outcome, Resource

KEEP = "helm.sh/resource-policy"
ROLLED_BY = {"Deployment": "strategy", "DaemonSet": "updateStrategy", "StatefulSet": "updateStrategy"}
"""Workloads whose controller replaces the pods when the template changes, and the field that says how."""


def impact(change: Change) -> tuple[Impact, str]:
    """(impact, reason) of one change; the reason names the field or policy that decides."""
    if isinstance(change, Created):
        answer = change.forecast.upgrade
        refused = answer is not None and answer.outcome is Outcome.REJECTED
        return (Impact.REFUSED, answer.causes[0].field) if refused and answer else (Impact.CREATE, "")
    if isinstance(change, Deleted):
        return (Impact.NONE, f"{KEEP}: keep") if is_kept(change.before) else (Impact.DELETE, "")
    return _kept(change)


def is_kept(resource: Resource) -> bool:
    """Whether Helm leaves this object in the cluster when the release drops it."""
    return str(resource.annotations.get(KEEP, "")).lower() == "keep"


def _kept(change: Kept) -> tuple[Impact, str]:
    answer = change.forecast.upgrade
    if answer is not None and answer.outcome is Outcome.REJECTED:
        return Impact.REFUSED, answer.causes[0].field if answer.causes else ""
    if not change.fields:
        return Impact.NONE, ""
    template = template_change(change)
    if template is not None and change.id.group == "apps":
        return _rolled(change.after, template)
    return Impact.IN_PLACE, ""


def template_change(change: Kept) -> FieldChange | None:
    """The first change of a workload's pod template, the one that restarts pods; None where there is none."""
    if change.id.kind not in ROLLED_BY:
        return None
    touched = [field for field in change.fields if field.path.startswith("/spec/template")]
    return next((field for field in touched if not field.noise), touched[0] if touched else None)


def _rolled(after: Resource, field: FieldChange) -> tuple[Impact, str]:
    spec = after.body.get("spec")
    how = strategy(spec if isinstance(spec, Mapping) else {}, after.id.kind)
    if how == "Recreate":
        return Impact.RECREATE, field.path
    if how == "OnDelete":
        return Impact.IN_PLACE, f"{field.path} (pods restart when they are deleted: OnDelete)"
    return Impact.ROLLING_RESTART, field.path


def strategy(spec: Object, kind: str) -> str:
    """RollingUpdate, Recreate or OnDelete, as a workload's spec says or defaults."""
    found = spec.get(ROLLED_BY.get(kind, ""))
    name = found.get("type") if isinstance(found, Mapping) else None
    return name if isinstance(name, str) else "RollingUpdate"
