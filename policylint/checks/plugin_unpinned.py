"""A plugin from a moving branch.

What happens: each run installs whatever the branch holds then, with the rights of the pipeline.

Why: helm plugin install without --version, or with a branch's name as the version.

What to do instead: pin the plugin: --version.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Grade, Severity, Violation
from policylint.scan.invocations.advice import add_flag
from policylint.scan.invocations.model import Invocation

MOVING = ("main", "master", "HEAD", "latest", "develop", "trunk")


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """plugin install of an address without a version, or with one that moves."""
    verb, source, *_ = (*invocation.positionals, None, None)
    flag = invocation.flag("version")
    moving = flag.state == "unset" or flag.value in MOVING
    if (
        invocation.action == "plugin"
        and verb == "install"
        and isinstance(source, str)
        and "://" in source
        and moving
    ):
        yield Violation(
            message="the plugin is not pinned: each run takes what its branch holds",
            fixes=(add_flag(invocation, "--version X.Y.Z", "pin the plugin", Grade.MANUAL),),
        )
