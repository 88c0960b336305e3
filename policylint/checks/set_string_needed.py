"""A --set value that loses its form.

What happens: a label, an annotation or a variable gets a number or a boolean, and the API server
refuses it: "cannot unmarshal bool into Go struct field ... of type string". A number of seven
digits and more comes out as 1.234567e+06 when a later upgrade reuses the stored values.

Why: --set guesses the type: true, false, null and integers get theirs. What begins with a zero, and
12e5, stay text in Helm, but a template that writes them without quotes makes YAML read a number.

What to do instead: use --set-string; where YAML reads the number, quote the value in the template.

Source of the types: pkg/strvals/parser.go of Helm 3.22 and 4.3 (typedVal).
"""

import re
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Grade, Severity, Violation
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.advice import installs_or_upgrades
from policylint.scan.invocations.edits import respelled
from policylint.scan.invocations.model import Assignment, Invocation

TYPED = pattern(r"(?i)true|false|0|-?[1-9]\d*")
LONG = pattern(r"[1-9]\d{6,17}")
READ_BY_YAML = pattern(r"0[0-7]+|\d+e\d+")
TEXTS = pattern(
    r"(?:^|\.)\w*(?:annotations|labels|nodeselector)\.[^=]+$|(?:^|\.)\w*env(?:vars|ironment)?(?:\[\d+\]\.value|\.[\w-]+)$",
    re.IGNORECASE,
)
"""Keys below which Kubernetes takes texts only: env[0].value, env.NAME; a chart may quote them."""


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A value that would not come out as it went in, or not as text where only text is taken."""
    if not installs_or_upgrades(invocation):
        return
    for assignment in invocation.assigned:
        for part in re.split(r"(?<!\\),", assignment.text):
            key, assigned, value = part.partition("=")
            reading = _consequence(key, value) if assigned else ""
            if reading:
                yield Violation(
                    message=f"--set {key}={value}: {reading}",
                    before=value,
                    fixes=(_fix(invocation, assignment, f"{key}={value}"),),
                )


def _consequence(key: str, value: str) -> str:
    where = re.sub(r"\\.", "", key)  # an escaped dot belongs to the name
    if TYPED.fullmatch(value) and TEXTS.search(where):
        if value.lower() in ("true", "false"):
            kind = "boolean"
        else:
            kind = "number"
        return f"Helm makes a {kind} of it, and Kubernetes takes texts only there"
    if LONG.fullmatch(value):
        return f"an upgrade that reuses the stored values writes {_scientific(value)}"
    if READ_BY_YAML.fullmatch(value):
        return f"a template that does not quote it makes YAML read {_read(value)}"
    return ""


def _fix(invocation: Invocation, assignment: Assignment, pair: str) -> Fix:
    key, _, value = pair.partition("=")
    if READ_BY_YAML.fullmatch(value):
        return Fix(f"quote {key} in the template")
    if assignment.text == pair:
        edit = respelled(invocation, assignment.origin, "--set", "--set-string")
    else:
        edit = None
    return Fix(
        f"write --set-string {pair}",
        Grade.UNSAFE if edit else Grade.MANUAL,
        (),
        (edit,) if edit else (),
    )


def _scientific(digits: str) -> str:
    """The number as Go's fmt prints it once it came back from JSON."""
    fraction = digits[1:].rstrip("0")
    return f"{digits[0]}{'.' if fraction else ''}{fraction}e+{len(digits) - 1:02}"


def _read(value: str) -> str:
    if value.isdigit():
        return str(int(value, 8))
    return f"{float(value):g}"
