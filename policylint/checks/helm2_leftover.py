"""A leftover of Helm 2.

What happens: Helm 3 and 4 stop with "unknown command" or "unknown flag"; behind || true nobody sees
it.

Why: Tiller, helm init, delete --purge and install --name ended with Helm 2, which has had no fixes
since 2020; so did the stable and incubator repositories at storage.googleapis.com, which answer 403
since.

What to do instead: remove it. Uninstalling purges by default now, and the release's name is the
first argument.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Grade, Severity, Violation
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.advice import replace_flag
from policylint.scan.invocations.model import Flag, Invocation
from policylint.scan.invocations.versions import is_helm2, is_helm2_verb

GONE = pattern(r"https?://kubernetes-charts(?:-incubator)?\.storage\.googleapis\.com")


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A verb, a flag or a repository that only Helm 2 has; silent on the first two where the file
    installs Helm 2."""
    if invocation.action == "repo":
        yield from _repository(invocation)
    if invocation.tool != "helm" or invocation.helm_version.startswith("2"):
        return
    if is_helm2_verb(invocation.action):
        message = f"helm {invocation.action} is Helm 2's: Helm 3 and 4 do not know it"
        yield Violation(message, fixes=(Fix("remove the command"),))
        return
    for name, flag in invocation.flags.items():
        if is_helm2(invocation.action, name):
            yield _flag(invocation, name, flag)


def _repository(invocation: Invocation) -> Iterator[Violation]:
    """The first of the repositories that ended with Helm 2."""
    gone = next((word for word in invocation.positionals if word and GONE.match(word)), None)
    if gone:
        title = "take the charts from where their projects keep them now: helm search hub NAME"
        yield Violation(f"{gone} is gone: helm repo add stops with 403", fixes=(Fix(title),))


def _flag(invocation: Invocation, name: str, flag: Flag) -> Violation:
    if name == "name":
        fix = Fix("write the name as the first argument: helm install NAME CHART")
    else:
        fix = replace_flag(invocation, name, "", f"leave {flag.written} out", Grade.SAFE)
    return Violation(
        message=f"{flag.written} of helm {invocation.action} is Helm 2's: "
        "Helm 3 and 4 do not know it",
        fixes=(fix,),
    )
