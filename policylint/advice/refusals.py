"""Explain a forecast refusal: what the rules of one topic say of a change, both ways."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.advice.runbooks import fixes_for
from policylint.engine.rule import Context
from policylint.kubernetes.api.pointers import of_field
from policylint.model import (
    Answer,
    Category,
    Cause,
    Confidence,
    Created,
    Direction,
    FieldChange,
    Fix,
    Kept,
    Severity,
    Target,
    Unknown,
    Violation,
)
from policylint.runtime.patterns import pattern

_ALLOWED = pattern(r"'(\w+)'")
BY_HELM = frozenset(
    {
        "definition-not-there-yet",
        "hook-becomes-resource",
        "manifest-not-decoded",
        "object-not-deployable",
        "ownership-conflict",
    }
)
"""Topics of what Helm refuses itself, before the server is asked to change anything."""
DOOR = {
    Direction.UPGRADE: "the cluster will reject this upgrade",
    Direction.ROLLBACK: "the cluster will reject the rollback of this upgrade",
}


def refusals(change: Created | Kept, topic: str, context: Context) -> Iterator[Violation]:
    """One violation for each cause, and each open question, of this topic in the change's forecast.

    A refusal is an error of category cluster-rejects (rollback for the way back); an answer that
    depends on live state is a warning whose fix is the command that tells.
    """
    for direction, answer in (
        (Direction.UPGRADE, change.forecast.upgrade),
        (Direction.ROLLBACK, change.forecast.rollback),
    ):
        if answer is not None:
            yield from explained(change, topic, context, direction, answer)


def explained(
    change: Created | Kept, topic: str, context: Context, direction: Direction, answer: Answer
) -> Iterator[Violation]:
    """The violations of one direction's answer."""
    for cause in answer.causes:
        if cause.topic == topic:
            yield _refused(change, cause, context, direction)
    for unknown in answer.unknowns:
        if unknown.topic == topic:
            yield _open(change, unknown, direction)


def answered(cause: Cause, target: Target) -> str:
    """Who refuses, Helm itself or the API server, and in which words."""
    by_helm = cause.topic in BY_HELM
    who = f"Helm {target.helm}" if by_helm else f"Kubernetes {target.kubernetes}"
    return f"{who} answers: {cause.field}: {' '.join(cause.message.splitlines())}"


def category(direction: Direction) -> Category:
    """What a refusal in this direction is about."""
    return Category.CLUSTER_REJECTS if direction is Direction.UPGRADE else Category.ROLLBACK


def _refused(
    change: Created | Kept, cause: Cause, context: Context, direction: Direction
) -> Violation:
    touched = _touched(change, cause)
    before, after = (touched.before, touched.after) if touched else (None, None)
    if direction is Direction.ROLLBACK:
        before, after = after, before
    return Violation(
        message=DOOR[direction],
        because=answered(cause, context.target),
        path=touched.path if touched else of_field(cause.field),
        before=before,
        after=after,
        direction=direction,
        category=category(direction),
        severity=Severity.ERROR,
        fixes=_fixes(change, cause, context)
        if direction is Direction.UPGRADE
        else _onwards(change, cause),
    )


def _onwards(change: Created | Kept, cause: Cause) -> tuple[Fix, ...]:
    """What is left where the way back is closed: decided before the upgrade, or a way onwards."""
    if cause.topic == "removed-api":
        return ()
    kind, name = change.id.kind.lower(), change.id.name
    where = f" -n {change.id.namespace}" if change.id.namespace else ""
    return (
        Fix(
            "keep the way back open: make this change in an upgrade of its own",
            steps=(f"leave {change.id.kind} {name} as it is in this upgrade",),
            cost="none: a rollback of the rest then works",
        ),
        Fix(
            "after the upgrade, go onwards: a new revision that keeps this change, no rollback",
            steps=(f"kubectl get {kind} {name}{where} -o yaml > {kind}-{name}.yaml",),
            cost="what --atomic and helm rollback would do by themselves is done by hand",
        ),
    )


def _open(change: Created | Kept, unknown: Unknown, direction: Direction) -> Violation:
    touched = _touched(change, Cause(unknown.field, "", ""))
    return Violation(
        message=f"{DOOR[direction].replace('will', 'may')}: it depends on {unknown.what}",
        because="an offline run cannot see it",
        path=touched.path if touched else of_field(unknown.field),
        before=touched.before if touched else None,
        after=touched.after if touched else None,
        direction=direction,
        category=category(direction),
        severity=Severity.WARNING,
        confidence=Confidence.DEPENDS,
        fixes=(
            Fix("find out, or give policylint the live objects with --live", steps=(unknown.how,)),
        ),
    )


def _touched(change: Created | Kept, cause: Cause) -> FieldChange | None:
    """The change that a cause is about: the first one at, below or above its field that is not
    allowed by it."""
    if isinstance(change, Created):
        return None
    field = of_field(cause.field)
    allowed = _allowed(field, cause.message)
    near = [changed for changed in change.fields if _near(changed.path, field)]
    near = [changed for changed in near if not _within_any(changed.path, allowed)]
    return next((changed for changed in near if not changed.noise), near[0] if near else None)


def _allowed(field: str, message: str) -> set[str]:
    """The pointers that a message like "updates other than to 'replicas', ..." excepts."""
    if "other than" not in message:
        return set()
    return {f"{field}/{name}" for name in _ALLOWED.findall(message)}


def _near(path: str, field: str) -> bool:
    return _within(path, field) or _within(field, path)


def _within_any(path: str, parents: set[str]) -> bool:
    return any(_within(path, parent) for parent in parents)


def _within(path: str, parent: str) -> bool:
    return path == parent or path.startswith(f"{parent}/")


def _fixes(change: Created | Kept, cause: Cause, context: Context) -> tuple[Fix, ...]:
    upgrade = context.upgrade
    release, namespace = (upgrade.release, upgrade.namespace) if upgrade else ("", "")
    return fixes_for(cause, change, context.target, release, namespace)
