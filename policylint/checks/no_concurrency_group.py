"""Nothing keeps two deploys apart.

What happens: two pushes in a row run two upgrades of one release at the same time; the second one
fails with "another operation (install/upgrade/rollback) is in progress".

Why: the job that deploys is in no concurrency group (GitHub) or resource group (GitLab).

What to do instead: give it one, named after the release and environment, that waits and does not
cancel.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.scan.invocations.advice import installs_or_upgrades
from policylint.scan.invocations.model import Job
from policylint.scan.repository.together import Together

WORDS = {
    ".github/": "concurrency: deploy-NAME",
    ".gitea/": "concurrency: deploy-NAME",
    "gitlab": "resource_group: NAME",
}


def _meets_others(job: Job) -> bool:
    return job.concurrency is None and not job.own_cluster


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """The first deploy of each job of a workflow or a GitLab file without a group."""
    words = next((words for part, words in WORDS.items() if part in file.file), None)
    for deploy in file.first_of_jobs(installs_or_upgrades):
        if words and deploy.job is not None and deploy.job.name and _meets_others(deploy.job):
            yield Violation(
                message=f"two runs of the job {deploy.job.name} may upgrade the release at the "
                "same time",
                fixes=(Fix(f"give the job a group: {words}"),),
                locations=(deploy.location,),
            )
