"""Pods of one operating system: what Windows and Linux each cannot have (pkg/apis/core/validation
validateOS, validateWindows, validateLinux, validateWindowsHostProcessPod)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import each_invalid, forbidden, invalid
from policylint.kubernetes.api.reading import fields, has, text
from policylint.kubernetes.validity.containers import all_containers
from policylint.kubernetes.validity.formats import dns_subdomain
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object
from policylint.runtime.patterns import pattern

_NOT_ON_WINDOWS = "cannot be set for a windows pod"
_NOT_ON_LINUX = "windows options cannot be set for a linux pod"
_SHARED = ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace")
_POD_CONTEXT = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
)
_CONTAINER_CONTEXT = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)
_PLAIN_FLAGS = frozenset({"hostPID", "hostIPC"})
"""Fields that are no pointers in Go: false is not given."""

_LONGEST_SPEC = 64 * 1024
_LONGEST_DOMAIN, _LONGEST_USER = 256, 104
_CONTROL = pattern(r"[\x00-\x1f\x7f]")
_NET_BIOS = pattern(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?"
_DOMAIN = pattern(rf"{_LABEL}(?:\.{_LABEL})*")
_FORBIDDEN_IN_USER = pattern(r'["/\\:;|=,+*?<>@\[\]]')
_ONLY_DOTS = pattern(r"[. ]+")


def operating_system(spec: Object, at: str) -> Iterator[Cause]:
    """The errors of a pod that names its system, or that runs processes of a Windows host."""
    name = text(fields(spec, "os"), "name")
    if name == "windows":
        yield from _windows(spec, at)
    elif name == "linux":
        yield from _linux(spec, at)
    yield from _host_processes(spec, at)


def _windows(spec: Object, at: str) -> Iterator[Cause]:
    for name in _SHARED:
        if has(spec, name) and not (name in _PLAIN_FLAGS and spec[name] is False):
            yield forbidden(f"{at}.{name}", _NOT_ON_WINDOWS)
    context = fields(spec, "securityContext")
    for name in _POD_CONTEXT:
        if has(context, name) and not (name == "sysctls" and not context[name]):
            yield forbidden(f"{at}.securityContext.{name}", _NOT_ON_WINDOWS)
    for path, container in all_containers(spec, at):
        yield from _windows_container(fields(container, "securityContext"), path)


def _windows_container(context: Object, at: str) -> Iterator[Cause]:
    for name in _CONTAINER_CONTEXT:
        if has(context, name):
            yield forbidden(f"{at}.securityContext.{name}", _NOT_ON_WINDOWS)


def _linux(spec: Object, at: str) -> Iterator[Cause]:
    for path, part in ((at, spec), *all_containers(spec, at)):
        if has(fields(part, "securityContext"), "windowsOptions"):
            yield forbidden(f"{path}.securityContext.windowsOptions", _NOT_ON_LINUX)


def _host_process(part: Object) -> bool | None:
    declared = fields(fields(part, "securityContext"), "windowsOptions").get("hostProcess")
    if isinstance(declared, bool):
        return declared
    return None


def _host_processes(spec: Object, at: str) -> Iterator[Cause]:
    whole = _host_process(spec)
    containers = [(path, _host_process(container)) for path, container in all_containers(spec, at)]
    for path, own in containers:
        if None not in (whole, own) and whole is not own:
            detail = (
                "pod hostProcess value must be identical if both are specified, was "
                f"{str(whole).lower()}"
            )
            yield invalid(f"{path}.securityContext.windowsOptions.hostProcess", own, detail)
    on_host = sum((whole if own is None else own) is True for _, own in containers)
    if not on_host:
        return
    if on_host != len(containers):
        detail = (
            "If pod contains any hostProcess containers then all containers must be HostProcess "
            "containers"
        )
        yield invalid(at, "", detail)
    if spec.get("hostNetwork") is not True:
        detail = "hostNetwork must be true if pod contains any hostProcess containers"
        yield invalid(f"{at}.hostNetwork", False, detail)


def options(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of Windows options."""
    name = text(value, "gmsaCredentialSpecName")
    if has(value, "gmsaCredentialSpecName"):
        complaints = dns_subdomain(name)
    else:
        complaints = ()
    yield from each_invalid(f"{at}.gmsaCredentialSpecName", name, complaints)
    spec = text(value, "gmsaCredentialSpec")
    if has(value, "gmsaCredentialSpec") and not spec:
        detail = "gmsaCredentialSpec cannot be an empty string"
        yield invalid(f"{at}.gmsaCredentialSpec", "", detail)
    elif len(spec.encode()) > _LONGEST_SPEC:
        detail = f"gmsaCredentialSpec size must be under {_LONGEST_SPEC // 1024} KiB"
        yield invalid(f"{at}.gmsaCredentialSpec", spec, detail)
    if has(value, "runAsUserName"):
        user = text(value, "runAsUserName")
        yield from each_invalid(f"{at}.runAsUserName", user, tuple(_user_complaints(user)))


def _user_complaints(name: str) -> Iterator[str]:
    domain, backslash, user = name.rpartition("\\")
    if not name:
        yield "runAsUserName cannot be an empty string"
    elif _CONTROL.search(name):
        yield "runAsUserName cannot contain control characters"
    elif "\\" in domain:
        yield "runAsUserName cannot contain more than one backslash"
    else:
        if len(domain) >= _LONGEST_DOMAIN:
            yield f"runAsUserName's Domain length must be under {_LONGEST_DOMAIN} characters"
        if backslash and not (_NET_BIOS.fullmatch(domain) or _DOMAIN.fullmatch(domain)):
            yield "runAsUserName's Domain doesn't match the NetBios nor the DNS format"
        yield from _plain_user(user)


def _plain_user(user: str) -> Iterator[str]:
    if not user:
        yield "runAsUserName's User cannot be empty"
    elif len(user) > _LONGEST_USER:
        yield f"runAsUserName's User length must not be longer than {_LONGEST_USER} characters"
    if _ONLY_DOTS.fullmatch(user):
        yield "runAsUserName's User cannot contain only periods or spaces"
    if _FORBIDDEN_IN_USER.search(user):
        shown = '"/\\:;|=,+*?<>@[]'
        yield f"runAsUserName's User cannot contain the following characters: {shown}"
