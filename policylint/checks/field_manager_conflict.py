"""Another field manager owns a field that the upgrade sets to another value.

What happens: server-side apply stops with "Apply failed with 1 conflict: conflict with ...". Other
objects of the release may be changed already by then.

Why: a field belongs to whoever set its value: an autoscaler that scaled a workload, a controller
that injected a bundle, a person with kubectl edit. Helm 4 applies every rendered field again with
every upgrade, changed or not, and does not take it from others unless --force-conflicts says so.

What to do instead: do not render a field that somebody else keeps (replicas beside an autoscaler,
caBundle beside an injector). Where the chart shall win, undo the change, or upgrade once with
--force-conflicts.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.kubernetes.forecast.managers import TOPIC
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, TOPIC, context)
