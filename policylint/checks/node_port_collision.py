"""Two Services ask for one node port.

What happens: the API server refuses the second one: provided port is already allocated.

Why: one node port belongs to one Service of the cluster, whatever its protocol. Helm sends one
object after the other and deletes last: a port that another Service of the release gives up later,
or had until it is deleted, is still taken.

What to do instead: give each Service its own node port, or leave the choice to the cluster; move a
port from one Service to another in two upgrades.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "node-port-collision", context)
