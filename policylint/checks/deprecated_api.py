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
    api = status(version, kind, context.target.kubernetes)
    if api.state is not State.DEPRECATED:
        return
    yield Violation(
        message=_message(version, kind, api),
        because=f"{api.product} deprecated it in {api.deprecated} ({api.source})",
        path="/apiVersion",
        before=change.before.api_version if isinstance(change, Kept) else None,
        after=version,
        severity=Severity.WARNING if _soon(api, context) else Severity.NOTE,
        confidence=Confidence.DEPENDS if api.custom else Confidence.CERTAIN,
        fixes=_fixes(api),
    )


def _message(version: str, kind: str, api: ApiStatus) -> str:
    if api.removed:
        return f"{api.product} {api.removed} will no longer serve {kind} in {version}"
    return f"{kind} in {version} is deprecated"


def _soon(api: ApiStatus, context: Context) -> bool:
    if api.custom or not api.removed:
        return False
    left = minor_number(api.removed) - minor_number(context.target.kubernetes)
    return left <= int(context.params["warn-minors"])


def _fixes(api: ApiStatus) -> tuple[Fix, ...]:
    if not api.replacement:
        return (
            Fix(
                "stop using it",
                steps=("remove the resource from the chart: no later version takes its place",),
            ),
        )
    return (
        Fix(
            f"move to {api.replacement}",
            steps=(
                f"change apiVersion to {api.replacement} in the template, "
                "and the fields that moved with it",
            ),
        ),
    )
