"""A debug run prints Secrets.

What happens: the log of the job holds every manifest of the release, Secrets included, and the
values, for everybody who can read it.

Why: helm prints the manifests and the computed values after an install or upgrade when --debug is
given; helm diff prints Secrets with --show-secrets, helm get and helm template always do.

What to do instead: leave --debug out of deploys in CI. Helm's --hide-secret does not help there: it
goes with a dry run only.

Source: pkg/cmd/status.go of Helm 4.1 and cmd/helm/status.go of Helm 3.19 (WriteTable).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.scan.invocations.advice import installs_or_upgrades, replace_flag
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A real install or upgrade with --debug, or a diff with --show-secrets, inside a CI job."""
    if invocation.job is None:
        return
    shows = "show-secrets" if invocation.tool == "helm" and invocation.action == "diff" else ""
    name = "debug" if installs_or_upgrades(invocation) else shows
    flag = invocation.flag(name)
    if name and flag.state == "set":
        yield Violation(
            message=f"{flag.written or '--' + name} prints the release's Secrets into the log "
            "of the job",
            fixes=(replace_flag(invocation, name, "", "leave it out"),),
        )
