"""A hook gives up sooner than before.

What happens: a pod that fails once, or a migration that takes long, ends the upgrade ("pre-upgrade
hooks failed: ... BackoffLimitExceeded" or "DeadlineExceeded"), perhaps in the middle of its work.

Why: backoffLimit of a hook's Job falls to 0, or activeDeadlineSeconds is new and short, or falls to
half or less.

What to do instead: leave room for one more try, and for the longest run that there was.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import number, part
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

SHORT = 120
"""Seconds below which a deadline that is new is told."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """The Jobs among the hooks that both sides have."""
    for identity, hook in upgrade.after.hooks.items():
        before = upgrade.before.hooks.get(identity)
        if before is not None and identity.kind == "Job":
            yield from _sooner(identity, before, hook)


def _sooner(identity: ResourceId, before: Resource, after: Resource) -> Iterator[Violation]:
    old, new = (part(side.body, "spec") for side in (before, after))
    limit, left = number(old, "backoffLimit"), number(new, "backoffLimit")
    if left == 0 and limit != 0:
        tries = 6 if limit is None else limit
        yield Violation(
            message=f"the upgrade fails at the first pod of hook {identity} that fails",
            because=f"backoffLimit goes from {tries} to 0",
            path="/spec/backoffLimit",
            before=tries,
            after=0,
            resource=identity,
            fixes=(Fix(f"keep backoffLimit: {tries}"),),
        )
    was, becomes = (number(spec, "activeDeadlineSeconds") for spec in (old, new))
    if becomes is not None and (becomes < SHORT if was is None else becomes * 2 <= was):
        yield Violation(
            message=f"hook {identity} is killed after {becomes} seconds, and the upgrade fails",
            because="activeDeadlineSeconds "
            + ("is new" if was is None else f"was {was} until now"),
            path="/spec/activeDeadlineSeconds",
            before=was,
            after=becomes,
            resource=identity,
            fixes=(Fix("leave activeDeadlineSeconds above the longest run that there was"),),
        )
