"""--reuse-values hides new defaults of the chart.

What happens: Helm keeps the old chart's defaults under the user's values and takes none of the new chart's: new keys
are missing, changed ones keep their old value, and an image whose tag is a default stays at the old version.

Why: with --reuse-values Helm replaces the new chart's values.yaml by the values the last release computed.

What to do instead: keep all values in a file and upgrade with `-f FILE --reset-values`, or use
--reset-then-reuse-values (Helm 3.14 and later), which takes the new defaults and keeps the user's values.
"""

from collections.abc import Iterator

from policylint.model import Category, Fix, Severity, Violation
from policylint.rule import Context, rule
from policylint.values.compare import Difference, hidden
from policylint.values.modes import Mode
from policylint.values.subject import ValuesChange
from policylint.values.tables import listed


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Report stale images one by one, and all other hidden defaults together."""
    if change.mode is not Mode.REUSE or change.old is None:
        return
    found = hidden(change)
    for difference in found:
        if difference.image and difference.before is not None:
            yield Violation(
                f"--reuse-values keeps {difference.key} at its old default",
                because="the new chart's default differs, and no user value sets it",
                path=_pointer(difference),
                before=difference.before,
                after=difference.after,
                fixes=FIXES,
                locations=(change.default_place(difference.path),),
            )
    others = [difference for difference in found if not (difference.image and difference.before is not None)]
    if others:
        keys = [difference.key for difference in others]
        yield Violation(
            f"--reuse-values hides {len(others)} new default{'s'[: len(others) != 1]} of the chart",
            because=listed(keys),
            after=keys,
            severity=Severity.NOTE if all(difference.before is not None for difference in others) else None,
            fixes=FIXES,
            locations=(change.default_place(others[0].path),),
        )


def _pointer(difference: Difference) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in difference.path)


FIXES = (
    Fix(
        "keep the values in a file and reset",
        steps=("helm get values RELEASE -o yaml > values.yaml", "helm upgrade ... -f values.yaml --reset-values"),
    ),
    Fix("use --reset-then-reuse-values in place of --reuse-values (Helm 3.14 and later)"),
)
