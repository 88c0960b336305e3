"""A dry run prints Secrets.

What happens: the rendered Secrets stand in the log for everybody who can read it.

Why: --dry-run prints every manifest, and --hide-secret is not given.

What to do instead: add --hide-secret (Helm 3.15 and later).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Severity, Violation
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.advice import add_flag, line_of
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.versions import absent

AWAY = pattern(rb"[^\n]*?(?:^|\s)(?:1|&)?>>?\s*\S")


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A dry run with --debug, or inside a CI job, without --hide-secret, whose output goes to no
    file."""
    logged = invocation.flag("debug").state == "set" or invocation.job is not None
    if (
        invocation.tool == "helm"
        and invocation.pretends
        and logged
        and invocation.flag("hide-secret").state == "unset"
        and not _redirected(invocation)
    ):
        yield Violation(
            message="this dry run prints the release's Secrets into the log",
            fixes=(_fix(invocation, context),),
        )


def _redirected(invocation: Invocation) -> bool:
    source, span = invocation.source, invocation.span
    if source is None or span is None or span.end < 0:
        return False
    return AWAY.match(source.text.encode()[span.end - source.offset :]) is not None


def _fix(invocation: Invocation, context: Context) -> Fix:
    version = invocation.helm_version or line_of(invocation, context)
    if absent(version, invocation.action, "hide-secret"):
        return Fix("send its output to a file, or install Helm 3.15 for --hide-secret")
    return add_flag(invocation, "--hide-secret", "add --hide-secret")
