"""Resource requests or limits are removed.

What happens: the container may starve its neighbours, is evicted first, and an autoscaler that
counts in percent of the request stops.

Why: resources of a container that stays lose their requests or limits in this upgrade.

What to do instead: keep requests and limits.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.safeguards import removed
from policylint.model import Category, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.NOTE)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A container or pod had it before and has it no more."""
    yield from removed(change, ("resources.requests", "resources.limits"), "resources")
