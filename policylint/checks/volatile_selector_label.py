"""A selector holds a label that changes with every version.

What happens: the next bump of the chart or application is refused: spec.selector is immutable.

Why: helm.sh/chart, app.kubernetes.io/version or another label with the version in it is part of
spec.selector.matchLabels.

What to do instead: select by name and instance only; such labels belong to metadata.labels.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.workloads import pod_template
from policylint.model import Category, Created, Fix, Kept, Severity, Violation
from policylint.runtime.pointers import step

VOLATILE = ("helm.sh/chart", "chart", "app.kubernetes.io/version", "version", "release-revision")


@rule(category=Category.PRACTICE, severity=Severity.WARNING, params={"labels": VOLATILE})
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """A volatile label in the selector of a workload that keeps it (a change of it is refused
    anyway)."""
    if pod_template(change.after) is None or change.id.group != "apps":
        return
    selector = part(change.after.body, "spec", "selector", "matchLabels")
    for label in context.params["labels"]:
        value = selector.get(label)
        if isinstance(value, str) and any(letter.isdigit() for letter in value):
            yield Violation(
                message=f"the next version is refused: the selector holds {label}",
                because=f"its value {value} changes with the version, and a selector cannot change",
                path=step("/spec/selector/matchLabels", label),
                after=value,
                fixes=_fixes(change, label, value),
            )


def _fixes(change: Created | Kept, label: str, value: str) -> tuple[Fix, ...]:
    if isinstance(change, Created):
        return (Fix(f"take {label} out of the selector before it is installed"),)
    return (
        Fix(f"write {label}: {value} into the selector and the pod template for good"),
        Fix(
            "or take the label out of the selector, by replacing the workload once",
            steps=(
                f"kubectl delete {named(change.id)} --cascade=orphan",
                "helm upgrade, with a selector without the label",
            ),
            cost="the pods that run are taken over by the new workload, whose rollout replaces "
            "them",
        ),
    )
