"""The API server refuses a change of this field.

What happens: the API server refuses the update with the message quoted.

Why: the field is fixed once the object exists, or may only change in one direction. This rule
explains every refusal that has no rule of its own.

What to do instead: keep the field as it is, or create the object under another name.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain the refusals of topics that no other rule explains."""
    explained = context.rule_ids - {"immutable-field"}
    answers = [answer for answer in (change.forecast.upgrade, change.forecast.rollback) if answer]
    topics = {cause.topic for answer in answers for cause in answer.causes}
    topics |= {unknown.topic for answer in answers for unknown in answer.unknowns}
    for topic in sorted(topics - explained):
        yield from refusals(change, topic, context)
