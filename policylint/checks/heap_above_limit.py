"""A heap may grow beyond the memory limit of its container.

What happens: the container is killed (OOMKilled) once the heap fills, often only at peak, and again
after each restart.

Why: an option of the runtime (-Xmx, --max-old-space-size, GOMEMLIMIT) allows more memory than
resources.limits.memory; the runtime needs some beside the heap, too.

What to do instead: set the heap to some three quarters of the limit, or let the runtime read the
limit (-XX:MaxRAMPercentage).
"""

import re
from collections.abc import Iterator
from fractions import Fraction

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import at, items, parts
from policylint.kubernetes.api.safeguards import kept_containers
from policylint.model import Category, Confidence, Fix, Kept, Object, Severity, Violation

UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
OPTIONS = (
    re.compile(r"-Xmx([0-9]{1,15})([kmgtKMGT]?)\b"),
    re.compile(r"-XX:MaxHeapSize=([0-9]{1,15})([kmgtKMGT]?)\b"),
    re.compile(r"--max[-_]old[-_]space[-_]size=([0-9]{1,15})(m?)\b"),
    re.compile(r"GOMEMLIMIT=([0-9]{1,15})([KMGT]?)i?B?\b"),
)
"""Oracle, java(1); nodejs.org, CLI (in MiB); pkg.go.dev/runtime."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A container whose heap is above its limit now and was not before."""
    for container in kept_containers(change):
        option = _above(container.after)
        if option and not _above(container.before):
            limit = at(container.after, "resources", "limits", "memory")
            yield Violation(
                message=f"container {container.name} is killed when its heap fills: {option} is "
                f"more than its memory limit {limit}",
                because="what a process has beyond the limit of its container ends it",
                path=f"{container.path}/resources/limits/memory",
                after=limit,
                fixes=(
                    Fix("keep heap and limit as they were"),
                    Fix("set the heap to three quarters of the limit"),
                ),
            )


def _above(container: Object) -> str:
    """The option that allows more than the container's limit; "" where none does."""
    limit = parse_quantity(at(container, "resources", "limits", "memory"))
    if limit is None:
        return ""
    options = (option for word in _words(container) for option in _heaps(word))
    return next((option for option, size in options if size > limit), "")


def _words(container: Object) -> Iterator[str]:
    """What may hold options: the arguments and the variables."""
    for field in ("command", "args"):
        yield from (word for word in items(container.get(field)) if isinstance(word, str))
    for variable in parts(container, "env"):
        yield f"{variable.get('name')}={variable.get('value', '')}"


def _heaps(word: str) -> Iterator[tuple[str, Fraction]]:
    for pattern in OPTIONS:
        for match in pattern.finditer(word):
            unit = match.group(2).lower()
            if "old" in match.group():
                unit = "m"
            yield match.group(), Fraction(match.group(1)) * UNITS[unit]
