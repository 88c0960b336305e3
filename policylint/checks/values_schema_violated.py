"""The values break the chart's schema.

What happens: the upgrade stops before it renders with `values don't meet the specifications of the
schema(s)`.

Why: the chart brings a values.schema.json, and the values that this upgrade computes are not valid
under it.

What to do instead: correct the values named; --skip-schema-validation only hides that the chart
expects others.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.chart import schema_of
from policylint.helm.values.schema import breaches
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import dotted
from policylint.model import Category, Fix, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.ERROR)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Judge what each chart's templates would see, as Helm does. What cannot be judged here (a
    schema elsewhere) helm has judged: it refuses to render what breaks any of it."""
    result = change.effective
    for where, chart in result.chart.walk():
        schema = schema_of(chart)
        inside = tuple(where.split("/charts/")[1:])
        for breach in breaches(schema, result.scopes.get(where, {})) if schema is not None else ():
            if breach.unknown:
                continue
            path = (*inside, *breach.path)
            shown = dotted(path) or "the values"
            yield Violation(
                f"the values break the schema of {chart.name}: {shown}: {breach.message}",
                because=f"{chart.name} brings a values.schema.json, and Helm refuses to render "
                "values that break it",
                fixes=(Fix(f"correct {shown}: {breach.message}"),),
                locations=(change.place(path),),
            )
