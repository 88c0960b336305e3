"""Defaults that are computed from other fields of the same struct.

Source: `SetDefaults_*` and the conversions of k8s.io/kubernetes pkg/apis/*/v1 (v1.30 to v1.36),
checked against fixtures/oracle/defaults-*. Each function completes a struct's fields in place:
`decode` hands it a fresh mapping.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Container, Mapping
from typing import Any

from policylint.kubernetes.api.reading import part
from policylint.model import Json, Object

Fields = dict[str, Any]
Completion = Callable[[Fields, int], None]

IMAGE_VOLUMES_SINCE = 35
"""ImageVolume is on by default (recorded: off in 1.34, on in 1.36)."""
VOLUME_CLASSES_OFF = 33
"""The minor whose volumes forget their VolumeAttributesClass (recorded); 1.30 judges it."""
CONTAINER_RESTART_OFF = 34
"""The minor that has ContainerRestartRules, off by default (recorded); 1.35 turns it on."""


def _container(fields: Fields, _minor: int) -> None:
    if not fields.get("imagePullPolicy"):
        fields["imagePullPolicy"] = (
            "Always" if _is_latest(str(fields.get("image") or "")) else "IfNotPresent"
        )
    fields.setdefault("resources", {})


def _is_latest(image: str) -> bool:
    if not image or "@" in image:
        return False
    _, colon, tag = image.rpartition("/")[2].rpartition(":")
    if colon:
        return tag == "latest"
    return True


def _pod_spec(fields: Fields, minor: int) -> None:
    if minor < IMAGE_VOLUMES_SINCE:
        _drop_image_volumes(fields)
    if minor == CONTAINER_RESTART_OFF:
        _drop_restart_policies(fields)
    name = fields.get("serviceAccountName") or fields.get("serviceAccount")
    if name:
        fields["serviceAccountName"] = fields["serviceAccount"] = name


def _drop_image_volumes(fields: Fields) -> None:
    """A server without ImageVolume forgets such volumes together with their mounts."""
    volumes = fields.get("volumes") or ()
    dropped = {
        volume.get("name")
        for volume in volumes
        if isinstance(volume, Mapping) and "image" in volume
    }
    if not dropped:
        return
    fields["volumes"] = [volume for volume in volumes if volume.get("name") not in dropped]
    _for_containers(fields, lambda container: _without_mounts(container, dropped))


def _for_containers(fields: Fields, change: Callable[[Json], Json]) -> None:
    """Change every container and init container of a pod's spec."""
    for group in ("containers", "initContainers"):
        if isinstance(fields.get(group), list):
            fields[group] = [change(container) for container in fields[group]]


def _without_mounts(container: Json, dropped: Container[Any]) -> Json:
    if not isinstance(container, Mapping) or not isinstance(container.get("volumeMounts"), list):
        return container
    return {
        **container,
        "volumeMounts": [
            item for item in container["volumeMounts"] if item.get("name") not in dropped
        ],
    }


def _drop_restart_policies(fields: Fields) -> None:
    """1.34 knows the restart policy of single containers, switched off: only sidecars' `Always`
    stays."""
    for group, kept in (("containers", ()), ("initContainers", ("Always",))):
        if isinstance(fields.get(group), list):
            fields[group] = [_without_policy(container, kept) for container in fields[group]]


def _without_policy(container: Json, kept: Container[str]) -> Json:
    if not isinstance(container, Mapping) or container.get("restartPolicy") in kept:
        return container
    return {key: value for key, value in container.items() if key != "restartPolicy"}


def _volume(fields: Fields, _minor: int) -> None:
    if fields.keys() <= {"name"}:
        fields["emptyDir"] = {}


def _service_spec(fields: Fields, _minor: int) -> None:
    kind = fields["type"]
    _session_affinity(fields)
    from_outside = kind in ("NodePort", "LoadBalancer")
    if kind == "ClusterIP" and fields.get("externalIPs"):
        from_outside = True
    if from_outside and not fields.get("externalTrafficPolicy"):
        fields["externalTrafficPolicy"] = "Cluster"
    if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        fields.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        fields.setdefault("allocateLoadBalancerNodePorts", True)


