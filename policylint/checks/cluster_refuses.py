"""The cluster itself refuses what the upgrade sends.

What happens: the upgrade stops at this object with the message quoted, or is half applied: the
cluster was asked (`--ask`), by a dry run of the same request.

Why: the cluster knows more than manifests do: admission webhooks, quotas, policies, what your login
may do, what others have changed.

What to do instead: change what the message names. A webhook that does not answer, and a right that
is missing, are to be mended in the cluster. A dry run does not see what the upgrade creates before
this object.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.dryrun.ask import DryRun
from policylint.model import Category, Fix, Outcome, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(subject: DryRun, context: Context) -> Iterator[Violation]:
    """A dry run was refused, and the forecast did not say so."""
    if not subject.differs or subject.answer.outcome is not Outcome.REJECTED:
        return
    forecast = subject.forecast.outcome if subject.forecast else "nothing"
    yield Violation(
        message="the cluster refuses this upgrade when it is asked",
        because=f"its answer to a dry run: {subject.answer.message} (forecast: {forecast})",
        resource=subject.id,
        fixes=(Fix("change what the message names, and ask again"),),
    )
