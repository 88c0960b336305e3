"""Helm does not wait for the pods.

What happens: helm says "deployed" as soon as the API server has the objects; a pod that never starts is found
by users.

Why: neither --wait nor --atomic is given. In Helm 4 the default, --wait=hookOnly, waits for hooks only.

What to do instead: add --wait with a --timeout, or follow the upgrade with kubectl rollout status.
"""

from collections.abc import Iterator

from policylint.invocations.advice import add_flag, installs_or_upgrades, severity
from policylint.invocations.model import Invocation
from policylint.model import Category, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """An install, upgrade or rollback that waits for nothing."""
    wait, atomic = invocation.flag("wait"), invocation.flag("atomic")
    deploys = installs_or_upgrades(invocation) or (invocation.tool == "helm" and invocation.action == "rollback")
    hooks_only = wait.state == "set" and wait.value == "hookOnly"
    if not deploys or atomic.state != "unset" or (wait.state != "unset" and not hooks_only):
        return
    why = "--wait=hookOnly waits for hooks only" if hooks_only else "neither --wait nor --atomic is given"
    yield Violation(
        message=f"helm {invocation.action} does not wait until the pods are ready",
        because=why,
        severity=severity(context),
        fixes=(add_flag(invocation, "--wait", "add --wait"),) if not hooks_only else (),
    )
