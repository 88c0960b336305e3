"""Pods ask for many times what they asked for.

What happens: where no node has that much free, new pods wait (Pending: "Insufficient cpu",
"Insufficient memory") and the rollout hangs; or a cluster autoscaler adds nodes, if any machine is
that large.

Why: a request is ten times what it was, or more; often a unit is missing or wrong (1000 for 1000m).

What to do instead: look at what the nodes have, and at the unit.
"""

from collections.abc import Iterator
from fractions import Fraction

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.safeguards import KeptContainer, kept_containers
from policylint.model import Category, Confidence, Fix, Json, Kept, Object, Severity, Violation

LARGE = {"cpu": Fraction(2), "memory": Fraction(4 * 2**30)}
"""What any node has free: less than that is not told."""


@rule(
    category=Category.DOWNTIME,
    severity=Severity.WARNING,
    confidence=Confidence.DEPENDS,
    params={"factor": 10},
)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A request, or a limit that stands for one, of many times its former amount."""
    for container in kept_containers(change):
        for name, large in LARGE.items():
            was, becomes = (_request(side, name) for side in (container.before, container.after))
            old, new = parse_quantity(was), parse_quantity(becomes)
            if not old or not new or new < large:
                continue
            if new >= old * int(context.params["factor"]):
                yield _violation(container, name, was, becomes)


def _violation(container: KeptContainer, name: str, was: Json, becomes: Json) -> Violation:
    return Violation(
        message=f"each pod needs a node with {becomes} of {name} free for container "
        f"{container.name} ({was} until now)",
        because="the scheduler places a pod only where its requests fit; what the nodes have is "
        "not known offline",
        path=f"{container.path}/resources/requests/{name}",
        before=was,
        after=becomes,
        fixes=(
            Fix(
                "look at what the nodes have, and at the unit",
                steps=("kubectl describe nodes | grep -A8 'Allocated resources'",),
            ),
            Fix(f"keep the request at {was}"),
        ),
    )


def _request(container: Object, name: str) -> Json:
    resources = part(container, "resources")
    return part(resources, "requests").get(name) or part(resources, "limits").get(name)
