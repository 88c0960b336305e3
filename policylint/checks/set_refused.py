"""A --set that Helm cannot read.

What happens: helm stops before it does anything: failed parsing --set data: key "b" has no value.

Why: a comma ends a value, a dot and a bracket belong to the name; --set hosts=a,b is the value a
and a name b without a value. A shell takes one backslash away where the argument is not quoted.

What to do instead: write a list as {a,b}, escape the comma within quotes ('hosts=a\\,b'), or use a
values file.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.errors import UsageError
from policylint.helm.values.strvals import set_values
from policylint.model import Category, Fix, Severity, Violation
from policylint.redaction.vocabulary import secret_key
from policylint.scan.invocations.model import Assignment, Invocation

VERBS = ("install", "upgrade", "template", "lint")


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A text that Helm's own reading of --set refuses; silent where a part of it cannot be told."""
    if invocation.tool != "helm" or invocation.action not in VERBS or invocation.syntax != "shell":
        return
    for assignment in invocation.assigned:
        if not _whole(invocation, assignment):
            continue
        try:
            set_values(assignment.text, {})
        except UsageError as error:
            if secret_key(assignment.text):
                reason = "failed parsing --set data"
            else:
                reason = error.message
            yield Violation(
                message=f"helm {invocation.action} stops: {reason}",
                fixes=(
                    Fix(
                        "escape the comma within quotes, 'key=a\\,b', or write a list, 'key={a,b}'"
                    ),
                ),
            )


def _whole(invocation: Invocation, assignment: Assignment) -> bool:
    """Whether the word ends where it was read to: braces and quotes that meet may hold more of
    it."""
    source, place = invocation.source, assignment.origin
    if source is None or place is None or place.end < 0:
        return True
    behind = source.text.encode()[place.end - source.offset :][:2]
    return not behind or behind[:1] in b" \t\n;|&)`\"'" or behind == b"\\\n"
