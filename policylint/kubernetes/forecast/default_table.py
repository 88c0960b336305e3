"""What the API server fills in, field by field: constants. Computed defaults are in `defaulting`.

Source: the `SetDefaults_*` functions of k8s.io/kubernetes pkg/apis/*/v1/defaults.go (v1.30 to
v1.36), checked against recorded creations of real API servers (fixtures/oracle/defaults-*).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from policylint.model import Json


class Default(Struct, frozen=True):
    """One default: `value` is used where the field is missing, or zero too if it is `plain` (no
    pointer in Go).

    `when` is a sibling field and the value it must have; `since` the first minor (36 for 1.36) that
    does it.
    """

    field: str
    value: Json
    plain: bool = False
    when: tuple[str, Json] | None = None
    since: int = 0


def _plain(field: str, value: Json) -> Default:
    return Default(field, value, plain=True)


_POD_VOLUME_MODE = (Default("defaultMode", 420),)
_WEBHOOK = (
    Default("failurePolicy", "Fail"),
    Default("matchPolicy", "Equivalent"),
    Default("namespaceSelector", {}),
    Default("objectSelector", {}),
    Default("timeoutSeconds", 10),
)

DEFAULTS: Mapping[str, tuple[Default, ...]] = {
    "admissionregistration.v1.MatchResources": (
        Default("matchPolicy", "Equivalent"),
        Default("namespaceSelector", {}),
        Default("objectSelector", {}),
    ),
    "admissionregistration.v1.MutatingWebhook": (*_WEBHOOK, Default("reinvocationPolicy", "Never")),
    "admissionregistration.v1.NamedRuleWithOperations": (Default("scope", "*"),),
    "admissionregistration.v1.RuleWithOperations": (Default("scope", "*"),),
    "admissionregistration.v1.ServiceReference": (Default("port", 443),),
    "admissionregistration.v1.MutatingAdmissionPolicySpec": (Default("failurePolicy", "Fail"),),
    "admissionregistration.v1.ValidatingAdmissionPolicySpec": (Default("failurePolicy", "Fail"),),
    "admissionregistration.v1.ValidatingWebhook": _WEBHOOK,
    "apps.v1.DaemonSetSpec": (Default("updateStrategy", {}), Default("revisionHistoryLimit", 10)),
    "apps.v1.DaemonSetUpdateStrategy": (
        _plain("type", "RollingUpdate"),
        Default("rollingUpdate", {}, when=("type", "RollingUpdate")),
    ),
    "apps.v1.RollingUpdateDaemonSet": (Default("maxUnavailable", 1), Default("maxSurge", 0)),
    "apps.v1.DeploymentSpec": (
        Default("replicas", 1),
        Default("strategy", {}),
        Default("revisionHistoryLimit", 10),
        Default("progressDeadlineSeconds", 600),
    ),
    "apps.v1.DeploymentStrategy": (
        _plain("type", "RollingUpdate"),
        Default("rollingUpdate", {}, when=("type", "RollingUpdate")),
    ),
    "apps.v1.RollingUpdateDeployment": (
        Default("maxUnavailable", "25%"),
        Default("maxSurge", "25%"),
    ),
    "apps.v1.ReplicaSetSpec": (Default("replicas", 1),),
    "apps.v1.StatefulSetSpec": (
        _plain("podManagementPolicy", "OrderedReady"),
        Default("updateStrategy", {}),
        Default("persistentVolumeClaimRetentionPolicy", {}),
        Default("replicas", 1),
        Default("revisionHistoryLimit", 10),
    ),
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": (
        _plain("whenDeleted", "Retain"),
        _plain("whenScaled", "Retain"),
    ),
    "apps.v1.StatefulSetUpdateStrategy": (
        # Where the type is written, rollingUpdate stays unset (SetDefaults_StatefulSet).
        Default("rollingUpdate", {}, when=("type", None)),
        _plain("type", "RollingUpdate"),
    ),
    "apps.v1.RollingUpdateStatefulSetStrategy": (
        Default("partition", 0),
        Default("maxUnavailable", 1, since=37),  # where the feature of the field is on
    ),
    "autoscaling.v1.HorizontalPodAutoscalerSpec": (
        Default("minReplicas", 1),
        Default("targetCPUUtilizationPercentage", 80),
    ),
    "autoscaling.v2.HorizontalPodAutoscalerSpec": (Default("minReplicas", 1),),
    "batch.v1.CronJobSpec": (
        _plain("concurrencyPolicy", "Allow"),
        Default("suspend", False),
        Default("successfulJobsHistoryLimit", 3),
        Default("failedJobsHistoryLimit", 1),
    ),
    "batch.v1.PodFailurePolicyOnPodConditionsPattern": (_plain("status", "True"),),
    "core.v1.AzureDiskVolumeSource": (
        Default("cachingMode", "ReadWrite"),
        Default("kind", "Shared"),
        Default("fsType", "ext4"),
        Default("readOnly", False),
    ),
    "core.v1.Container": (
        _plain("terminationMessagePath", "/dev/termination-log"),
        _plain("terminationMessagePolicy", "File"),
    ),
    "core.v1.ContainerPort": (_plain("protocol", "TCP"),),
    "core.v1.ConfigMapVolumeSource": _POD_VOLUME_MODE,
    "core.v1.DownwardAPIVolumeSource": _POD_VOLUME_MODE,
    "core.v1.EndpointPort": (_plain("protocol", "TCP"),),
    "core.v1.EphemeralContainer": (
        _plain("terminationMessagePath", "/dev/termination-log"),
        _plain("terminationMessagePolicy", "File"),
    ),
    "core.v1.GRPCAction": (Default("service", ""),),
    "core.v1.HTTPGetAction": (_plain("path", "/"), _plain("scheme", "HTTP")),
    "core.v1.HostPathVolumeSource": (Default("type", ""),),
    "core.v1.ISCSIPersistentVolumeSource": (_plain("iscsiInterface", "default"),),
    "core.v1.ISCSIVolumeSource": (_plain("iscsiInterface", "default"),),
    "core.v1.ObjectFieldSelector": (_plain("apiVersion", "v1"),),
    "core.v1.PersistentVolumeClaimSpec": (Default("volumeMode", "Filesystem"),),
    "core.v1.PersistentVolumeSpec": (
        _plain("persistentVolumeReclaimPolicy", "Retain"),
        Default("volumeMode", "Filesystem"),
    ),
    "core.v1.PodSpec": (
        _plain("dnsPolicy", "ClusterFirst"),
        _plain("restartPolicy", "Always"),
        Default("securityContext", {}),
        Default("terminationGracePeriodSeconds", 30),
        _plain("schedulerName", "default-scheduler"),
    ),
    "core.v1.Probe": (
        _plain("timeoutSeconds", 1),
        _plain("periodSeconds", 10),
        _plain("successThreshold", 1),
        _plain("failureThreshold", 3),
    ),
    "core.v1.ProjectedVolumeSource": _POD_VOLUME_MODE,
    "core.v1.RBDPersistentVolumeSource": (
        _plain("pool", "rbd"),
        _plain("user", "admin"),
        _plain("keyring", "/etc/ceph/keyring"),
    ),
    "core.v1.RBDVolumeSource": (
        _plain("pool", "rbd"),
        _plain("user", "admin"),
        _plain("keyring", "/etc/ceph/keyring"),
    ),
    "core.v1.ReplicationControllerSpec": (Default("replicas", 1),),
    "core.v1.ScaleIOPersistentVolumeSource": (
        _plain("storageMode", "ThinProvisioned"),
        _plain("fsType", "xfs"),
    ),
    "core.v1.ScaleIOVolumeSource": (
        _plain("storageMode", "ThinProvisioned"),
        _plain("fsType", "xfs"),
    ),
    "core.v1.Secret": (_plain("type", "Opaque"),),
    "core.v1.SecretVolumeSource": _POD_VOLUME_MODE,
    "core.v1.ServiceAccountTokenProjection": (Default("expirationSeconds", 3600),),
    "core.v1.ServicePort": (_plain("protocol", "TCP"),),
    "core.v1.ServiceSpec": (_plain("sessionAffinity", "None"), _plain("type", "ClusterIP")),
    "discovery.v1.EndpointPort": (Default("name", ""), Default("protocol", "TCP")),
    "flowcontrol.v1.FlowSchemaSpec": (_plain("matchingPrecedence", 1000),),
    "flowcontrol.v1.LimitedPriorityLevelConfiguration": (
        Default("nominalConcurrencyShares", 30),
        Default("lendablePercent", 0),
    ),
    "flowcontrol.v1.QueuingConfiguration": (
        _plain("queues", 64),
        _plain("handSize", 8),
        _plain("queueLengthLimit", 50),
    ),
    "flowcontrol.v1.ExemptPriorityLevelConfiguration": (
        Default("nominalConcurrencyShares", 0),
        Default("lendablePercent", 0),
    ),
    "networking.v1.IngressClassParametersReference": (Default("scope", "Cluster"),),
    "networking.v1.NetworkPolicyPort": (Default("protocol", "TCP"),),
    "rbac.v1.RoleRef": (_plain("apiGroup", "rbac.authorization.k8s.io"),),
    "resource.v1.ExactDeviceRequest": (
        _plain("allocationMode", "ExactCount"),
        Default("count", 1, plain=True, when=("allocationMode", "ExactCount")),
    ),
    "resource.v1.DeviceSubRequest": (
        _plain("allocationMode", "ExactCount"),
        Default("count", 1, plain=True, when=("allocationMode", "ExactCount")),
    ),
    "scheduling.v1.PriorityClass": (Default("preemptionPolicy", "PreemptLowerPriority"),),
    "storage.v1.CSIDriver": (Default("spec", {}),),
    "storage.v1.CSIDriverSpec": (
        Default("preventPodSchedulingIfMissing", False, since=37),
        Default("attachRequired", True),
        Default("podInfoOnMount", False),
        Default("storageCapacity", False),
        Default("fsGroupPolicy", "ReadWriteOnceWithFSType"),
        _plain("volumeLifecycleModes", ["Persistent"]),
        Default("requiresRepublish", False),
        Default("seLinuxMount", False),
    ),
    "storage.v1.StorageClass": (
        Default("reclaimPolicy", "Delete"),
        Default("volumeBindingMode", "Immediate"),
    ),
    "apiextensions.v1.CustomResourceDefinitionSpec": (Default("conversion", {"strategy": "None"}),),
    "apiextensions.v1.ServiceReference": (Default("port", 443),),
    "apiregistration.v1.ServiceReference": (Default("port", 443),),
}
"""Defaults by struct, in the order in which they are applied."""
