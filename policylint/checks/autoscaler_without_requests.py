"""An autoscaler measures a share of a request that is not set.

What happens: the autoscaler cannot compute the utilization (FailedGetResourceMetric, "missing
request for cpu") and leaves the number of pods as it is, whatever the load.

Why: a metric of type Utilization is a percentage of the containers' requests, and a container of
the target has none.

What to do instead: set the request on every container of the pods, sidecars too, or measure
AverageValue.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import targets
from policylint.kubernetes.api.reading import at, part, parts
from policylint.kubernetes.api.workloads import containers, pod_template
from policylint.model import (
    Category,
    Fix,
    Manifest,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A HorizontalPodAutoscaler on Utilization over containers without requests that was not so
    before."""
    before = {(scaler.id, resource) for scaler, _, resource, _ in _blind(upgrade.before)}
    for scaler, target, resource, container in _blind(upgrade.after):
        if (scaler.id, resource) not in before:
            yield Violation(
                message=f"{scaler.id} does not scale {target}: "
                f"its container {container} requests no {resource}",
                because=f"utilization is a share of the {resource} requests",
                path="/spec/metrics",
                resource=scaler.id,
                fixes=(
                    Fix(f"set resources.requests.{resource} on the container {container}"),
                    Fix("measure AverageValue instead of Utilization"),
                ),
            )


def _blind(side: Manifest) -> Iterator[tuple[Resource, ResourceId, str, str]]:
    """(autoscaler, target, resource, container) of each metric that cannot be computed."""
    for scaler, target in targets(side):
        workload = side.resources.get(target)
        if scaler.id.kind != "HorizontalPodAutoscaler" or workload is None:
            continue
        for resource in _measured(scaler):
            container = _without_request(workload, resource)
            if container:
                yield scaler, target, resource, container


def _measured(scaler: Resource) -> Iterator[str]:
    """The resources whose utilization an autoscaler measures over all containers."""
    if at(scaler.body, "spec", "targetCPUUtilizationPercentage") is not None:
        yield "cpu"
    for metric in parts(scaler.body, "spec", "metrics"):
        source = part(metric, "resource")
        kind = at(source, "target", "type")
        if kind == "Utilization" or "targetAverageUtilization" in source:
            yield str(source.get("name"))


def _without_request(workload: Resource, resource: str) -> str:
    """The first container without a request; "" where all have one. A limit stands for it."""
    for path, container in containers(pod_template(workload) or {}):
        if "/initContainers/" in path:
            continue
        resources = part(container, "resources")
        fields = (at(resources, "requests", resource), at(resources, "limits", resource))
        if fields == (None, None):
            return str(container.get("name"))
    return ""
