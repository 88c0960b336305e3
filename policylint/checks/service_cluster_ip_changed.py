"""A Service changes its cluster IP, or turns headless or back.

What happens: the API server refuses the update with 'spec.clusterIPs[0]: ... may not change once
set'.

Why: clients hold on to a Service's address, so a ClusterIP Service keeps it for life: neither
another address nor None may take its place.

What to do instead: delete the Service and let the upgrade create it (connections break meanwhile),
or add a second Service under another name.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "service-cluster-ip-changed", context)
