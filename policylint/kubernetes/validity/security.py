"""Security contexts of pods and containers."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    forbidden,
    go_struct,
    invalid,
    required,
    too_long,
    unsupported,
)
from policylint.kubernetes.api.reading import fields, has, many, objects, text
from policylint.kubernetes.validity.containers import all_containers
from policylint.kubernetes.validity.formats import descending_path
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object
from policylint.runtime.patterns import pattern

_SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_NAMESPACED = {
    "hostNetwork": pattern(r"net\."),
    "hostIPC": pattern(
        r"kernel\.(?:sem|shm(?:all|max|mni|_rmid_forced)?|msg(?:max|mnb|mni)?)(?:\*.*)?$|fs\.mqueue\."
    ),
}
"""What the pod shares -> the sysctls of that namespace
(k8s.io/component-helpers node/util/sysctl)."""
_SYSCTL = pattern(rf"({_SYSCTL_SEGMENT}[\./])*{_SYSCTL_SEGMENT}")
_MOUNTED_LABELS = 37
"""The first minor that mounts volumes of any access mode with a label (feature SELinuxMount)."""

_LONGEST_PROFILE = 4095
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")


def container_security(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a container's security context."""
    if value.get("allowPrivilegeEscalation") is not False:
        return
    if value.get("privileged") is True:
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield invalid(at, dict(value), detail)
    if "CAP_SYS_ADMIN" in many(fields(value, "capabilities"), "add"):
        detail = (
            "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        )
        yield invalid(at, dict(value), detail)


def pod_security(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a pod's security context."""
    if text(value, "seLinuxChangePolicy") == "MountOption" and scope.minor < _MOUNTED_LABELS:
        yield unsupported(f"{at}.seLinuxChangePolicy", "MountOption", ("Recursive",))
    seen: set[str] = set()
    for path, sysctl in objects(value, "sysctls", at):
        name = text(sysctl, "name")
        if not name:
            yield required(f"{path}.name")
        elif len(name) > 253 or not _SYSCTL.fullmatch(name):
            detail = f"must have at most 253 characters and match regex ^{_SYSCTL.pattern}$"
            yield invalid(f"{path}.name", name, detail)
        elif name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)


def proc_mounts(spec: Object, at: str) -> Iterator[Cause]:
    """The errors of containers that see all of /proc: their pod needs users of its own."""
    if spec.get("hostUsers") is False:
        return
    for path, container in all_containers(spec, at):
        if text(fields(container, "securityContext"), "procMount") == "Unmasked":
            detail = "`hostUsers` must be false to use `Unmasked`"
            yield invalid(f"{path}.securityContext.procMount", "Unmasked", detail)


def host_sharing(spec: Object, at: str) -> Iterator[Cause]:
    """The errors of a pod that shares its node's namespaces."""
    if spec.get("shareProcessNamespace") is True and spec.get("hostPID") is True:
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid(f"{at}.shareProcessNamespace", True, detail)
    if spec.get("hostNetwork") is True and has(spec, "hostnameOverride"):
        yield forbidden(f"{at}.hostnameOverride", "may not be specified when hostNetwork is true")
    if spec.get("hostUsers") is False:
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(name) is True:
                yield forbidden(f"{at}.{name}", "when `hostUsers` is false")


def host_sysctls(spec: Object, at: str) -> Iterator[Cause]:
    """The errors of sysctls of a namespace that the pod shares with its node."""
    where = f"{at}.securityContext"
    for path, sysctl in objects(fields(spec, "securityContext"), "sysctls", where):
        name = text(sysctl, "name")
        for flag, shared in _NAMESPACED.items():
            if spec.get(flag) is True and shared.match(_with_dots(name)):
                yield invalid(f"{path}.name", name, f"may not be specified when '{flag}' is true")


def _with_dots(sysctl: str) -> str:
    """A sysctl whose parts are separated by dots, although it is written with slashes."""
    separators = [character for character in sysctl if character in "./"]
    if separators[:1] == ["/"]:
        return sysctl.translate(str.maketrans("./", "/."))
    return sysctl


def seccomp(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a seccomp profile."""
    yield from _profile_type(value, at, "seccompProfile")
    profile = value.get("localhostProfile")
    if text(value, "type") != "Localhost":
        if profile is not None:
            shown = go_struct(value, ("type", "localhostProfile"))
            yield invalid(
                f"{at}.localhostProfile", shown, "can only be set when seccomp type is Localhost"
            )
    elif not isinstance(profile, str):
        yield required(f"{at}.localhostProfile", "must be set when seccomp type is Localhost")
    else:
        yield from each_invalid(f"{at}.localhostProfile", profile, descending_path(profile))


def app_armor(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an AppArmor profile."""
    yield from _profile_type(value, at, "appArmorProfile")
    profile = value.get("localhostProfile")
    if text(value, "type") != "Localhost":
        if profile is not None and text(value, "type") in _PROFILES:
            yield invalid(
                f"{at}.localhostProfile", profile, "can only be set when AppArmor type is Localhost"
            )
    elif not isinstance(profile, str) or not profile:
        yield required(f"{at}.localhostProfile", "must be set when AppArmor type is Localhost")
    elif profile != profile.strip():
        yield invalid(f"{at}.localhostProfile", profile, "must not be padded with whitespace")
    elif len(profile.encode()) > _LONGEST_PROFILE:
        yield too_long(f"{at}.localhostProfile", _LONGEST_PROFILE)


def _profile_type(value: Object, at: str, field: str) -> Iterator[Cause]:
    kind = text(value, "type")
    if not kind:
        yield required(f"{at}.type", f"type is required when {field} is set")
    elif kind not in _PROFILES:
        yield unsupported(f"{at}.type", kind, _PROFILES)
