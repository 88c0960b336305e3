"""A NetworkPolicy is deleted, and its pods are open.

What happens: pods that no other policy selects take every connection from then on, and make every
one.

Why: the chart no longer renders the policy, or renders it for other pods.

What to do instead: keep the policy, or bring its successor in by an upgrade before.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.networkpolicies import FIELDS, policies_of, takes
from policylint.kubernetes.api.workloads import workloads
from policylint.kubernetes.forecast.impact import deleted
from policylint.model import (
    Category,
    Fix,
    Manifest,
    Resource,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A policy goes, and a workload of the after side that it selected is selected by none."""
    for change in deleted(upgrade, "NetworkPolicy"):
        open_now = [
            workload
            for workload in workloads(upgrade.after)
            if takes(change.before, workload) and not _is_selected(workload, upgrade.after)
        ]
        if open_now:
            names = ", ".join(str(workload.id) for workload in open_now[:3])
            yield Violation(
                message=f"the pods of {names} are open to all traffic after this upgrade",
                because=f"{change.id} is deleted, and no other policy of the release selects them",
                resource=change.id,
                fixes=(Fix(f"keep {change.id}, or bring its successor in first"),),
            )


def _is_selected(workload: Resource, side: Manifest) -> bool:
    return any(policies_of(workload, direction, side) for direction in FIELDS)
