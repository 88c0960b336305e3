"""When two values are the same to the API server: Go's zero values, nil pointers and quantities.

The server compares decoded Go structs (`apiequality.Semantic.DeepEqual`): an empty list is no list,
`""` is no string where the field is a plain string, but `false` is something where it is a pointer
to a boolean. Published schemas show which struct fields are plain (they carry `default: {}`), not
which scalars are pointers: those are the table below, read from the types of k8s.io/api (v0.30 to
v0.36).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache, lru_cache
from typing import Final

from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.schemas import Node
from policylint.model import Json

ABSENT: Final = object()
"""What `normal` makes of a value that is the same as none."""

_POINTERS: Mapping[str, str] = {
    "meta.v1.ObjectMeta": "deletionGracePeriodSeconds",
    "meta.v1.OwnerReference": "controller blockOwnerDeletion",
    "apps.v1.StatefulSetSpec": "replicas revisionHistoryLimit",
    "batch.v1.JobSpec": "parallelism completions activeDeadlineSeconds backoffLimit backoffLimitPerIndex "
    "maxFailedIndexes manualSelector ttlSecondsAfterFinished completionMode suspend podReplacementPolicy managedBy",
    "batch.v1.PodFailurePolicyOnExitCodesRequirement": "containerName",
    "batch.v1.SuccessPolicyRule": "succeededIndexes succeededCount",
    "core.v1.AzureDiskVolumeSource": "cachingMode fsType readOnly kind",
    "core.v1.AzureFilePersistentVolumeSource": "secretNamespace",
    "core.v1.AppArmorProfile": "localhostProfile",
    "core.v1.CSIVolumeSource": "readOnly fsType",
    "core.v1.ClusterTrustBundleProjection": "name signerName optional",
    "core.v1.ConfigMapEnvSource": "optional",
    "core.v1.ConfigMapKeySelector": "optional",
    "core.v1.ConfigMapProjection": "optional",
    "core.v1.ConfigMapVolumeSource": "defaultMode optional",
    "core.v1.Container": "restartPolicy",
    "core.v1.DownwardAPIVolumeFile": "mode",
    "core.v1.DownwardAPIVolumeSource": "defaultMode",
    "core.v1.EmptyDirVolumeSource": "sizeLimit",
    "core.v1.EphemeralContainer": "restartPolicy",
    "core.v1.FCVolumeSource": "lun",
    "core.v1.FileKeySelector": "optional",
    "core.v1.GRPCAction": "service",
    "core.v1.GlusterfsPersistentVolumeSource": "endpointsNamespace",
    "core.v1.HostPathVolumeSource": "type",
    "core.v1.ISCSIPersistentVolumeSource": "initiatorName",
    "core.v1.ISCSIVolumeSource": "initiatorName",
    "core.v1.KeyToPath": "mode",
    "core.v1.Lifecycle": "stopSignal",
    "core.v1.LocalVolumeSource": "fsType",
    "core.v1.PersistentVolumeClaimSpec": "storageClassName volumeMode volumeAttributesClassName",
    "core.v1.PersistentVolumeSpec": "volumeMode volumeAttributesClassName",
    "core.v1.PodDNSConfigOption": "value",
    "core.v1.PodResourceClaim": "resourceClaimName resourceClaimTemplateName",
    "core.v1.PodSecurityContext": "runAsUser runAsGroup runAsNonRoot fsGroup fsGroupChangePolicy "
    "supplementalGroupsPolicy seLinuxChangePolicy",
    "core.v1.PodSpec": "terminationGracePeriodSeconds activeDeadlineSeconds automountServiceAccountToken "
    "shareProcessNamespace priority runtimeClassName enableServiceLinks preemptionPolicy setHostnameAsFQDN "
    "hostUsers hostnameOverride",
    "core.v1.Probe": "terminationGracePeriodSeconds",
    "core.v1.ProjectedVolumeSource": "defaultMode",
    "core.v1.SeccompProfile": "localhostProfile",
    "core.v1.SecretEnvSource": "optional",
    "core.v1.SecretKeySelector": "optional",
    "core.v1.SecretProjection": "optional",
    "core.v1.SecretVolumeSource": "defaultMode optional",
    "core.v1.SecurityContext": "privileged runAsUser runAsGroup runAsNonRoot readOnlyRootFilesystem "
    "allowPrivilegeEscalation procMount",
    "core.v1.ServiceAccountTokenProjection": "expirationSeconds",
    "core.v1.ServicePort": "appProtocol",
    "core.v1.ServiceSpec": "loadBalancerClass ipFamilyPolicy internalTrafficPolicy allocateLoadBalancerNodePorts "
    "trafficDistribution",
    "core.v1.Toleration": "tolerationSeconds",
    "core.v1.TopologySpreadConstraint": "minDomains nodeAffinityPolicy nodeTaintsPolicy",
    "core.v1.TypedLocalObjectReference": "apiGroup",
    "core.v1.TypedObjectReference": "apiGroup namespace",
    "core.v1.VolumeMount": "mountPropagation recursiveReadOnly",
    "core.v1.WindowsSecurityContextOptions": "gmsaCredentialSpecName gmsaCredentialSpec runAsUserName hostProcess",
    "resource.v1.DeviceRequest": "adminAccess",
    "resource.v1.ExactDeviceRequest": "adminAccess",
    "storage.v1.CSIDriverSpec": "attachRequired fsGroupPolicy podInfoOnMount requiresRepublish seLinuxMount "
    "storageCapacity nodeAllocatableUpdatePeriodSeconds serviceAccountTokenInSecrets",
    "storage.v1.StorageClass": "reclaimPolicy allowVolumeExpansion volumeBindingMode",
}

POINTERS: Mapping[str, frozenset[str]] = {
    struct: frozenset(names.split()) for struct, names in _POINTERS.items()
}
"""The scalar fields that are pointers, by struct: there a zero value is not the same as none."""

_NONE: frozenset[str] = frozenset()
_PREFIXES = (
    "io.k8s.api.",
    "io.k8s.apimachinery.pkg.apis.",
    "io.k8s.apiextensions-apiserver.pkg.apis.",
    "io.k8s.kube-aggregator.pkg.apis.",
)


@cache
def struct(node: Node) -> str:
    """The struct a schema node stands for, as "core.v1.PodSpec"; "" where it has no name."""
    name = node.ref
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def same(node: Node | None, before: Json, after: Json) -> bool:
    """Whether two values of a field are equal to the API server."""
    if before is after:
        return True
    return alike(normal(node, before), normal(node, after))


def normal(node: Node | None, value: Json) -> Json:
    """A value without what says nothing (nulls, empty lists, zero values of plain fields); `ABSENT`
    for none."""
    if value is None:
        return ABSENT
    if isinstance(value, list):
        items = node.items if node else None
        return [normal(items, item) for item in value] or ABSENT
    if isinstance(value, dict):
        return _struct(node, value) if node and node.is_struct else _map(node, value)
    if node is not None and node.quantity:
        found = amount(value)
        return value if found is None else found
    return value


@lru_cache(4096)
def amount(value: str | float) -> Fraction | None:
    """The exact number of a quantity; None where it is none."""
    return parse_quantity(value)


def _struct(node: Node, value: Mapping[str, Json]) -> Json:
    pointers = POINTERS.get(struct(node), _NONE)
    found = {}
    for name, child in value.items():
        schema = node.properties.get(name)
        kept = normal(schema, child)
        if kept is ABSENT or (
            kept in ("", 0, False) and name not in pointers and not isinstance(kept, dict)
        ):
            continue
        if kept == {} and schema is not None and schema.default == {}:
            continue
        found[name] = kept
    return found


def _map(node: Node | None, value: Mapping[str, Json]) -> Json:
    values = node.additional if node else None
    found = {key: normal(values, child) for key, child in value.items()}
    return {key: "" if child is ABSENT else child for key, child in found.items()} or ABSENT


def alike(before: Json, after: Json) -> bool:
    """Equality that keeps true apart from 1."""
    if before is after:
        return True
    if before != after:  # Python's own equality is quick, and takes only true for 1
        return False
    return repr(before) == repr(after) or _alike(before, after)


def _alike(before: Json, after: Json) -> bool:
    """The same of equal values, part by part: the keys of mappings may stand in another order."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(_alike(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return all(map(_alike, before, after))
    return isinstance(before, bool) == isinstance(after, bool)
