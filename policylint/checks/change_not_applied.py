"""The cluster accepts the upgrade and does not do what the manifest says.

What happens: Helm says deployed, and the object in the cluster has another value than the chart, or
lacks an item: a port that never appears, a number that arrives as another one.

Why: a client-side patch merges lists by one key, so that a second port with the number of the first
is taken for it; an integer beyond 32 bits is cut off on the way; a field that the kind does not
have is left out. The API server sees nothing wrong with the result.

What to do instead: give list items keys that tell them apart, write numbers that fit, and send what
a patch cannot express with --force once, or with Helm 4's server-side apply.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.reading import at
from policylint.model import (
    Apply,
    Category,
    Created,
    Fix,
    Kept,
    Severity,
    Upgrade,
    Violation,
)

SHOWN = 5


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """What the forecast finds of the manifest in the stored object no longer."""
    yield from _lost(change, context)
    if change.forecast.dropped and not _told_by_definitions(change, context.upgrade):
        yield from _dropped(change)


def _lost(change: Created | Kept, context: Context) -> Iterator[Violation]:
    for field in change.forecast.unapplied[:SHOWN]:
        missing = field.op == "remove"
        yield Violation(
            message="the upgrade is accepted and does not apply "
            + ("what the manifest adds" if missing else "the value of the manifest"),
            because="the object that the cluster holds afterwards "
            + ("lacks it" if missing else f"has {field.after!r}"),
            path=field.path,
            before=field.before,
            after=field.after,
            fixes=_fixes(change, context),
        )


def _dropped(change: Created | Kept) -> Iterator[Violation]:
    """Fields that the kind does not have: the object works without them, as it did before."""
    for field in change.forecast.dropped[:SHOWN]:
        yield Violation(
            message="the upgrade is accepted and leaves out a field that the kind does not have",
            because=f"a {change.id.kind} of {change.after.api_version} does not have it",
            path=field.path,
            before=None,
            after=field.before,
            severity=Severity.WARNING,
            fixes=(Fix("correct its spelling or its place, or remove it"),),
        )


def _told_by_definitions(change: Created | Kept, upgrade: Upgrade | None) -> bool:
    """Whether the definition of the kind is one of crds/ that changes: crds-not-upgraded tells."""
    if upgrade is None:
        return False
    old = {crd.id: crd.body for crd in upgrade.before.crds}
    return any(
        (at(crd.body, "spec", "group"), at(crd.body, "spec", "names", "kind"))
        == (change.id.group, change.id.kind)
        and old.get(crd.id) != crd.body
        for crd in upgrade.after.crds
    )


def _fixes(change: Created | Kept, context: Context) -> tuple[Fix, ...]:
    look = Fix("write it so that it arrives: another number, another key, a value that fits")
    if context.target.apply is not Apply.CLIENT_SIDE:
        return (look,)
    again = Fix(
        "send it whole, after the upgrade",
        steps=(f"kubectl get {named(change.id)} -o yaml", f"kubectl edit {named(change.id)}"),
        cost="done by hand, and the next patch may take it away again",
    )
    return look, again
