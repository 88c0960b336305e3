"""Pods of a workload are refused by their namespace.

What happens: the upgrade is accepted, and its new pods are not made: "violates PodSecurity", or
"maximum cpu usage per Container is ...". The rollout stops before its first new pod; where only the
namespace or its LimitRange changed, the pods that run go on until something restarts them.

Why: admission judges a pod when a controller makes it: by the label
pod-security.kubernetes.io/enforce of its namespace, and by the LimitRanges in it. Both are rendered
by this release.

What to do instead: give the pods what the namespace wants first, or change the namespace in an
upgrade of its own.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.workloads import pod_template, template_path, workloads
from policylint.kubernetes.forecast import limitranges, podsecurity
from policylint.kubernetes.forecast.impact import template_change
from policylint.model import (
    Category,
    Change,
    Confidence,
    Created,
    Deleted,
    Fix,
    Kept,
    Manifest,
    Object,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """What the namespace and the LimitRanges of the release say against pods that controllers make;
    what they said before already is no news."""
    if not any(
        identity.kind in ("Namespace", "LimitRange") for identity in upgrade.after.resources
    ):
        return
    kubernetes = upgrade.target.kubernetes
    changes = {change.id: change for change in upgrade.changes}
    for workload in workloads(upgrade.after):
        if workload.id.kind == "Pod":
            continue  # the forecast refuses it
        change = changes.get(workload.id)
        if isinstance(change, Kept):
            before = set(_objections(change.before, upgrade.before, kubernetes))
        else:
            before = set()
        news = [
            objection
            for objection in _objections(workload, upgrade.after, kubernetes)
            if objection not in before
        ]
        if news:
            yield _violation(workload, news, rolls=_rolls(change, upgrade))


def _objections(workload: Resource, side: Manifest, kubernetes: str) -> Iterator[str]:
    template = pod_template(workload) or {}
    spec = part(template, "spec")
    for identity, body in _around(workload.id.namespace, side):
        if identity.kind == "LimitRange":
            yield from (f"{text} ({identity})" for text in limitranges.of_pod(spec, body))
            continue
        yield from podsecurity.violations(template, part(body, "labels"), kubernetes)


def _around(namespace: str, side: Manifest) -> Iterator[tuple[ResourceId, Object]]:
    """(identity, spec of a LimitRange or metadata of the Namespace)."""
    for identity, resource in side.resources.items():
        if identity.group:
            continue
        if identity.kind == "LimitRange" and identity.namespace == namespace:
            yield identity, part(resource.body, "spec")
        elif identity.kind == "Namespace" and identity.name == namespace:
            yield identity, resource.metadata


def _rolls(change: Change | None, upgrade: Upgrade) -> bool:
    """Whether the upgrade makes new pods of the workload."""
    if change is None or isinstance(change, Deleted):
        return False
    if isinstance(change, Created):
        return True
    return template_change(change, upgrade.target.kubernetes) is not None


def _violation(workload: Resource, news: list[str], *, rolls: bool) -> Violation:
    if len(news) > 3:
        more = f" and {len(news) - 3} more"
    else:
        more = ""
    when = "new pods" if rolls else "pods that are made anew"
    return Violation(
        message=f"{when} of {workload.id} are refused by their namespace",
        because=f"{'; '.join(news[:3])}{more}",
        path=template_path(workload.id.kind),
        resource=workload.id,
        severity=Severity.ERROR if rolls else Severity.WARNING,
        fixes=(
            Fix(
                f"change the pod template of {workload.id} until it meets what refuses its pods",
                cost="the pods roll",
            ),
        ),
    )
