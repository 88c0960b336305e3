"""The release was never installed successfully.

What happens: the next upgrade starts from the failed install's manifest; if it fails too, --atomic
has nothing to go back to and says `unable to find a previously successful release when attempting
to rollback`. Objects that the failed install made stay. After a success Helm marks the failed
revision as superseded, as if it had once been good.

Why: no revision of the release was ever deployed.

What to do instead: read the description, repair the cause, and install with --atomic (Helm 4:
--rollback-on-failure), which removes a failed first install; or uninstall what is left and install
again.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.history.report import description
from policylint.helm.inputs.revisions import History
from policylint.model import Category, Fix, Severity, Violation


@rule(category=Category.ROLLBACK, severity=Severity.WARNING)
def check(history: History, _: Context) -> Iterator[Violation]:
    """Report a release whose revisions all failed, from the first one on."""
    tried = history.complete and history.revisions[0].number == 1
    if not tried or history.good or history.last.status != "failed":
        return
    yield Violation(
        f"release {history.title} was never installed successfully: there is nothing to go back to",
        because=f"revision 1 says: {description(history.revisions[0])[:200]}",
        before=history.last.status,
        fixes=(
            Fix(
                "remove what the failed install left, and install with --atomic",
                steps=(
                    history.command("uninstall"),
                    history.command("upgrade", "CHART", "--install", "--atomic"),
                ),
                cost="objects of the failed install are deleted",
            ),
        ),
        locations=(history.place(history.revisions[0]),),
    )
