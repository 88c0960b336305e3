"""A rolling update starts a pod whose host port the old pod still has.

What happens: the new pod needs a node where the port is free; with as many replicas as nodes there
is none, and the rollout hangs with a pending pod.

Why: the Deployment asks for a host port (or hostNetwork), and rolls with maxSurge above 0.

What to do instead: maxSurge: 0 and maxUnavailable: 1, which stops an old pod before a new one
starts; or a Service in place of the host port.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, part, parts
from policylint.kubernetes.api.rollouts import max_surge
from policylint.kubernetes.api.workloads import containers, pod_template
from policylint.kubernetes.forecast.impact import strategy, template_change
from policylint.model import Category, Confidence, Fix, Kept, Resource, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A Deployment with a new template, a surge and a host port."""
    if change.id.kind != "Deployment" or not change.fields or not _surges(change.after):
        return
    port = _host_port(change.after)
    touched = template_change(change, context.target.kubernetes)
    if touched is None or port is None:
        return
    yield Violation(
        message=f"the rollout hangs where no node has host port {port} free",
        because="the new pod starts before the old one gives the port back (maxSurge)",
        path=touched.path,
        before=touched.before,
        after=touched.after,
        fixes=(
            Fix(
                "set strategy.rollingUpdate: {maxSurge: 0, maxUnavailable: 1}",
                cost="one pod less while it rolls",
            ),
        ),
    )


def _surges(workload: Resource) -> bool:
    spec = part(workload.body, "spec")
    running = spec.get("replicas", 1) != 0 and spec.get("paused") is not True
    return running and strategy(spec, "Deployment") == "RollingUpdate" and max_surge(spec) > 0


def _host_port(workload: Resource) -> object:
    """The first port that the pods take of their node; None where they take none."""
    template = pod_template(workload) or {}
    shared = at(template, "spec", "hostNetwork") is True
    for _, container in containers(template):
        for port in parts(container, "ports"):
            taken = port.get("hostPort") or (port.get("containerPort") if shared else None)
            if taken:
                return taken
    return None
