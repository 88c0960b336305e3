"""Chart.lock does not fit the chart's dependencies.

What happens: `helm dependency build` stops with `the lock file (Chart.lock) is out of sync`, and
another machine may package other versions than those that were tested.

Why: Chart.yaml or charts/ was changed without `helm dependency update`.

What to do instead: run `helm dependency update` and commit Chart.lock with Chart.yaml.
"""

from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.helm.values.chart import Chart
from policylint.helm.values.upkeep import outdated
from policylint.model import Category, Fix, Location, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(chart: Chart, _: Context) -> Iterator[Violation]:
    """Compare Chart.lock with Chart.yaml and charts/; a release record has no files to compare."""
    if chart.stored or chart.packed:
        stale = []
    else:
        stale = outdated(chart)
    if stale:
        yield Violation(
            f"Chart.lock of {chart.name} is out of date",
            because="; ".join(stale),
            before=stale,
            fixes=(
                Fix(
                    "lock the dependencies again",
                    steps=(f"helm dependency update {quote(str(chart.path))}",),
                ),
            ),
            locations=(Location("cause", f"{chart.path}/Chart.lock"),),
        )
