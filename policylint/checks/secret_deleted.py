"""A Secret is deleted.

What happens: what reads the Secret from outside the release (other releases, people, operators)
does not find it any more. A generated password is gone: the next install makes another one, which
an existing database does not know.

Why: the chart stopped rendering it, or an existing Secret was named instead.

What to do instead: copy the value first where anything else may need it, or annotate the live
Secret with helm.sh/resource-policy: keep.
"""

from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import references, referred, workloads
from policylint.kubernetes.forecast.impact import KEEP, deleted
from policylint.kubernetes.manifests.renames import renames
from policylint.model import (
    Category,
    Fix,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

DERIVED = ("kubernetes.io/service-account-token", "helm.sh/release.v1")


@rule(category=Category.DATA_LOSS, severity=Severity.NOTE)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A Secret without keep policy goes, comes back under no other name, and no workload still asks
    for it."""
    gone = [
        change
        for change in deleted(upgrade, "Secret")
        if change.before.body.get("type") not in DERIVED
    ]
    if not gone or not upgrade.after.resources:
        return
    elsewhere = {old.id for old, _ in renames(upgrade)} | _asked(upgrade)
    for change in gone:
        if change.id in elsewhere:
            continue
        name, namespace = change.id.name, change.id.namespace
        annotate = f"kubectl annotate secret {quote(name)} -n {quote(namespace)} {KEEP}=keep"
        yield Violation(
            message=f"{change.id} is deleted: what reads it from outside this release loses it",
            because="no workload of the after side refers to it, "
            "and no other object takes its place",
            resource=change.id,
            fixes=(Fix("keep the Secret in the cluster", steps=(annotate,)),),
        )


def _asked(upgrade: Upgrade) -> set[ResourceId]:
    """What the workloads of the after side refer to."""
    return {
        referred(workload, reference)
        for workload in workloads(upgrade.after)
        for reference in references(workload)
    }
