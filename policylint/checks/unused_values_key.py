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
    read_before = _read_before(change)
    own = _through_tpl(change)
    for path, _value in leaves(change.new_user):
        known = read.reads(path) or (read_before is not None and read_before.reads(path))
        if not known and not any(path[: len(reference)] == reference for reference in own):
            yield _no_effect(change, path, nearest(path, read, change))


def _read_before(change: ValuesChange) -> Usage | None:
    """What the old chart reads: a key that only that one read is another rule's. A record does not
    hold the templates of subcharts."""
    old = change.old
    if old is None or (old.stored and old.dependencies):
        return None
    return usage(old)


def _through_tpl(change: ValuesChange) -> set[Path]:
    """What the values themselves read where a template runs them through tpl."""
    return {reference.path for file in change.files for reference in scan(file.text, file.path)}


def _no_effect(change: ValuesChange, path: Path, near: Path | None) -> Violation:
    if near is None:
        because, fix = "nothing in the chart reads it or a key near it", f"remove {dotted(path)}"
    else:
        because, fix = f"the chart reads {dotted(near)}", f"write {dotted(near)}"
    return Violation(
        f"{dotted(path)} has no effect: no template reads it",
        because=because,
        severity=Severity.WARNING if near else None,
        fixes=(Fix(fix),),
        locations=(change.place(path),),
    )


def nearest(path: Path, read: Usage, change: ValuesChange) -> Path | None:
    """The key that was probably meant: nearly the same spelling, or the same name one level off."""
    known = {key for key in read.known() if key}
    known |= {key for key, _ in leaves(change.new.values) if read.reads(key)}
    beside = {key[-1]: key for key in known if key[:-1] == path[:-1]}
    spelt = closest(path[-1], beside, 0.8)
    if spelt:
        return beside[spelt]
    names = {dotted(key): key for key in known}
    close = closest(dotted(path), names, 0.9)
    if close:
        return names[close]
    return _moved(path, known)


def _moved(path: Path, known: set[Path]) -> Path | None:
    """The key of the same name at another level."""
    moved = [key for key in known if key[-1] == path[-1] and set(key) & set(path[:-1])]
    return min(moved, default=None)
