"""Fields that a struct must have, and what is checked of one field alone: values, bounds, formats.

Source: k8s.io/kubernetes pkg/apis/*/validation (v1.36); supported values in the order the server
prints them.
"""

from __future__ import annotations

from collections.abc import Mapping

from policylint.kubernetes.validity.formats import dns_label, dns_subdomain, qualified_name
from policylint.kubernetes.validity.rules import (
    at_least,
    form,
    not_negative_quantity,
    one_of,
    port,
    port_or_name,
    within,
)
from policylint.kubernetes.validity.scope import Rule

_MODE = within(0, 0o777, "must be a number between 0 and 0777 (octal), both inclusive")
_COUNT = at_least(0)
_ID = within(0, 2**31 - 1)
_PARTITION = within(0, 255, "must be between 1 and 255, inclusive")
_PULL = one_of("Always", "IfNotPresent", "Never")
_PROTOCOL = one_of("SCTP", "TCP", "UDP")


def _fields(*names: str) -> Mapping[str, str]:
    return dict.fromkeys(names, "")


_MODES = one_of("Block", "Filesystem")
_POLICY = one_of("Fail", "Ignore")
_MATCH = one_of("Equivalent", "Exact")

REQUIRED: Mapping[str, Mapping[str, str]] = {
    "core.v1.AWSElasticBlockStoreVolumeSource": _fields("volumeID"),
    "core.v1.AzureDiskVolumeSource": _fields("diskName", "diskURI"),
    "core.v1.AzureFileVolumeSource": _fields("secretName", "shareName"),
    "core.v1.CSIVolumeSource": _fields("driver"),
    "core.v1.CephFSVolumeSource": _fields("monitors"),
    "core.v1.CinderVolumeSource": _fields("volumeID"),
    "core.v1.ConfigMapProjection": _fields("name"),
    "core.v1.ConfigMapVolumeSource": _fields("name"),
    "core.v1.ContainerRestartRule": {"exitCodes": "must be specified"},
    "core.v1.DownwardAPIVolumeFile": _fields("path"),
    "resource.v1.DeviceClaimConfiguration": _fields("opaque"),
    "resource.v1.DeviceClassConfiguration": _fields("opaque"),
    "resource.v1.DeviceSelector": _fields("cel"),
    "core.v1.FileKeySelector": _fields("volumeName", "path", "key"),
    "core.v1.FlexVolumeSource": _fields("driver"),
    "core.v1.GCEPersistentDiskVolumeSource": _fields("pdName"),
    "core.v1.GitRepoVolumeSource": _fields("repository"),
    "core.v1.GlusterfsVolumeSource": _fields("endpoints", "path"),
    "core.v1.HostPathVolumeSource": _fields("path"),
    "core.v1.ISCSIVolumeSource": _fields("targetPortal", "iqn"),
    "core.v1.KeyToPath": _fields("key", "path"),
    "core.v1.NFSVolumeSource": _fields("server", "path"),
    "core.v1.PersistentVolumeClaimVolumeSource": _fields("claimName"),
    "core.v1.PhotonPersistentDiskVolumeSource": _fields("pdID"),
    "core.v1.PodOS": _fields("name"),
    "core.v1.PortworxVolumeSource": _fields("volumeID"),
    "core.v1.QuobyteVolumeSource": _fields("volume"),
    "core.v1.RBDVolumeSource": _fields("monitors", "image"),
    "core.v1.ScaleIOVolumeSource": _fields("gateway", "system", "volumeName"),
    "core.v1.SecretProjection": _fields("name"),
    "core.v1.SecretVolumeSource": _fields("secretName"),
    "core.v1.ServiceAccountTokenProjection": _fields("path"),
    "core.v1.StorageOSVolumeSource": _fields("volumeName"),
    "core.v1.VsphereVirtualDiskVolumeSource": _fields("volumePath"),
}

