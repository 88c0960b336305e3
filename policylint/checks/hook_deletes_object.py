"""A hook deletes the object of the same name.

What happens: before Helm makes a hook it deletes what has the hook's kind and name, whoever made
it: a claim goes with its data. With the delete policy hook-succeeded it is gone after the hook,
too; and an object that turned into a hook is deleted at the end of the upgrade, because the
release renders it no longer.

Why: a resource of the release and a hook have one kind, namespace and name, or a resource was
annotated with helm.sh/hook.

What to do instead: give the hook a name of its own, or take the annotation away.

Source: pkg/action/hooks.go (deleteHookByPolicy, before-hook-creation is the default).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.manifests.hookorder import (
    POLICY,
    events_of,
    every_hook,
    is_deleted_after,
    is_deleted_first,
)
from policylint.model import Category, Direction, Fix, Resource, Severity, Upgrade, Violation

LOSES = ("CustomResourceDefinition", "Namespace", "PersistentVolumeClaim", "Secret", "StatefulSet")
"""Kinds that do not come back as they were."""
LATER = {
    "pre-rollback": "a rollback to this revision",
    "post-rollback": "a rollback to this revision",
}
"""Events that come after this upgrade, if at all."""


@rule(category=Category.DATA_LOSS, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A hook of the upgrade has the identity of a resource of one of the two sides, and may delete
    it; finished Jobs are made to be replaced. So may a hook that runs later."""
    yield from _of_upgrade(upgrade)
    yield from (_foreign(run.after) for run in upgrade.hooks if run.deletes_live)
    for hook in filter(_deletes, every_hook(upgrade.before)):
        known = hook.id in upgrade.after.resources or hook.id in upgrade.before.resources
        if known and hook.id not in upgrade.after.hooks:
            yield from _later(hook, Direction.ROLLBACK)


def _of_upgrade(upgrade: Upgrade) -> Iterator[Violation]:
    now = set(events_of(upgrade))
    for hook in filter(_deletes, every_hook(upgrade.after)):
        kept = hook.id in upgrade.after.resources
        if now & set(hook.hooks) and (kept or hook.id in upgrade.before.resources):
            yield _violation(hook, kept=kept)
        elif kept:
            yield from _later(hook, Direction.UPGRADE)


def _deletes(hook: Resource) -> bool:
    """Whether its policies delete it before or after it ran; finished Jobs are made to be
    replaced."""
    return hook.id.kind != "Job" and (is_deleted_first(hook) or is_deleted_after(hook))


def _violation(hook: Resource, *, kept: bool) -> Violation:
    policy = hook.annotations.get(POLICY, "before-hook-creation, the default")
    if kept:
        fix = "give the hook a name of its own"
    else:
        fix = "take the annotation helm.sh/hook away"
    return Violation(
        message=f"the hook {', '.join(hook.hooks)} deletes {hook.id} of this release",
        because=f"both have one kind and name, and {POLICY} is {policy}",
        path="/metadata/annotations/helm.sh~1hook",
        after=", ".join(hook.hooks),
        resource=hook.id,
        severity=Severity.ERROR if kept or hook.id.kind in LOSES else Severity.WARNING,
        fixes=(Fix(fix),),
    )


def _foreign(hook: Resource) -> Violation:
    return Violation(
        message=f"the hook {', '.join(hook.hooks)} deletes the live {hook.id} of somebody else",
        because="a live object has its kind and name, and the release never made it",
        path="/metadata/annotations/helm.sh~1hook",
        after=", ".join(hook.hooks),
        resource=hook.id,
        severity=Severity.ERROR if hook.id.kind in LOSES else Severity.WARNING,
        fixes=(Fix("give the hook a name of its own"),),
    )


def _later(hook: Resource, direction: Direction) -> Iterator[Violation]:
    """What a hook of another event deletes when its turn comes."""
    events = [event for event in hook.hooks if event in LATER]
    if direction is Direction.ROLLBACK:
        events = [event for event in events if event.endswith("-rollback")]
    if not events:
        return
    runs = LATER[events[0]]
    yield Violation(
        message=f"{runs} deletes {hook.id} of this release: a hook has its name",
        because=f"the hook {', '.join(hook.hooks)} and the object have one kind and name",
        path="/metadata/annotations/helm.sh~1hook",
        after=", ".join(hook.hooks),
        resource=hook.id,
        direction=direction,
        severity=Severity.WARNING,
        fixes=(Fix("give the hook a name of its own"),),
    )
