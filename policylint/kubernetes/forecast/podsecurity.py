"""The pod security standards, as the admission of a namespace's labels enforces them on Pods.

Source: k8s.io/pod-security-admission policy (checks of the baseline and the restricted level, each
with the version that it holds from), v1.37.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.api.schemas import minor_number
from policylint.model import Object
from policylint.runtime.patterns import pattern

_ENFORCE = "pod-security.kubernetes.io/enforce"
_VERSION = pattern(r"v1\.([0-9]{1,3})")
_LATEST = "latest"
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_CAPABILITIES = frozenset(
    (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
        *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
_SELINUX_TYPES: Mapping[str, int] = {
    **dict.fromkeys(("container_t", "container_init_t", "container_kvm_t"), 0),
    "container_engine_t": 31,
}
"""SELinux type -> the version that allows it."""

_SYSCTLS: Mapping[str, int] = {
    "kernel.shm_rmid_forced": 0,
    "net.ipv4.ip_local_port_range": 0,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.ping_group_range": 0,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_notsent_lowat": 37,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_slow_start_after_idle": 37,
    "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.tcp_wmem": 32,
}
"""Sysctl -> the version that allows it."""

_VOLUMES = frozenset(
    (
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
        *("persistentVolumeClaim", "projected", "secret", "name"),
    )
)
_SECCOMP_SINCE, _DROPPED_SINCE, _USER_SINCE, _WINDOWS_SINCE = 19, 22, 23, 25
_PROBES_SINCE, _OWN_USERS_SINCE = 34, 35


class _Pod(Struct, frozen=True):
    """A Pod, and the version of the standards (34 of v1.34) that judges it."""

    annotations: Object
    spec: Object
    version: int

    def holders(self) -> Iterator[tuple[str, Object]]:
        """What has a security context: the pod and its containers, each as it is called."""
        yield "pod", part(self.spec, "securityContext")
        for name, container in self.containers():
            yield name, part(container, "securityContext")

    def containers(self) -> Iterator[tuple[str, Object]]:
        """Every container, with what it is called."""
        for name in ("initContainers", "containers", "ephemeralContainers"):
            for container in map(part, items(self.spec.get(name))):
                yield f'container "{container.get("name")}"', container

    def has_own_users(self) -> bool:
        """Whether the pod's users are not those of its node, which relaxes some checks."""
        return self.spec.get("hostUsers") is False and self.version >= _OWN_USERS_SINCE

    def is_windows(self) -> bool:
        """Whether checks that only Linux knows pass the pod over."""
        return part(self.spec, "os").get("name") == "windows" and self.version >= _WINDOWS_SINCE


def violations(pod: Object, labels: Object, kubernetes: str) -> Iterator[str]:
    """What the admission of a namespace with these labels says against a Pod or pod template, in
    its words; `kubernetes` is the minor of the server."""
    level = labels.get(_ENFORCE)
    if level not in ("baseline", "restricted"):
        return
    version = str(labels.get(f"{_ENFORCE}-version") or _LATEST)
    match = _VERSION.fullmatch(version)
    number = int(match[1]) if match else minor_number(kubernetes)
    judged = _Pod(part(pod, "metadata", "annotations"), part(pod, "spec"), number)
    for check in (*_BASELINE, *(_RESTRICTED if level == "restricted" else ())):
        for violation in check(judged):
            yield f'violates PodSecurity "{level}:{version}": {violation}'


def _host_namespaces(pod: _Pod) -> Iterator[str]:
    shared = [name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(name) is True]
    if shared:
        yield f"host namespaces ({', '.join(f'{name}=true' for name in shared)})"


def _privileged(pod: _Pod) -> Iterator[str]:
    for name, container in pod.containers():
        if part(container, "securityContext").get("privileged") is True:
            yield f"privileged ({name} must not set securityContext.privileged=true)"


def _host_processes(pod: _Pod) -> Iterator[str]:
    for name, context in pod.holders():
        if part(context, "windowsOptions").get("hostProcess") is True:
            yield f"hostProcess ({name} must not set securityContext.windowsOptions.hostProcess)"


def _host_paths(pod: _Pod) -> Iterator[str]:
    for volume in map(part, items(pod.spec.get("volumes"))):
        if "hostPath" in volume:
            yield f'hostPath volumes (volume "{volume.get("name")}")'


def _host_ports(pod: _Pod) -> Iterator[str]:
    for name, container in pod.containers():
        if any(part(port).get("hostPort") for port in items(container.get("ports"))):
            yield f"hostPort ({name})"


def _capabilities(pod: _Pod) -> Iterator[str]:
    for name, container in pod.containers():
        added = items(part(container, "securityContext", "capabilities").get("add"))
        if any(capability not in _CAPABILITIES for capability in added):
            yield f"non-default capabilities ({name})"


def _unconfined(pod: _Pod) -> Iterator[str]:
    for name, context in pod.holders():
        if part(context, "seccompProfile").get("type") == "Unconfined":
            yield f'seccompProfile ({name} must not set type "Unconfined")'


