"""Which checks belong to which struct and field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.model import Cause, Object
from policylint.validity import (
    containers,
    env,
    pod,
    probes,
    resources,
    scheduling,
    security,
    selectors,
    volumes,
    workloads,
)
from policylint.validity.causes import required
from policylint.validity.field_table import FIELDS, REQUIRED
from policylint.validity.walk import Check, Rule, Scope

_STRUCTS: Mapping[str, Check] = {
    "apps.v1.DaemonSetSpec": workloads.daemon_set,
    "apps.v1.DeploymentSpec": workloads.deployment,
    "apps.v1.ReplicaSetSpec": workloads.replica_set,
    "apps.v1.StatefulSetSpec": workloads.stateful_set,
    "core.v1.AppArmorProfile": security.app_armor,
    "core.v1.CSIVolumeSource": volumes.csi,
    "core.v1.ConfigMapEnvSource": env.group_source,
    "core.v1.ConfigMapKeySelector": env.key_selector,
    "core.v1.Container": containers.container,
    "core.v1.DownwardAPIVolumeFile": volumes.downward_file,
    "core.v1.EmptyDirVolumeSource": volumes.empty_dir,
    "core.v1.EnvFromSource": env.group,
    "core.v1.EnvVar": env.variable,
    "core.v1.EphemeralVolumeSource": volumes.ephemeral,
    "core.v1.ExecAction": probes.exec_action,
    "core.v1.FCVolumeSource": volumes.fibre_channel,
    "core.v1.HTTPGetAction": probes.http_get,
    "core.v1.HostPathVolumeSource": volumes.host_path,
    "core.v1.ISCSIVolumeSource": volumes.iscsi,
    "core.v1.KeyToPath": volumes.key_to_path,
    "core.v1.NFSVolumeSource": volumes.nfs,
    "core.v1.NodeSelector": selectors.node_selector,
    "core.v1.NodeSelectorTerm": selectors.node_selector_term,
    "core.v1.ObjectFieldSelector": env.field_reference,
    "core.v1.Pod": pod.pod,
    "core.v1.PodAffinityTerm": scheduling.affinity_term,
    "core.v1.PodSecurityContext": security.pod_security,
    "core.v1.PodSpec": pod.pod_spec,
    "core.v1.PodTemplateSpec": pod.pod_template,
    "core.v1.PreferredSchedulingTerm": scheduling.weight,
    "core.v1.ProjectedVolumeSource": volumes.projected,
    "core.v1.ReplicationControllerSpec": workloads.replication_controller,
    "core.v1.ResourceFieldSelector": env.resource_reference,
    "core.v1.ResourceRequirements": resources.requirements,
    "core.v1.SeccompProfile": security.seccomp,
    "core.v1.SecretEnvSource": env.group_source,
    "core.v1.SecretKeySelector": env.key_selector,
    "core.v1.SecurityContext": security.container_security,
    "core.v1.ServiceAccountTokenProjection": volumes.token,
    "core.v1.Toleration": scheduling.toleration,
    "core.v1.WeightedPodAffinityTerm": scheduling.weight,
    "core.v1.WindowsSecurityContextOptions": security.windows_user,
    "meta.v1.LabelSelector": selectors.label_selector,
}

_NEVER = 99

UNCHECKED: Mapping[str, Mapping[str, int]] = {
    "apps.v1.StatefulSetSpec": {"template": 34, "volumeClaimTemplates": 34},
    "autoscaling.v2.MetricIdentifier": {"selector": _NEVER},
    "core.v1.PodTemplateSpec": {"metadata": _NEVER},
}
"""Struct -> field -> first minor whose server checks what is below it as it does elsewhere."""


def _requires(needed: Mapping[str, str]) -> Check:
    def check(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
        for name, detail in needed.items():
            if value.get(name) in (None, "", [], {}):
                yield required(f"{at}.{name}" if at else name, detail)

    return check


def _checks() -> dict[str, tuple[Check, ...]]:
    found: dict[str, tuple[Check, ...]] = {name: (_requires(needed),) for name, needed in REQUIRED.items()}
    for name, check in _STRUCTS.items():
        found[name] = (*found.get(name, ()), check)
    return found


CHECKS: Mapping[str, tuple[Check, ...]] = _checks()
RULES: Mapping[str, Mapping[str, tuple[Rule, ...]]] = FIELDS
