"""Pods of a workload are refused when they are made.

What happens: the upgrade is accepted, and its new pods are not made: "violates PodSecurity",
"maximum cpu usage per Container is ...", or "exists in both matchLabelKeys and labelSelector". The
rollout stops before its first new pod; where only the namespace or its LimitRange changed, the pods
that run go on until something restarts them.

Why: a pod is judged when a controller makes it: by the label pod-security.kubernetes.io/enforce of
its namespace, and by the LimitRanges in it, as this release renders them or --live gives them. Into
a selector of its affinity or topology spread the server then puts the labels that matchLabelKeys
names, and refuses one that has them already.

What to do instead: give the pods what the namespace wants first, or change the namespace in an
upgrade of its own; name a label in matchLabelKeys or in the selector, not in both.
"""

from collections.abc import Iterator, Mapping

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.schemas import minor_number
from policylint.kubernetes.api.workloads import pod_template, template_path, workloads
from policylint.kubernetes.forecast import limitranges, podsecurity
from policylint.kubernetes.forecast.impact import template_change
from policylint.kubernetes.validity.scheduling import merged_keys
from policylint.kubernetes.validity.scope import Scope
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

_GUARDS = ("Namespace", "LimitRange")


@rule(category=Category.DOWNTIME, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """What the server, the namespace and its LimitRanges say against pods that controllers make;
    what they said before already is no news."""
    guarded = any(
        identity.kind in _GUARDS for identity in (*upgrade.after.resources, *upgrade.live)
    )
    changes = {change.id: change for change in upgrade.changes}
    for workload in workloads(upgrade.after):
        if workload.id.kind == "Pod":
            continue  # the forecast refuses it
        if not guarded and not workload.may_hold(("matchLabelKeys",)):
            continue
        change = changes.get(workload.id)
        news = _news(workload, change, upgrade)
        if news:
            yield _violation(workload, news, rolls=_rolls(change, upgrade))


def _news(workload: Resource, change: Change | None, upgrade: Upgrade) -> list[str]:
    before: set[str] = set()
    if isinstance(change, Kept):
        before.update(_objections(change.before, upgrade.before, upgrade))
    objections = _objections(workload, upgrade.after, upgrade)
    return [objection for objection in objections if objection not in before]


def _objections(workload: Resource, side: Manifest, upgrade: Upgrade) -> Iterator[str]:
    template = pod_template(workload) or {}
    spec, kubernetes = part(template, "spec"), upgrade.target.kubernetes
    scope = Scope(minor_number(kubernetes), template)
    for cause in merged_keys(part(template, "metadata"), spec, scope):
        yield f"{cause.field}: {cause.message}"
    for identity, body in _around(workload.id.namespace, side, upgrade.live):
        if identity.kind == "LimitRange":
            limits = limitranges.of_pod(spec, part(body, "spec"))
            yield from (f"{text} ({identity})" for text in limits)
            continue
        labels = part(body, "metadata", "labels")
        yield from podsecurity.violations(template, labels, kubernetes)


def _around(
    namespace: str, side: Manifest, live: Mapping[ResourceId, Object]
) -> Iterator[tuple[ResourceId, Object]]:
    """The Namespace and the LimitRanges in it, of the release or else of the cluster."""
    for identity, resource in side.resources.items():
        if _guards(identity, namespace):
            yield identity, resource.body
    for identity, body in live.items():
        if _guards(identity, namespace) and identity not in side.resources:
            yield identity, body


def _guards(identity: ResourceId, namespace: str) -> bool:
    if identity.group or identity.kind not in _GUARDS:
        return False
    return namespace == (identity.namespace or identity.name)


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
        message=f"{when} of {workload.id} are refused",
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
