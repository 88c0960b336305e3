"""The first deploy fails.

What happens: helm says: release: not found (or: has no deployed releases).

Why: helm upgrade without --install needs a release that exists.

What to do instead: add --install, unless the release is installed elsewhere on purpose. Where the
same file installs it too, nothing is said.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.scan.invocations.advice import add_flag
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.together import Together


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """upgrade without --install of a release that the file does not install."""
    installed = {
        _name(invocation) for invocation in file.invocations if invocation.action == "install"
    } - {""}
    for invocation in file.invocations:
        upgrades = (
            invocation.tool == "helm" and invocation.action == "upgrade" and not invocation.pretends
        )
        if (
            upgrades
            and invocation.flag("install").state == "unset"
            and _name(invocation) not in installed
        ):
            yield Violation(
                message="the upgrade fails where the release does not exist yet: "
                "--install is missing",
                fixes=(add_flag(invocation, "--install", "add --install"),),
                locations=(invocation.location,),
            )


def _name(invocation: Invocation) -> str:
    """The release, as the file spells it where it cannot be told."""
    return invocation.release or invocation.written.get("release", "")
