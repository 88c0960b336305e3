"""The namespace is left to the kube context.

What happens: the release goes to whatever namespace the context of the machine names, often default.

Why: no -n/--namespace and no HELM_NAMESPACE.

What to do instead: name the namespace.
"""

from collections.abc import Iterator

from policylint.invocations.advice import add_flag, installs_or_upgrades
from policylint.invocations.model import Invocation
from policylint.model import Category, Grade, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """An install or upgrade without a namespace that can be seen."""
    if not installs_or_upgrades(invocation) or invocation.flag("namespace").state != "unset" or invocation.namespace:
        return
    if "HELM_NAMESPACE" not in invocation.environment:
        yield Violation(
            message="the release goes to whatever namespace the kube context names",
            fixes=(add_flag(invocation, "-n NAMESPACE", "name the namespace", Grade.MANUAL),),
        )
