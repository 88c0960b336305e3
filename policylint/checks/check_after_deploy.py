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
from policylint.scan.invocations.advice import installs_or_upgrades
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
    pretending = [invocation for invocation in file.invocations if _pretends(invocation)]
    for deploy in file.invocations:
        late = _late(deploy, pretending) if _deploys_in_order(file, deploy) else None
        if late is not None:
            name, line = late
            yield Violation(
                message=f"{deploy.release or deploy.chart} is checked only after it was deployed",
                because=f"{name} stands at line {line}",
                fixes=(Fix("move the check above the upgrade"),),
                locations=(deploy.location, Location("command", file.file, line)),
            )


def _late(deploy: Invocation, pretending: list[Invocation]) -> Check | None:
    """The first check of what is deployed, where all of them come after the deploy."""
    if deploy.source is None:
        return None
    every = [*_helm(pretending, deploy), *_own(deploy.source)]
    parts = parts_of(deploy.source) if every else Parts()
    if every and all(_behind(parts, deploy.line, line) for _, line in every):
        return every[0]
    return None


def _deploys_in_order(file: Together, deploy: Invocation) -> bool:
    """Whether the file's lines run from top to bottom: targets of make do not."""
    in_order = deploy.job is not None or file.file.endswith((".sh", ".bash", ".txt"))
    return in_order and installs_or_upgrades(deploy) and bool(deploy.chart)


def _helm(pretending: list[Invocation], deploy: Invocation) -> Iterator[Check]:
    yield from (
        (f"helm {invocation.action}", invocation.line)
        for invocation in pretending
        if _is_of(invocation, deploy)
    )


def _own(source: Source) -> Iterator[Check]:
    yield from (("policylint", guard.line) for guard in guards(source))


def _behind(parts: Parts, deploy: int, line: int) -> bool:
    """Whether a line comes after the deploy: below it in the same job, or in a job that waits for
    that one."""
    own, checking = parts.at(deploy), parts.at(line)
    if own == checking:
        return line > deploy
    return checking is not None and own in [part for part, _ in parts.before(checking)]


def _pretends(invocation: Invocation) -> bool:
    is_check = invocation.action in ("lint", "diff") or (
        invocation.action in ("upgrade", "install") and invocation.pretends
    )
    return invocation.tool == "helm" and is_check


def _is_of(invocation: Invocation, deploy: Invocation) -> bool:
    """Whether a check is one of the chart, and the release, that is deployed."""
    return invocation.chart == deploy.chart and (
        invocation.action == "lint" or invocation.release in (None, deploy.release)
    )
