"""The upgrade is checked when it is over.

What happens: the lint, diff or dry run tells of a mistake that already runs.

Why: helm lint, helm diff, a dry run of the chart or policylint itself stands below its upgrade, or
in a job that waits for it, and none stands above it.

What to do instead: check first: policylint check, helm diff and helm lint belong before the
upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Location, Severity, Violation
from policylint.scan.invocations.advice import installs_or_upgrades, is_dry_run
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.guards import guards
from policylint.scan.repository.jobs import Parts, parts_of
from policylint.scan.repository.together import Together
from policylint.scan.texts.source import Source

Check = tuple[str, int]
"""What checks, and its line."""


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """A check of the same chart or release behind the upgrade, and none before it."""
    for deploy in file.invocations:
        in_order = deploy.job is not None or file.file.endswith(
            (".sh", ".bash", ".txt")
        )  # targets of make are not
        if (
            not in_order
            or not installs_or_upgrades(deploy)
            or not deploy.chart
            or deploy.source is None
        ):
            continue
        every = [*_helm(file, deploy), *_own(deploy.source)]
        parts = parts_of(deploy.source) if every else Parts()
        later = [each for each in every if _behind(parts, deploy.line, each[1])]
        if later and len(later) == len(every):
            name, line = later[0]
            yield Violation(
                message=f"{deploy.release or deploy.chart} is checked only after it was deployed",
                because=f"{name} stands at line {line}",
                fixes=(Fix("move the check above the upgrade"),),
                locations=(deploy.location, Location("command", file.file, line)),
            )


def _helm(file: Together, deploy: Invocation) -> Iterator[Check]:
    yield from (
        (f"helm {each.action}", each.line) for each in file.invocations if _checks(each, deploy)
    )


def _own(source: Source) -> Iterator[Check]:
    yield from (("policylint", guard.line) for guard in guards(source))


def _behind(parts: Parts, deploy: int, line: int) -> bool:
    """Whether a line comes after the deploy: below it in the same job, or in a job that waits for
    that one."""
    own, other = parts.at(deploy), parts.at(line)
    if own == other:
        return line > deploy
    return other is not None and own in [part for part, _ in parts.before(other)]


def _checks(each: Invocation, deploy: Invocation) -> bool:
    pretends = each.action in ("lint", "diff") or (
        each.action in ("upgrade", "install") and is_dry_run(each)
    )
    same = each.chart == deploy.chart and (
        each.action == "lint" or each.release in (None, deploy.release)
    )
    return each.tool == "helm" and pretends and same
