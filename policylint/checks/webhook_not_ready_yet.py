"""An object comes before a webhook that judges it can answer.

What happens: the upgrade (or the installation, or the rollback) stops with 'failed calling webhook
... no endpoints available for service', or goes through where the pods happen to be faster.

Why: the release makes a webhook with failurePolicy Fail, the pods that answer it, and an object
that it covers, in one run. Helm sends custom resources and the hooks of the event after right
behind the webhook, and waits for no pod in between.

What to do instead: install the webhook's chart first, and wait for it (--wait); then what it
judges. Or create the webhook with failurePolicy Ignore, and turn it to Fail in the next upgrade.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "webhook-not-ready-yet", context)
