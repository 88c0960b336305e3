"""A value is set that the old chart read and the new one does not.

What happens: the setting silently loses its effect with this upgrade.

Why: the new chart version dropped or renamed the key.

What to do instead: read the chart's changelog, move the setting to its new key, and remove the old
one.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.references import Path, usage
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import Table, dotted, leaves
from policylint.model import Category, Confidence, Fix, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Compare the readings of both charts for every key that will be stored."""
    if change.old is None or (change.old.stored and change.old.dependencies):
        return
    before, after = usage(change.old), usage(change.new)
    for path, _value in leaves(change.effective.user_values):
        if before.reads(path) and not after.reads(path):
            renamed = renaming(path, change.old.values, change.new.values)
            yield Violation(
                f"{dotted(path)} loses its effect: chart {change.new.version} does not read it",
                because=f"chart {change.old.version} read it"
                + (f"; the new chart has {dotted(renamed)}" if renamed else ""),
                fixes=(
                    Fix(
                        f"set {dotted(renamed)} in its place"
                        if renamed
                        else f"remove {dotted(path)}"
                    ),
                ),
                locations=(change.place(path),),
            )


def renaming(path: Path, before: Table, after: Table) -> Path | None:
    """The key that only the new chart has and that carries the old one's name or default."""
    old, new = dict(leaves(before)), dict(leaves(after))
    added = [key for key in new if key not in old]
    same_name = [key for key in added if key[-1] == path[-1]]
    same_value = [
        key
        for key in added
        if path in old and new[key] == old[path] not in (None, "", {}, [], True, False)
    ]
    candidates = same_name or same_value
    if len(candidates) == 1:
        return candidates[0]
    return None
