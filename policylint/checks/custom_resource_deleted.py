"""A custom resource is deleted, and its controller acts on that.

What happens: the controller of its kind stops what it does for it, and most controllers delete what
they made of it, in the cluster or outside of it.

Why: the chart no longer renders the object.

What to do instead: annotate the live object with helm.sh/resource-policy: keep before the upgrade,
unless it is meant to go; see in the controller's documentation what it deletes with it.
"""

from collections.abc import Iterator, Sequence

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import kubectl_kind, named
from policylint.kubernetes.api.databases import holds_data
from policylint.kubernetes.api.effects import effects
from policylint.kubernetes.forecast.impact import KEEP, is_kept
from policylint.kubernetes.manifests.renames import renames
from policylint.model import (
    Category,
    Confidence,
    Deleted,
    Fix,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.sentences import first_of

TOLD = frozenset(
    (
        ("keda.sh", "ScaledObject"),
        ("monitoring.coreos.com", "PodMonitor"),
        ("monitoring.coreos.com", "PrometheusRule"),
        ("monitoring.coreos.com", "ServiceMonitor"),
    )
)
"""Kinds of whose deletion rules of their own speak, beside databases and the table of fields."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """One violation for the objects of a kind that go while the release stays; none for those that
    a keep policy keeps or that come back under another name."""
    if not upgrade.after.resources:
        return
    renamed = {old.id for old, _ in renames(upgrade)}
    kinds: dict[tuple[str, str], list[ResourceId]] = {}
    for change in upgrade.changes:
        if isinstance(change, Deleted) and _is_untold(change) and change.id not in renamed:
            kinds.setdefault((change.id.group, change.id.kind), []).append(change.id)
    for identities in kinds.values():
        yield _violation(identities)


def _is_untold(change: Deleted) -> bool:
    """Whether it is an operator's object that no other rule speaks of, and nothing keeps it."""
    group = change.id.group
    if "." not in group or group.endswith(".k8s.io") or (group, change.id.kind) in TOLD:
        return False
    if is_kept(change.before) or holds_data(change.id):
        return False
    return all(row.when != "deleted" for row in effects(change.id))


def _violation(identities: Sequence[ResourceId]) -> Violation:
    first = identities[0]
    keep = [f"kubectl annotate {named(identity)} {KEEP}=keep" for identity in identities]
    return Violation(
        message=f"this upgrade deletes {first_of([*map(str, identities)], 4)}, and its controller "
        "what it made of it where it does so",
        because="Helm deletes what a release no longer renders; what goes with it only the "
        f"controller of {kubectl_kind(first.group, first.kind)} tells",
        resource=first,
        fixes=(
            Fix(
                "keep it",
                steps=(*keep, "run the upgrade; it stays, without an owner"),
                cost="none: it stays until somebody deletes it",
            ),
        ),
    )
