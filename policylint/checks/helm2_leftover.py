"""A leftover of Helm 2.

What happens: Helm 3 and 4 stop with "unknown command" or "unknown flag"; behind || true nobody sees it.

Why: Tiller, helm init, delete --purge and install --name ended with Helm 2, which has had no fixes since 2020.

What to do instead: remove it. Uninstalling purges by default now, and the release's name is the first argument.
"""

from collections.abc import Iterator

from policylint.invocations.advice import replace_flag
from policylint.invocations.model import Invocation
from policylint.invocations.versions import is_helm2, is_helm2_verb
from policylint.model import Category, Fix, Grade, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A verb or a flag that only Helm 2 has; silent where the file installs Helm 2."""
    if invocation.tool != "helm" or invocation.helm_version.startswith("2"):
        return
    if is_helm2_verb(invocation.action):
        message = f"helm {invocation.action} is Helm 2's: Helm 3 and 4 do not know it"
        yield Violation(message, fixes=(Fix("remove the command"),))
        return
    for name, flag in invocation.flags.items():
        if is_helm2(invocation.action, name):
            remove = replace_flag(invocation, name, "", f"leave {flag.written} out", Grade.SAFE)
            named = Fix("write the name as the first argument: helm install NAME CHART")
            yield Violation(
                message=f"{flag.written} of helm {invocation.action} is Helm 2's: Helm 3 and 4 do not know it",
                fixes=(named if name == "name" else remove,),
            )
