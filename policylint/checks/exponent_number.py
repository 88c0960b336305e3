"""A large number is rendered in exponent form.

What happens: the program reads 1.048576e+06 as text or not at all.

Why: Helm reads large integers of values files as floating point numbers, and a template printed one
as it is.

What to do instead: pipe the value through int64 (or int) in the template, or quote it in the values
file.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Created, Fix, Json, Kept, Severity, Violation
from policylint.runtime.patterns import pattern
from policylint.runtime.pointers import step

EXPONENT = pattern(r"(?<![\w.])[1-9](?:\.[0-9]+)?e\+(?:0[6-9]|1[0-9])(?![\w.])")


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """A string of a touched resource holds a whole number in exponent form that was not there
    before."""
    if isinstance(change, Kept) and not change.fields:
        return
    if change.id.kind == "CustomResourceDefinition" or "e+" not in repr(change.after.body):
        return
    old: set[str] = set()
    if isinstance(change, Kept):
        old = {text for _, text in _strings(change.before.body, "")}
    for path, text in _strings(change.after.body, ""):
        number = _whole_number(text)
        if text not in old and number:
            yield Violation(
                message=f"the number {int(float(number))} is rendered as {number}",
                path=path,
                after=number,
                fixes=(Fix("pipe it through int64 in the template: {{ .Values.x | int64 }}"),),
            )


def _whole_number(text: str) -> str:
    """The first whole number in exponent form of a text; "" where it holds none."""
    numbers = EXPONENT.findall(text)
    return next((number for number in numbers if float(number).is_integer()), "")


def _strings(value: Json, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if "e+" in value:
            yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, step(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, step(path, index))
