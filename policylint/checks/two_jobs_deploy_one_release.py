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
from policylint.scan.invocations.model import Invocation, Job
from policylint.scan.repository.jobs import Parts, parts_of
from policylint.scan.repository.together import Together


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """The same release, namespace and target in two jobs that do not wait for each other, no dry
    runs."""
    deploys = [
        invocation
        for invocation in file.invocations
        if installs_or_upgrades(invocation) and invocation.release and invocation.namespace
    ]
    for first, second in combinations(deploys, 2):
        if _meet(first, second):
            yield Violation(
                message=f"the release {first.release} is deployed by two jobs, "
                "which may run at the same time",
                because=f"{_name(first)} and {_name(second)} both deploy "
                f"{first.namespace}/{first.release}",
                fixes=(Fix("deploy it in one job, or give both the same concurrency group"),),
                locations=(second.location, first.location),
            )


def _meet(first: Invocation, second: Invocation) -> bool:
    """Whether two jobs of other names may deploy the same release to the same place at one time."""
    job, second_job = first.job, second.job
    if job is None or second_job is None:
        return False
    if not job.name or not second_job.name or job.name == second_job.name:
        return False
    if _target(first, job) != _target(second, second_job):
        return False
    grouped = job.concurrency is not None and job.concurrency == second_job.concurrency
    return not grouped and not _one_waits(first, job.name, second_job.name)


def _target(invocation: Invocation, job: Job) -> tuple[object, ...]:
    """What a job's command deploys, and where to."""
    flags = [invocation.flag(name) for name in ("kube-context", "kubeconfig")]
    cluster = [(flag.state, flag.value) for flag in flags]
    return invocation.release, invocation.namespace, job.environment, job.stage, cluster


def _name(invocation: Invocation) -> str:
    if invocation.job:
        return invocation.job.name
    return ""


def _one_waits(invocation: Invocation, first: str, second: str) -> bool:
    """Whether one of two jobs is done before the other begins."""
    if invocation.source:
        parts = parts_of(invocation.source)
    else:
        parts = Parts()
    return first in _ahead(parts, second) or second in _ahead(parts, first)


def _ahead(parts: Parts, name: str) -> set[str]:
    """The names of the jobs that a job waits for."""
    return {part.name for part, _ in parts.before(parts.by_name.get(name))}