FIELDS: Mapping[str, Mapping[str, tuple[Rule, ...]]] = {
    "admissionregistration.v1.MatchResources": {"matchPolicy": (_MATCH,)},
    "admissionregistration.v1.MutatingWebhook": {
        "failurePolicy": (_POLICY,),
        "matchPolicy": (_MATCH,),
        "reinvocationPolicy": (one_of("IfNeeded", "Never"),),
    },
    "admissionregistration.v1.NamedRuleWithOperations": {
        "scope": (one_of("*", "Cluster", "Namespaced"),)
    },
    "admissionregistration.v1.ParamRef": {"parameterNotFoundAction": (one_of("Deny", "Allow"),)},
    "admissionregistration.v1.RuleWithOperations": {
        "scope": (one_of("*", "Cluster", "Namespaced"),)
    },
    "admissionregistration.v1.ValidatingAdmissionPolicySpec": {"failurePolicy": (_POLICY,)},
    "admissionregistration.v1.Validation": {
        "reason": (one_of("Forbidden", "Invalid", "RequestEntityTooLarge"),)
    },
    "admissionregistration.v1.ValidatingWebhook": {
        "failurePolicy": (_POLICY,),
        "matchPolicy": (_MATCH,),
    },
    "apps.v1.DaemonSetSpec": {"minReadySeconds": (_COUNT,), "revisionHistoryLimit": (_COUNT,)},
    "apps.v1.DeploymentSpec": {
        "replicas": (_COUNT,),
        "minReadySeconds": (_COUNT,),
        "revisionHistoryLimit": (_COUNT,),
        "progressDeadlineSeconds": (_COUNT,),
    },
    "apps.v1.ReplicaSetSpec": {"replicas": (_COUNT,), "minReadySeconds": (_COUNT,)},
    "apps.v1.RollingUpdateStatefulSetStrategy": {"partition": (_COUNT,)},
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": {
        "whenDeleted": (one_of("Retain", "Delete"),),
        "whenScaled": (one_of("Retain", "Delete"),),
    },
    "apps.v1.StatefulSetSpec": {"replicas": (_COUNT,), "minReadySeconds": (_COUNT,)},
    "autoscaling.v2.HPAScalingRules": {
        "selectPolicy": (one_of("Disabled", "Max", "Min"),),
        "tolerance": (not_negative_quantity,),
    },
    "batch.v1.CronJobSpec": {
        "concurrencyPolicy": (one_of("Allow", "Forbid", "Replace"),),
        "failedJobsHistoryLimit": (_COUNT,),
        "startingDeadlineSeconds": (_COUNT,),
        "successfulJobsHistoryLimit": (_COUNT,),
    },
    "batch.v1.JobSpec": {
        "activeDeadlineSeconds": (_COUNT,),
        "backoffLimit": (_COUNT,),
        "backoffLimitPerIndex": (_COUNT,),
        "completionMode": (one_of("NonIndexed", "Indexed"),),
        "completions": (_COUNT,),
        "maxFailedIndexes": (_COUNT,),
        "parallelism": (_COUNT,),
        "ttlSecondsAfterFinished": (_COUNT,),
    },
    "coordination.v1.LeaseSpec": {"leaseTransitions": (_COUNT,)},
    "core.v1.AWSElasticBlockStoreVolumeSource": {"partition": (_PARTITION,)},
    "core.v1.AzureDiskVolumeSource": {
        "cachingMode": (one_of("None", "ReadOnly", "ReadWrite"),),
        "kind": (one_of("Dedicated", "Managed", "Shared"),),
    },
    "core.v1.ConfigMapVolumeSource": {"defaultMode": (_MODE,)},
    "core.v1.Container": {
        "imagePullPolicy": (_PULL,),
        "terminationMessagePolicy": (one_of("File", "FallbackToLogsOnError"),),
    },
    "core.v1.ContainerPort": {
        "containerPort": (port,),
        "hostPort": (port,),
        "protocol": (_PROTOCOL,),
    },
    "core.v1.ContainerResizePolicy": {
        "resourceName": (one_of("cpu", "memory"),),
        "restartPolicy": (one_of("NotRequired", "RestartContainer"),),
    },
    "core.v1.DownwardAPIVolumeFile": {"mode": (_MODE,)},
    "core.v1.DownwardAPIVolumeSource": {"defaultMode": (_MODE,)},
    "core.v1.FCVolumeSource": {"lun": (within(0, 255),)},
    "core.v1.GCEPersistentDiskVolumeSource": {"partition": (_PARTITION,)},
    "core.v1.GRPCAction": {"port": (within(1, 65535),)},
    "core.v1.HTTPGetAction": {"port": (port_or_name,), "scheme": (one_of("HTTP", "HTTPS"),)},
    "core.v1.HostPathVolumeSource": {
        "type": (
            one_of(
                "",
                "BlockDevice",
                "CharDevice",
                "Directory",
                "DirectoryOrCreate",
                "File",
                "FileOrCreate",
                "Socket",
            ),
        )
    },
    "core.v1.ISCSIVolumeSource": {"lun": (within(0, 255),)},
    "core.v1.ImageVolumeSource": {"pullPolicy": (_PULL,)},
    "core.v1.KeyToPath": {"mode": (_MODE,)},
    "core.v1.PodOS": {"name": (one_of("linux", "windows"),)},
    "core.v1.PodSecurityContext": {
        "fsGroup": (_ID,),
        "fsGroupChangePolicy": (one_of("Always", "OnRootMismatch"),),
        "runAsGroup": (_ID,),
        "runAsUser": (_ID,),
        "seLinuxChangePolicy": (one_of("Recursive"),),
        "supplementalGroupsPolicy": (one_of("Merge", "Strict"),),
    },
    "core.v1.PodSpec": {
        "activeDeadlineSeconds": (within(1, 2**31 - 1),),
        "dnsPolicy": (one_of("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),),
        "nodeName": (form(dns_subdomain),),
        "preemptionPolicy": (one_of("PreemptLowerPriority", "Never"),),
        "priorityClassName": (form(dns_subdomain),),
        "restartPolicy": (one_of("Always", "OnFailure", "Never"),),
        "runtimeClassName": (form(dns_subdomain),),
        "serviceAccountName": (form(dns_subdomain),),
    },
    "core.v1.PersistentVolumeClaimSpec": {
        "storageClassName": (form(dns_subdomain),),
        "volumeMode": (_MODES,),
        "volumeAttributesClassName": (form(dns_subdomain),),
    },
    "core.v1.PersistentVolumeSpec": {
        "persistentVolumeReclaimPolicy": (one_of("Delete", "Recycle", "Retain"),),
        "storageClassName": (form(dns_subdomain),),
        "volumeAttributesClassName": (form(dns_subdomain),),
        "volumeMode": (_MODES,),
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
        "procMount": (one_of("Default", "Unmasked"),),
        "runAsGroup": (_ID,),
        "runAsUser": (_ID,),
    },
    "core.v1.ServicePort": {
        "appProtocol": (form(qualified_name),),
        "protocol": (_PROTOCOL,),
    },
    "core.v1.ServiceSpec": {
        "internalTrafficPolicy": (one_of("Cluster", "Local"),),
        "ipFamilyPolicy": (one_of("PreferDualStack", "RequireDualStack", "SingleStack"),),
        "sessionAffinity": (one_of("ClientIP", "None"),),
        "type": (one_of("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),),
    },
    "core.v1.StorageOSVolumeSource": {
        "volumeName": (form(dns_label),),
        "volumeNamespace": (form(dns_label),),
    },
    "core.v1.TCPSocketAction": {"port": (port_or_name,)},
    "core.v1.TopologySpreadConstraint": {
        "nodeAffinityPolicy": (one_of("Honor", "Ignore"),),
        "nodeTaintsPolicy": (one_of("Honor", "Ignore"),),
    },
    "core.v1.VolumeMount": {
        "mountPropagation": (one_of("Bidirectional", "HostToContainer", "None"),),
        "recursiveReadOnly": (one_of("Disabled", "Enabled", "IfPossible"),),
    },
    "core.v1.EndpointAddress": {"nodeName": (form(dns_subdomain),)},
    "core.v1.EndpointPort": {"protocol": (_PROTOCOL,), "appProtocol": (form(qualified_name),)},
    "discovery.v1.EndpointPort": {"protocol": (_PROTOCOL,), "appProtocol": (form(qualified_name),)},
    "discovery.v1.EndpointSlice": {"addressType": (one_of("FQDN", "IPv4", "IPv6"),)},
    "discovery.v1.Endpoint": {"nodeName": (form(dns_subdomain),), "hostname": (form(dns_label),)},
    "flowcontrol.v1.FlowDistinguisherMethod": {"type": (one_of("ByNamespace", "ByUser"),)},
    "flowcontrol.v1.LimitedPriorityLevelConfiguration": {
        "borrowingLimitPercent": (_COUNT,),
        "lendablePercent": (within(0, 100),),
    },
    "networking.v1.IngressSpec": {"ingressClassName": (form(dns_subdomain),)},
    "networking.v1.IngressTLS": {"secretName": (form(dns_subdomain),)},
    "networking.v1.NetworkPolicyPort": {
        "port": (port_or_name,),
        "protocol": (one_of("TCP", "UDP", "SCTP"),),
    },
    "policy.v1.PodDisruptionBudgetSpec": {
        "unhealthyPodEvictionPolicy": (one_of("AlwaysAllow", "IfHealthyBudget"),)
    },
    "resource.v1.ExactDeviceRequest": {"allocationMode": (one_of("All", "ExactCount"),)},
    "scheduling.v1.PriorityClass": {"preemptionPolicy": (one_of("PreemptLowerPriority", "Never"),)},
    "storage.v1.CSIDriverSpec": {
        "fsGroupPolicy": (one_of("File", "None", "ReadWriteOnceWithFSType"),)
    },
    "storage.v1.CSIStorageCapacity": {"capacity": (not_negative_quantity,)},
    "storage.v1.StorageClass": {
        "reclaimPolicy": (one_of("Delete", "Retain"),),
        "volumeBindingMode": (one_of("Immediate", "WaitForFirstConsumer"),),
    },
}
