"""A failed upgrade deletes what it made and keeps what it changed.

What happens: the new ConfigMaps, Secrets and claims of the failed upgrade are deleted, and the
changed Deployments that name them stay: their next pod does not start.

Why: --cleanup-on-fail is given without --atomic: it deletes the objects that this upgrade created
and rolls nothing back.

What to do instead: roll back as a whole with --atomic (Helm 4: --rollback-on-failure), or leave
--cleanup-on-fail out.

Source: pkg/action/upgrade.go of Helm 4.1 (failRelease): the created objects are deleted, then comes
the rollback, if any.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Severity, Violation
from policylint.scan.invocations.advice import add_flag, changes_release, line_of, spelled
from policylint.scan.invocations.defaults import off, on
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.LIKELY)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The one flag is set and the other is not; where a tool rolls back in its own way it is
    silent."""
    flag = invocation.flag("cleanup-on-fail")
    if changes_release(invocation) and flag.state == "set" and off(invocation, "atomic"):
        atomic = spelled("atomic", line_of(invocation, context))
        yield Violation(
            message=f"{flag.written or '--cleanup-on-fail'} deletes new objects that changed "
            "ones may name already",
            because="nothing rolls the changed ones back",
            locations=invocation.places("cleanup-on-fail"),
            fixes=(add_flag(invocation, atomic, f"add {on(invocation, 'atomic', atomic)}"),),
        )
