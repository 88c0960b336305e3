"""Helm does not wait for the pods.

What happens: helm says "deployed" as soon as the API server has the objects; a pod that never
starts is found by users.

Why: neither --wait nor --atomic is given, or a tool that waits by itself (Terraform, Pulumi, Flux,
Azure's task) is told not to. In Helm 4 the default, --wait=hookOnly, waits for hooks only.

What to do instead: add --wait with a --timeout, or follow the upgrade with kubectl rollout status.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Grade, Severity, Violation
from policylint.scan.invocations.advice import (
    add_flag,
    changes_release,
    line_of,
    replace_flag,
    severity,
    spelled,
)
from policylint.scan.invocations.defaults import called, off, on
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """An install, upgrade or rollback that waits for nothing; --atomic waits, whatever --wait
    says."""
    rolls_back = invocation.tool == "helm" and invocation.action == "rollback"
    flag = invocation.flag("wait")
    hooks_only = flag.state == "set" and flag.value == "hookOnly"
    waits = invocation.flag("atomic").state != "unset" and invocation.tool != "flux"
    if (
        not (changes_release(invocation) or rolls_back)
        or waits
        or not (hooks_only or off(invocation, "wait"))
    ):
        return
    yield Violation(
        message=f"helm {invocation.action} does not wait until the pods are ready",
        because=_because(
            invocation, spelled("atomic", line_of(invocation, context)), hooks_only=hooks_only
        ),
        severity=severity(context),
        fixes=(_fix(invocation, hooks_only=hooks_only),),
    )


def _because(invocation: Invocation, atomic: str, *, hooks_only: bool) -> str:
    if hooks_only:
        return "--wait=hookOnly waits for hooks only"
    name = called(invocation, "wait", "--wait")
    if invocation.flag("wait").value is False:
        return f"{invocation.flag('wait').written or name} says not to"
    if invocation.action == "rollback":
        return f"{name} is not given"
    return f"neither {name} nor {called(invocation, 'atomic', atomic)} is given"


def _fix(invocation: Invocation, *, hooks_only: bool) -> Fix:
    title = f"add {on(invocation, 'wait', '--wait')}"
    if hooks_only:
        return replace_flag(
            invocation, "wait", "--wait", "write --wait, which watches the pods", Grade.UNSAFE
        )
    if invocation.flag("wait").value is False and invocation.syntax in ("yaml", "hcl"):
        return replace_flag(invocation, "wait", "", title.replace("add", "write"), Grade.UNSAFE)
    return add_flag(invocation, "--wait", title)
