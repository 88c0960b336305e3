"""A null is meant to delete a default of a subchart.

What happens: whether the default goes away depends on the Helm version: some releases of Helm 3
keep a subchart's default although the parent's values say null, others pass the null on to the
templates.

Why: Helm merges the parent's values before it sees the subchart's defaults, and the handling of
nulls in between was changed several times.

What to do instead: set the value the subchart documents for "off" (an empty string, false, an empty
list), or change the default in the subchart.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.chart import Chart
from policylint.helm.values.references import Path
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import dotted, leaves
from policylint.model import Category, Confidence, Fix, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Report nulls that this upgrade gives below the name of a subchart which has a default
    there."""
    for path, value in leaves(change.new_user):
        if value is None and len(path) > 1 and has_default(change.new, path):
            yield Violation(
                f"whether null removes {dotted(path)} depends on the Helm version",
                because=f"{path[0]} is a subchart, and its default is only seen after the "
                "parent's values are merged; "
                "helm template with the Helm that deploys shows what it does",
                fixes=(Fix(f"give {dotted(path)} a value that switches it off"),),
                locations=(change.place(path),),
            )


def has_default(chart: Chart, path: Path) -> bool:
    """Whether a path leads into a subchart to a default that is not null."""
    names = {wish.key: wish.name for wish in chart.dependencies or ()}
    child = next(
        (child for child in chart.charts if child.name == names.get(path[0], path[0])), None
    )
    if child is None:
        return False
    value: object = child.values
    for name in path[1:]:
        if isinstance(value, dict):
            value = value.get(name)
        else:
            value = None
    return value is not None or has_default(child, path[1:])
