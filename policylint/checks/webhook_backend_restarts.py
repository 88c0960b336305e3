"""What answers a webhook is away for a while.

What happens: while no pod of the backend is ready the API server refuses every request that the
webhook covers. Where it covers pods, those of the backend too: it does not come back until somebody
takes the webhook away.

Why: the upgrade stops all pods of the backend (strategy Recreate, one replica of a StatefulSet,
replicas 0) of a webhook with failurePolicy Fail.

What to do instead: run two replicas with a rolling update and a readiness probe, and leave the
backend's own namespace out of the webhook with a namespaceSelector.
"""

from collections.abc import Iterator, Mapping

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part, parts
from policylint.kubernetes.api.rollouts import min_ready
from policylint.kubernetes.api.traffic import replicas
from policylint.kubernetes.api.workloads import behind
from policylint.kubernetes.forecast.impact import strategy, template_change
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Kept,
    Object,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

RUNNING = ("Deployment", "StatefulSet")
KINDS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """All workloads behind a webhook of policy Fail are kept, and this upgrade stops all pods of
    each; one violation for each workload."""
    minor = context.target.kubernetes
    kept = (change for change in upgrade.of(*RUNNING) if isinstance(change, Kept))
    away = {change.id: change for change in kept if _is_away(change, minor)}
    told: set[ResourceId] = set()
    for webhook, hook in _hooks(upgrade) if away else ():
        gone = _all_away(_backend(upgrade, hook), away)
        if gone is not None and gone.id not in told:
            told.add(gone.id)
            yield _violation(webhook, hook, gone)


def _all_away(pods: list[Resource], away: Mapping[ResourceId, Kept]) -> Kept | None:
    """The change of the first workload, where none of them stays."""
    gone = [away[workload.id] for workload in pods if workload.id in away]
    if gone and len(gone) == len(pods):
        return gone[0]
    return None


def _hooks(upgrade: Upgrade) -> Iterator[tuple[Resource, Object]]:
    """(configuration, webhook) of each webhook of the after side."""
    for resource in upgrade.after.resources.values():
        if resource.id.kind in KINDS:
            for hook in parts(resource.body, "webhooks"):
                yield resource, hook


def _is_away(change: Kept, minor: str) -> bool:
    """Whether a moment comes at which no pod of the workload is ready."""
    if replicas(change.after) == 0:
        return replicas(change.before) > 0
    if template_change(change, minor) is None:
        return False
    spec = part(change.after.body, "spec")
    if change.id.kind == "Deployment":
        return strategy(spec, "Deployment") == "Recreate" or (
            spec.get("paused") is not True and min_ready(spec) == 0
        )
    if change.id.kind == "StatefulSet":
        return replicas(change.after) == 1 and strategy(spec, "StatefulSet") == "RollingUpdate"
    return False


def _backend(upgrade: Upgrade, hook: Object) -> list[Resource]:
    """The workloads behind a webhook that refuses what it cannot ask."""
    reference = part(hook, "clientConfig", "service")
    if hook.get("failurePolicy", "Fail") != "Fail" or not reference:
        return []
    named = ResourceId("", "Service", str(reference.get("namespace")), str(reference.get("name")))
    service = upgrade.after.resources.get(named)
    if service is not None:
        return behind(service, upgrade.after)
    return []


def _violation(webhook: Resource, hook: Object, change: Kept) -> Violation:
    stuck = _covers_pods(hook) and not _leaves_out(hook)
    stopped = replicas(change.after) == 0
    message = f"the API server refuses what {webhook.id} covers "
    message += "from now on" if stopped else f"while {change.id} restarts"
    if stuck and not stopped:
        message += ", and its own new pods with it"
    because = f"{hook.get('name')} has failurePolicy Fail, and "
    because += (
        "its backend is scaled to zero" if stopped else "all its pods stop before new ones answer"
    )
    return Violation(
        message=message,
        because=because,
        path="/spec/replicas" if stopped else "/spec/template",
        severity=Severity.ERROR if stuck or stopped else None,
        resource=change.id,
        fixes=_fixes(change, stuck=stuck),
    )


def _fixes(change: Kept, *, stuck: bool) -> tuple[Fix, ...]:
    fixes = [
        Fix(
            "run two replicas of the backend, with a readinessProbe, and roll them: strategy: "
            "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"
        )
    ]
    if replicas(change.after) == 0:
        fixes = [Fix(f"keep {change.id} running, or remove the webhook in an upgrade before")]
    if stuck:
        key, namespace = "kubernetes.io/metadata.name", change.id.namespace
        fixes.append(
            Fix(
                "leave the backend's namespace out of the webhook",
                steps=(
                    f"namespaceSelector: {{matchExpressions: [{{key: {key}, operator: NotIn, "
                    f"values: [{namespace}]}}]}}",
                ),
                cost="what the webhook guards is not guarded in that namespace",
            )
        )
    return tuple(fixes)


def _covers_pods(hook: Object) -> bool:
    return any(
        {"pods", "*", "*/*"} & set(map(str, entry.get("resources") or ()))
        and {"CREATE", "*"} & set(map(str, entry.get("operations") or ()))
        for entry in parts(hook, "rules")
    )


def _leaves_out(hook: Object) -> bool:
    """Whether a selector says which objects it means: the backend may be left out by it."""
    return bool(part(hook, "namespaceSelector") or part(hook, "objectSelector"))
