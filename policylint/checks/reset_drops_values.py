"""Values that the release was given before return to the chart's defaults.

What happens: keys that an earlier upgrade set, by --set or in a file that is not named any more,
silently go back to what the chart says.

Why: as soon as an upgrade names one value (-f, --set), or --reset-values is given, Helm forgets all
earlier user values. Only an upgrade without any values, --reuse-values and
--reset-then-reuse-values keep them.

What to do instead: keep every value in a file that each upgrade names; `helm get values RELEASE`
shows what there is.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.compare import reverting
from policylint.helm.values.modes import Mode
from policylint.helm.values.subject import ValuesChange
from policylint.model import Category, Fix, Severity, Violation
from policylint.runtime.sentences import first_of


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Report keys whose value changes only because the old user values are forgotten."""
    forgets = change.mode is Mode.RESET or (change.mode is Mode.DEFAULT and change.new_user)
    if not forgets or not change.old_user or change.old is None:
        return
    kept = change.tried(Mode.RESET_THEN_REUSE)
    if kept:
        reverted = list(reverting(change, kept, change.effective))
    else:
        reverted = []
    if reverted:
        keys = [difference.key for difference in reverted]
        yield Violation(
            f"values of the release return to the chart's defaults: {len(reverted)} of them",
            because=f"set before and not by this upgrade: {first_of(keys)}",
            before=keys,
            fixes=(
                Fix(
                    "add them to the values file of this upgrade",
                    steps=(
                        "helm get values RELEASE -o yaml",
                        "copy what is still meant into the values file",
                    ),
                ),
            ),
        )
