"""A text of configuration is no longer of its format.

What happens: the program that reads it fails at its next start, or goes on with what it read before
until then.

Why: a text of a ConfigMap or Secret that was YAML, JSON or TOML until now, as its name says, cannot
be read as such any more.

What to do instead: correct the text at the place that the finding names.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.settings.files import (
    FILES,
    LONGEST,
    UnreadableTextError,
    structure,
)
from policylint.kubernetes.settings.objects import HOLDERS, texts_of
from policylint.model import Category, Confidence, Fix, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A text named *.yaml, *.json or *.toml that could be read on the before side alone."""
    if change.id.kind not in HOLDERS or change.id.group or not change.fields:
        return
    before = texts_of(change.before.body)
    for key, (path, text) in texts_of(change.after.body).items():
        was = before.get(key, ("", ""))[1]
        if not key.endswith(FILES) or was in ("", text) or _error(key, was):
            continue
        error = _error(key, text)
        if error:
            yield Violation(
                message=f"what reads {key} of {change.id} fails at its next start: the text is no "
                f"{key.rpartition('.')[2].upper()} any more",
                because=f"it could be read until now; {error}",
                path=path,
                fixes=(Fix(f"correct {key} where the error is, or keep it as it was"),),
            )


def _error(key: str, text: str) -> str:
    """Why a text is not of its format, "" where it is, or where it has none."""
    if len(text) > LONGEST:
        return ""
    try:
        structure(key, text)
    except UnreadableTextError as error:
        return str(error)
    return ""
