"""All pods stop before new ones start.

What happens: the Deployment stops every pod, then starts the new ones: the service is down
meanwhile.

Why: its strategy is Recreate and the pod template changes in this upgrade.

What to do instead: use RollingUpdate where two versions may run side by side; keep Recreate for
volumes that only one node can mount, and plan the downtime.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.generated import unless_kept
from policylint.kubernetes.api.reading import at, part
from policylint.kubernetes.api.volumes import claimed
from policylint.kubernetes.forecast.impact import generated_secrets, strategy, template_change
from policylint.model import Category, Fix, Kept, ResourceId, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.NOTE)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A Deployment of strategy Recreate gets a new template; a warning where the strategy itself is
    new."""
    if change.id.kind == "Deployment":
        touched = template_change(change, context.target.kubernetes)
    else:
        touched = None
    if touched is None or at(change.after.body, "spec", "replicas") == 0:
        return
    new = strategy(part(change.after.body, "spec"), "Deployment")
    old = strategy(part(change.before.body, "spec"), "Deployment")
    if new == "Recreate":
        yield Violation(
            message="this upgrade stops every pod of the Deployment before it starts new ones",
            because="the strategy is Recreate"
            + ("" if old == new else ", which this upgrade brings in")
            + unless_kept(_generated(change, context.upgrade)),
            path=touched.path,
            before=touched.before,
            after=touched.after,
            severity=Severity.NOTE if old == new else Severity.WARNING,
            fixes=(_fix(change),),
        )


def _generated(change: Kept, upgrade: Upgrade | None) -> list[ResourceId]:
    return generated_secrets(change, upgrade) if upgrade else []


def _fix(change: Kept) -> Fix:
    """A rolling update hangs on a claim that the old pod still holds."""
    if claimed(change.after):
        return Fix(
            "plan the interruption: the old pod gives its claim free before the new one starts"
        )
    return Fix(
        "roll instead, with both numbers written out, which leaves the way back open: strategy: "
        "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
        cost="pods of the old and the new version run side by side for a while",
    )
