"""Fields that a struct must have, and what is checked of one field alone: values, bounds, formats.

What Kubernetes publishes (values of enumerations, required fields: `scripts/make_openapi.py`)
stands in the schemas; here is what it does not publish, and where its validation does otherwise.
Source: k8s.io/kubernetes pkg/apis/*/validation (v1.36.3 and v1.37.2).
"""

from __future__ import annotations

from collections.abc import Mapping

from policylint.kubernetes.validity.formats import dns_label, dns_subdomain, qualified_name
from policylint.kubernetes.validity.rules import (
    at_least,
    form,
    not_negative_quantity,
    port,
    port_or_name,
    within,
)
from policylint.kubernetes.validity.scope import Rule

_MODE = within(0, 0o777, "must be a number between 0 and 0777 (octal), both inclusive")
_COUNT = at_least(0)
_ID = within(0, 2**31 - 1)
_PARTITION = within(0, 255, "must be between 1 and 255, inclusive")

REQUIRED_AS_PUBLISHED: frozenset[str] = frozenset(
    {
        "core.v1.AWSElasticBlockStoreVolumeSource",
        "core.v1.AzureDiskVolumeSource",
        "core.v1.AzureFilePersistentVolumeSource",
        "core.v1.AzureFileVolumeSource",
        "core.v1.CSIVolumeSource",
        "core.v1.CephFSPersistentVolumeSource",
        "core.v1.CephFSVolumeSource",
        "core.v1.CinderPersistentVolumeSource",
        "core.v1.CinderVolumeSource",
        "core.v1.DownwardAPIVolumeFile",
        "core.v1.FileKeySelector",
        "core.v1.FlexPersistentVolumeSource",
        "core.v1.FlexVolumeSource",
        "core.v1.GCEPersistentDiskVolumeSource",
        "core.v1.GitRepoVolumeSource",
        "core.v1.GlusterfsPersistentVolumeSource",
        "core.v1.GlusterfsVolumeSource",
        "core.v1.HostPathVolumeSource",
        "core.v1.KeyToPath",
        "core.v1.NFSVolumeSource",
        "core.v1.PersistentVolumeClaimVolumeSource",
        "core.v1.PhotonPersistentDiskVolumeSource",
        "core.v1.PodOS",
        "core.v1.PortworxVolumeSource",
        "core.v1.RBDPersistentVolumeSource",
        "core.v1.RBDVolumeSource",
        "core.v1.ServiceAccountTokenProjection",
        "core.v1.VsphereVirtualDiskVolumeSource",
    }
)
"""Structs whose validation asks for every field that is published as required, and not for more. Of
other structs a published requirement says only that Go always writes the field: the server takes a
StatefulSet without `serviceName`, a lun of 0, a scaleIO volume whose secretRef is empty."""

REQUIRED: Mapping[str, Mapping[str, str]] = {
    # validateConfigMapVolumeSource, validateSecretVolumeSource, validateProjectionSources: the
    # type of the name is LocalObjectReference, which requires nothing.
    "core.v1.ConfigMapProjection": {"name": ""},
    "core.v1.ConfigMapVolumeSource": {"name": ""},
    "core.v1.SecretProjection": {"name": ""},
    "core.v1.SecretVolumeSource": {"secretName": ""},
    # validateContainerRestartRule
    "core.v1.ContainerRestartRule": {"exitCodes": "must be specified"},
    # validateISCSIVolumeSource, validateQuobyteVolumeSource, validateScaleIOVolumeSource,
    # validateStorageOSVolumeSource: other fields than those published.
    "core.v1.ISCSIPersistentVolumeSource": {"targetPortal": "", "iqn": ""},
    "core.v1.ISCSIVolumeSource": {"targetPortal": "", "iqn": ""},
    "core.v1.ScaleIOPersistentVolumeSource": {"gateway": "", "system": "", "volumeName": ""},
    "core.v1.StorageOSPersistentVolumeSource": {"volumeName": ""},
    "core.v1.QuobyteVolumeSource": {"volume": ""},
    "core.v1.ScaleIOVolumeSource": {"gateway": "", "system": "", "volumeName": ""},
    "core.v1.StorageOSVolumeSource": {"volumeName": ""},
    # ValidateClaims and validateSelector of pkg/apis/resource: one of one possible source.
    "resource.v1.DeviceClaimConfiguration": {"opaque": ""},
    "resource.v1.DeviceClassConfiguration": {"opaque": ""},
    "resource.v1.DeviceSelector": {"cel": ""},
    # validateMutatingAdmissionPolicySpec and validateMutation
    "admissionregistration.v1.MutatingAdmissionPolicySpec": {
        "failurePolicy": "",
        "matchConstraints": "",
        "mutations": "mutations must contain at least one item",
        "reinvocationPolicy": "",
    },
    "admissionregistration.v1.Mutation": {"patchType": ""},
}
"""Struct -> fields that its validation asks for although they are not published as required, with
what the server says of them; the functions are those of pkg/apis/core/validation unless said
otherwise."""

SUPPORTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # Types without published values; the names are those of the sets in validation.go.
    "admissionregistration.v1.ParamRef": {"parameterNotFoundAction": ("Deny", "Allow")},
    "admissionregistration.v1.Validation": {
        "reason": ("Forbidden", "Invalid", "RequestEntityTooLarge")
    },
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": {
        "whenDeleted": ("Retain", "Delete"),
        "whenScaled": ("Retain", "Delete"),
    },
    "autoscaling.v2.HPAScalingRules": {"selectPolicy": ("Disabled", "Max", "Min")},
    "core.v1.ContainerResizePolicy": {
        "resourceName": ("cpu", "memory"),
        "restartPolicy": ("NotRequired", "RestartContainer"),
    },
    "core.v1.PodOS": {"name": ("linux", "windows")},
    "core.v1.VolumeMount": {"recursiveReadOnly": ("Disabled", "Enabled", "IfPossible")},
    "core.v1.PodSecurityContext": {"seLinuxChangePolicy": ("MountOption", "Recursive")},
    "flowcontrol.v1.FlowDistinguisherMethod": {"type": ("ByNamespace", "ByUser")},
    "storage.v1.CSIDriverSpec": {"fsGroupPolicy": ("File", "None", "ReadWriteOnceWithFSType")},
    # SELinuxMount, which brings MountOption, is off by default (pkg/features/kube_features.go).
    # Published from 1.35 on.
    "resource.v1.DeviceSubRequest": {"allocationMode": ("All", "ExactCount")},
    "resource.v1.DeviceToleration": {"operator": ("Equal", "Exists")},
    "resource.v1.ExactDeviceRequest": {"allocationMode": ("All", "ExactCount")},
    # A class may not recycle, although the type that volumes share with it has the value.
    "storage.v1.StorageClass": {"reclaimPolicy": ("Delete", "Retain")},
    # As published, but the server names them in this order.
    "batch.v1.JobSpec": {"completionMode": ("NonIndexed", "Indexed")},
    "core.v1.Container": {"terminationMessagePolicy": ("File", "FallbackToLogsOnError")},
    "core.v1.PodSpec": {
        "dnsPolicy": ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
        "preemptionPolicy": ("PreemptLowerPriority", "Never"),
        "restartPolicy": ("Always", "OnFailure", "Never"),
    },
    "networking.v1.NetworkPolicyPort": {"protocol": ("TCP", "UDP", "SCTP")},
    "scheduling.v1.PriorityClass": {"preemptionPolicy": ("PreemptLowerPriority", "Never")},
}
"""Struct -> field -> its values, where those published are none or others. Everywhere else the
published values of a field are those that its validation supports."""

