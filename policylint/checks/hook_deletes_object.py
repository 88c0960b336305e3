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
from policylint.model import Category, Fix, Resource, Severity, Upgrade, Violation

EVENTS = {"pre-upgrade", "post-upgrade"}
POLICY = "helm.sh/hook-delete-policy"
LOSES = ("CustomResourceDefinition", "Namespace", "PersistentVolumeClaim", "Secret", "StatefulSet")
"""Kinds that do not come back as they were."""


@rule(category=Category.DATA_LOSS, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A hook of the upgrade has the identity of a resource of one of the two sides, and may delete
    it; finished Jobs are made to be replaced."""
    for hook in upgrade.after.hooks.values():
        kept = hook.id in upgrade.after.resources
        if not EVENTS & set(hook.hooks) or hook.id.kind == "Job":
            continue
        if (kept or hook.id in upgrade.before.resources) and _deletes(hook):
            yield _violation(hook, kept=kept)


def _deletes(hook: Resource) -> bool:
    """Whether its policies delete it before or after it ran: the first does where none is set."""
    policies = {word.strip() for word in str(hook.annotations.get(POLICY, "")).split(",")} - {""}
    return not policies or bool(policies & {"before-hook-creation", "hook-succeeded"})


def _violation(hook: Resource, *, kept: bool) -> Violation:
    policy = hook.annotations.get(POLICY, "before-hook-creation, the default")
    fix = "give the hook a name of its own" if kept else "take the annotation helm.sh/hook away"
    return Violation(
        message=f"the hook {', '.join(hook.hooks)} deletes {hook.id} of this release",
        because=f"both have one kind and name, and {POLICY} is {policy}",
        path="/metadata/annotations/helm.sh~1hook",
        after=", ".join(hook.hooks),
        resource=hook.id,
        severity=Severity.ERROR if kept or hook.id.kind in LOSES else Severity.WARNING,
        fixes=(Fix(fix),),
    )
