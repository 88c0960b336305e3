"""A hook cannot be made a second time.

What happens: the next upgrade fails: the hook resource of the last run already exists.

Why: helm.sh/hook-delete-policy is set without before-hook-creation, which replaces the default that
would have deleted it.

What to do instead: add before-hook-creation to the policy.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.manifests.hookorder import POLICY, delete_policies, every_hook
from policylint.model import Category, Fix, Severity, Upgrade, Violation

UPGRADE_EVENTS = {"pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback"}


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A hook of an upgrade or rollback whose policies can leave it behind, even after a failure."""
    for hook in every_hook(upgrade.after):
        policies = delete_policies(hook)
        if "before-hook-creation" in policies or not UPGRADE_EVENTS & set(hook.hooks):
            continue
        if {"hook-succeeded", "hook-failed"} <= policies:
            continue
        words = ", ".join(sorted(policies)) or "empty"
        yield Violation(
            message=f"the hook {hook.id} can be left behind, and the next upgrade then fails",
            because=f"{POLICY} is {words}, without before-hook-creation",
            path="/metadata/annotations/helm.sh~1hook-delete-policy",
            after=str(hook.annotations[POLICY]),
            resource=hook.id,
            fixes=(Fix("add before-hook-creation to the policy"),),
        )