JUDGED_WITH_THEIR_STRUCT: Mapping[str, frozenset[str]] = {
    "admissionregistration.v1.MutatingWebhook": frozenset({"sideEffects"}),
    "admissionregistration.v1.NamedRuleWithOperations": frozenset({"operations"}),
    "admissionregistration.v1.RuleWithOperations": frozenset({"operations"}),
    "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec": frozenset(
        {"validationActions"}
    ),
    "admissionregistration.v1.ValidatingWebhook": frozenset({"sideEffects"}),
    "apps.v1.DaemonSetUpdateStrategy": frozenset({"type"}),
    "apps.v1.DeploymentStrategy": frozenset({"type"}),
    "apps.v1.StatefulSetSpec": frozenset({"podManagementPolicy"}),
    "apps.v1.StatefulSetUpdateStrategy": frozenset({"type"}),
    "batch.v1.JobSpec": frozenset({"podReplacementPolicy"}),
    "batch.v1.PodFailurePolicyOnExitCodesRequirement": frozenset({"operator"}),
    "batch.v1.PodFailurePolicyRule": frozenset({"action"}),
    "core.v1.AppArmorProfile": frozenset({"type"}),
    "core.v1.NodeSelectorRequirement": frozenset({"operator"}),
    "core.v1.PersistentVolumeClaimSpec": frozenset({"accessModes"}),
    "core.v1.PersistentVolumeSpec": frozenset({"accessModes"}),
    "core.v1.ResourceQuotaSpec": frozenset({"scopes"}),
    "core.v1.ScopedResourceSelectorRequirement": frozenset({"operator", "scopeName"}),
    "core.v1.SeccompProfile": frozenset({"type"}),
    "core.v1.ServiceSpec": frozenset({"externalTrafficPolicy", "ipFamilies"}),
    "core.v1.Toleration": frozenset({"effect", "operator"}),
    "core.v1.TopologySpreadConstraint": frozenset({"whenUnsatisfiable"}),
    "networking.v1.HTTPIngressPath": frozenset({"pathType"}),
    "networking.v1.NetworkPolicySpec": frozenset({"policyTypes"}),
}
"""Struct -> enumerated fields that its own check judges, in words or under conditions of theirs."""

EMPTY_AS_NONE = frozenset(
    {
        # validateHostPathType, validateReclaimPolicy
        "core.v1.HostPathVolumeSource.type",
        "storage.v1.StorageClass.reclaimPolicy",
    }
)
"""Enumerated pointers of which "" is none all the same."""

