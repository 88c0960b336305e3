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
    anyway = {found.reference for found in missing(otherwise)} if otherwise else set()
    foreseen = [found for found in missing(change.effective) if found.reference not in anyway]
    for found in foreseen:
        yield _violation(change, found)
    failure = change.failure
    if failure and failure.nil_pointer and not any(_is(found, failure) for found in foreseen):
        yield Violation(
            f"the upgrade fails to render: {failure.template}:{failure.line} reads .Values.{failure.key}",
            because=" ".join(failure.message.split())[:300],
            confidence=Confidence.CERTAIN,
            fixes=FIXES,
            locations=(Location("cause", failure.template, failure.line, key=failure.key),),
        )


def _is(found: Missing, failure: RenderFailure) -> bool:
    return (failure.template, failure.line) == (found.reference.file, found.reference.line)


def _violation(change: ValuesChange, found: Missing) -> Violation:
    reference = found.reference
    part = dotted(found.part)
    seen = change.failure is not None and _is(found, change.failure)
    return Violation(
        f"the upgrade will fail to render: {reference.file}:{reference.line}:{reference.column} {found.words}",
        because=f"--reuse-values leaves out the new chart's default of {part}",
        confidence=Confidence.CERTAIN if seen else None,
        fixes=(*FIXES, Fix(f"set {part} in the values of this upgrade")),
        locations=(
            Location(
                "cause",
                found.file,
                reference.line,
                reference.column + 1,
                key=".".join(reference.path),
            ),
            change.default_place(reference.path),
        ),
    )


FIXES = (Fix("use --reset-then-reuse-values in place of --reuse-values (Helm 3.14 and later)"),)
