"""A dependency's version is a range that nothing fixes.

What happens: the next `helm dependency update` may bring another chart, with other objects, into
the same version of this one, and no change in git shows it.

Why: the version in Chart.yaml is a range, and there is no Chart.lock.

What to do instead: commit Chart.lock and build with `helm dependency build`, or write exact
versions.
"""

from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.helm.values.chart import Chart
from policylint.helm.values.upkeep import floating
from policylint.model import Category, Fix, Location, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(chart: Chart, _: Context) -> Iterator[Violation]:
    """Report ranges in Chart.yaml without a lock; a release record and an archive have
    their charts in them."""
    for wish in () if chart.stored or chart.packed else floating(chart):
        there = sorted(child.version for child in chart.charts if child.name == wish.name)
        yield Violation(
            f"dependency {wish.key} of {chart.name} floats: {wish.version}",
            because="no Chart.lock fixes its version"
            + (f"; charts/ holds {', '.join(there)} now" if there else ""),
            before=wish.version,
            fixes=(
                Fix(
                    "lock the dependencies",
                    steps=(f"helm dependency update {quote(str(chart.path))}", "commit Chart.lock"),
                ),
            ),
            locations=(
                Location(
                    "cause", f"{chart.path}/Chart.yaml", key=f"dependencies.{wish.key}.version"
                ),
            ),
        )
