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


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Compare the schemas of both charts; a schema that is new is compared with none."""
    before = schema_of(change.old) if change.old else None
    after = schema_of(change.new)
    if change.old is None or after is None or before == after:
        return
    found = tightenings(before if before is not None else {}, after)
    if found:
        words = "; ".join(
            f"{dotted(item.path) or 'the values'} {item.message}" for item in found[:6]
        )
        yield Violation(
            f"the values schema is stricter in {len(found)} place{'s'[: len(found) != 1]}",
            because=words + (f"; and {len(found) - 6} more" if len(found) > 6 else ""),
            after=[dotted(item.path) for item in found],
        )
