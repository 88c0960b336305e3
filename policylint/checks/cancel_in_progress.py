"""A newer run stops a deploy in the middle.

What happens: helm is killed, and the release stays in pending-upgrade: every later upgrade answers
"another operation (install/upgrade/rollback) is in progress".

Why: the job that deploys belongs to a concurrency group with cancel-in-progress: true, or is
interruptible: true (GitLab).

What to do instead: write false for deploys, so that the newer run waits.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Grade, Severity, Violation
from policylint.scan.invocations.edits import only
from policylint.scan.repository.together import Together


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """The first deploy of each job that a newer run cancels."""
    for deploy in file.first_of_jobs(
        lambda invocation: invocation.deploys and not invocation.pretends
    ):
        if deploy.job is not None and deploy.job.cancel_in_progress and not deploy.job.own_cluster:
            if "gitlab" in deploy.file:
                name = "interruptible"
            else:
                name = "cancel-in-progress"
            edit = only(deploy, rb"(" + name.encode() + rb":[ \t]*)true\b", "false")
            title = f"let the newer run wait: {name}: false"
            yield Violation(
                message="a newer run kills helm in the middle of the upgrade, "
                "and the release stays locked",
                because=f"the job {deploy.job.name} has {name}: true",
                fixes=(Fix(title, Grade.UNSAFE, (), (edit,)) if edit else Fix(title),),
                locations=(deploy.location,),
            )
