"""replicas is rendered although an autoscaler owns it.

What happens: each upgrade sets replicas back to the rendered number until the autoscaler corrects
it; under server-side apply the upgrade can stop with a conflict on .spec.replicas.

Why: the chart renders replicas for a workload that a HorizontalPodAutoscaler or ScaledObject of the
release targets.

What to do instead: leave replicas out of the template when autoscaling is on, at a quiet hour: the
upgrade that takes the field out sets the workload to 1 replica, until the autoscaler corrects it
(measured with both Helms). Under server-side apply another manager can take the field over before,
and the number stays.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import targets
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.reading import at
from policylint.kubernetes.forecast.managers import TOPIC as CONFLICT
from policylint.model import (
    Apply,
    Category,
    Confidence,
    Created,
    FieldChange,
    Fix,
    Kept,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload that this upgrade touches renders replicas and is an autoscaler's target."""
    touched = set(_touched(upgrade)).difference(_open_conflicts(upgrade))
    for autoscaler, target in targets(upgrade.after):
        workload = upgrade.after.resources.get(target)
        if (
            workload is None
            or at(workload.body, "spec", "replicas") is None
            or target not in touched
        ):
            continue
        live = _live_replicas(upgrade, target)
        yield Violation(
            message=f"{target} renders replicas, which {autoscaler.id} owns{_set_back(live)}",
            because="server-side apply can stop with a conflict on .spec.replicas"
            if context.target.apply is Apply.SERVER_SIDE
            else "Helm compares with the live object, and sets replicas back at every upgrade",
            path="/spec/replicas",
            before=live.before if live else None,
            after=at(workload.body, "spec", "replicas"),
            resource=target,
            fixes=(_left_out(workload, context.target.apply),),
        )


def _live_replicas(upgrade: Upgrade, target: ResourceId) -> FieldChange | None:
    """What the upgrade does to the replicas of the live object, where one was given."""
    for change in upgrade.changes:
        if isinstance(change, Kept) and change.id == target:
            reverted = change.forecast.reverted
            return next((field for field in reverted if field.path == "/spec/replicas"), None)
    return None


def _set_back(live: FieldChange | None) -> str:
    if live is None:
        return ""
    return f": this upgrade sets {live.before} replicas to {live.after}"


def _left_out(workload: Resource, apply: Apply) -> Fix:
    """Without the field its manager lets go of it: what nobody else owns goes back to 1."""
    target = workload.id
    title = "render replicas only where autoscaling is off"
    if apply is not Apply.SERVER_SIDE:
        return Fix(
            title,
            steps=(
                "do it in an upgrade of its own, while there is little traffic",
                f"right after it: kubectl scale {named(target)} --replicas=<as many as ran>",
            ),
            cost="the upgrade that takes the field out sets it to 1 replica, until it is scaled "
            "again by hand or by the autoscaler",
        )
    lines = (
        f"'apiVersion: {workload.api_version}'",
        f"'kind: {target.kind}'",
        f"'metadata: {{name: {target.name}, namespace: {target.namespace}}}'",
        '"spec: {replicas: $N}"',
    )
    return Fix(
        title,
        steps=(
            f"N=$(kubectl get {named(target)} -o jsonpath='{{.spec.replicas}}')",
            f"printf '%s\\n' {' '.join(lines)} | "
            "kubectl apply --server-side --field-manager=autoscaler -f -",
            "then take replicas out of the template",
        ),
        cost="none: the number that runs has another owner before Helm lets go of it; without the "
        "commands it goes back to 1 until the autoscaler corrects it",
    )


def _touched(upgrade: Upgrade) -> Iterator[ResourceId]:
    """What the upgrade creates or changes, and the targets of autoscalers among it."""
    changed = {
        change.id
        for change in upgrade.changes
        if isinstance(change, Created) or (isinstance(change, Kept) and change.fields)
    }
    yield from changed
    yield from (target for scaler, target in targets(upgrade.after) if scaler.id in changed)


def _open_conflicts(upgrade: Upgrade) -> Iterator[ResourceId]:
    """The workloads of which field-manager-conflict tells the same and more."""
    for change in upgrade.changes:
        answered = change.forecast.upgrade
        if answered is None:
            continue
        unknown = [reason.topic for reason in answered.unknowns]
        if CONFLICT in (*unknown, *[cause.topic for cause in answered.causes]):
            yield change.id
