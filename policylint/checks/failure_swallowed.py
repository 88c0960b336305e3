"""A deploy that fails looks as if it had not.

What happens: the upgrade fails, the script or the job goes on and ends green, and nobody looks at a
release that is half applied.

Why: what stands around the command throws its answer away: || true, set +e, a pipe without
pipefail, the background, continue-on-error, allow_failure, ignore_errors or failed_when: false.

What to do instead: let the failure end the job. Where something must still run after it, do that in
a step of its own that always runs (if: always(), when: on_failure, a trap), and in a script keep
the answer and leave with it: rc=0; helm upgrade ... || rc=$?; ...; exit "$rc".
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Location, Severity, Violation
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.jobs import Setting
from policylint.scan.repository.swallowed import swallowed

DEPLOYS = ("install", "upgrade", "rollback", "apply", "sync")
"""An uninstall may fail: the release may be gone already."""
RUN = ("helm", "helmfile", "ansible")
"""Tools whose deploys are commands or tasks with an answer of their own."""


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A deploy whose failure is thrown away; silent where a function of the script may heed it."""
    if invocation.tool not in RUN or invocation.action not in DEPLOYS or invocation.pretends:
        return
    setting = swallowed(invocation)
    if setting:
        yield Violation(
            message=f"a failed {invocation.action} goes unnoticed",
            because=setting.words,
            locations=tuple(_places(invocation, setting)),
            fixes=(Fix("let its failure end the script or the job"),),
        )


def _places(invocation: Invocation, setting: Setting) -> Iterator[Location]:
    """The command, and the line elsewhere that throws its answer away, which may do so with
    others'."""
    yield invocation.location
    if setting.line != invocation.line:
        yield Location("cause", invocation.file, setting.line)
