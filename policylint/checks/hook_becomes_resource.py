"""A hook becomes a resource of the release, and Helm refuses to take it over.

What happens: the upgrade stops with "exists and cannot be imported into the current release".

Why: what a hook made stays in the cluster without Helm's marks of ownership, and the chart renders
an object of the same kind and name as an ordinary resource now.

What to do instead: delete what the hook left behind before the upgrade, or mark it as the
release's.

Source: pkg/action/validate.go (existingResourceConflict).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import (
    Category,
    Confidence,
    Created,
    Fix,
    Resource,
    Severity,
    Upgrade,
    Violation,
)

POLICY = "helm.sh/hook-delete-policy"
EVENTS = {"pre-install", "post-install", "pre-upgrade", "post-upgrade"}
MANAGED = "app.kubernetes.io/managed-by"
OWNER = "meta.helm.sh/release"


@rule(category=Category.PRACTICE, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A hook of the before side that stays behind is an ordinary resource of the after side."""
    for change in upgrade.changes:
        hook = upgrade.before.hooks.get(change.id)
        if isinstance(change, Created) and hook is not None and _stays(hook):
            yield Violation(
                message=f"Helm refuses to take {change.id} over: the upgrade stops there",
                because=f"it was made as a hook ({', '.join(hook.hooks)}), "
                "without the marks of ownership that Helm asks for",
                path="/metadata/annotations/helm.sh~1hook",
                before=", ".join(hook.hooks),
                resource=change.id,
                fixes=(_marked(upgrade, change),),
            )


def _stays(hook: Resource) -> bool:
    """Whether it ran and nothing deleted it then."""
    return bool(EVENTS & set(hook.hooks)) and "hook-succeeded" not in str(
        hook.annotations.get(POLICY, "")
    )


def _marked(upgrade: Upgrade, change: Created) -> Fix:
    namespace = f" -n {change.id.namespace}" if change.id.namespace else ""
    named = f"{change.id.kind.lower()} {change.id.name}{namespace}"
    release = upgrade.release or "RELEASE"
    return Fix(
        "mark it as the release's before the upgrade",
        steps=(
            f"kubectl label {named} {MANAGED}=Helm",
            f"kubectl annotate {named} {OWNER}-name={release} "
            f"{OWNER}-namespace={upgrade.namespace or 'NAMESPACE'}",
        ),
        cost="none: the object stays as it is, and the release owns it from then on",
    )
