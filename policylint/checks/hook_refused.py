"""The API server refuses a hook, and the upgrade ends with it.

What happens: "pre-upgrade hooks failed" or "post-upgrade hooks failed", with the message quoted.
Before the upgrade, nothing else is changed; after it, everything is, and the revision counts as
failed.

Why: Helm creates the objects of hooks like all others, and they are judged like all others. What a
hook of an earlier revision left behind is in the way where its delete policies do not remove it.

What to do instead: correct the field named; add before-hook-creation to
helm.sh/hook-delete-policy.
"""

from collections.abc import Iterator

from policylint.advice.refusals import answered, category
from policylint.advice.runbooks import fixes_for
from policylint.engine.rule import Context, rule
from policylint.model import (
    Answer,
    Category,
    Cause,
    Confidence,
    Created,
    Direction,
    Fix,
    Severity,
    Unknown,
    Upgrade,
    Violation,
)
from policylint.runtime.pointers import of_field

QUIET = frozenset({"custom-resource-unknown"})
"""What another rule says once for the whole release."""


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of the hooks, both ways."""
    for hook in upgrade.hooks:
        for direction, answer in (
            (Direction.UPGRADE, hook.forecast.upgrade),
            (Direction.ROLLBACK, hook.forecast.rollback),
        ):
            if answer is not None:
                yield from _explained(hook, direction, answer, upgrade)


def _explained(
    hook: Created, direction: Direction, answer: Answer, upgrade: Upgrade
) -> Iterator[Violation]:
    for cause in answer.causes:
        yield _refused(hook, direction, cause, upgrade)
    for unknown in answer.unknowns:
        if unknown.topic not in QUIET:
            yield _open(hook, direction, unknown)


def _refused(hook: Created, direction: Direction, cause: Cause, upgrade: Upgrade) -> Violation:
    events = ", ".join(hook.after.hooks)
    return Violation(
        message=f"the cluster will refuse the hook {hook.id} ({events}): the {direction} fails",
        because=answered(cause, upgrade.target),
        path=of_field(cause.field),
        direction=direction,
        category=category(direction),
        resource=hook.id,
        fixes=fixes_for(cause, hook, upgrade.target, upgrade.release, upgrade.namespace),
    )


def _open(hook: Created, direction: Direction, unknown: Unknown) -> Violation:
    return Violation(
        message=f"the cluster may refuse the hook {hook.id}: it depends on {unknown.what}",
        because="an offline run cannot see it",
        path=of_field(unknown.field),
        direction=direction,
        category=category(direction),
        severity=Severity.WARNING,
        confidence=Confidence.DEPENDS,
        resource=hook.id,
        fixes=(Fix("find out", steps=(unknown.how,)),),
    )
