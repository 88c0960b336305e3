"""The upgrade is refused unless the object is gone from the cluster already.

What happens: the live objects that were given do not hold this one. If it is there all the same,
the API server refuses the update; if somebody has deleted it, Helm makes it anew.

Why: an immutable field can be anything in an object that is created, and nothing else in one that
is there. A file with some of the live objects does not tell which of the two it is.

What to do instead: give the object with `--live`, or all objects of the release.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways; what may be refused is no pass."""
    for violation in refusals(change, "object-gone", context):
        yield replace(violation, severity=Severity.ERROR)
