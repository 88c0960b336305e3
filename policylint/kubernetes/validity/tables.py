"""Which checks belong to which struct and field."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import cast

from policylint.kubernetes.api.fielderrors import child, required
from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.validity.field_table import (
    EMPTY_AS_NONE,
    FIELDS,
    JUDGED_WITH_THEIR_STRUCT,
    REQUIRED,
    REQUIRED_AS_PUBLISHED,
    SUPPORTED,
)
from policylint.kubernetes.validity.rules import one_of
from policylint.kubernetes.validity.scope import Check, Rule, Scope
from policylint.model import Cause, Object

_STRUCTS: Mapping[str, str] = {
    "admissionregistration.v1.MutatingAdmissionPolicyBindingSpec": "admission.mutating_binding",
    "admissionregistration.v1.MutatingAdmissionPolicySpec": "policies.mutating",
    "admissionregistration.v1.MutatingWebhook": "admission.webhook",
    "admissionregistration.v1.MutatingWebhookConfiguration": "admission.webhooks",
    "admissionregistration.v1.NamedRuleWithOperations": "admission.named_rule",
    "admissionregistration.v1.ParamKind": "policies.param_kind",
    "admissionregistration.v1.ParamRef": "admission.param_ref",
    "admissionregistration.v1.RuleWithOperations": "admission.rule",
    "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec": "admission.binding",
    "admissionregistration.v1.ValidatingAdmissionPolicySpec": "policies.validating",
    "admissionregistration.v1.ValidatingWebhook": "admission.webhook",
    "admissionregistration.v1.ValidatingWebhookConfiguration": "admission.webhooks",
    "apiregistration.v1.APIServiceSpec": "admission.api_service",
    "apps.v1.ControllerRevision": "nodes.controller_revision",
    "apps.v1.DaemonSetSpec": "workloads.daemon_set",
    "apps.v1.DeploymentSpec": "workloads.deployment",
    "apps.v1.ReplicaSetSpec": "workloads.replica_set",
    "apps.v1.StatefulSetSpec": "workloads.stateful_set",
    "autoscaling.v1.CrossVersionObjectReference": "scaling.scaling_target",
    "autoscaling.v1.HorizontalPodAutoscalerSpec": "scaling.autoscaler",
    "autoscaling.v2.CrossVersionObjectReference": "scaling.scaling_target",
    "autoscaling.v2.HPAScalingRules": "scaling.scaling_rules",
    "autoscaling.v2.HorizontalPodAutoscalerSpec": "scaling.autoscaler",
    "autoscaling.v2.MetricSpec": "scaling.metric",
    "batch.v1.CronJobSpec": "batch.cron_job",
    "batch.v1.Job": "batch.job",
    "batch.v1.JobSpec": "batch.job_spec",
    "batch.v1.JobTemplateSpec": "batch.job_template",
    "certificates.v1.CertificateSigningRequestSpec": "certificates.signing_request",
    "coordination.v1.LeaseSpec": "nodes.lease",
    "core.v1.AppArmorProfile": "security.app_armor",
    "core.v1.CSIPersistentVolumeSource": "storage.csi_volume",
    "core.v1.CSIVolumeSource": "volumes.csi",
    "core.v1.ConfigMap": "config.config_map",
    "core.v1.ConfigMapEnvSource": "env.group_source",
    "core.v1.ConfigMapKeySelector": "env.key_selector",
    "core.v1.Container": "containers.container",
    "core.v1.DownwardAPIVolumeFile": "volumes.downward_file",
    "core.v1.EmptyDirVolumeSource": "volumes.empty_dir",
    "core.v1.EndpointSubset": "services.endpoint_subset",
    "core.v1.EnvFromSource": "env.group",
    "core.v1.EnvVar": "env.variable",
    "core.v1.EphemeralVolumeSource": "volumes.ephemeral",
    "core.v1.Event": "events.core_event",
    "core.v1.ExecAction": "probes.exec_action",
    "core.v1.FCVolumeSource": "volumes.fibre_channel",
    "core.v1.HTTPGetAction": "probes.http_get",
    "core.v1.GitRepoVolumeSource": "volumes.git_repo",
    "core.v1.HostPathVolumeSource": "volumes.host_path",
    "core.v1.AzureDiskVolumeSource": "volumes.azure_disk",
    "core.v1.AzureFilePersistentVolumeSource": "volumes.azure_file",
    "core.v1.CinderPersistentVolumeSource": "volumes.namespaced_secret",
    "core.v1.CinderVolumeSource": "volumes.secret_name",
    "core.v1.FlexPersistentVolumeSource": "volumes.flex",
    "core.v1.FlexVolumeSource": "volumes.flex",
    "core.v1.FlockerVolumeSource": "volumes.flocker",
    "core.v1.GRPCAction": "probes.to_port",
    "core.v1.GlusterfsPersistentVolumeSource": "volumes.glusterfs",
    "core.v1.ISCSIPersistentVolumeSource": "volumes.iscsi_volume",
    "core.v1.ISCSIVolumeSource": "volumes.iscsi",
    "core.v1.LocalVolumeSource": "volumes.local",
    "core.v1.QuobyteVolumeSource": "volumes.quobyte",
    "core.v1.StorageOSPersistentVolumeSource": "volumes.namespaced_secret",
    "core.v1.StorageOSVolumeSource": "volumes.secret_name",
    "core.v1.TCPSocketAction": "probes.to_port",
    "core.v1.ImageVolumeSource": "volumes.image",
    "core.v1.KeyToPath": "volumes.key_to_path",
    "core.v1.LimitRangeSpec": "limits.limit_range",
    "core.v1.NFSVolumeSource": "volumes.nfs",
    "core.v1.NamespaceSpec": "metadata.finalizer_names",
    "core.v1.Node": "nodes.node",
    "core.v1.NodeSelector": "selectors.node_selector",
    "core.v1.NodeSelectorTerm": "selectors.node_selector_term",
    "core.v1.ObjectFieldSelector": "env.field_reference",
    "core.v1.PersistentVolumeClaimSpec": "storage.claim",
    "core.v1.PersistentVolumeClaimTemplate": "storage.claim_template_metadata",
    "core.v1.PersistentVolumeSpec": "storage.volume",
    "core.v1.ClusterTrustBundleProjection": "projections.trust_bundle",
    "core.v1.Pod": "pod.pod",
    "core.v1.PodAffinityTerm": "scheduling.affinity_term",
    "core.v1.PodCertificateProjection": "projections.pod_certificate",
    "core.v1.PodSecurityContext": "security.pod_security",
    "core.v1.PodSpec": "pod.pod_spec",
    "core.v1.PodTemplateSpec": "pod.pod_template",
    "core.v1.PreferredSchedulingTerm": "scheduling.weight",
    "core.v1.ProjectedVolumeSource": "volumes.projected",
    "core.v1.ReplicationControllerSpec": "workloads.replication_controller",
    "core.v1.ResourceFieldSelector": "env.resource_reference",
    "core.v1.ResourceQuotaSpec": "limits.quota",
    "core.v1.ResourceRequirements": "resources.requirements",
    "core.v1.ScopeSelector": "limits.scope_selector",
    "core.v1.ScopedResourceSelectorRequirement": "limits.scope_requirement",
    "core.v1.SeccompProfile": "security.seccomp",
    "core.v1.Secret": "config.secret",
    "core.v1.SecretEnvSource": "env.group_source",
    "core.v1.SecretKeySelector": "env.key_selector",
    "core.v1.SecurityContext": "security.container_security",
    "core.v1.ServiceAccountTokenProjection": "volumes.token",
    "core.v1.ServiceSpec": "services.service",
    "core.v1.Toleration": "scheduling.toleration",
    "core.v1.WeightedPodAffinityTerm": "scheduling.weight",
    "core.v1.WindowsSecurityContextOptions": "windows.options",
    "discovery.v1.EndpointHints": "networking.hints",
    "discovery.v1.EndpointSlice": "networking.endpoint_slice",
    "events.v1.Event": "events.event",
    "flowcontrol.v1.FlowDistinguisherMethod": "flow.distinguisher",
    "flowcontrol.v1.FlowSchemaSpec": "flow.flow_schema",
    "flowcontrol.v1.LimitResponse": "flow.limit_response",
    "flowcontrol.v1.NonResourcePolicyRule": "flow.url_rule",
    "flowcontrol.v1.PriorityLevelConfigurationSpec": "flow.priority_level",
    "flowcontrol.v1.QueuingConfiguration": "flow.queuing",
    "flowcontrol.v1.ResourcePolicyRule": "flow.resource_rule",
    "flowcontrol.v1.Subject": "flow.subject",
    "meta.v1.LabelSelector": "selectors.label_selector",
    "networking.v1.HTTPIngressPath": "networking.ingress_path",
    "networking.v1.IPAddressSpec": "networking.ip_address_parent",
    "networking.v1.IngressBackend": "networking.ingress_backend",
    "networking.v1.IngressClassSpec": "networking.ingress_class",
    "networking.v1.IngressSpec": "networking.ingress",
    "networking.v1.NetworkPolicyPeer": "networking.policy_peer",
    "networking.v1.NetworkPolicyPort": "networking.policy_port",
    "networking.v1.NetworkPolicySpec": "networking.policy",
    "networking.v1.ServiceCIDRSpec": "networking.service_cidr",
    "node.v1.RuntimeClass": "nodes.runtime_class",
    "policy.v1.PodDisruptionBudgetSpec": "scaling.budget",
    "rbac.v1.ClusterRole": "rbac.cluster_role",
    "rbac.v1.ClusterRoleBinding": "rbac.binding",
    "rbac.v1.PolicyRule": "rbac.rule",
    "rbac.v1.RoleBinding": "rbac.binding",
    "resource.v1.CELDeviceSelector": "deviceclaims.cel_selector",
    "resource.v1.CounterSet": "devices.counter_set",
    "resource.v1.Device": "devices.device",
    "resource.v1.DeviceAttribute": "devices.attribute",
    "resource.v1.DeviceClaim": "deviceclaims.device_claim",
    "resource.v1.DeviceClassSpec": "deviceclaims.device_class",
    "resource.v1.DeviceConstraint": "deviceclaims.device_constraint",
    "resource.v1.DeviceCounterConsumption": "devices.consumption",
    "resource.v1.DeviceRequest": "deviceclaims.inline_request",
    "resource.v1.DeviceSubRequest": "deviceclaims.sub_request",
    "resource.v1.DeviceTaint": "devices.taint",
    "resource.v1.DeviceTaintRuleSpec": "devices.taint_rule",
    "resource.v1.DeviceToleration": "deviceclaims.toleration",
    "resource.v1.ExactDeviceRequest": "deviceclaims.device_request",
    "resource.v1.OpaqueDeviceConfiguration": "deviceclaims.opaque_config",
    "resource.v1.ResourcePool": "devices.resource_pool",
    "resource.v1.ResourceSliceSpec": "devices.resource_slice",
    "resource.v1.ResourceClaimTemplateSpec": "storage.claim_template_metadata",
    "scheduling.v1.PriorityClass": "scaling.priority_class",
    "storage.v1.CSIDriverSpec": "storage.csi_driver",
    "storage.v1.CSINodeSpec": "nodes.csi_node",
    "storage.v1.CSIStorageCapacity": "storage.storage_capacity",
    "storage.v1.StorageClass": "storage.storage_class",
    "storage.v1.VolumeAttachmentSpec": "nodes.volume_attachment",
    "storage.v1.VolumeAttributesClass": "storage.attributes_class",
}
"""Struct -> module.function of this package that checks it; loaded by name where such a struct
occurs: a release holds few of them, and some bring all of CEL."""

_NEVER = 99

UNCHECKED: Mapping[str, Mapping[str, int]] = {
    "apps.v1.StatefulSetSpec": {"template": 34, "volumeClaimTemplates": 34},
    "autoscaling.v2.MetricIdentifier": {"selector": _NEVER},
    "core.v1.PodTemplateSpec": {"metadata": _NEVER},
}
"""Struct -> field -> first minor whose server checks what is below it as it does elsewhere."""


def _requires(details: Mapping[str, str]) -> Check:
    def check(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
        for name, detail in details.items():
            if value.get(name) in (None, "", [], {}):
                yield required(child(at, name), detail)

    return check


def _own_check(name: str) -> Check:
    module, _, function = _STRUCTS[name].partition(".")
    return cast("Check", getattr(importlib.import_module(f"{__package__}.{module}"), function))


def checks_of(name: str, node: Node) -> tuple[Check, ...]:
    """The checks of a struct ("core.v1.PodSpec"), those first that only look for missing fields."""
    missing = dict(REQUIRED.get(name, {}))
    if name in REQUIRED_AS_PUBLISHED:
        missing = dict.fromkeys(node.required, "")
    own = (_own_check(name),) if name in _STRUCTS else ()
    if missing:
        return (_requires(missing), *own)
    return own


def rules_of(name: str, node: Node) -> Mapping[str, tuple[Rule, ...]]:
    """The rules of each field of a struct: supported values first, then bounds and formats."""
    supported = {**node.supported, **SUPPORTED.get(name, {})}
    rules = dict(FIELDS.get(name, {}))
    for field in supported.keys() - JUDGED_WITH_THEIR_STRUCT.get(name, frozenset()):
        empty = field not in node.pointers or f"{name}.{field}" in EMPTY_AS_NONE
        rules[field] = (one_of(*supported[field], empty=empty), *rules.get(field, ()))
    return rules


def has_own_checks(name: str) -> bool:
    """Whether anything but what is published is checked of a struct."""
    return name in _STRUCTS or name in FIELDS or name in REQUIRED
