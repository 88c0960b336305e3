"""A failed upgrade is not rolled back.

What happens: when the upgrade fails, the release stays half applied: changed objects keep the new
state, and the next upgrade starts from there.

Why: --atomic (Helm 4: --rollback-on-failure), or the setting of that name of helmfile, Terraform,
Ansible, Fleet or Pulumi, is not given. It waits, and goes back to the last good revision by itself.

What to do instead: add it together with a --timeout that fits the slowest pod; a team that rolls
back by hand may ignore this rule.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Severity, Violation
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
    """An install or upgrade without the flag; silent where arguments are hidden. Flux has a rule of
    its own."""
    if changes_release(invocation) and invocation.tool != "flux" and off(invocation, "atomic"):
        flag = spelled("atomic", line_of(invocation, context))
        is_off = invocation.flag("atomic").value is False
        yield Violation(
            message=f"a failed {invocation.action} stays half applied: "
            f"{called(invocation, 'atomic', flag)} is {'turned off' if is_off else 'missing'}",
            severity=severity(context),
            fixes=(_fix(invocation, flag, is_off=is_off),),
        )


def _fix(invocation: Invocation, flag: str, *, is_off: bool) -> Fix:
    written = on(invocation, "atomic", flag)
    if is_off and invocation.tool == "helm":
        return replace_flag(invocation, "atomic", flag, f"write {written}")
    return add_flag(invocation, flag, f"{'write' if is_off else 'add'} {written}")
