"""The release record is close to the size that a cluster stores.

What happens: an upgrade whose record is too large fails after rendering with `Secret ... is
invalid: data: Too long: may not be more than 1048576 bytes`, and nothing is stored of it.

Why: Helm keeps the whole chart (templates, defaults, every other file), the manifest and the values
of a revision in one Secret, compressed, and a Secret holds at most 1 MiB.

What to do instead: leave files that no template reads out of the chart with .helmignore (pictures,
archives, test data, dashboards that belong elsewhere), or split the chart.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.history.record import MAX_RECORD
from policylint.helm.history.size import Forecast, heaviest, ignorable
from policylint.helm.inputs.revisions import History
from policylint.helm.values.chart import stored_chart
from policylint.model import Category, Confidence, Fix, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.WARNING, params={"percent": 75})
def check(subject: History | Forecast, context: Context) -> Iterator[Violation]:
    """Report records above `percent` of the limit: those stored, and the one an upgrade will
    write."""
    share = int(context.params.get("percent", 75)) / 100
    if isinstance(subject, History):
        yield from _stored(subject, share)
    elif subject.share >= share:
        if subject.too_large:
            message = "the release record will be too large: the upgrade fails when Helm stores it"
        else:
            message = f"the release record will take {subject.share:.0%} of what a cluster stores"
        yield Violation(
            message,
            because=f"about {subject.size} of {MAX_RECORD} bytes; {subject.heaviest}",
            after=subject.size,
            severity=Severity.ERROR if subject.too_large else None,
            confidence=None if subject.certain or not subject.too_large else Confidence.LIKELY,
            fixes=_fixes(subject.ignorable),
        )


def _stored(history: History, limit: float) -> Iterator[Violation]:
    last = history.last
    if last.size < limit * MAX_RECORD:
        return
    chart = stored_chart(last.chart_record)
    weights = heaviest(chart)
    names = ", ".join(f"{weight.name} {weight.size}" for weight in weights)
    templates = "\n".join(file.text for file in chart.templates)
    share = last.size / MAX_RECORD
    yield Violation(
        f"the record of {history.title} revision {last.number} takes {share:.0%} of what a "
        "cluster stores",
        because=f"{last.size} of {MAX_RECORD} bytes; heaviest: {names}",
        before=last.size,
        fixes=_fixes(ignorable(weights, templates)),
        locations=(history.place(last),),
    )


def _fixes(lines: tuple[str, ...]) -> tuple[Fix, ...]:
    if not lines:
        return (Fix("move large files out of the chart, or split it"),)
    return (Fix("add to the chart's .helmignore", steps=lines),)
