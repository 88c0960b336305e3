"""The release is locked by an operation that never ended.

What happens: every upgrade and install of the release stops with `another operation
(install/upgrade/rollback) is in progress`, whatever the chart; --force does not help.

Why: Helm writes a revision with a pending status before it starts and changes it when it is done. A
helm that was killed (a cancelled CI job, a lost connection, a node that went away) leaves it
pending, and Helm takes that for an operation under way.

What to do instead: make sure that no helm still works on the release, then free it: `helm rollback`
to the newest good revision for pending-upgrade and pending-rollback; for a pending-install delete
its record, or uninstall. Give CI jobs more time than --timeout, so that helm itself ends the
operation.
"""

from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.helm.history.targets import targets
from policylint.helm.inputs.revisions import History, Revision
from policylint.kubernetes.api.commands import in_namespace
from policylint.model import Category, Fix, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.ERROR)
def check(history: History, _: Context) -> Iterator[Violation]:
    """Report a pending last revision, with the way out for its state."""
    if history.last.pending:
        yield Violation(
            f"release {history.title} is locked: revision {history.last.number} is "
            f"{history.last.status}",
            because=_because(history),
            before=history.last.status,
            fixes=tuple(_fixes(history)),
            locations=(history.place(history.last),),
        )


def _because(history: History) -> str:
    if history.last.updated:
        since = f"it has been so since {history.last.updated}"
    else:
        since = "its start is not known"
    when = history.last.when
    if when and history.now:
        hours, minutes = divmod(int((history.now - when).total_seconds()) // 60, 60)
        since += f", for {hours} h {minutes} min"
    return (
        f"{since}; upgrades stop with `another operation (install/upgrade/rollback) is in progress`"
    )


def _fixes(history: History) -> Iterator[Fix]:
    first = (
        "make sure that no helm still works on it: no running CI job, no `ps` line, "
        "no change for its --timeout"
    )
    good = targets(history).newest_good
    if good:
        steps = (first, history.command("rollback", good.number))
        cost = "what the broken operation changed is put back"
        yield Fix(
            f"go back to revision {good.number}, which also frees the release",
            steps=steps,
            cost=cost,
        )
    elif not history.complete and history.last.number > 1:
        yield Fix(
            "find the newest good revision and go back to it, which also frees the release",
            steps=(
                first,
                history.command("history"),
                history.command("rollback", "NEWEST_GOOD_REVISION"),
            ),
        )
    else:
        yield from _without_good(history, first)


def _without_good(history: History, first: str) -> Iterator[Fix]:
    again = "run it again: it adopts the objects that carry the release's annotations"
    yield Fix(
        f"delete the record of revision {history.last.number} and run the operation again",
        steps=(first, _delete_record(history, history.last), again),
        cost="no object is touched; the record of the broken attempt is gone",
    )
    yield Fix(
        "uninstall and install again",
        steps=(first, history.command("uninstall"), "run the install again"),
        cost="everything the release has created is deleted",
    )


def _delete_record(history: History, revision: Revision) -> str:
    name = revision.record or f"sh.helm.release.v1.{history.name or 'RELEASE'}.v{revision.number}"
    where = in_namespace(history.namespace)
    return f"kubectl delete {quote(revision.kind.lower())} {quote(name)}{where}"
