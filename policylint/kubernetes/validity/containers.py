"""Containers of a pod: names, images, ports, mounts, restart policies (validation.go of
pkg/apis/core/validation)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    not_found,
    required,
    too_many,
    unsupported,
)
from policylint.kubernetes.api.reading import fields, has, many, number, objects, text
from policylint.kubernetes.validity.formats import backsteps, descending_path, dns_label, port_name
from policylint.kubernetes.validity.probes import lifecycle, probe
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_POLICIES = ("Always", "Never", "OnFailure")
_MOST_RULES, _MOST_CODES = 20, 255
_ALL_RESTARTS = 36
"""The first minor that restarts all containers (feature RestartAllContainersOnContainerExits)."""

_RESTARTS = 35
"""The first minor that lets any container have a restart policy (feature ContainerRestartRules)."""

_ENDING_RESIZES = 36
"""The first minor that refuses to restart an init container that ends for a resize."""

_DROPPED_RESTARTS = 34
"""The minor that knows of such policies, but drops those of containers that may not have one
yet."""


def container(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a container that need nothing of its pod."""
    name = text(value, "name")
    yield from (
        each_invalid(f"{at}.name", name, dns_label(name)) if name else [required(f"{at}.name")]
    )
    image = text(value, "image")
    if not image:
        yield required(f"{at}.image")
    elif scope.kind == "Pod" and image != image.strip():
        yield invalid(f"{at}.image", image, "must not have leading or trailing whitespace")
    yield from _ports(value, at)
    yield from _mounts(value, at)
    yield from _devices(value, at)
    yield from _resize(value, at)
    yield from _restart_rules(value, at, scope)


