"""Several versions share one Service.

What happens: the Service spreads its connections over the pods of several workloads, by and large
in proportion to their replicas.

Why: a workload comes behind a Service that has one already (a canary), or their replicas change.

What to do instead: nothing, if a canary was meant: the share is said so that it can be checked.
Else give the new workload's pods a label that the Service does not select.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, part
from policylint.kubernetes.api.traffic import unsettled
from policylint.kubernetes.api.workloads import behind
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Manifest,
    Resource,
    Severity,
    Upgrade,
    Violation,
)

SCALED = ("Deployment", "StatefulSet", "ReplicaSet")


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A kept Service has workloads of replicas behind it whose shares this upgrade changes."""
    for change in unsettled(upgrade):
        if at(change.after.body, "spec", "clusterIP") == "None":
            continue  # the clients of a headless Service choose a pod themselves
        old, new = _shares(change.before, upgrade.before), _shares(change.after, upgrade.after)
        total = sum(new.values())
        if not old or len(new) < 2 or old == new or not old.keys() & new.keys() or total == 0:
            continue
        shares = ", ".join(
            f"{name} {count} of {total} pods ({100 * count // total} %)"
            for name, count in new.items()
        )
        yield Violation(
            message=f"{change.id} spreads its traffic over {len(new)} workloads: {shares}",
            because="connections go to pods at random, whichever workload they belong to",
            path="/spec/selector",
            after=part(change.after.body, "spec", "selector"),
            resource=change.id,
            fixes=(
                Fix(
                    "if no canary was meant, give one of them a label that the Service does "
                    "not select"
                ),
            ),
        )


def _shares(service: Resource, side: Manifest) -> dict[str, int]:
    """Replicas of the workloads behind a Service, by name; empty where one of them has no number of
    its own."""
    workloads = behind(service, side)
    if any(resource.id.kind not in SCALED for resource in workloads):
        return {}
    counts = {str(resource.id): at(resource.body, "spec", "replicas") for resource in workloads}
    return {name: count if isinstance(count, int) else 1 for name, count in counts.items()}
