"""A quota counts what the pods do not set.

What happens: new pods are refused: "failed quota: must specify limits.memory". Those that run go on
until something restarts them, and then do not come back.

Why: a ResourceQuota with limits or requests comes in (or counts more) where containers of the
namespace do not set them, or a container sets them no more. A LimitRange with defaults would fill
them in.

What to do instead: set the resources of every container first, or bring a LimitRange in with the
quota.
"""

from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, part
from policylint.kubernetes.api.workloads import containers, pod_template, template_path, workloads
from policylint.model import (
    Category,
    Confidence,
    Created,
    Deleted,
    Fix,
    Kept,
    Resource,
    Severity,
    Upgrade,
    Violation,
)

COUNTED = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
"""What a quota counts, and the field of a container that it asks for."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A quota without scopes counts what containers of the release in its namespace do not set (the
    quota counts it, or the container leaves it out, from now on), and no LimitRange of the release
    gives defaults."""
    for change in upgrade.of("ResourceQuota"):
        namespace = change.id.namespace
        if isinstance(change, Deleted) or _has_defaults(upgrade, namespace):
            continue
        for workload in workloads(upgrade.after):
            unset = _newly_unset(upgrade, change, workload)
            if unset is not None:
                path, name = unset
                yield Violation(
                    message=f"new pods of {workload.id} are refused by {change.id}: "
                    f"must specify {name}",
                    because=f"the quota counts {name}, and a container does not set it",
                    path=path,
                    resource=workload.id,
                    fixes=(
                        Fix(f"set resources.{name} on every container first"),
                        Fix(
                            "see whether a LimitRange gives defaults",
                            steps=(f"kubectl get limitrange -n {quote(namespace)} -o yaml",),
                        ),
                    ),
                )


def _newly_unset(
    upgrade: Upgrade, change: Created | Kept, workload: Resource
) -> tuple[str, str] | None:
    """What the quota counts and a container of the workload does not set, where the one or the
    other is new."""
    counted = _counted(change.after)
    if workload.id.namespace == change.id.namespace:
        unset = _unset(workload, counted)
    else:
        unset = None
    if unset is None or unset[1] in _newly_counted(change):
        return unset
    old = upgrade.before.resources.get(workload.id)
    if old is not None and _unset(old, counted):
        return None
    return unset


def _counted(quota: Resource) -> set[str]:
    """What a quota without scopes counts of every pod."""
    spec = part(quota.body, "spec")
    if spec.get("scopes") or spec.get("scopeSelector"):
        return set()
    return {name for name in part(spec, "hard") if name in COUNTED}


def _newly_counted(change: Created | Kept) -> set[str]:
    """What the quota counts that it did not count before."""
    if isinstance(change, Kept):
        before = _counted(change.before)
    else:
        before = set()
    return _counted(change.after) - before


def _has_defaults(upgrade: Upgrade, namespace: str) -> bool:
    return any(
        identity.kind == "LimitRange" and identity.namespace == namespace
        for identity in upgrade.after.resources
    )


def _unset(workload: Resource, counted: set[str]) -> tuple[str, str] | None:
    """(pointer, name) of the first counted field that a container leaves out; a limit is the
    request where none is set."""
    for path, container in containers(pod_template(workload) or {}):
        for name in sorted(counted):
            field, resource = COUNTED[name]
            limit = at(container, "resources", "limits", resource)
            if limit is None and at(container, "resources", field, resource) is None:
                return f"{template_path(workload.id.kind)}{path}/resources", name
    return None