def _session_affinity(fields: Fields) -> None:
    if fields["sessionAffinity"] == "None":
        fields.pop("sessionAffinityConfig", None)
    elif fields["sessionAffinity"] == "ClientIP":
        config = fields.get("sessionAffinityConfig") or {}
        client = {"timeoutSeconds": 10800, **(config.get("clientIP") or {})}
        fields["sessionAffinityConfig"] = {"clientIP": client}


def _service_port(fields: Fields, _minor: int) -> None:
    if fields.get("targetPort") in (None, 0, "") and "port" in fields:
        fields["targetPort"] = fields["port"]


def _job_spec(fields: Fields, minor: int) -> None:
    if fields.get("completions") is None and fields.get("parallelism") is None:
        fields["completions"] = fields["parallelism"] = 1
    fields.setdefault("parallelism", 1)
    fields.setdefault(
        "backoffLimit", 2**31 - 1 if fields.get("backoffLimitPerIndex") is not None else 6
    )
    fields.setdefault("completionMode", "NonIndexed")
    fields.setdefault("suspend", False)
    fields.setdefault("manualSelector", False)
    if minor >= 29:  # JobPodReplacementPolicy is on by default
        fields.setdefault(
            "podReplacementPolicy",
            "Failed" if fields.get("podFailurePolicy") is not None else "TerminatingOrFailed",
        )


def _subject(fields: Fields, _minor: int) -> None:
    if not fields.get("apiGroup"):
        fields["apiGroup"] = (
            "rbac.authorization.k8s.io" if fields.get("kind") in ("User", "Group") else ""
        )


def _network_policy(fields: Fields, _minor: int) -> None:
    if not fields.get("policyTypes"):
        fields["policyTypes"] = ["Ingress", "Egress"] if fields.get("egress") else ["Ingress"]


