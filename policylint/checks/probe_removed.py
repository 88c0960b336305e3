"""A probe is removed.

What happens: traffic reaches pods that are not ready, or pods that hang are not restarted.

Why: a readiness, liveness or startup probe of a container that stays is gone in this upgrade.

What to do instead: keep the probe, or replace it by one that fits the new version.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.safeguards import removed
from policylint.model import Category, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A container or pod had it before and has it no more."""
    yield from removed(change, ("readinessProbe", "livenessProbe", "startupProbe"), "probe")
