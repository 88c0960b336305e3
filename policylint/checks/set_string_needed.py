"""A --set value that loses its form.

What happens: Helm reads the value as a number or boolean: leading zeros go, long digits turn into 1.2e+09.

Why: --set guesses the type; the value looks like a number with leading zeros, an exponent or many digits.

What to do instead: use --set-string.
"""

import re
from collections.abc import Iterator

from policylint.invocations.advice import installs_or_upgrades
from policylint.invocations.model import Invocation
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.rule import Context, rule

SURPRISING = re.compile(r"0\d+|\d+e\d+|\d{7,}")


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A digit string that would not come out as it went in."""
    if not installs_or_upgrades(invocation):
        return
    for given in invocation.sets:
        key, assigned, value = given.strip("\"'").partition("=")
        if assigned and SURPRISING.fullmatch(value) and _plain_set(invocation, given):
            yield Violation(
                message=f"--set reads {key}={value} as a number and loses its form",
                before=value,
                fixes=(Fix(f"write --set-string {key}={value}"),),
            )


def _plain_set(invocation: Invocation, given: str) -> bool:
    return invocation.flag("set-string").state == "unset" and given in invocation.sets
