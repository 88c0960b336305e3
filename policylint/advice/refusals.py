"""Explain a forecast refusal: what the rules of one topic say of a change, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

from msgspec.structs import replace

from policylint.advice.runbooks import fixes_for
from policylint.engine.rule import Context
from policylint.kubernetes.api.commands import in_namespace, named
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
    ResourceId,
    Severity,
    Target,
    Unknown,
    Violation,
)
from policylint.runtime.patterns import pattern
from policylint.runtime.pointers import of_keys

_OBJECT = pattern(r"^(Invalid value: )\{.*\}(?=: )")
_FREE = "parameters"
"""What a class is given in words of its driver's own: no key tells which of them are secret."""
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
_CONFLICT = "field-manager-conflict"
"""The topic whose causes the server tells in one message."""
DOOR = {
    Direction.UPGRADE: "the cluster will reject this upgrade",
    Direction.ROLLBACK: "the cluster will reject the rollback of this upgrade",
}


def refusals(change: Created | Kept, topic: str, context: Context) -> Iterator[Violation]:
    """One violation for each cause, and each open question, of this topic in the change's forecast.

    A refusal is an error of category cluster-rejects (rollback for the way back); an answer that
    depends on live state is a warning whose fix is the command that tells.
    """
    there, back = change.forecast.upgrade, change.forecast.rollback
    if there is not None:
        yield from explained(change, topic, context, Direction.UPGRADE, there)
    if back is not None:
        back = _beside(there, back)
        yield from explained(change, topic, context, Direction.ROLLBACK, back)


def _beside(there: Answer | None, back: Answer) -> Answer:
    """The way back's answer without the questions that the upgrade's asks too: they are asked
    once."""
    if there is None or not there.unknowns:
        return back
    asked = {unknown.what for unknown in there.unknowns}
    unknowns = tuple(unknown for unknown in back.unknowns if unknown.what not in asked)
    return replace(back, unknowns=unknowns)


def explained(
    change: Created | Kept, topic: str, context: Context, direction: Direction, answer: Answer
) -> Iterator[Violation]:
    """The violations of one direction's answer: one for each cause, all conflicts with other
    managers being one, and one for all questions about a field."""
    causes = [cause for cause in answer.causes if cause.topic == topic]
    for cause in _together(causes) if topic == _CONFLICT else causes:
        yield _refused(change, cause, context, direction)
    unknowns = [unknown for unknown in answer.unknowns if unknown.topic == topic]
    if not unknowns:
        return  # most answers ask nothing
    for asked in _by_place(change, unknowns):
        yield _open(change, asked, direction)


def _by_place(change: Created | Kept, unknowns: Sequence[Unknown]) -> Iterable[Sequence[Unknown]]:
    """The questions about one change of one field together."""
    places: dict[str, list[Unknown]] = {}
    for unknown in unknowns:
        touched = _touched(change, Cause(unknown.field, "", ""))
        places.setdefault(touched.path if touched else unknown.field, []).append(unknown)
    return places.values()


def _together(conflicts: Sequence[Cause]) -> Sequence[Cause]:
    """The conflicts of one object as the server tells them: in one message."""
    if len(conflicts) < 2:
        return conflicts
    alone = "Apply failed with 1 conflict: "
    words = [conflict.message.removeprefix(alone) for conflict in conflicts]
    message = f"Apply failed with {len(conflicts)} conflicts: {'; '.join(words)}"
    return (replace(conflicts[0], message=message),)


def answered(cause: Cause, target: Target) -> str:
    """Who refuses, Helm itself or the API server, and in which words."""
    by_helm = cause.topic in BY_HELM
    if by_helm:
        who = f"Helm {target.helm}"
    else:
        who = f"Kubernetes {target.kubernetes}"
    words = " ".join(cause.message.splitlines())
    if cause.field == _FREE:
        words = _OBJECT.sub(r"\1{...}", words)
    return f"{who} answers: {cause.field}: {words}"


def category(direction: Direction) -> Category:
    """What a refusal in this direction is about."""
    if direction is Direction.UPGRADE:
        return Category.CLUSTER_REJECTS
    return Category.ROLLBACK


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
        path=touched.path if touched else of_keys(cause.field, change.after.body),
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
    return (
        Fix(
            "keep the way back open: make this change in an upgrade of its own",
            steps=(f"leave {change.id.kind} {name} as it is in this upgrade",),
            cost="none: a rollback of the rest then works",
        ),
        Fix(
            "after the upgrade, go onwards: a new revision that keeps this change, no rollback",
            steps=(f"kubectl get {named(change.id)} -o yaml > {quote(f'{kind}-{name}.yaml')}",),
            cost="what --atomic and helm rollback would do by themselves is done by hand",
        ),
    )


def _open(change: Created | Kept, asked: Sequence[Unknown], direction: Direction) -> Violation:
    """What depends on the cluster at one field."""
    unknown = asked[0]
    touched = _touched(change, Cause(unknown.field, "", ""))
    what = " and ".join(question.what for question in asked)
    return Violation(
        message=f"{DOOR[direction].replace('will', 'may')}: it depends on {what}",
        because="an offline run cannot see it",
        path=touched.path if touched else of_keys(unknown.field, change.after.body),
        before=touched.before if touched else None,
        after=touched.after if touched else None,
        direction=direction,
        category=category(direction),
        severity=Severity.WARNING,
        confidence=Confidence.DEPENDS,
        fixes=(
            Fix(
                "find out, or give policylint the live objects with --live",
                steps=tuple(dict.fromkeys(_filled(question.how, change.id) for question in asked)),
            ),
        ),
    )


def _filled(how: str, identity: ResourceId) -> str:
    """A command with the object's own name where the forecast, which looks at fields, has none."""
    return how.replace(" NAME ", f" {quote(identity.name)}{in_namespace(identity.namespace)} ")


def _touched(change: Created | Kept, cause: Cause) -> FieldChange | None:
    """The change that a cause is about: the first one at, below or above its field that is not
    allowed by it."""
    if isinstance(change, Created):
        return None
    field = of_keys(cause.field, change.after.body)
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