def _autoscaler(fields: Fields, _minor: int) -> None:
    if not fields.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        fields["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def _limit_item(fields: Fields, _minor: int) -> None:
    if fields.get("type") != "Container":
        return
    limits = {**(fields.get("max") or {}), **(fields.get("default") or {})}
    if limits:
        fields["default"] = limits
    requests = {**(fields.get("min") or {}), **limits, **(fields.get("defaultRequest") or {})}
    if requests:
        fields["defaultRequest"] = requests


def _secret(fields: Fields, _minor: int) -> None:
    written = fields.pop("stringData", None)
    if isinstance(written, Mapping) and written:
        encoded = {key: _base64(value) for key, value in written.items()}
        fields["data"] = {**(fields.get("data") or {}), **encoded}


def _base64(value: Json) -> Json:
    if isinstance(value, str):
        return base64.b64encode(value.encode()).decode()
    return value


def _crd_names(fields: Fields, _minor: int) -> None:
    kind = str(fields.get("kind") or "")
    if not fields.get("singular"):
        fields["singular"] = kind.lower()
    if not fields.get("listKind") and kind:
        fields["listKind"] = kind + "List"


def _stateful_set_spec(fields: Fields, _minor: int) -> None:
    fields.setdefault("serviceName", "")
    templates = fields.get("volumeClaimTemplates")
    if isinstance(templates, list):
        fields["volumeClaimTemplates"] = [_claim_template(template) for template in templates]


def _claim_template(template: Json) -> Json:
    """A claim template is stored as a whole claim, of which only metadata and spec are written."""
    if not isinstance(template, Mapping):
        return template
    status = template.get("status")
    return {
        **template,
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "status": {"phase": "Pending", **(status if isinstance(status, Mapping) else {})},
    }


def _node_spec(spec: dict[str, Any], _minor: int) -> None:
    """The one network and the list of them say the same, and the one decides (conversion of
    pkg/apis/core/v1)."""
    single, several = spec.get("podCIDR") or "", spec.get("podCIDRs") or []
    if single and several[:1] != [single]:
        spec["podCIDRs"] = [single]
    elif several and not single:
        spec["podCIDR"] = several[0]


def _volume_spec(fields: Fields, minor: int) -> None:
    if minor == VOLUME_CLASSES_OFF:
        fields.pop("volumeAttributesClassName", None)


COMPUTED: Mapping[str, Completion] = {
    "apps.v1.StatefulSetSpec": _stateful_set_spec,
    "autoscaling.v2.HorizontalPodAutoscalerSpec": _autoscaler,
    "core.v1.Container": _container,
    "core.v1.EphemeralContainer": _container,
    "core.v1.LimitRangeItem": _limit_item,
    "core.v1.NodeSpec": _node_spec,
    "core.v1.PersistentVolumeSpec": _volume_spec,
    "core.v1.PodSpec": _pod_spec,
    "core.v1.Secret": _secret,
    "core.v1.ServicePort": _service_port,
    "core.v1.ServiceSpec": _service_spec,
    "core.v1.Volume": _volume,
    "networking.v1.NetworkPolicySpec": _network_policy,
    "rbac.v1.Subject": _subject,
    "apiextensions.v1.CustomResourceDefinitionNames": _crd_names,
}
"""Completions by struct, run after the constants of `default_table`."""


def whole_object(decoded: Object, minor: int) -> Object:
    """Defaults of one kind only, not of other kinds that embed its struct: Pods, Jobs,
    ReplicationControllers."""
    complete = _WHOLE.get(str(decoded.get("kind")))
    if complete is None or not isinstance(decoded.get("spec"), Mapping):
        return decoded
    return complete(decoded, minor)


def _pod(pod: Object, _minor: int) -> Object:
    spec = dict(pod["spec"])
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    _for_containers(spec, _with_requests)
    if spec.get("hostNetwork"):
        _for_containers(spec, _with_host_ports)
    spec["tolerations"] = _with_node_tolerations(spec.get("tolerations") or [])
    return {**pod, "spec": spec}


def _with_requests(container: Json) -> Json:
    """A request that is not written is the limit."""
    if not isinstance(container, Mapping):
        return container
    resources = container.get("resources")
    if not isinstance(resources, Mapping) or not isinstance(resources.get("limits"), Mapping):
        return container
    requests = {**resources["limits"], **(resources.get("requests") or {})}
    return {**container, "resources": {**resources, "requests": requests}}


def _with_host_ports(container: Json) -> Json:
    """On the node's own network a port of a container is one of the node."""
    if not isinstance(container, Mapping) or not isinstance(container.get("ports"), list):
        return container
    return {**container, "ports": [_with_host_port(port) for port in container["ports"]]}


def _with_host_port(port: Json) -> Json:
    if not isinstance(port, Mapping):
        return port
    return {**port, "hostPort": port.get("hostPort") or port.get("containerPort")}


def _with_node_tolerations(tolerations: list[Json]) -> list[Json]:
    """The tolerations that the admission plugin DefaultTolerationSeconds adds."""
    keys = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
    return tolerations + [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for key in keys
        if not _tolerated(tolerations, key)
    ]


def _tolerated(tolerations: list[Json], key: str) -> bool:
    return any(_tolerates(toleration, key) for toleration in tolerations)


def _tolerates(toleration: Json, key: str) -> bool:
    return (
        isinstance(toleration, Mapping)
        and toleration.get("key", "") in (key, "")
        and toleration.get("effect", "") in ("NoExecute", "")
    )


def _controller(controller: Object, _minor: int) -> Object:
    """A ReplicationController takes its selector and labels from its template."""
    spec = controller["spec"]
    labels = part(spec, "template", "metadata", "labels")
    if not labels:
        return controller
    own = controller.get("metadata") or {}
    completed = {**controller}
    if not spec.get("selector"):
        completed["spec"] = {**spec, "selector": dict(labels)}
    if not own.get("labels"):
        completed["metadata"] = {**own, "labels": dict(labels)}
    return completed


def _job(job: Object, minor: int) -> Object:
    spec = dict(job["spec"])
    _job_spec(spec, minor)
    return {**job, "spec": spec}


_WHOLE: Mapping[str, Callable[[Object, int], Object]] = {
    "Job": _job,
    "Pod": _pod,
    "ReplicationController": _controller,
}
