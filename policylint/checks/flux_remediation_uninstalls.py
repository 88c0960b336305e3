"""Flux uninstalls the release where an upgrade fails.

What happens: when the upgrade fails, Flux runs helm uninstall and installs again: every object that
the chart renders is deleted, claims and their volumes among them.

Why: upgrade.remediation.strategy is uninstall; the default, rollback, goes back to the last release
that worked.

What to do instead: strategy: rollback, or keep what holds data (helm.sh/resource-policy: keep).

Source: api/v2/helmrelease_types.go of fluxcd/helm-controller 1.6 (UpgradeRemediation).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import (
    Category,
    Change,
    Confidence,
    Fix,
    Outcome,
    Resource,
    Severity,
    Violation,
)
from policylint.scan.gitops.rollout import Rollout

DATA = ("PersistentVolumeClaim", "CustomResourceDefinition", "Namespace")


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(rollout: Rollout, context: Context) -> Iterator[Violation]:
    """Releases with claims, definitions or namespaces that an uninstall deletes; an error where
    the upgrade is refused for certain."""
    upgrade = context.upgrade
    if upgrade is None or not _uninstalls(rollout):
        return
    lost = [resource for resource in upgrade.before.resources.values() if _is_lost(resource)]
    if not lost:
        return
    is_refused = any(map(_is_refused, upgrade.changes))
    yield Violation(
        f"a failed upgrade is uninstalled, and {lost[0].id.kind} {lost[0].id.name} with it",
        because="upgrade.remediation.strategy is uninstall",
        severity=Severity.ERROR if is_refused else None,
        confidence=Confidence.CERTAIN if is_refused else None,
        locations=(rollout.place,),
        fixes=(Fix("spec.upgrade.remediation.strategy: rollback"),),
    )


def _uninstalls(rollout: Rollout) -> bool:
    remediation = rollout.settings.get("upgrade.remediation")
    return isinstance(remediation, dict) and remediation.get("strategy") == "uninstall"


def _is_refused(change: Change) -> bool:
    answer = change.forecast.upgrade
    return answer is not None and answer.outcome is Outcome.REJECTED


def _is_lost(resource: Resource) -> bool:
    metadata = resource.body.get("metadata")
    if isinstance(metadata, dict):
        annotations = metadata.get("annotations")
    else:
        annotations = None
    kept = isinstance(annotations, dict) and annotations.get("helm.sh/resource-policy") == "keep"
    return resource.id.kind in DATA and not kept
