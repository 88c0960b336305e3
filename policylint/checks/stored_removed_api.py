"""A stored manifest holds an API that the cluster no longer serves.

What happens: an upgrade from that revision stops before anything is applied with `current release
manifest contains removed kubernetes api(s)` or `unable to build kubernetes objects from current
release manifest`; a rollback to it stops in the same way. A newer chart does not help: Helm reads
the stored manifest first.

Why: Helm asks the cluster about every object of the stored manifest, under the API version it was
written with.

What to do instead: before the cluster is upgraded, upgrade the release to a chart that uses the
served version; afterwards, rewrite the newest record with the `mapkubeapis` plugin, which leaves
older revisions as they are: what they were is brought back by an upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.history.stored import unserved
from policylint.helm.history.targets import base
from policylint.helm.inputs.revisions import History, Revision
from policylint.model import Category, Confidence, Direction, Fix, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(history: History, context: Context) -> Iterator[Violation]:
    """Look at the manifest an upgrade starts from, and at the good revisions a rollback may go
    to."""
    minor, start = context.target.kubernetes, base(history) or history.last
    for revision in (start, *(revision for revision in history.good if revision is not start)):
        unserved_objects = unserved(revision, minor)
        if unserved_objects:
            yield _violation(history, revision, unserved_objects, minor, upgrade=revision is start)


def _violation(
    history: History, revision: Revision, unserved_objects: list[str], minor: str, *, upgrade: bool
) -> Violation:
    if upgrade:
        what, fix = f"the next upgrade of {history.title}", _rewritten(history)
    else:
        what, fix = f"a rollback to revision {revision.number}", _instead(history, revision)
    return Violation(
        f"{what} will stop: its stored manifest holds APIs that Kubernetes {minor} does not serve",
        because=f"revision {revision.number} holds {', '.join(unserved_objects)}",
        before=unserved_objects,
        severity=None if upgrade else Severity.WARNING,
        category=None if upgrade else Category.ROLLBACK,
        direction=Direction.UPGRADE if upgrade else Direction.ROLLBACK,
        fixes=(fix,),
        locations=(history.place(revision),),
    )


def _rewritten(history: History) -> Fix:
    return Fix(
        "rewrite the stored manifest",
        steps=(
            "helm plugin install https://github.com/helm/helm-mapkubeapis",
            history.command("mapkubeapis"),
        ),
        cost="it adds a revision to the history; nothing in the cluster changes",
    )


def _instead(history: History, revision: Revision) -> Fix:
    """mapkubeapis rewrites the newest revision alone."""
    return Fix(
        f"go back to what revision {revision.number} was by an upgrade, not by a rollback",
        steps=(
            history.command("get values", "--revision", revision.number) + " -o yaml",
            "upgrade with these values and the chart of that time, its API versions replaced by"
            " those that are served",
        ),
    )
