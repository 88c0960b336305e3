"""A chart repository without encryption.

What happens: anybody on the way can put another chart in its place.

Why: the address begins with http://.

What to do instead: use https:// or oci://.
"""

from collections.abc import Iterator

from policylint.invocations.model import Invocation
from policylint.model import Category, Fix, Severity, Violation
from policylint.rule import Context, rule

LOCAL = ("http://localhost", "http://127.0.0.1", "http://[::1]")


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """repo add, --repo or a chart address with http://, this machine apart."""
    repo = invocation.flag("repo").value
    for word in (*invocation.positionals, repo, invocation.chart):
        if isinstance(word, str) and word.startswith("http://") and not word.startswith(LOCAL):
            yield Violation(
                message=f"{word} is not encrypted: charts can be replaced on the way",
                before=word,
                fixes=(Fix("use https:// or oci://"),),
            )
            return