def _ports(value: Object, at: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for path, port in objects(value, "ports", at):
        name = text(port, "name")
        complaints = port_name(name) if name else ()
        yield from each_invalid(f"{path}.name", name, complaints)
        if name in seen:
            yield duplicate(f"{path}.name", name)
        if name and not complaints:
            seen.add(name)
        if number(port, "containerPort") in (None, 0):
            yield required(f"{path}.containerPort")


def _mounts(value: Object, at: str) -> Iterator[Cause]:
    seen: set[str] = set()
    devices = {text(device, "name") for _, device in objects(value, "volumeDevices", at)}
    device_paths = {text(device, "devicePath") for _, device in objects(value, "volumeDevices", at)}
    for path, mount in objects(value, "volumeMounts", at):
        name, place = text(mount, "name"), text(mount, "mountPath")
        if not name:
            yield required(f"{path}.name")
        if not place:
            yield required(f"{path}.mountPath")
        if place in seen:
            yield invalid(f"{path}.mountPath", place, "must be unique")
        seen.add(place)
        if name in devices:
            yield invalid(f"{path}.name", name, "must not already exist in volumeDevices")
        if place in device_paths:
            yield invalid(
                f"{path}.mountPath", place, "must not already exist as a path in volumeDevices"
            )
        yield from _sub_paths(mount, path)
        yield from _propagation(mount, path, value)


def _sub_paths(mount: Object, at: str) -> Iterator[Cause]:
    plain, expression = text(mount, "subPath"), text(mount, "subPathExpr")
    if plain and expression:
        yield invalid(
            f"{at}.subPathExpr", expression, "subPathExpr and subPath are mutually exclusive"
        )
    if plain:
        yield from each_invalid(f"{at}.subPath", plain, descending_path(plain))
    if expression:
        yield from each_invalid(f"{at}.subPathExpr", expression, descending_path(expression))


def _propagation(mount: Object, at: str, value: Object) -> Iterator[Cause]:
    propagation = text(mount, "mountPropagation")
    if (
        propagation == "Bidirectional"
        and fields(value, "securityContext").get("privileged") is not True
    ):
        detail = "Bidirectional mount propagation is available only to privileged containers"
        yield forbidden(f"{at}.mountPropagation", detail)
    if text(mount, "recursiveReadOnly") in ("Enabled", "IfPossible"):
        if mount.get("readOnly") is not True:
            yield forbidden(
                f"{at}.recursiveReadOnly", "may only be specified when readOnly is true"
            )
        if propagation not in ("", "None"):
            detail = "may only be specified when mountPropagation is None or not specified"
            yield forbidden(f"{at}.recursiveReadOnly", detail)


def _devices(value: Object, at: str) -> Iterator[Cause]:
    names: set[str] = set()
    paths: set[str] = set()
    mounted = {text(mount, "name") for _, mount in objects(value, "volumeMounts", at)}
    for path, device in objects(value, "volumeDevices", at):
        name, place = text(device, "name"), text(device, "devicePath")
        if not name:
            yield required(f"{path}.name")
        elif name in names:
            yield invalid(f"{path}.name", name, "must be unique")
        if name in mounted:
            yield invalid(f"{path}.name", name, "must not already exist in volumeMounts")
        if not place:
            yield required(f"{path}.devicePath")
        elif place in paths:
            yield invalid(f"{path}.devicePath", place, "must be unique")
        if backsteps(place):
            yield invalid(f"{path}.devicePath", place, "can not contain backsteps ('..')")
        names.add(name)
        paths.add(place)


def _resize(value: Object, at: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for path, policy in objects(value, "resizePolicy", at):
        name = text(policy, "resourceName")
        if name in seen:
            yield duplicate(path, name)
        seen.add(name)
        if not name:
            yield required(f"{at}.resizePolicy")
        if not text(policy, "restartPolicy"):
            yield required(f"{at}.resizePolicy")


def _resize_of_pod(spec: Object, value: Object, at: str) -> Iterator[Cause]:
    if text(spec, "restartPolicy") != "Never":
        return
    for _, policy in objects(value, "resizePolicy", at):
        restart = text(policy, "restartPolicy")
        if restart not in ("", "NotRequired"):
            detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            yield invalid(f"{at}.resizePolicy", restart, detail)


def _resize_of_init(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of how an init container that ends is to be resized."""
    if scope.minor < _ENDING_RESIZES:
        return
    for path, policy in objects(value, "resizePolicy", at):
        if text(policy, "restartPolicy") == "RestartContainer":
            detail = "must not be set to 'RestartContainer' for non-sidecar initContainers"
            yield invalid(f"{path}.restartPolicy", "RestartContainer", detail)


def volume_uses(value: Object, at: str, volumes: Mapping[str, Object]) -> Iterator[Cause]:
    """The errors of a container's mounts and devices that name volumes of its pod."""
    for path, mount in objects(value, "volumeMounts", at):
        if text(mount, "name") not in volumes:
            yield not_found(f"{path}.name", text(mount, "name"))
    for path, device in objects(value, "volumeDevices", at):
        name = text(device, "name")
        if name not in volumes:
            yield not_found(f"{path}.name", name)
        elif not (has(volumes[name], "persistentVolumeClaim") or has(volumes[name], "ephemeral")):
            detail = (
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for block "
                "mode"
            )
            yield invalid(f"{path}.name", name, detail)


def regular(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a pod's containers that need the pod: there is one, unique names and host
    ports, probes."""
    if not many(spec, "containers"):
        yield required(f"{at}.containers")
    names: set[str] = set()
    grace = number(spec, "terminationGracePeriodSeconds")
    for path, value in objects(spec, "containers", at):
        name = text(value, "name")
        if name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)
        yield from _lifecycle_and_probes(value, path, grace, scope)
        yield from _restart_policy(value, path, scope)
        yield from _resize_of_pod(spec, value, path)
    yield from _host_ports(objects(spec, "containers", at))
    yield from _ports_on_host(spec, at)


def initial(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a pod's init containers that need the pod; a restartPolicy of Always makes one
    a sidecar."""
    names = {text(value, "name") for _, value in objects(spec, "containers", at)}
    grace = number(spec, "terminationGracePeriodSeconds")
    for path, value in objects(spec, "initContainers", at):
        name, policy = text(value, "name"), text(value, "restartPolicy")
        if name in names:
            yield duplicate(f"{path}.name", name)
        if name:
            names.add(name)
        yield from _host_ports([(path, value)])  # it runs alone
        if policy == "Always":
            yield from _lifecycle_and_probes(value, path, grace, scope)
            continue
        if has(value, "restartPolicy"):
            yield from _init_restart_policy(policy, path, scope)
        else:
            yield from _rules_need_policy(value, path, scope)
        yield from _resize_of_init(value, path, scope)
        for part in ("lifecycle", *_PROBES):
            if has(value, part):
                yield forbidden(
                    f"{path}.{part}",
                    "may not be set for init containers without restartPolicy=Always",
                )


def _restart_policy(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    policy = text(value, "restartPolicy")
    if not has(value, "restartPolicy"):
        yield from _rules_need_policy(value, at, scope)
    elif scope.minor < _DROPPED_RESTARTS:
        yield forbidden(f"{at}.restartPolicy", "may not be set for non-init containers")
    elif scope.minor >= _RESTARTS and policy not in _POLICIES:
        yield unsupported(f"{at}.restartPolicy", policy, _POLICIES)


def _rules_need_policy(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    if many(value, "restartPolicyRules") and scope.minor >= _RESTARTS:
        yield required(
            f"{at}.restartPolicy", "must specify restartPolicy when restart rules are used"
        )


def _restart_rules(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    if scope.minor < _RESTARTS:
        return
    count = len(many(value, "restartPolicyRules"))
    if count > _MOST_RULES:
        yield too_many(f"{at}.restartPolicyRules", count, _MOST_RULES)
    known = ("Restart", "RestartAllContainers") if scope.minor >= _ALL_RESTARTS else ("Restart",)
    for path, rule in objects(value, "restartPolicyRules", at):
        action, codes = text(rule, "action"), fields(rule, "exitCodes")
        if action not in known:
            yield unsupported(f"{path}.action", action, known)
        if has(rule, "exitCodes") and text(codes, "operator") not in ("In", "NotIn"):
            where = f"{path}.exitCodes.operator"
            yield unsupported(where, text(codes, "operator"), ("In", "NotIn"))
        values = len(many(codes, "values"))
        if values > _MOST_CODES:
            yield too_many(f"{path}.exitCodes.values", values, _MOST_CODES)


def _init_restart_policy(policy: str, at: str, scope: Scope) -> Iterator[Cause]:
    known = _POLICIES if scope.minor >= _RESTARTS else ("Always",)
    if policy not in known and scope.minor != _DROPPED_RESTARTS:
        yield unsupported(f"{at}.restartPolicy", policy, known)


def _lifecycle_and_probes(
    value: Object, at: str, grace: int | None, scope: Scope
) -> Iterator[Cause]:
    if has(value, "lifecycle"):
        yield from lifecycle(fields(value, "lifecycle"), f"{at}.lifecycle", grace, scope)
    for name in _PROBES:
        if has(value, name):
            yield from probe(fields(value, name), f"{at}.{name}", name)


def _host_ports(containers: Iterable[tuple[str, Object]]) -> Iterator[Cause]:
    """The errors of ports of the node that containers which run together both want."""
    seen: set[tuple[str, str, int]] = set()
    for path, value in containers:
        for place, port in objects(value, "ports", path):
            host = number(port, "hostPort") or 0
            key = (text(port, "protocol") or "TCP", text(port, "hostIP"), host)
            if host and key in seen:
                yield duplicate(f"{place}.hostPort", f"{key[0]}/{key[1]}/{host}")
            seen.add(key)


def _ports_on_host(spec: Object, at: str) -> Iterator[Cause]:
    """The errors of ports that are the node's own, as its network is the pod's."""
    for path, value in objects(spec, "containers", at) if spec.get("hostNetwork") is True else ():
        for place, port in objects(value, "ports", path):
            host = number(port, "hostPort") or 0
            if host and host != number(port, "containerPort"):
                detail = "must match `containerPort` when `hostNetwork` is true"
                yield invalid(f"{place}.hostPort", host, detail)


def all_containers(spec: Object, at: str) -> Iterator[tuple[str, Object]]:
    """Every container of a pod with its path: regular, init and ephemeral ones."""
    for name in ("initContainers", "containers", "ephemeralContainers"):
        yield from objects(spec, name, at)


def missing_claims(value: Object, at: str, claims: Collection[str]) -> Iterator[Cause]:
    """The errors of a container's resources that name resource claims of its pod."""
    named: list[tuple[str, str]] = []
    for path, claim in objects(fields(value, "resources"), "claims", f"{at}.resources"):
        name, request = text(claim, "name"), text(claim, "request")
        if not name:
            yield required(path)
            continue
        yield from _named_claim(name, request, path, named)
        named.append((name, request))
        if name not in claims:
            known = f": {', '.join(sorted(claims))}" if claims else " which is empty"
            detail = f"must be one of the names in pod.spec.resourceClaims{known}"
            yield not_found(path, name, detail)


def _named_claim(
    name: str, request: str, at: str, before: Collection[tuple[str, str]]
) -> Iterator[Cause]:
    """The errors of a claim, or of one request of it, that is named once more."""
    if (name, "") in before:
        yield duplicate(at, name)
    elif request:
        yield from each_invalid(f"{at}.request", request, dns_label(request))
        if (name, request) in before:
            yield duplicate(at, f"{name}/{request}")
    elif name in {named for named, _ in before}:
        yield duplicate(at, name)
