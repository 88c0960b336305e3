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
    """Judge what each chart's templates would see, as Helm does; what cannot be judged is a note
    that says so."""
    result = change.effective
    for where, chart in result.chart.walk():
        schema = schema_of(chart)
        inside = tuple(where.split("/charts/")[1:])
        for breach in breaches(schema, result.scopes.get(where, {})) if schema is not None else ():
            path = (*inside, *breach.path)
            yield Violation(
                f"the values break the schema of {chart.name}: {dotted(path) or 'the values'}: "
                f"{breach.message}"
                if not breach.unknown
                else f"{dotted(path) or 'the values'} cannot be judged: {breach.message}",
                because=f"{chart.name} brings a values.schema.json, and Helm refuses to render "
                "values that break it",
                severity=Severity.NOTE if breach.unknown else None,
                fixes=(Fix(f"correct {dotted(path) or 'the values'}: {breach.message}"),),
                locations=(change.place(path),),
            )
