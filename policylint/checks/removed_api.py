"""A resource of either side uses an API version that the cluster does not serve.

What happens: Helm stops before anything is sent, with 'resource mapping not found for name: ... no
matches for kind "..." in version "..."', or 'current release manifest contains removed kubernetes
api(s) for this kubernetes version' where it is the installed release that holds the version: a new
chart version alone does not help then.

Why: every Kubernetes minor drops API versions that were announced as deprecated some minors before,
new beta versions are off unless the cluster turns them on, and a version may simply be newer than
the cluster. Helm looks up every kind of the new manifest, and of the stored one to find what
changes and what to delete. For custom resources the installed CRDs decide, so for well-known ones
this only warns.

What to do instead: render the version that the cluster serves (a chart can ask
`.Capabilities.APIVersions.Has`; give --kube-version when rendering), and change the fields that
moved with it. Upgrade the release before the cluster; where the cluster went first, let `helm
mapkubeapis` rewrite the stored manifest.
"""

from collections.abc import Iterator
from shlex import quote

from policylint.advice.refusals import refusals
from policylint.advice.runbooks import fixes_for
from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.apis import ApiStatus, State, status
from policylint.kubernetes.manifests.definitions import of_sides
from policylint.model import (
    Category,
    Cause,
    Confidence,
    Created,
    Deleted,
    Fix,
    Kept,
    Severity,
    Violation,
)

_MISSING = (State.REMOVED, State.OFF, State.NOT_YET)


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept | Deleted, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways; judge deleted ones by the table; warn of
    custom resources."""
    if isinstance(change, Deleted):
        yield from _stored(change, context)
        return
    yield from refusals(change, "removed-api", context)
    api = status(change.after.api_version, change.id.kind, context.target.kubernetes)
    if api.custom and api.state in _MISSING and not _crd_at_hand(change, context):
        yield _custom(change, api)


def _stored(change: Deleted, context: Context) -> Iterator[Violation]:
    """A resource that only the stored manifest has: no request is sent for it, but Helm looks its
    kind up."""
    version, target = change.before.api_version, context.target
    api = status(version, change.id.kind, target.kubernetes)
    if api.custom or api.state is not State.REMOVED:
        return
    words = f'no matches for kind "{change.id.kind}" in version "{version}"'
    message = f"unable to build kubernetes objects from current release manifest: {words}"
    upgrade = context.upgrade
    release, namespace = (upgrade.release, upgrade.namespace) if upgrade else ("", "")
    cause = Cause("apiVersion", "NotFound", message, "removed-api", api.source)
    yield Violation(
        message="the upgrade will stop before anything is applied",
        because=f"Kubernetes {api.removed} removed it ({api.source}); Helm answers: {message}",
        path="/apiVersion",
        before=version,
        confidence=Confidence.LIKELY,
        fixes=fixes_for(cause, change, target, release, namespace),
    )


def _custom(change: Created | Kept, api: ApiStatus) -> Violation:
    kind, version = change.id.kind, change.after.api_version
    return Violation(
        message=f"the cluster may not serve {kind} in {version}: it depends on the CRDs that "
        "are installed",
        because=f"{api.product} {api.removed} and later no longer serve it ({api.source})",
        path="/apiVersion",
        before=change.before.api_version if isinstance(change, Kept) else None,
        after=version,
        severity=Severity.NOTE if _is_unchanged(change) else Severity.WARNING,
        confidence=Confidence.DEPENDS,
        fixes=(
            Fix(
                f"move to {api.replacement}",
                steps=(f"change apiVersion to {api.replacement} in the template",),
            ),
            Fix(
                "see what the cluster serves, or give policylint the CRDs with --crds",
                steps=(f"kubectl api-resources --api-group={quote(change.id.group)}",),
            ),
        ),
    )


def _is_unchanged(change: Created | Kept) -> bool:
    """Whether the release holds it in this version already, which the cluster then served."""
    return isinstance(change, Kept) and change.before.api_version == change.after.api_version


def _crd_at_hand(change: Created | Kept, context: Context) -> bool:
    """Whether the release brings the kind's CRD itself: then the forecast has judged the version by
    it."""
    if context.upgrade is None:
        return False
    return (change.id.group, change.id.kind) in of_sides(context.upgrade.after)
