"""The upgrade is checked when it is over.

What happens: the lint, diff or dry run tells of a mistake that already runs.

Why: helm lint, helm diff or a dry run of the chart stands below its upgrade, and none stands above it.

What to do instead: check first: policylint check, helm diff and helm lint belong before the upgrade.
"""

from collections.abc import Iterator

from policylint.invocations.advice import installs_or_upgrades, is_dry_run
from policylint.invocations.model import Invocation
from policylint.invocations.together import Together
from policylint.model import Category, Fix, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """A check of the same chart or release behind the upgrade, and none before it."""
    for deploy in file.invocations:
        in_order = deploy.job is not None or file.file.endswith((".sh", ".bash", ".txt"))  # targets of make are not
        if not in_order or not installs_or_upgrades(deploy) or not deploy.chart:
            continue
        later = [each for each in file.after(deploy) if _checks(each, deploy)]
        earlier = [each for each in file.invocations if _checks(each, deploy) and each not in later]
        if later and not earlier:
            yield Violation(
                message=f"{deploy.release or deploy.chart} is checked only after it was deployed",
                because=f"helm {later[0].action} stands at line {later[0].line}",
                fixes=(Fix("move the check above the upgrade"),),
                locations=(deploy.location, later[0].location),
            )


def _checks(each: Invocation, deploy: Invocation) -> bool:
    pretends = each.action in ("lint", "diff") or (each.action in ("upgrade", "install") and is_dry_run(each))
    same = each.chart == deploy.chart and (each.action == "lint" or each.release in (None, deploy.release))
    return each.tool == "helm" and pretends and same
