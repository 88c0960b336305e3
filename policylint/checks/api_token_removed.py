"""Pods no longer get the token with which they ask the API server.

What happens: every request of the pods to the API server fails (no such file:
/var/run/secrets/kubernetes.io/serviceaccount/token, or 401): controllers and leader elections stop.

Why: automountServiceAccountToken becomes false, in the pods or in their ServiceAccount, while a
binding of the release still gives the account rights.

What to do instead: keep it true where the process asks the API server.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, parts
from policylint.kubernetes.api.workloads import account_of, pod_template, template_path
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Kept,
    Manifest,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

BINDINGS = ("RoleBinding", "ClusterRoleBinding")
FIELD = "automountServiceAccountToken"


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A kept workload with a token before and none after, whose account is bound to rights."""
    for change in upgrade.changes:
        if not isinstance(change, Kept) or pod_template(change.after) is None:
            continue
        account = account_of(change.after)
        if _has_token(change.before, upgrade.before) and not _has_token(
            change.after, upgrade.after
        ):
            bindings = _bindings(account, upgrade.after) if account else []
            if bindings and not _projects_token(change.after):
                yield _violation(change, account, bindings)


def _violation(change: Kept, account: ResourceId | None, bindings: list[str]) -> Violation:
    return Violation(
        message=f"the pods of {change.id} cannot ask the API server any more",
        because=f"{FIELD} becomes false, and {', '.join(bindings)} gives {account} rights that "
        "they then cannot use",
        path=f"{template_path(change.id.kind)}/spec/{FIELD}",
        resource=change.id,
        fixes=(Fix(f"keep {FIELD} true where the process asks the API server"),),
    )


def _has_token(workload: Resource, side: Manifest) -> bool:
    """What the pod says goes before what its account says."""
    own = at(pod_template(workload) or {}, "spec", FIELD)
    if own is not None:
        return own is not False
    account = account_of(workload)
    holder = side.resources.get(account) if account else None
    return holder is None or holder.body.get(FIELD) is not False


def _bindings(account: ResourceId, side: Manifest) -> list[str]:
    return [
        str(resource.id)
        for resource in side.resources.values()
        if resource.id.kind in BINDINGS and _binds(resource, account)
    ]


def _binds(binding: Resource, account: ResourceId) -> bool:
    return any(
        subject.get("kind") == "ServiceAccount"
        and subject.get("name") == account.name
        and (subject.get("namespace") or binding.id.namespace) == account.namespace
        for subject in parts(binding.body, "subjects")
    )


def _projects_token(workload: Resource) -> bool:
    """Whether a volume brings a token of its own."""
    return any(
        source.get("serviceAccountToken") is not None
        for volume in parts(pod_template(workload) or {}, "spec", "volumes")
        for source in parts(volume, "projected", "sources")
    )
