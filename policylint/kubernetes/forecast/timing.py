"""Whether the cluster knows a custom kind when Helm builds the release.

Helm looks every kind up before it sends anything, so that a definition which comes with the same
upgrade comes too late, and one of crds/ is applied by the first installation only. Source: Build of
helm pkg/kube/client.go, installCRDs of pkg/action/install.go; recorded from Helm 3.22 and 4.3.
"""

from __future__ import annotations

from shlex import quote

from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.server import Server, answer
from policylint.kubernetes.manifests.definitions import Definitions
from policylint.model import Answer, Cause, Resource, Unknown, Upgrade

TOPIC = "definition-not-there-yet"


def when_built(upgrade: Upgrade, cluster: Cluster) -> Definitions:
    """The definitions that the cluster has when Helm builds the release: the given ones, and those
    of the before side and its hooks, which Helm never deletes; those of crds/ too where it is
    installed."""
    before, after = upgrade.before, upgrade.after
    first = after.crds if not before.resources else ()
    there = (*first, *before.crds, *before.hooks.values(), *before.resources.values())
    return Definitions((), cluster.crds, Definitions(there))


def when_sent(upgrade: Upgrade, cluster: Cluster) -> Definitions:
    """The definitions that judge the objects of the upgrade: those of the templates are sent before
    their resources, a copy in crds/ counts only where nothing else is known."""
    after = upgrade.after
    sent = (*after.resources.values(), *after.hooks.values())
    return Definitions(sent, when_built(upgrade, cluster), Definitions(after.crds))


def when_taken_back(upgrade: Upgrade, cluster: Cluster) -> Definitions:
    """The definitions that judge the objects of the rollback."""
    before = upgrade.before
    return Definitions(before.resources.values(), when_sent(upgrade, cluster))


def too_late(upgrade: Upgrade, resource: Resource, server: Server) -> Answer | None:
    """The refusal of a custom resource whose definition comes with the same upgrade; None where the
    cluster knows its kind, or nobody does."""
    key = (resource.id.group, resource.id.kind)
    if server.kind(resource).crd is None or server.kind_at_build(resource).crd is not None:
        return None
    if any((identity.group, identity.kind) == key for identity in upgrade.before.resources):
        return None
    by_hook = key in Definitions(upgrade.after.hooks.values())
    if by_hook and resource.is_hook:
        return None  # Helm builds a hook when its turn comes
    if by_hook or key in Definitions(upgrade.after.resources.values()) or upgrade.before.crds:
        return answer([_no_match(resource)])
    return answer([_not_applied(resource)])


def _no_match(resource: Resource) -> Cause:
    message = (
        f'resource mapping not found for name: "{resource.id.name}" namespace: '
        f'"{resource.id.namespace}" from "": no matches for kind "{resource.id.kind}" '
        f'in version "{resource.api_version}"\nensure CRDs are installed first'
    )
    return Cause("kind", "NotFound", message, TOPIC, "helm pkg/kube/client.go (Build)")


def _not_applied(resource: Resource) -> Unknown:
    """A kind whose definition only crds/ of the after side has: somebody may have applied it."""
    what = (
        f"whether the cluster knows {resource.id.kind} in {resource.api_version}: its definition "
        "is new in crds/, and Helm applies crds/ with the first installation only"
    )
    return Unknown(what, f"kubectl api-resources --api-group={quote(resource.id.group)}", TOPIC)
