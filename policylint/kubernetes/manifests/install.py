"""How Helm reads a manifest before it sends it: the events of hooks, and the order of kinds.

Source: pkg/release/v1/util (manifest_sorter.go, kind_sorter.go) of Helm 4.3, pkg/releaseutil of
Helm 3.22.
"""

from __future__ import annotations

UNNAMED_RELEASE = "release-name"
"""What `helm template` calls a release that nobody names."""
INSTALL_ORDER = (
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
)
"""The order in which Helm installs kinds; kinds that are not here follow, by name."""
HOOK_EVENTS = frozenset(
    {
        *(
            "pre-install",
            "post-install",
            "pre-upgrade",
            "post-upgrade",
            "pre-rollback",
            "post-rollback",
        ),
        *("pre-delete", "post-delete", "test", "test-success"),
    }
)
"""What Helm knows as a hook: an object with any other word in helm.sh/hook is left out."""
_RANK = {kind: rank for rank, kind in enumerate(INSTALL_ORDER)}


def rank(kind: str) -> tuple[int, str]:
    """A sort key for the order of installation; the order within a kind is that of the manifest."""
    return _RANK.get(kind, len(_RANK)), "" if kind in _RANK else kind


def hook_events(annotation: object) -> tuple[str, ...]:
    """The events of a `helm.sh/hook` annotation, in lower case: a value that is no text was read as
    one."""
    if isinstance(annotation, bool):
        text = str(annotation).lower()
    else:
        text = str(annotation or "")
    return tuple(event.strip().lower() for event in text.split(","))
