"""The last upgrade went to an older version of the chart.

What happens: the cluster runs an older chart than before. Defaults and objects of the newer version
are gone, and data that a newer version migrated may not be readable.

Why: an unpinned or wrongly pinned --version, or a job of an older branch.

What to do instead: if it was meant, `helm rollback` says so in the history; if not, upgrade to the
newer version again.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.inputs.revisions import History
from policylint.helm.values.semver import parse_version
from policylint.model import Category, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(history: History, _: Context) -> Iterator[Violation]:
    """Compare the last revision with the good one before it; a rollback is no downgrade."""
    last, earlier = (
        history.last,
        [revision for revision in history.good if revision.number < history.last.number],
    )
    if (
        not earlier
        or last.description.startswith("Rollback")
        or last.status not in ("deployed", "superseded", "failed")
    ):
        return
    before = earlier[-1]
    old, new = parse_version(before.chart_version), parse_version(last.chart_version)
    if before.chart_name == last.chart_name and old and new and new.key < old.key:
        yield Violation(
            f"revision {last.number} of {history.title} went back from chart {before.chart} to "
            f"{last.chart}",
            because=f"revision {before.number} had {before.chart_version}, "
            f"and revision {last.number} is no rollback",
            before=before.chart_version,
            after=last.chart_version,
            locations=(history.place(last),),
        )
