"""A security context is removed.

What happens: the container runs with more rights than before, and files it wrote may get another
owner.

Why: the securityContext of a pod or of a container that stays is gone in this upgrade.

What to do instead: keep the securityContext.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.safeguards import removed
from policylint.model import Category, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A container or pod had it before and has it no more."""
    yield from removed(change, ("securityContext",), "securityContext")
