"""More than one revision is marked as deployed.

What happens: Helm takes the newest of them for what runs; the others are never marked superseded by
an upgrade and are pruned like any old revision.

Why: two helm processes worked on the release at the same time, or its records were edited.

What to do instead: let only one job deploy a release at a time. A rollback to the newest deployed
revision marks all others superseded.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.inputs.revisions import History
from policylint.model import Category, Fix, Severity, Violation


@rule(category=Category.ROLLBACK, severity=Severity.WARNING)
def check(history: History, _: Context) -> Iterator[Violation]:
    """Report a second revision with status deployed."""
    if len(history.deployed) < 2:
        return
    numbers = [revision.number for revision in history.deployed]
    newest = history.deployed[-1]
    yield Violation(
        f"release {history.title} has {len(numbers)} deployed revisions: "
        f"Helm takes {newest.number} for what runs",
        because=f"revisions {', '.join(map(str, numbers))} have the status deployed; Helm "
        "keeps one",
        before=numbers,
        fixes=(
            Fix(
                "check that what runs is the newest of them, then mark the others superseded",
                steps=(history.command("rollback", newest.number),),
            ),
        ),
        locations=tuple(history.place(revision) for revision in history.deployed),
    )
