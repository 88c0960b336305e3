"""A resource uses an API version that is deprecated.

What happens: nothing yet: the cluster serves it and prints a warning. A later minor will not, and
then every upgrade of the release stops, even one that no longer uses the version, because Helm also
reads the stored manifest.

Why: Kubernetes announces the removal of an API version some minors ahead; products do so for their
custom resources.

What to do instead: change to the version that takes its place while both are served, and upgrade
the release with it before the cluster reaches the minor that removes the old one.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.apis import ApiStatus, State, status
from policylint.kubernetes.api.schemas import minor_number
from policylint.model import Category, Confidence, Created, Fix, Kept, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE, params={"warn-minors": 2})
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Name the deprecated version; a warning once its removal is `warn-minors` or fewer minors
    away."""
    version, kind = change.after.api_version, change.id.kind
    found = status(version, kind, context.target.kubernetes)
    if found.state is not State.DEPRECATED:
        return
    yield Violation(
        message=_message(version, kind, found),
        because=f"{found.product} deprecated it in {found.deprecated} ({found.source})",
        path="/apiVersion",
        before=change.before.api_version if isinstance(change, Kept) else None,
        after=version,
        severity=Severity.WARNING if _soon(found, context) else Severity.NOTE,
        confidence=Confidence.DEPENDS if found.custom else Confidence.CERTAIN,
        fixes=_fixes(found),
    )


def _message(version: str, kind: str, found: ApiStatus) -> str:
    if found.removed:
        return f"{found.product} {found.removed} will no longer serve {kind} in {version}"
    return f"{kind} in {version} is deprecated"


def _soon(found: ApiStatus, context: Context) -> bool:
    if found.custom or not found.removed:
        return False
    left = minor_number(found.removed) - minor_number(context.target.kubernetes)
    return left <= int(context.params["warn-minors"])


def _fixes(found: ApiStatus) -> tuple[Fix, ...]:
    if not found.replacement:
        return (
            Fix(
                "stop using it",
                steps=("remove the resource from the chart: no later version takes its place",),
            ),
        )
    return (
        Fix(
            f"move to {found.replacement}",
            steps=(
                f"change apiVersion to {found.replacement} in the template, and the fields that moved with it",
            ),
        ),
    )
