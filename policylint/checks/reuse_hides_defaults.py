"""--reuse-values hides new defaults of the chart.

What happens: Helm keeps the old chart's defaults under the user's values and takes none of the new
chart's: new keys are missing, changed ones keep their old value, and an image whose tag is a
default stays at the old version.

Why: with --reuse-values Helm replaces the new chart's values.yaml by the values the last release
computed.

What to do instead: keep all values in a file and upgrade with `-f FILE --reset-values`, or use
--reset-then-reuse-values (Helm 3.14 and later), which takes the new defaults and keeps the user's
values.
"""

import functools
from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.errors import PolicylintError
from policylint.helm.values.compare import Difference, hidden
from policylint.helm.values.modes import Mode
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import leaves
from policylint.helm.values.writing import full_values
from policylint.model import Category, Edit, Fix, Grade, Severity, Violation
from policylint.redaction.vocabulary import secret_key
from policylint.runtime.pointers import step
from policylint.runtime.sentences import first_of


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Report stale images one by one, and all other hidden defaults together."""
    if change.mode is not Mode.REUSE or change.old is None:
        return
    differences = hidden(change)
    fixes = _fixes(change) if differences else ()
    for difference in differences:
        if _stale_image(difference):
            yield Violation(
                f"--reuse-values keeps {difference.key} at its old default",
                because="the new chart's default differs, and no user value sets it",
                path=_pointer(difference),
                before=difference.before,
                after=difference.after,
                fixes=fixes,
                locations=(change.default_place(difference.path),),
            )
    settings = [difference for difference in differences if not _stale_image(difference)]
    if settings:
        yield _hidden(change, settings, fixes)


def _stale_image(difference: Difference) -> bool:
    return difference.image and difference.before is not None


def _hidden(
    change: ValuesChange, differences: list[Difference], fixes: tuple[Fix, ...]
) -> Violation:
    keys = [difference.key for difference in differences]
    defaults = "default" if len(keys) == 1 else "defaults"
    known_before = all(difference.before is not None for difference in differences)
    return Violation(
        f"--reuse-values hides {len(keys)} new {defaults} of the chart",
        because=first_of(keys),
        after=keys,
        severity=Severity.NOTE if known_before else None,
        fixes=fixes,
        locations=(change.default_place(differences[0].path),),
    )


def _pointer(difference: Difference) -> str:
    return functools.reduce(step, difference.path, "")


def _fixes(change: ValuesChange) -> tuple[Fix, ...]:
    steps = (
        "helm get values RELEASE -o yaml > values.yaml",
        "helm upgrade ... -f values.yaml --reset-values",
    )
    edits = tuple(_edits(change))
    if edits:
        steps = (
            f"write the edited {edits[0].file}",
            f"helm upgrade ... -f {quote(edits[0].file)} --reset-values",
        )
    return (
        Fix(
            "keep the values in a file and reset",
            Grade.UNSAFE if edits else Grade.MANUAL,
            steps,
            edits,
        ),
        Fix("use --reset-then-reuse-values in place of --reuse-values (Helm 3.14 and later)"),
    )


def _edits(change: ValuesChange) -> Iterator[Edit]:
    """The upgrade's own values file with what the release holds added, unless that may be
    secret."""
    if not change.files or any(
        secret_key(part) for path, _ in leaves(change.old_user) for part in path
    ):
        return
    file = change.files[-1]
    try:
        text = full_values(change)
    except PolicylintError:
        return  # the steps above are what is left to do
    if text != file.text:
        yield Edit(file.path, 0, len(file.text.encode()), text)
