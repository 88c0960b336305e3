"""An object of the release is in the cluster already, and not as this release's.

What happens: the upgrade stops with "exists and cannot be imported into the current release:
invalid ownership metadata". Nothing of the release is sent.

Why: Helm takes over an existing object only if its label and annotations say that it belongs to
this release. What kubectl, another release, a hook or the crds/ directory has made does not say so.

What to do instead: mark the object as this release's, or upgrade once with --take-ownership; name
it otherwise where it belongs to somebody else.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "ownership-conflict", context)
