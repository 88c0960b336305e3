"""The namespace is left to the kube context.

What happens: the release goes to whatever namespace the context of the machine names, often
default.

Why: no -n/--namespace and no HELM_NAMESPACE; Terraform and Pulumi take the namespace default where
none is named.

What to do instead: name the namespace.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Grade, Severity, Violation
from policylint.scan.invocations.advice import add_flag, changes_release
from policylint.scan.invocations.model import Invocation

WHERE = {
    **dict.fromkeys(
        ("helm", "azure", "circleci", "skaffold"), "whatever namespace the kube context names"
    ),
    **dict.fromkeys(("terraform", "pulumi"), "the namespace default"),
}
"""Where a tool puts a release whose namespace is not named; the others have another place for
it."""


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """An install or upgrade without a namespace that can be seen."""
    where = WHERE.get(invocation.tool)
    if (
        where is None
        or not changes_release(invocation)
        or "HELM_NAMESPACE" in invocation.environment
    ):
        return
    if invocation.flag("namespace").state == "unset" and not invocation.namespace:
        fix = Fix("name the namespace")
        if invocation.tool == "helm":
            fix = add_flag(invocation, "-n NAMESPACE", "name the namespace", Grade.MANUAL)
        yield Violation(message=f"the release goes to {where}", fixes=(fix,))
