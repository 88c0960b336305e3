"""Spreading over nodes or zones is removed.

What happens: all pods may land on one node or in one zone, and go down with it.

Why: topologySpreadConstraints or pod anti-affinity of a workload that stays are gone in this
upgrade.

What to do instead: keep the constraints.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.safeguards import removed
from policylint.model import Category, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.NOTE)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A container or pod had it before and has it no more."""
    yield from removed(
        change, ("topologySpreadConstraints", "affinity.podAntiAffinity"), "spreading"
    )
