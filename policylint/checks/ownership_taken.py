"""Objects of others are taken over.

What happens: the release claims every object it names, whoever made it: two releases then fight,
and uninstalling one deletes what the other needs.

Why: --take-ownership is set; it is all or nothing.

What to do instead: adopt single objects by hand: set the labels and annotations of the release on
them.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.scan.invocations.advice import replace_flag
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The flag is set where a release changes."""
    flag = invocation.flag("take-ownership")
    if invocation.deploys and flag.state == "set":
        yield Violation(
            message=f"{flag.written or '--take-ownership'} claims every object by name, "
            "those of other releases too",
            fixes=(replace_flag(invocation, "take-ownership", "", "leave it out"),),
        )
