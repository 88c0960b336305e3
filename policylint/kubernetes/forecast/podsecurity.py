"""The pod security standards, as the admission of a namespace's labels enforces them on Pods.

Source: k8s.io/pod-security-admission policy (checks of the baseline and the restricted level).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from policylint.kubernetes.api.reading import items, part
from policylint.model import Object

ENFORCE = "pod-security.kubernetes.io/enforce"
_CAPABILITIES = frozenset(
    (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
        *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
_VOLUMES = frozenset(
    (
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
        *("persistentVolumeClaim", "projected", "secret", "name"),
    )
)


def violations(spec: Object, level: str) -> list[str]:
    """What the admission of a level ("baseline" or "restricted") says against a Pod's spec, in its
    words."""
    checks = [*_BASELINE, *(_RESTRICTED if level == "restricted" else ())]
    return [violation for check in checks for violation in check(spec)]


def _containers(spec: Object) -> Iterator[Object]:
    for name in ("initContainers", "containers", "ephemeralContainers"):
        yield from map(part, items(spec.get(name)))


def _host_namespaces(spec: Object) -> Iterator[str]:
    shared = [name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name) is True]
    if shared:
        yield f"host namespaces ({', '.join(f'{name}=true' for name in shared)})"


def _privileged(spec: Object) -> Iterator[str]:
    for container in _containers(spec):
        if part(container, "securityContext").get("privileged") is True:
            name = container.get("name")
            yield f'privileged (container "{name}" must not set securityContext.privileged=true)'


def _host_paths(spec: Object) -> Iterator[str]:
    for volume in map(part, items(spec.get("volumes"))):
        if "hostPath" in volume:
            yield f'hostPath volumes (volume "{volume.get("name")}")'


def _host_ports(spec: Object) -> Iterator[str]:
    for container in _containers(spec):
        if any(part(port).get("hostPort") for port in items(container.get("ports"))):
            yield f'hostPort (container "{container.get("name")}")'


def _capabilities(spec: Object) -> Iterator[str]:
    for container in _containers(spec):
        added = items(part(container, "securityContext", "capabilities").get("add"))
        if any(name not in _CAPABILITIES for name in added):
            yield f'non-default capabilities (container "{container.get("name")}")'


def _unconfined(spec: Object) -> Iterator[str]:
    for holder in (spec, *_containers(spec)):
        if part(holder, "securityContext", "seccompProfile").get("type") == "Unconfined":
            yield "seccompProfile (must not set securityContext.seccompProfile.type to Unconfined)"


def _volume_types(spec: Object) -> Iterator[str]:
    for volume in map(part, items(spec.get("volumes"))):
        if not _VOLUMES.issuperset(volume):
            yield f'restricted volume types (volume "{volume.get("name")}")'


def _escalation(spec: Object) -> Iterator[str]:
    for container in _containers(spec):
        if part(container, "securityContext").get("allowPrivilegeEscalation") is not False:
            name = container.get("name")
            yield f'allowPrivilegeEscalation != false (container "{name}")'


def _dropped(spec: Object) -> Iterator[str]:
    for container in _containers(spec):
        capabilities = part(container, "securityContext", "capabilities")
        more = set(map(str, items(capabilities.get("add")))) - {"NET_BIND_SERVICE"}
        if "ALL" not in items(capabilities.get("drop")) or more:
            name = container.get("name")
            yield f'unrestricted capabilities (container "{name}" must drop ["ALL"])'


def _as_root(spec: Object) -> Iterator[str]:
    """Containers inherit the pod's word."""
    whole = part(spec, "securityContext")
    for container in _containers(spec):
        own = {**whole, **part(container, "securityContext")}
        if own.get("runAsNonRoot") is not True:
            yield f'runAsNonRoot != true (container "{container.get("name")}")'
        if own.get("runAsUser") == 0:
            yield f'runAsUser=0 (container "{container.get("name")}")'


def _confined(spec: Object) -> Iterator[str]:
    whole = part(spec, "securityContext", "seccompProfile").get("type")
    for container in _containers(spec):
        own = part(container, "securityContext", "seccompProfile").get("type") or whole
        if own not in ("RuntimeDefault", "Localhost"):
            yield f'seccompProfile (container "{container.get("name")}")'


Check = Callable[[Object], Iterator[str]]
_BASELINE: tuple[Check, ...] = (
    _host_namespaces,
    _privileged,
    _host_paths,
    _host_ports,
    _capabilities,
    _unconfined,
)
_RESTRICTED: tuple[Check, ...] = (_volume_types, _escalation, _dropped, _as_root, _confined)
