"""What may not change in an update: one row per field, with the minors it holds for and where that
is known from.

Sources: the `Validate*Update` functions of k8s.io/kubernetes pkg/apis/*/validation (v1.28 to v1.36)
and recorded answers of API servers 1.30, 1.34 and 1.36 (fixtures/oracle/fields-*, scenarios-1.36).
A change of wording between recorded minors is dated to the release that made it where its change is
known, else to the later recording. Services, Jobs, Pods, claims and volumes need more than a row:
see `services`, `batch`, `pods` and `storage`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

IMMUTABLE = "field is immutable"
_VALIDATION = "pkg/apis/{}/validation"


class Frozen(Struct, frozen=True):
    """A field that keeps its value.

    `at` is where the server says it is, if not at `path`; `forbidden` tells "Forbidden: text" from
    "Invalid value: ...: text"; `allowed` are children that may change all the same; `when` is a
    boolean field of the live object that must be true for the row to hold; `once` lets a field be
    set that had no value; `as_set` compares lists as sets; `exact` tells an empty mapping, which is
    never stored, from none; `extends` lets a list of one item get a second; `go` is the Go type
    shown in messages of servers before 1.33.
    """

    path: str
    source: str
    text: str = IMMUTABLE
    at: str = ""
    forbidden: bool = False
    allowed: frozenset[str] = frozenset()
    when: str = ""
    once: bool = False
    as_set: bool = False
    extends: bool = False
    exact: bool = False
    topic: str = "immutable-field"
    since: int = 0
    until: int = 99
    go: str = ""


def _frozen(path: str, group: str, text: str = IMMUTABLE, **more: Any) -> Frozen:
    return Frozen(path, _VALIDATION.format(group), text, **more)


_STATEFUL = "updates to statefulset spec for fields other than {} are forbidden"
_STATEFUL_ALLOWED = frozenset(
    {
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    }
)


def _stateful(names: str, allowed: frozenset[str], since: int, until: int) -> Frozen:
    return Frozen(
        "spec",
        "pkg/apis/apps/validation ValidateStatefulSetUpdate",
        _STATEFUL.format(names),
        forbidden=True,
        allowed=allowed,
        topic="statefulset-immutable-field",
        since=since,
        until=until,
    )


def _selector() -> Frozen:
    return Frozen(
        "spec.selector", "pkg/apis/apps/validation", topic="selector-changed", go="v1.LabelSelector"
    )


def _when_immutable(path: str, *, exact: bool = False) -> Frozen:
    text = "field is immutable when `immutable` is set"
    return Frozen(
        path,
        "pkg/apis/core/validation",
        text,
        forbidden=True,
        when="immutable",
        topic="immutable-config-changed",
        exact=exact,
    )


def _role_ref() -> Frozen:
    return Frozen(
        "roleRef",
        "pkg/apis/rbac/validation",
        "cannot change roleRef",
        topic="role-ref-changed",
        go="rbac.RoleRef",
    )


def _class_field(path: str) -> tuple[Frozen, Frozen]:
    """A storage class's field: declarative validation rewords the refusal from 1.36 on
    (recorded)."""
    return (
        _frozen(path, "storage", f"updates to {path} are forbidden.", forbidden=True, until=35),
        _frozen(path, "storage", since=36),
    )


FROZEN: Mapping[tuple[str, str], tuple[Frozen, ...]] = {
    ("apps", "Deployment"): (_selector(),),
    ("apps", "DaemonSet"): (_selector(),),
    ("apps", "ReplicaSet"): (_selector(),),
    ("apps", "StatefulSet"): (
        _stateful(
            "'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'persistentVolumeClaimRetentionPolicy' and "
            "'minReadySeconds'",
            _STATEFUL_ALLOWED,
            0,
            32,
        ),
        _stateful(
            "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'",
            _STATEFUL_ALLOWED | {"revisionHistoryLimit"},  # kubernetes/kubernetes#128721, in 1.33
            33,
            99,
        ),
    ),
    ("apps", "ControllerRevision"): (_frozen("data", "apps", go="runtime.Unknown"),),
    ("", "ConfigMap"): (
        _when_immutable("immutable"),
        _when_immutable("data"),
        _when_immutable("binaryData", exact=True),
    ),
    ("", "Secret"): (
        _frozen("type", "core"),
        _when_immutable("immutable"),
        _when_immutable("data", exact=True),
    ),
    ("", "ResourceQuota"): (
        _frozen("spec.scopes", "core", go="[]core.ResourceQuotaScope", as_set=True),
    ),
    ("rbac.authorization.k8s.io", "RoleBinding"): (_role_ref(),),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (_role_ref(),),
    ("storage.k8s.io", "StorageClass"): (
        *_class_field("provisioner"),
        *_class_field("parameters"),
        *_class_field("reclaimPolicy"),
        _frozen("volumeBindingMode", "storage"),
    ),
    ("storage.k8s.io", "VolumeAttributesClass"): (
        _frozen("driverName", "storage", "updates to driverName are forbidden.", forbidden=True),
        _frozen("parameters", "storage", "updates to parameters are forbidden.", forbidden=True),
    ),
    ("storage.k8s.io", "CSIDriver"): (
        _frozen("spec.attachRequired", "storage", at="spec.attachedRequired"),
        _frozen("spec.volumeLifecycleModes", "storage"),
    ),
    ("storage.k8s.io", "CSIStorageCapacity"): (
        _frozen("nodeTopology", "storage", go="v1.LabelSelector"),
        _frozen("storageClassName", "storage"),
    ),
    ("storage.k8s.io", "VolumeAttachment"): (_frozen("spec", "storage"),),
    ("networking.k8s.io", "IngressClass"): (_frozen("spec.controller", "networking"),),
    ("networking.k8s.io", "IPAddress"): (
        _frozen("spec.parentRef", "networking", go="networking.ParentReference"),
    ),
    ("networking.k8s.io", "ServiceCIDR"): (_frozen("spec.cidrs", "networking", extends=True),),
    ("", "Node"): (
        _frozen(
            "spec.podCIDRs",
            "core",
            'node updates may not change podCIDR except from "" to valid',
            once=True,
        ),
        _frozen(
            "spec.providerID",
            "core",
            "node providerID may not be changed",
            forbidden=True,
            once=True,
        ),
        _frozen("spec.externalID", "core", "may not be updated", forbidden=True),
    ),
    ("events.k8s.io", "Event"): tuple(
        _frozen(path, "core", at=at)
        for path, at in (
            ("regarding", "involvedObject"),
            ("reason", ""),
            ("note", "message"),
            ("deprecatedSource", "source"),
            ("deprecatedFirstTimestamp", "firstTimestamp"),
            ("deprecatedLastTimestamp", "lastTimestamp"),
            ("deprecatedCount", "count"),
            ("type", ""),
            ("eventTime", ""),
            ("action", ""),
            ("related", ""),
            ("reportingController", ""),
            ("reportingInstance", ""),
        )
    ),
    ("scheduling.k8s.io", "PriorityClass"): (
        _frozen("value", "scheduling", "may not be changed in an update.", forbidden=True),
        _frozen("preemptionPolicy", "scheduling"),
    ),
    ("node.k8s.io", "RuntimeClass"): (_frozen("handler", "node"),),
    ("discovery.k8s.io", "EndpointSlice"): (_frozen("addressType", "discovery"),),
    ("resource.k8s.io", "ResourceClaim"): (_frozen("spec", "resource"),),
    ("resource.k8s.io", "ResourceClaimTemplate"): (_frozen("spec", "resource"),),
    ("resource.k8s.io", "ResourceSlice"): (
        _frozen("spec.driver", "resource"),
        _frozen("spec.pool.name", "resource"),
        _frozen("spec.nodeName", "resource"),
    ),
    ("certificates.k8s.io", "ClusterTrustBundle"): (_frozen("spec.signerName", "certificates"),),
    ("batch", "Job"): (
        _frozen("spec.selector", "batch", topic="job-template-changed", go="v1.LabelSelector"),
        _frozen("spec.completionMode", "batch", topic="job-template-changed"),
        _frozen("spec.podFailurePolicy", "batch", topic="job-template-changed"),
        _frozen("spec.backoffLimitPerIndex", "batch", topic="job-template-changed"),
        _frozen("spec.managedBy", "batch", topic="job-template-changed"),
        _frozen("spec.successPolicy", "batch", topic="job-template-changed", since=31),
    ),
    ("", "PersistentVolumeClaim"): (
        _frozen("spec.volumeMode", "core", at="volumeMode", topic="claim-immutable-field"),
    ),
    ("", "PersistentVolume"): (_frozen("spec.volumeMode", "core", at="volumeMode"),),
}
"""Rows by (group, kind), in the order in which the server reports them."""
