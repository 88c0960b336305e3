"""A deploy job that only pretends.

What happens: the job is green, and the cluster runs what it ran before.

Why: the job's name says deploy or release, and every install and upgrade in it is a dry run.

What to do instead: leave --dry-run out, or call the job a check.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Grade, Severity, Violation
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.advice import replace_flag
from policylint.scan.invocations.model import Invocation, Job
from policylint.scan.repository.together import Together

DEPLOYS = pattern(
    r"(?i)(?:^|[-_. /])(?:deploy(?:ment)?|release|rollout|production|prod)(?:$|[-_. /])"
)
CHECKS = pattern(r"(?i)test|check|lint|dry|plan|diff|preview|valid|verify|pr\b")


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """The first dry run of a job of such a name in which nothing deploys."""
    for first in file.first_of_jobs(_upgrades):
        if first.job is None or not _named_deploy(first.job.name):
            continue
        if any(_deploys_in(first.job, invocation) for invocation in file.invocations):
            continue
        yield Violation(
            message=f"the job {first.job.name} deploys nothing: helm only pretends",
            because="each install and upgrade in it is a dry run",
            fixes=(
                replace_flag(
                    first,
                    "dry-run",
                    "",
                    "leave --dry-run out: the next run changes the cluster",
                    Grade.UNSAFE,
                ),
            ),
            locations=(first.location,),
        )


def _named_deploy(name: str) -> bool:
    return DEPLOYS.search(name) is not None and CHECKS.search(name) is None


def _deploys_in(job: Job, invocation: Invocation) -> bool:
    """Whether a command of this job changes the cluster."""
    own = invocation.job is not None and invocation.job.name == job.name
    return own and invocation.deploys and not invocation.pretends


def _upgrades(invocation: Invocation) -> bool:
    return invocation.tool == "helm" and invocation.action in ("install", "upgrade")
