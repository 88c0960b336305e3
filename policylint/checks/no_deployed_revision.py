"""No revision of the release is deployed.

What happens: an upgrade takes the last failed revision for what runs and computes its changes from
that manifest; after an uninstall that kept the history it stops with `has no deployed releases`.

Why: Helm compares with the newest revision whose status is deployed. Where none is left (a rollback
failed half-way, records were deleted by hand, the release was uninstalled with --keep-history),
what runs and what Helm believes differ.

What to do instead: roll back to the newest good revision, which makes it the deployed one, and then
upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.history.targets import base, targets
from policylint.helm.inputs.revisions import History
from policylint.model import Category, Fix, Severity, Violation

_GONE = ("uninstalled", "uninstalling")


@rule(category=Category.ROLLBACK, severity=Severity.WARNING)
def check(history: History, _: Context) -> Iterator[Violation]:
    """Report a history without a deployed revision; a locked or never installed one has rules of
    its own."""
    if not history.complete or history.deployed or history.last.pending:
        return
    start = base(history)
    if start is None and history.last.status in _GONE:
        yield _uninstalled(history)
        return
    if not history.good:
        return
    if start:
        consequence = (
            f"the next upgrade takes revision {start.number}, which is {start.status}, "
            "for what runs"
        )
    else:
        consequence = f'`helm upgrade` stops with "{history.title}" has no deployed releases'
    good = targets(history).newest_good
    if good:
        fix = Fix(
            f"make revision {good.number} the deployed one",
            steps=(history.command("rollback", good.number),),
        )
    else:
        fix = None
    yield Violation(
        f"release {history.title} has no deployed revision: {consequence}",
        because=f"its last revision {history.last.number} is {history.last.status}",
        before=history.last.status,
        fixes=(fix,) if fix else (),
        locations=(history.place(history.last),),
    )


def _uninstalled(history: History) -> Violation:
    """A release that was uninstalled with --keep-history: a plain upgrade is refused."""
    good = targets(history).newest_good or history.last
    return Violation(
        f"release {history.title} is {history.last.status}: `helm upgrade` stops with "
        f'"{history.title}" has no deployed releases',
        because="its history was kept, and no revision of it is deployed",
        before=history.last.status,
        severity=Severity.ERROR,
        fixes=(
            Fix(
                "install it again",
                steps=(history.command("upgrade", "CHART", "--install"),),
                cost="none: nothing of the release is in the cluster, but for what it kept",
            ),
            Fix(
                f"or bring revision {good.number} back, and then upgrade",
                steps=(history.command("rollback", good.number),),
            ),
        ),
        locations=(history.place(history.last),),
    )
