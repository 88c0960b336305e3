"""A value is read as another type than it looks like.

What happens: `0644` becomes 420, `1e3` becomes 1000, `on` and `yes` become true,
12345678901234567890 loses digits, `1.10` becomes 1.1; --set makes a number or boolean of text,
--set-string makes text of a boolean, and "false" is true in a template.

Why: values files are read by the rules of YAML 1.1, every number becomes a 64-bit float, and --set
guesses types.

What to do instead: quote what is meant as text; use --set-string for text and --set for numbers and
booleans.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.hazards import Hazard, in_file, in_flags
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import Table, dotted, leaves
from policylint.model import Category, Fix, Location, Severity, Violation
from policylint.redaction.vocabulary import secret_key
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(subject: ValuesChange | Invocation, _: Context) -> Iterator[Violation]:
    """Look at the values files as written, at --set, and at the values that a declaration holds
    itself; a value of its default's type is no hazard."""
    if isinstance(subject, Invocation):
        yield from _declared(subject)
    else:
        yield from _changed(subject)


def _declared(invocation: Invocation) -> Iterator[Violation]:
    for written in invocation.inline:
        for hazard in in_file(written.text, written.file):
            key = dotted(hazard.path)
            yield _violation(hazard, {}, Location("cause", written.file, hazard.line, key=key))


def _changed(change: ValuesChange) -> Iterator[Violation]:
    defaults = change.defaults
    kinds = dict(leaves(defaults))
    for file in change.files:
        for hazard in in_file(file.text, file.path):
            default = kinds.get(hazard.path)
            if default is None or type(default) is not type(hazard.read):
                yield _violation(
                    hazard,
                    defaults,
                    Location("cause", file.path, hazard.line, key=dotted(hazard.path)),
                )
    for hazard in in_flags(change.values_input, defaults):
        yield _violation(hazard, defaults, Location("command", "--set", key=dotted(hazard.path)))


def _violation(hazard: Hazard, defaults: Table, place: Location) -> Violation:
    default = dict(leaves(defaults)).get(hazard.path)
    hidden = secret_key(hazard.path[-1])
    return Violation(
        f"{dotted(hazard.path)}: "
        f"{'its text is read as another type' if hidden else hazard.message}",
        because="the chart's default is text"
        if isinstance(default, str)
        else "the text and what is read differ",
        severity=Severity.WARNING if isinstance(default, str) else None,
        fixes=(
            Fix(
                f"if text is meant, write {'it in quotes' if hidden else hazard.quoted}, "
                "or use --set-string"
            ),
        ),
        locations=(place,),
    )
