"""Objects that are in a cluster before any release is: Helm does not make them again, and takes
them into a release only where they carry its marks.

Source: the bootstrap controllers of kube-apiserver and kube-controller-manager (namespaces, the
kubernetes Service, priority classes, default roles, the root CA's ConfigMap, default accounts).
"""

from __future__ import annotations

from policylint.model import ResourceId

_RBAC = "rbac.authorization.k8s.io"
_OF_CLUSTERS = frozenset(
    {
        *(
            ResourceId("", "Namespace", "", name)
            for name in ("default", "kube-node-lease", "kube-public", "kube-system")
        ),
        ResourceId("", "Service", "default", "kubernetes"),
        *(
            ResourceId("scheduling.k8s.io", "PriorityClass", "", name)
            for name in ("system-cluster-critical", "system-node-critical")
        ),
        *(
            ResourceId(_RBAC, "ClusterRole", "", name)
            for name in ("admin", "cluster-admin", "edit", "view")
        ),
        ResourceId(_RBAC, "ClusterRoleBinding", "", "cluster-admin"),
    }
)
_OF_NAMESPACES = frozenset({("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")})
"""What a controller makes in every namespace."""


def is_there_already(identity: ResourceId, namespace: str) -> bool:
    """Whether an object is there before anything of a release of this namespace is sent: Helm
    writes its record there first."""
    if identity in _OF_CLUSTERS or identity == ResourceId("", "Namespace", "", namespace):
        return True
    own = identity.group == "" and (identity.kind, identity.name) in _OF_NAMESPACES
    return own and identity.namespace == namespace
