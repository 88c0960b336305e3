"""A Service moves to other pods.

What happens: all traffic goes to another workload at the moment of the upgrade: the switch of a
blue-green release, or an accident.

Why: the Service's selector, or the labels of the pods, changed so that it takes the pods of other
workloads only.

What to do instead: for a switch, let the new workload run at full size first and move the selector
in an upgrade of its own; keep the old one until the new one has proved itself. If no switch was
meant, put the selector back.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.traffic import readiness, unsettled
from policylint.kubernetes.api.workloads import behind
from policylint.model import Category, Created, Fix, Resource, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.NOTE, params={"keep": 0.5})
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """The workloads behind a kept Service are all others: how ready they are makes a note, warning
    or error."""
    new_here = {change.id for change in upgrade.changes if isinstance(change, Created)}
    for change in unsettled(upgrade):
        old, new = behind(change.before, upgrade.before), behind(change.after, upgrade.after)
        if (
            not old
            or not new
            or {workload.id for workload in old} & {workload.id for workload in new}
        ):
            continue
        severity, because = readiness(old, new, new_here, float(context.params["keep"]))
        yield Violation(
            message=f"{change.id} moves from {_names(old)} to {_names(new)}",
            because=because,
            path="/spec/selector",
            before=part(change.before.body, "spec", "selector"),
            after=part(change.after.body, "spec", "selector"),
            resource=change.id,
            severity=severity,
            fixes=(
                Fix(
                    "bring the new workload up at full size first, then move the selector in "
                    "an upgrade of its own"
                ),
            ),
        )


def _names(workloads: list[Resource]) -> str:
    return ", ".join(str(resource.id) for resource in workloads)
