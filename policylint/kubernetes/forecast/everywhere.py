"""Objects that are in a cluster before any release is: Helm does not make them again, and takes
them into a release only where they carry its marks.

Source: the bootstrap controllers of kube-apiserver and kube-controller-manager (namespaces, the
kubernetes Service, priority classes, default roles, the root CA's ConfigMap, default accounts).
"""

from __future__ import annotations

from policylint.model import ResourceId

_RBAC = "rbac.authorization.k8s.io"
_FLOW = "flowcontrol.apiserver.k8s.io"

_SYSTEM_ROLES = (
    "aggregate-to-admin",
    "aggregate-to-edit",
    "aggregate-to-view",
    "auth-delegator",
    "basic-user",
    "certificates.k8s.io:certificatesigningrequests:nodeclient",
    "certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    "certificates.k8s.io:kube-apiserver-client-approver",
    "certificates.k8s.io:kube-apiserver-client-kubelet-approver",
    "certificates.k8s.io:kubelet-serving-approver",
    "certificates.k8s.io:legacy-unknown-approver",
    "discovery",
    "heapster",
    "kube-aggregator",
    "kube-controller-manager",
    "kube-dns",
    "kube-scheduler",
    "kubelet-api-admin",
    "monitoring",
    "node",
    "node-bootstrapper",
    "node-problem-detector",
    "node-proxier",
    "persistent-volume-provisioner",
    "public-info-viewer",
    "service-account-issuer-discovery",
    "volume-scheduler",
)
"""Cluster roles of 1.37.2 after `system:`, without those of controllers."""

_SYSTEM_BINDINGS = (
    "basic-user",
    "discovery",
    "kube-controller-manager",
    "kube-dns",
    "kube-scheduler",
    "monitoring",
    "node",
    "node-proxier",
    "public-info-viewer",
    "service-account-issuer-discovery",
    "volume-scheduler",
)

_FLOW_SCHEMAS = (
    "catch-all",
    "exempt",
    "global-default",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-system-service-accounts",
    "probes",
    "service-accounts",
    "system-leader-election",
    "system-node-high",
    "system-nodes",
)

_PRIORITY_LEVELS = (
    "catch-all",
    "exempt",
    "global-default",
    "leader-election",
    "node-high",
    "system",
    "workload-high",
    "workload-low",
)

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
        *(ResourceId(_RBAC, "ClusterRole", "", f"system:{name}") for name in _SYSTEM_ROLES),
        *(
            ResourceId(_RBAC, "ClusterRoleBinding", "", f"system:{name}")
            for name in _SYSTEM_BINDINGS
        ),
        *(ResourceId(_FLOW, "FlowSchema", "", name) for name in _FLOW_SCHEMAS),
        *(ResourceId(_FLOW, "PriorityLevelConfiguration", "", name) for name in _PRIORITY_LEVELS),
        ResourceId("networking.k8s.io", "ServiceCIDR", "", "kubernetes"),
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
