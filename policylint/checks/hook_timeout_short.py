"""A hook may need longer than helm waits.

What happens: helm gives up on the hook ("timed out waiting for the condition"), the upgrade fails,
and the Job runs on: a migration then ends behind a release that was rolled back.

Why: helm waits for each hook as long as --timeout says, five minutes if it says nothing; a Job of
the chart's hooks has an activeDeadlineSeconds beyond that, or no timeout is given although Jobs run
as hooks.

What to do instead: give --timeout more than the longest hook takes, and the Job a deadline below
it.
"""

import re
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.runtime.digits import whole_or
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.advice import changes_release, seconds
from policylint.scan.invocations.defaults import called, default
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.localcharts import documents_of

HOOK = pattern(
    r"^[ \t]+[\"']?helm\.sh/hook[\"']?:[^\n]*\b(?:pre|post)-(?:upgrade|install)\b", re.MULTILINE
)
JOB = pattern(r"^kind:[ \t]*[\"']?Job\b", re.MULTILINE)
DEADLINE = pattern(r"^  activeDeadlineSeconds:[ \t]*(\d+)", re.MULTILINE)


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The Jobs among the hooks of a chart that stands in the repository, as its templates spell
    them."""
    flag = invocation.flag("timeout")
    if flag.state == "unknown" or not _runs_hooks(invocation):
        return
    hooks = [text for text in documents_of(invocation) or () if _is_hook_job(text)]
    timeout = str(flag.value if flag.state == "set" else default(invocation, "timeout"))
    limit = seconds(timeout)
    if hooks and limit is not None:
        longest = max(_longest(text) for text in hooks)
        yield from _judged(invocation, timeout, limit, longest)


def _judged(
    invocation: Invocation, timeout: str, limit: float, longest: int
) -> Iterator[Violation]:
    """The longest deadline of the hooks against what helm waits, both in seconds."""
    name = called(invocation, "timeout", "--timeout")
    if longest > limit:
        yield Violation(
            message=f"helm waits {timeout} for a hook that may take {longest}s",
            because="a Job of the chart's hooks has that activeDeadlineSeconds",
            confidence=Confidence.LIKELY,
            severity=Severity.WARNING,
            fixes=(Fix(f"give {name} more than {longest}s"),),
        )
    elif invocation.flag("timeout").state == "unset" and not longest:
        yield Violation(
            message=f"each Job among the chart's hooks has {timeout} to finish: no {name} is given",
            fixes=(Fix(f"give {name} what the longest hook needs"),),
        )


def _is_hook_job(text: str) -> bool:
    return HOOK.search(text) is not None and JOB.search(text) is not None


def _runs_hooks(invocation: Invocation) -> bool:
    return changes_release(invocation) and invocation.flag("no-hooks").state == "unset"


def _longest(text: str) -> int:
    """The longest deadline of a template in seconds, 0 where it has none."""
    return max((whole_or(deadline[1], 0) for deadline in DEADLINE.finditer(text)), default=0)
