"""A value skips an environment.

What happens: the later environment gets a value that the one before it never ran with, so nothing
has tried it.

Why: both environments had the same value until now, and this change moves it in the later one only.
The configuration lists the environments of a release in the order in which changes go through them.

What to do instead: change the earlier environment first; or, where the two are meant to differ from
now on, waive this finding with the reason: `policylint approve ID --reason ...`.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.tables import dotted
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.report.fleet import Fleet, ahead
from policylint.runtime.sentences import first_of


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.LIKELY)
def check(fleet: Fleet, context: Context) -> Iterator[Violation]:
    """One note for each later release: the keys that leave the value which both environments
    had."""
    skipped: dict[tuple[str, str, str, str], list[str]] = {}
    for gap in ahead(fleet):
        group = (gap.later.name, gap.later.environment, gap.earlier.name, gap.earlier.environment)
        skipped.setdefault(group, []).append(dotted(gap.key))
    for (name, environment, _, earlier), keys in skipped.items():
        yield Violation(
            message=f"{name}: {first_of(keys)} changes in {environment} before it changed in "
            f"{earlier}",
            because="both environments had the same value until now",
            before=[name, earlier, environment, *keys],
            fixes=(Fix(f"change {earlier} first, or say why it may differ"),),
        )
