"""Two jobs deploy one release.

What happens: whichever is second finds "another operation (install/upgrade/rollback) is in
progress", or puts its own values over those of the first.

Why: two jobs of one file upgrade the same release in the same namespace and environment, and no
concurrency group holds one of them back.

What to do instead: one job for each release, or the same concurrency group for both.
"""

from collections.abc import Iterator
from itertools import combinations

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.scan.invocations.advice import installs_or_upgrades
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.jobs import Parts, parts_of
from policylint.scan.repository.together import Together


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """The same release, namespace and target in two jobs that do not wait for each other, no dry
    runs."""
    deploys = [
        each
        for each in file.invocations
        if installs_or_upgrades(each) and each.release and each.namespace
    ]
    for first, second in combinations(deploys, 2):
        if _meet(first, second):
            yield Violation(
                message=f"the release {first.release} is deployed by two jobs, which may run at the same time",
                because=f"{_name(first)} and {_name(second)} both deploy {first.namespace}/{first.release}",
                fixes=(Fix("deploy it in one job, or give both the same concurrency group"),),
                locations=(second.location, first.location),
            )


def _meet(first: Invocation, second: Invocation) -> bool:
    one, two = first.job, second.job
    if one is None or two is None or not one.name or not two.name or one.name == two.name:
        return False
    clusters = [(each.flag("kube-context"), each.flag("kubeconfig")) for each in (first, second)]
    same_cluster = [[(f.state, f.value) for f in flags] for flags in clusters]
    if _one_waits(first, one.name, two.name):
        return False
    grouped = one.concurrency is not None and one.concurrency == two.concurrency
    return (
        (first.release, first.namespace, one.environment, one.stage)
        == (second.release, second.namespace, two.environment, two.stage)
        and same_cluster[0] == same_cluster[1]
        and not grouped
    )


def _name(invocation: Invocation) -> str:
    return invocation.job.name if invocation.job else ""


def _one_waits(invocation: Invocation, one: str, two: str) -> bool:
    """Whether one of two jobs is done before the other begins."""
    parts = parts_of(invocation.source) if invocation.source else Parts()
    ahead = {
        name: {part.name for part, _ in parts.before(parts.by_name.get(name))}
        for name in (one, two)
    }
    return one in ahead[two] or two in ahead[one]
