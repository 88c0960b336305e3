"""A Helm hook means something else to Argo CD.

What happens: a hook of an install alone (pre-install, post-install) runs at every sync, so a
migration or a seed meant to run once runs again and again; hooks of rollback and test never run.
Hooks of deletion run when the Application is deleted (pre-delete ones since Argo CD 3.3).

Why: Argo CD renders with helm template and maps hooks to phases of a sync: pre-install and
pre-upgrade to PreSync, post-install and post-upgrade to PostSync. It knows neither installs nor
upgrades, and no rollbacks.

What to do instead: make the hook safe to run again, or give it Argo CD's own annotation
(argocd.argoproj.io/hook), which wins over Helm's.

Source: the Helm page of Argo CD's documentation ("Helm Hooks"); controller/hook.go of Argo CD 3.3.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Resource, Severity, Violation
from policylint.scan.gitops.rollout import OWN_HOOK, Rollout

HOOK = "helm.sh/hook"
NEVER = frozenset({"pre-rollback", "post-rollback", "test", "test-success"})
ONCE = frozenset({"pre-install", "post-install"})
EACH = frozenset({"pre-upgrade", "post-upgrade"})


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.LIKELY)
def check(rollout: Rollout, context: Context) -> Iterator[Violation]:
    """The hooks of the after side that Helm would run at other times; tests are left out, which
    nobody misses in an upgrade."""
    if context.upgrade is None or not rollout.is_synced:
        return
    for resource in context.upgrade.after.hooks.values():
        words = _difference(resource)
        if words:
            yield Violation(
                words,
                because="Argo CD knows phases of a sync, no installs, upgrades or rollbacks",
                resource=resource.id,
                fixes=(Fix(f"make it safe to run again, or annotate it with {OWN_HOOK}"),),
            )


def _difference(resource: Resource) -> str:
    metadata = resource.body.get("metadata")
    if isinstance(metadata, dict):
        annotations = metadata.get("annotations")
    else:
        annotations = None
    if not isinstance(annotations, dict) or OWN_HOOK in annotations:
        return ""
    events = {event.strip() for event in str(annotations.get(HOOK) or "").split(",")}
    if events & ONCE and not events & EACH:
        return "this hook of the install runs at every sync of Argo CD"
    if events <= NEVER and not events <= {"test", "test-success"}:
        return "Argo CD never runs this hook"
    return ""
