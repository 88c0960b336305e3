"""Fields that a minor's API server drops because their feature is off by default.

The published schema declares them, so they are no error: the server forgets them
(`dropDisabledFields` of pkg/api/pod/util.go and of each kind's strategy). `on` is the first minor
whose feature gate is on by default (pkg/features/kube_features.go); 99 stands for none yet. Rows
marked with * are seen in fixtures/oracle/fields-*. Where a feature's default is not known for a
minor, the field counts as kept: a change of it is judged, not forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping

NEVER = 99

GATED: Mapping[str, Mapping[str, int]] = {
    "apps.v1.DeploymentSpec": {"podReplacementPolicy": NEVER},
    "apps.v1.RollingUpdateStatefulSetStrategy": {"maxUnavailable": 37},
    "autoscaling.v2.HPAScalingRules": {"tolerance": 35},
    "batch.v1.JobSpec": {"scheduling": NEVER, "successPolicy": 31},
    "coordination.v1.LeaseSpec": {"preferredHolder": NEVER, "strategy": NEVER},  # *
    "core.v1.ClusterTrustBundleProjection": {"user": NEVER},
    "core.v1.ConfigMapVolumeSource": {"defaultUser": NEVER},
    "core.v1.Container": {"resizePolicy": 33, "restartPolicyRules": 35},
    "core.v1.DownwardAPIVolumeFile": {"user": NEVER},
    "core.v1.DownwardAPIVolumeSource": {"defaultUser": NEVER},
    "core.v1.EmptyDirVolumeSource": {"mode": NEVER},  # *
    "core.v1.EnvVarSource": {"fileKeyRef": 35},
    "core.v1.GRPCAction": {"mode": NEVER},
    "core.v1.HTTPGetAction": {"protocol": NEVER},
    "core.v1.KeyToPath": {"user": NEVER},
    "core.v1.Lifecycle": {"stopSignal": NEVER},
    "core.v1.NodeSpec": {"podPreemptionPolicy": NEVER},
    "core.v1.PodAffinityTerm": {"matchLabelKeys": 31, "mismatchLabelKeys": 31},
    "core.v1.PodCertificateProjection": {"user": NEVER},
    "core.v1.PodSecurityContext": {
        "seLinuxChangePolicy": 33,
        "supplementalGroupsPolicy": 33,
    },  # * the latter
    "core.v1.PodSpec": {
        "evictionResponders": NEVER,  # *
        "hostUsers": 33,  # *
        "hostnameOverride": 35,  # *
        "resourceClaims": 34,
        "resources": 34,  # *
        "schedulingGroup": NEVER,  # *
        "workloadRef": NEVER,
    },
    "core.v1.ProjectedVolumeSource": {"defaultUser": NEVER},
    "core.v1.ResourceRequirements": {"claims": 34},
    "core.v1.SecretVolumeSource": {"defaultUser": NEVER},
    "core.v1.SecurityContext": {"procMount": 33},
    "core.v1.ServiceAccountTokenProjection": {"user": NEVER},
    "core.v1.ServiceSpec": {"trafficDistribution": 31},
    "core.v1.VolumeProjection": {"clusterTrustBundle": 37, "podCertificate": 37},
    "core.v1.VolumeMount": {"bindMountOptions": NEVER, "recursiveReadOnly": 31},  # * the former
    "apiextensions.v1.CustomResourceDefinitionVersion": {"selectableFields": 31},  # *
    # 1.35 drops tolerations (recorded), 1.34 keeps them although the feature is off (recorded too):
    # one number cannot say both, and this one refuses too much rather than too little.
    "resource.v1.ExactDeviceRequest": {
        "adminAccess": 34,
        "capacity": 36,
        "derivedAttributes": NEVER,
        "tolerations": 34,
    },  # *
    "resource.v1.Device": {
        "allowMultipleAllocations": 36,
        "bindingConditions": 36,
        "bindingFailureConditions": 36,
        "bindsToNode": 36,
        "consumesCounters": 36,
        "nodeAllocatableResourceMappings": NEVER,
        "nodeAllocatableResources": NEVER,
        "taints": 36,
    },
    "resource.v1.DeviceAttribute": dict.fromkeys(("bools", "ints", "strings", "versions"), NEVER),
    "resource.v1.DeviceCapacity": {"requestPolicy": 36},
    "resource.v1.DeviceClassSpec": {"extendedResourceName": 36},
    "resource.v1.DeviceConstraint": {"distinctAttribute": 36},
    "resource.v1.DeviceCounterConsumption": {"compatibilityGroups": NEVER},
    "resource.v1.DeviceSubRequest": {
        "capacity": 36,
        "derivedAttributes": NEVER,
        "tolerations": 34,
    },
    "resource.v1.ResourceSliceSpec": {
        "partitionTypeAttribute": NEVER,
        "perDeviceNodeSelection": 36,
        "sharedCounters": 36,
        "skipNodeOperations": NEVER,
    },
    "storage.v1.CSIDriverSpec": {
        "nodeAllocatableUpdatePeriodSeconds": 35,
        "preventPodSchedulingIfMissing": 37,
        "serviceAccountTokenInSecrets": 35,
    },
}
"""Struct -> field -> first minor that keeps it."""

GONE_WHEN_EMPTIED = frozenset({"core.v1.Lifecycle"})
"""Structs that go with their last field where that is dropped (dropContainerStopSignals of
pkg/api/pod/util.go): an init container may not have an empty lifecycle."""
