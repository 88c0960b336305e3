"""Flux tries a broken release for ever.

What happens: a release that cannot succeed is installed or upgraded again and again; each time the
chart's hooks run, and an install is uninstalled in between, with the claims that the chart renders.

Why: remediation.retries is negative, which means without end.

What to do instead: retries: 3 is enough for what passes by itself; the rest needs a change.

Source: api/v2/helmrelease_types.go of fluxcd/helm-controller 1.6 (InstallRemediation,
UpgradeRemediation).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Location, Severity, Violation
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.declaredfields import declared

NEGATIVE = pattern(r"-\d+")


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """retries below 0, of the install or the upgrade."""
    if invocation.tool == "flux":
        root = declared(invocation)
    else:
        root = None
    if root is None:
        return
    for action in ("install", "upgrade"):
        retries = root.get("spec", action, "remediation", "retries")
        if retries and NEGATIVE.fullmatch(retries.text or ""):
            release = invocation.release or ""
            where = Location("command", invocation.file, retries.line, retries.column, release)
            yield Violation(
                message=f"a broken {action} is tried for ever: retries is {retries.text}",
                before=action,
                locations=(where,),
                fixes=(Fix("give it a number: retries: 3"),),
            )
