"""Each pod needs a node, or a zone, of its own.

What happens: where there are fewer nodes (or zones) than pods, the rest waits (Pending: "didn't
match pod anti-affinity rules"), and a rollout that starts a new pod before it stops an old one
hangs.

Why: the upgrade brings in a required pod anti-affinity with which the pods keep each other away, or
more replicas under the one that is there.

What to do instead: prefer instead of require (preferredDuringSchedulingIgnoredDuringExecution), or
topologySpreadConstraints; or count the nodes, those of a rollout too.
"""

from collections.abc import Iterator, Mapping
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import NOTHING, at, part, parts, text
from policylint.kubernetes.api.rollouts import max_surge
from policylint.kubernetes.api.traffic import replicas
from policylint.kubernetes.api.workloads import pod_labels, pod_template, selects
from policylint.kubernetes.forecast.impact import strategy
from policylint.model import Category, Confidence, Fix, Kept, Resource, Severity, Violation

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PATH = f"/spec/template/spec/affinity/podAntiAffinity/{REQUIRED}"
WORDS: Mapping[str, str] = {
    "kubernetes.io/hostname": "node",
    "topology.kubernetes.io/zone": "zone",
    "topology.kubernetes.io/region": "region",
}


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A required anti-affinity of a workload's pods among themselves that is new, or more replicas
    under it."""
    if change.id.kind not in ("Deployment", "StatefulSet") or not change.fields:
        return
    count = replicas(change.after)
    if count < 2:
        return
    known = _keys(change.before)
    for key in sorted(_keys(change.after)):
        if key not in known:
            yield _violation(change, key, count, Severity.WARNING, "the anti-affinity is new")
        elif count > replicas(change.before):
            because = f"replicas go from {replicas(change.before)} to {count}"
            yield _violation(change, key, count, Severity.NOTE, because)


def _violation(change: Kept, key: str, count: int, severity: Severity, because: str) -> Violation:
    word = WORDS.get(key, f"value of {key}")
    rolling = count + _surge(change.after)
    more = f", and {rolling} while it rolls" if rolling > count else ""
    return Violation(
        message=f"each of the pods needs a {word} of its own: {count}{more}",
        because=f"{because}: pods keep each other away by {key}; how many there are is not known "
        "offline",
        path=PATH,
        severity=severity,
        fixes=(
            Fix(
                f"count what there is of {key} on nodes that may run the pods",
                steps=(f"kubectl get nodes -L {quote(key)}",),
            ),
            Fix("prefer instead of require: preferredDuringSchedulingIgnoredDuringExecution"),
        ),
    )


def _surge(workload: Resource) -> int:
    spec = part(workload.body, "spec")
    rolls = workload.id.kind == "Deployment" and strategy(spec, "Deployment") == "RollingUpdate"
    return max_surge(spec) if rolls else 0


def _keys(workload: Resource) -> set[str]:
    """The topology keys of the required terms that select the workload's own pods."""
    labels = pod_labels(workload) or NOTHING
    anti = at(pod_template(workload) or {}, "spec", "affinity", "podAntiAffinity")
    return {
        text(term, "topologyKey")
        for term in parts(anti, REQUIRED)
        if part(term, "labelSelector") and selects(part(term, "labelSelector"), labels)
    }