FIELDS: Mapping[str, Mapping[str, tuple[Rule, ...]]] = {
    "apps.v1.DaemonSetSpec": {"minReadySeconds": (_COUNT,), "revisionHistoryLimit": (_COUNT,)},
    "apps.v1.DeploymentSpec": {
        "replicas": (_COUNT,),
        "minReadySeconds": (_COUNT,),
        "revisionHistoryLimit": (_COUNT,),
        "progressDeadlineSeconds": (_COUNT,),
    },
    "apps.v1.ReplicaSetSpec": {"replicas": (_COUNT,), "minReadySeconds": (_COUNT,)},
    "apps.v1.RollingUpdateStatefulSetStrategy": {"partition": (_COUNT,)},
    "apps.v1.StatefulSetSpec": {"replicas": (_COUNT,), "minReadySeconds": (_COUNT,)},
    "autoscaling.v1.HorizontalPodAutoscalerSpec": {
        "targetCPUUtilizationPercentage": (at_least(1, "must be greater than 0"),),
    },
    "autoscaling.v2.HPAScalingRules": {
        "tolerance": (not_negative_quantity,),
    },
    "batch.v1.CronJobSpec": {
        "failedJobsHistoryLimit": (_COUNT,),
        "startingDeadlineSeconds": (_COUNT,),
        "successfulJobsHistoryLimit": (_COUNT,),
    },
    "batch.v1.JobSpec": {
        "activeDeadlineSeconds": (_COUNT,),
        "backoffLimit": (_COUNT,),
        "backoffLimitPerIndex": (_COUNT,),
        "completions": (_COUNT,),
        "maxFailedIndexes": (_COUNT,),
        "parallelism": (_COUNT,),
        "ttlSecondsAfterFinished": (_COUNT,),
    },
    "coordination.v1.LeaseSpec": {"leaseTransitions": (_COUNT,)},
    "core.v1.AWSElasticBlockStoreVolumeSource": {"partition": (_PARTITION,)},
    "core.v1.ConfigMapVolumeSource": {"defaultMode": (_MODE,)},
    "core.v1.ContainerPort": {
        "containerPort": (port,),
        "hostPort": (port,),
    },
    "core.v1.DownwardAPIVolumeFile": {"mode": (_MODE,)},
    "core.v1.DownwardAPIVolumeSource": {"defaultMode": (_MODE,)},
    "core.v1.FCVolumeSource": {"lun": (within(0, 255),)},
    "core.v1.GCEPersistentDiskVolumeSource": {"partition": (_PARTITION,)},
    "core.v1.GRPCAction": {"port": (within(1, 65535),)},
    "core.v1.HTTPGetAction": {
        "port": (port_or_name,),
    },
    "core.v1.ISCSIPersistentVolumeSource": {"lun": (within(0, 255),)},
    "core.v1.ISCSIVolumeSource": {"lun": (within(0, 255),)},
    "core.v1.KeyToPath": {"mode": (_MODE,)},
    "core.v1.PodSecurityContext": {
        "fsGroup": (_ID,),
        "runAsGroup": (_ID,),
        "runAsUser": (_ID,),
        "supplementalGroups": (_ID,),
    },
    "core.v1.PodSpec": {
        "activeDeadlineSeconds": (within(1, 2**31 - 1),),
        "nodeName": (form(dns_subdomain),),
        "priorityClassName": (form(dns_subdomain),),
        "runtimeClassName": (form(dns_subdomain, empty=False),),
        "serviceAccountName": (form(dns_subdomain),),
    },
    "core.v1.PersistentVolumeClaimSpec": {
        "storageClassName": (form(dns_subdomain),),
        "volumeAttributesClassName": (form(dns_subdomain),),
    },
    "core.v1.PersistentVolumeSpec": {
        "storageClassName": (form(dns_subdomain),),
        "volumeAttributesClassName": (form(dns_subdomain, empty=False),),
    },
    "core.v1.Probe": {
        "initialDelaySeconds": (_COUNT,),
        "timeoutSeconds": (_COUNT,),
        "periodSeconds": (_COUNT,),
        "successThreshold": (_COUNT,),
        "failureThreshold": (_COUNT,),
    },
    "core.v1.ProjectedVolumeSource": {"defaultMode": (_MODE,)},
    "core.v1.ReplicationControllerSpec": {"replicas": (_COUNT,), "minReadySeconds": (_COUNT,)},
    "core.v1.SecretVolumeSource": {"defaultMode": (_MODE,)},
    "core.v1.SecurityContext": {
        "runAsGroup": (_ID,),
        "runAsUser": (_ID,),
    },
    "core.v1.ServicePort": {
        "appProtocol": (form(qualified_name, empty=False),),
    },
    "core.v1.StorageOSPersistentVolumeSource": {
        "volumeName": (form(dns_label),),
        "volumeNamespace": (form(dns_label),),
    },
    "core.v1.StorageOSVolumeSource": {
        "volumeName": (form(dns_label),),
        "volumeNamespace": (form(dns_label),),
    },
    "core.v1.TCPSocketAction": {"port": (port_or_name,)},
    "core.v1.EndpointAddress": {"nodeName": (form(dns_subdomain, empty=False),)},
    "core.v1.EndpointPort": {"appProtocol": (form(qualified_name, empty=False),)},
    "discovery.v1.EndpointPort": {"appProtocol": (form(qualified_name, empty=False),)},
    "discovery.v1.Endpoint": {
        "nodeName": (form(dns_subdomain, empty=False),),
        "hostname": (form(dns_label, empty=False),),
    },
    "flowcontrol.v1.ExemptPriorityLevelConfiguration": {
        "lendablePercent": (within(0, 100),),
        "nominalConcurrencyShares": (_COUNT,),
    },
    "flowcontrol.v1.LimitedPriorityLevelConfiguration": {
        "borrowingLimitPercent": (_COUNT,),
        "lendablePercent": (within(0, 100),),
    },
    "networking.v1.IngressSpec": {"ingressClassName": (form(dns_subdomain, empty=False),)},
    "networking.v1.IngressTLS": {"secretName": (form(dns_subdomain),)},
    "networking.v1.NetworkPolicyPort": {
        "port": (port_or_name,),
    },
    "storage.v1.VolumeNodeResources": {"count": (_COUNT,)},
    "storage.v1.CSIStorageCapacity": {"capacity": (not_negative_quantity,)},
}
