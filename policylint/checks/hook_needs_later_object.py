"""A hook that runs before the upgrade needs what the upgrade creates after it.

What happens: the hook's pod is not made (no ServiceAccount) or waits for a volume or a key; helm
waits until --timeout ends, and the upgrade fails with nothing changed.

Why: pre-upgrade hooks run before Helm creates anything else, and the ServiceAccount, Secret,
ConfigMap or claim that the hook names is new, or changes its name, in this upgrade.

What to do instead: make that object a pre-upgrade hook of lower weight, or create it in an upgrade
before.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import references, referred
from policylint.model import (
    Category,
    Confidence,
    Created,
    Fix,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

WEIGHT = "helm.sh/hook-weight"


@rule(category=Category.DOWNTIME, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A hook before the upgrade (before the install where there is no before side) refers to an
    object that is created as an ordinary one."""
    event = "pre-upgrade" if upgrade.before.resources else "pre-install"
    created = {change.id for change in upgrade.changes if isinstance(change, Created)}
    early = {hook.id for hook in upgrade.after.hooks.values() if event in hook.hooks}
    for hook in upgrade.after.hooks.values():
        if event in hook.hooks:
            yield from _waits(hook, event, created - early)


def _waits(hook: Resource, event: str, later: set[ResourceId]) -> Iterator[Violation]:
    told: set[ResourceId] = set()
    for reference in references(hook):
        needed = referred(hook, reference)
        if needed not in later or reference.optional or needed in told:
            continue
        told.add(needed)
        weight = f'"{_weight(hook) - 1}"'
        yield Violation(
            message=f"the hook {hook.id} waits for {needed}, which is created only after it",
            because=f"Helm runs {event} hooks before it creates anything else",
            path=reference.path,
            after=reference.name,
            resource=hook.id,
            fixes=(
                Fix(f"make {needed} a {event} hook too, with {WEIGHT}: {weight}"),
                Fix(f"create {needed} in an upgrade of its own, before this one"),
            ),
        )


def _weight(hook: Resource) -> int:
    text = str(hook.annotations.get(WEIGHT, "0"))
    return int(text) if text.lstrip("-").isdigit() else 0
