"""The chart's schema became stricter.

What happens: values that the old chart accepted may be refused by the new one, here or in another
environment.

Why: the new values.schema.json requires more, or allows less, than the old one.

What to do instead: check the values of every environment against the new chart (`helm lint --values
FILE`) before it is rolled out.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.chart import schema_of
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import dotted
from policylint.helm.values.tightening import tightenings
from policylint.model import Category, Severity, Violation
from policylint.runtime.sentences import plural


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Compare the schemas of both charts; a schema that is new is compared with none."""
    if change.old is None:
        return
    before, after = schema_of(change.old), schema_of(change.new)
    if after is None or before == after:
        return
    stricter = tightenings(before if before is not None else {}, after)
    if stricter:
        places = [f"{dotted(item.path) or 'the values'} {item.message}" for item in stricter[:6]]
        if len(stricter) > 6:
            places.append(f"and {len(stricter) - 6} more")
        yield Violation(
            f"the values schema is stricter in {plural(len(stricter), 'place')}",
            because="; ".join(places),
            after=[dotted(item.path) for item in stricter],
        )