def _app_armor(pod: _Pod) -> Iterator[str]:
    for name, context in pod.holders():
        profile = part(context, "appArmorProfile")
        if profile and profile.get("type") not in ("RuntimeDefault", "Localhost"):
            yield f"forbidden AppArmor profile ({name})"
    for key, profile in pod.annotations.items():
        allowed = profile in ("", "runtime/default") or str(profile).startswith("localhost/")
        if key.startswith(_APP_ARMOR) and not allowed:
            yield f'forbidden AppArmor profile (annotation {key}="{profile}")'


def _selinux(pod: _Pod) -> Iterator[str]:
    for name, context in pod.holders():
        options = part(context, "seLinuxOptions")
        kind = options.get("type")
        if kind and _SELINUX_TYPES.get(str(kind), pod.version + 1) > pod.version:
            yield f'seLinuxOptions ({name} set forbidden securityContext.seLinuxOptions: "{kind}")'
        for field in ("user", "role"):
            if options.get(field):
                yield f"seLinuxOptions ({name} must not set {field})"


def _proc_mounts(pod: _Pod) -> Iterator[str]:
    for name, container in pod.containers():
        mount = part(container, "securityContext").get("procMount")
        if mount not in (None, "Default"):
            yield f'procMount ({name} must not set securityContext.procMount to "{mount}")'


def _shared_proc_mounts(pod: _Pod) -> Iterator[str]:
    if not pod.has_own_users():
        yield from _proc_mounts(pod)


def _own_proc_mounts(pod: _Pod) -> Iterator[str]:
    """The restricted level allows none to a pod with users of its own either."""
    if pod.has_own_users():
        yield from _proc_mounts(pod)


def _sysctls(pod: _Pod) -> Iterator[str]:
    for sysctl in map(part, items(part(pod.spec, "securityContext").get("sysctls"))):
        name = str(sysctl.get("name"))
        if _SYSCTLS.get(name, pod.version + 1) > pod.version:
            yield f"forbidden sysctls ({name})"


def _asked_hosts(pod: _Pod) -> Iterator[str]:
    """Probes and hooks ask the pod itself."""
    if pod.version < _PROBES_SINCE:
        return
    for name, container in pod.containers():
        probes = [part(container, f"{kind}Probe") for kind in ("liveness", "readiness", "startup")]
        hooks = [part(container, "lifecycle", hook) for hook in ("postStart", "preStop")]
        for handler in (*probes, *hooks):
            if part(handler, "httpGet").get("host") or part(handler, "tcpSocket").get("host"):
                yield f"probe or lifecycle host ({name})"


def _volume_types(pod: _Pod) -> Iterator[str]:
    for volume in map(part, items(pod.spec.get("volumes"))):
        if not _VOLUMES.issuperset(volume):
            yield f'restricted volume types (volume "{volume.get("name")}")'


def _escalation(pod: _Pod) -> Iterator[str]:
    for name, container in () if pod.is_windows() else pod.containers():
        if part(container, "securityContext").get("allowPrivilegeEscalation") is not False:
            yield f"allowPrivilegeEscalation != false ({name})"


def _dropped(pod: _Pod) -> Iterator[str]:
    if pod.is_windows() or pod.version < _DROPPED_SINCE:
        return
    for name, container in pod.containers():
        capabilities = part(container, "securityContext", "capabilities")
        more = set(map(str, items(capabilities.get("add")))) - {"NET_BIND_SERVICE"}
        if "ALL" not in items(capabilities.get("drop")) or more:
            yield f'unrestricted capabilities ({name} must drop ["ALL"])'


def _may_be_root(pod: _Pod) -> Iterator[str]:
    """Containers inherit the pod's word."""
    if pod.has_own_users():
        return
    whole = part(pod.spec, "securityContext").get("runAsNonRoot")
    for name, context in pod.holders():
        own = context.get("runAsNonRoot")
        unsaid = own is None and name != "pod" and whole is not True
        if own is False or unsaid:
            yield f"runAsNonRoot != true ({name})"


def _is_root(pod: _Pod) -> Iterator[str]:
    if pod.has_own_users() or pod.version < _USER_SINCE:
        return
    for name, context in pod.holders():
        if context.get("runAsUser") == 0:
            yield f"runAsUser=0 ({name})"


def _confined(pod: _Pod) -> Iterator[str]:
    if pod.is_windows() or pod.version < _SECCOMP_SINCE:
        return
    whole = part(pod.spec, "securityContext", "seccompProfile").get("type")
    for name, container in pod.containers():
        own = part(container, "securityContext", "seccompProfile").get("type") or whole
        if own not in ("RuntimeDefault", "Localhost"):
            yield f"seccompProfile ({name})"


_Check = Callable[[_Pod], Iterator[str]]
_BASELINE: tuple[_Check, ...] = (
    _host_namespaces,
    _privileged,
    _host_processes,
    _host_paths,
    _host_ports,
    _asked_hosts,
    _capabilities,
    _unconfined,
    _app_armor,
    _selinux,
    _shared_proc_mounts,
    _sysctls,
)
_RESTRICTED: tuple[_Check, ...] = (
    _own_proc_mounts,
    _volume_types,
    _escalation,
    _dropped,
    _may_be_root,
    _is_root,
    _confined,
)
