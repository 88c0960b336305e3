"""The cluster accepts what was forecast to be refused.

What happens: the forecast refuses this object, and the cluster, when it was asked (`--ask`),
accepted a dry run of the same request. One of the two is wrong, and the verdict stays a fail.

Why: what others have changed in the cluster may let the request through; a dry run checks no node
port and stores nothing, so that limits of size do not show; or the forecast is mistaken.

What to do instead: give the live object with --live, so that both judge the same; where they still
differ, report it with the row that --ask-log writes, and waive the finding.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.dryrun.ask import DryRun
from policylint.model import Category, Fix, Outcome, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(subject: DryRun, context: Context) -> Iterator[Violation]:
    """A dry run was accepted, and the forecast is a refusal."""
    forecast = subject.forecast
    if not subject.differs or forecast is None or forecast.outcome is not Outcome.REJECTED:
        return
    causes = "; ".join(f"{cause.field}: {cause.message}" for cause in forecast.causes)
    yield Violation(
        message="the cluster accepts, when it is asked, what the forecast refuses",
        because=f"the forecast: {causes}",
        resource=subject.id,
        fixes=(Fix("give the live object with --live, and compare"),),
    )
