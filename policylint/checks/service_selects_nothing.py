"""A Service has no pods behind it after the upgrade.

What happens: the Service answers no more: it has no endpoints.

Why: its selector, or the labels of the pods, changed so that they no longer meet.

What to do instead: let the selector and the pod labels come from the same template.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.traffic import unsettled
from policylint.kubernetes.api.workloads import behind
from policylint.model import Category, Fix, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A kept Service took pods of this release before and takes none after."""
    for change in unsettled(upgrade):
        old, new = behind(change.before, upgrade.before), behind(change.after, upgrade.after)
        if old and not new and part(change.after.body, "spec", "selector"):
            had = ", ".join(str(workload.id) for workload in old)
            yield Violation(
                message=f"{change.id} has no pods behind it after this upgrade",
                because=f"its selector took the pods of {had}, and takes none now",
                path="/spec/selector",
                before=part(change.before.body, "spec", "selector"),
                after=part(change.after.body, "spec", "selector"),
                resource=change.id,
                fixes=(Fix("make the Service's selector meet the labels of the pod template"),),
            )
