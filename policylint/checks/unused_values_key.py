"""A value is set that no template reads.

What happens: nothing; that is the trouble. The setting has no effect, and Helm says nothing about
it.

Why: the key is misspelt, sits at the wrong level, or belongs to another version of the chart.

What to do instead: use the key that the chart reads (the nearest one is named), or remove the line.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.errors import closest
from policylint.helm.values.references import Path, Usage, scan, usage
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import dotted, leaves
from policylint.model import Category, Confidence, Fix, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.LIKELY)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Compare every key this upgrade sets with every `.Values` of the new chart's templates."""
    read = usage(change.new)
    old = (
        usage(change.old)
        if change.old and not (change.old.stored and change.old.dependencies)
        else None
    )
    own = {
        found.path for file in change.files for found in scan(file.text, file.path)
    }  # values run through tpl
    for path, _value in leaves(change.new_user):
        if (
            read.reads(path)
            or (old and old.reads(path))
            or any(path[: len(found)] == found for found in own)
        ):
            continue  # what the old chart read and the new one does not is another rule's
        near = nearest(path, read, change)
        yield Violation(
            f"{dotted(path)} has no effect: no template reads it",
            because=f"the chart reads {dotted(near)}"
            if near
            else "nothing in the chart reads it or a key near it",
            severity=Severity.WARNING if near else None,
            fixes=(Fix(f"write {dotted(near)}" if near else f"remove {dotted(path)}"),),
            locations=(change.place(path),),
        )


def nearest(path: Path, read: Usage, change: ValuesChange) -> Path | None:
    """The key that was probably meant: nearly the same spelling, or the same name one level off."""
    known = {found for found in read.known() if len(found) > 0}
    known |= {found for found, _ in leaves(change.new.values) if read.reads(found)}
    beside = {found[-1]: found for found in known if found[:-1] == path[:-1]}
    spelt = closest(path[-1], beside, 0.8)
    if spelt:
        return beside[spelt]
    names = {dotted(found): found for found in known}
    close = closest(dotted(path), names, 0.9)
    if close:
        return names[close]
    moved = [found for found in known if found[-1] == path[-1] and set(found) & set(path[:-1])]
    return min(moved, default=None)
