"""A newer run stops a deploy in the middle.

What happens: helm is killed, and the release stays in pending-upgrade: every later upgrade answers "another operation
(install/upgrade/rollback) is in progress".

Why: the job that deploys belongs to a concurrency group with cancel-in-progress: true.

What to do instead: write cancel-in-progress: false for deploys, so that the newer run waits.
"""

from collections.abc import Iterator

from policylint.invocations.advice import is_dry_run
from policylint.invocations.edits import only
from policylint.invocations.together import Together
from policylint.model import Category, Fix, Grade, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """The first deploy of each job that a newer run cancels."""
    for deploy in file.first_of_jobs(lambda each: each.deploys and not is_dry_run(each)):
        if deploy.job is not None and deploy.job.cancel_in_progress:
            edit = only(deploy, rb"(cancel-in-progress:[ \t]*)true\b", "false")
            title = "let the newer run wait: cancel-in-progress: false"
            yield Violation(
                message="a newer run kills helm in the middle of the upgrade, and the release stays locked",
                because=f"the job {deploy.job.name} has cancel-in-progress: true",
                fixes=(Fix(title, Grade.SAFE, (), (edit,)) if edit else Fix(title),),
                locations=(deploy.location,),
            )
