"""What the release's record holds is not what the before side says.

What happens: the check compares with a before side that is not what runs, so its forecast is of
another upgrade: Helm takes the stored manifest for its base.

Why: the before side came from git or from a file, while the release was last upgraded from
something else (another branch, changed values, a change by hand in another chart version).

What to do instead: take the release itself as the before side (--before release:NAMESPACE/NAME, or
its exported record), or upgrade the release to what the before side says first.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.history.stored import drift
from policylint.helm.history.targets import base
from policylint.helm.inputs.revisions import History
from policylint.model import Category, Fix, Severity, Violation
from policylint.runtime.sentences import first_of


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(history: History, context: Context) -> Iterator[Violation]:
    """Compare the manifest an upgrade starts from with the before side of this check."""
    start = base(history)
    if (
        context.upgrade is None
        or not context.upgrade.before.resources
        or start is None
        or not start.manifest
    ):
        return
    differing = drift(start, context.upgrade)
    if differing:
        names = first_of(list(map(str, differing)), 5)
        yield Violation(
            f"the before side is not what {history.title} runs: {len(differing)} objects differ",
            because=f"compared with the manifest of revision {start.number}: {names}",
            before=len(differing),
            fixes=(
                Fix(
                    "check from the release itself: --before release:NAMESPACE/NAME or its "
                    "exported record"
                ),
            ),
            locations=(history.place(start),),
        )
