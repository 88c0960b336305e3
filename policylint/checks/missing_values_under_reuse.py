"""A template of the new chart reads a value that --reuse-values leaves out.

What happens: the upgrade stops while rendering with `nil pointer evaluating interface {}`, before
anything is applied.

Why: the new chart's default that the template relies on is not taken under --reuse-values; Helm
uses the old chart's defaults, which lack the key.

What to do instead: set the key in the values of this upgrade, keep all values in a file and upgrade
with --reset-values, or use --reset-then-reuse-values (Helm 3.14 and later).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.compare import Missing, missing
from policylint.helm.values.modes import Mode
from policylint.helm.values.subject import RenderFailure, ValuesChange
from policylint.helm.values.tables import dotted
from policylint.model import Category, Confidence, Fix, Location, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Report readings that fail under reuse and would not with the new defaults."""
    if change.mode is not Mode.REUSE or change.old is None:
        return
    otherwise = change.tried(Mode.RESET_THEN_REUSE)
    if otherwise:
        anyway = {reading.reference for reading in missing(otherwise)}
    else:
        anyway = set()
    foreseen = [reading for reading in missing(change.effective) if reading.reference not in anyway]
    for reading in foreseen:
        yield _violation(change, reading)
    if change.failure is not None and not _in(foreseen, change.failure):
        yield from _unforeseen(change.failure)


def _unforeseen(failure: RenderFailure) -> Iterator[Violation]:
    """A reading that only the render showed."""
    if failure.nil_pointer:
        yield Violation(
            f"the upgrade fails to render: {failure.template}:{failure.line} "
            f"reads .Values.{failure.key}",
            because=" ".join(failure.message.split())[:300],
            confidence=Confidence.CERTAIN,
            fixes=FIXES,
            locations=(Location("cause", failure.template, failure.line, key=failure.key),),
        )


def _in(foreseen: list[Missing], failure: RenderFailure) -> bool:
    return any(_is(reading, failure) for reading in foreseen)


def _is(reading: Missing, failure: RenderFailure) -> bool:
    return (failure.template, failure.line) == (reading.reference.file, reading.reference.line)


def _violation(change: ValuesChange, reading: Missing) -> Violation:
    reference = reading.reference
    part = dotted(reading.part)
    seen = change.failure is not None and _is(reading, change.failure)
    return Violation(
        "the upgrade will fail to render: "
        f"{reference.file}:{reference.line}:{reference.column} {reading.words}",
        because=f"--reuse-values leaves out the new chart's default of {part}",
        confidence=Confidence.CERTAIN if seen else None,
        fixes=(*FIXES, Fix(f"set {part} in the values of this upgrade")),
        locations=(
            Location(
                "cause",
                reading.file,
                reference.line,
                reference.column + 1,
                key=".".join(reference.path),
            ),
            change.default_place(reference.path),
        ),
    )


FIXES = (Fix("use --reset-then-reuse-values in place of --reuse-values (Helm 3.14 and later)"),)
