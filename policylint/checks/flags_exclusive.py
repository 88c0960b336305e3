"""Two flags that exclude each other.

What happens: helm stops with an error before it does anything.

Why: --force-replace sends replacements, --force-conflicts and --server-side=true send server-side
apply: Helm 4 refuses them together.

What to do instead: keep one. To take over fields from another manager, --force-conflicts alone is
enough.
"""

from collections.abc import Iterator
from functools import cache

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.scan.invocations.advice import replace_flag
from policylint.scan.invocations.model import Invocation
from policylint.scan.shells.flags import canonical, notes


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """Both flags of a pair that Helm refuses are set."""
    if invocation.tool != "helm":
        return
    for names, wanted in _refused():
        flags = [invocation.flag(name) for name in names]
        if any(flag.state != "set" for flag in flags):
            continue
        if wanted is not None and str(flags[1].value).lower() != wanted:
            continue
        written = [flag.written or f"--{name}" for flag, name in zip(flags, names, strict=True)]
        yield Violation(
            message=f"helm refuses {written[0]} together with {written[1]}",
            fixes=(replace_flag(invocation, names[0], "", f"leave {written[0]} out"),),
        )


@cache
def _refused() -> tuple[tuple[tuple[str, ...], str | None], ...]:
    """The flags of each pair by Helm 3's names, and the value of the second with which alone they
    are refused."""
    rows = [row for row in notes()["exclusive"] if row["how"] != "wins"]
    return tuple((tuple(map(canonical, row["flags"])), row.get("value")) for row in rows)
