"""Environment variables of a container and what their values refer to."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import each_invalid, invalid, required, unsupported
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import fields, has, text
from policylint.kubernetes.validity.formats import (
    config_key,
    dns_subdomain,
    environment_name,
    qualified_name,
)
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object
from policylint.runtime.patterns import pattern

_FILE_REFERENCES = 35
"""The first minor with `fileKeyRef` (feature EnvFiles)."""

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_FILE_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_OTHER_FIELDS = ("spec.restartPolicy", "spec.schedulerName", "status.phase", "spec.host")
_CONVERTIBLE = frozenset({*_FIELDS, *_FILE_FIELDS, *_OTHER_FIELDS})
_SUBSCRIPT = pattern(r"(metadata\.(?:annotations|labels))\['(.*)'\]")
_RESOURCES = tuple(
    f"{part}.{name}"
    for part in ("limits", "requests")
    for name in ("cpu", "ephemeral-storage", "memory")
)
_DIVISORS = frozenset(
    {"1", *(f"1{unit}{binary}" for unit in "kMGTPE" for binary in ("", "i")), "1Ki"}
) - {"1ki"}


def variable(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of one environment variable."""
    name = text(value, "name")
    if name:
        yield from each_invalid(f"{at}.name", name, environment_name(name, scope.minor))
    else:
        yield required(f"{at}.name")
    if has(value, "valueFrom"):
        yield from _sources(
            fields(value, "valueFrom"), f"{at}.valueFrom", text(value, "value"), scope
        )


def _sources(source: Object, at: str, plain: str, scope: Scope) -> Iterator[Cause]:
    known = _SOURCES if scope.minor >= _FILE_REFERENCES else _SOURCES[:-1]
    sources = [name for name in known if has(source, name)]
    if not sources:
        names = ", ".join(f"`{name}`" for name in known[:-1])
        yield invalid(at, "", f"must specify one of: {names} or `{known[-1]}`")
    elif plain:
        yield invalid(at, "", "may not be specified when `value` is not empty")
    elif len(sources) > 1:
        yield invalid(at, "", "may not have more than one field specified at a time")


def group(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of one `envFrom` entry."""
    prefix = text(value, "prefix")
    if prefix:
        yield from each_invalid(f"{at}.prefix", prefix, environment_name(prefix, scope.minor))
    sources = [name for name in ("configMapRef", "secretRef") if has(value, name)]
    if not sources:
        yield invalid(at, "", "must specify one of: `configMapRef` or `secretRef`")
    elif len(sources) > 1:
        yield invalid(at, "", "may not have more than one field specified at a time")


def group_source(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of the ConfigMap or Secret that an `envFrom` entry names."""
    name = text(value, "name")
    if not name:
        yield required(f"{at}.name")
    else:
        yield from each_invalid(f"{at}.name", name, dns_subdomain(name.rstrip("-") or name))


def key_selector(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a reference to one key of a ConfigMap or Secret."""
    name, key = text(value, "name"), text(value, "key")
    yield from each_invalid(f"{at}.name", name, dns_subdomain(name))
    yield from each_invalid(f"{at}.key", key, config_key(key)) if key else [required(f"{at}.key")]


def field_reference(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a reference to a field of the pod, in a variable or a volume's file."""
    path = text(value, "fieldPath")
    subscript = _SUBSCRIPT.fullmatch(path)
    supported = _FIELDS if ".env[" in at else _FILE_FIELDS
    if not path:
        yield required(f"{at}.fieldPath")
    elif text(value, "apiVersion") not in ("", "v1"):
        detail = f"error converting fieldPath: unsupported pod version: {value['apiVersion']}"
        yield invalid(f"{at}.fieldPath", path, detail)
    elif subscript:
        key = subscript.group(2)
        yield from each_invalid(
            at, key, qualified_name(key.lower() if "annotations" in subscript.group(1) else key)
        )
    elif path not in _CONVERTIBLE:
        detail = f"error converting fieldPath: field label not supported: {path}"
        yield invalid(f"{at}.fieldPath", path, detail)
    elif path not in supported and path != "spec.host":
        yield unsupported(f"{at}.fieldPath", path, supported)


def resource_reference(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a reference to a container's request or limit."""
    resource = text(value, "resource")
    if ".env[" not in at and not text(value, "containerName"):
        yield required(f"{at}.containerName")
    elif not resource:
        yield required(f"{at}.resource")
    elif resource not in _RESOURCES and not resource.startswith(
        ("limits.hugepages-", "requests.hugepages-")
    ):
        yield unsupported(f"{at}.resource", resource, _RESOURCES)
    yield from _divisor(value, at, resource)


def _divisor(value: Object, at: str, resource: str) -> Iterator[Cause]:
    divisor = value.get("divisor")
    amount = parse_quantity(divisor)
    if not amount:
        return
    if resource.endswith(".cpu"):
        if amount not in (1, parse_quantity("1m")):
            detail = "only divisor's values 1m and 1 are supported with the cpu resource"
            yield invalid(f"{at}.divisor", resource, detail)
    elif amount not in {parse_quantity(allowed) for allowed in _DIVISORS}:
        what = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}.get(
            resource.partition(".")[2], "hugepages"
        )
        values = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei"
        yield invalid(
            f"{at}.divisor",
            resource,
            f"only divisor's values {values} are supported with the {what} resource",
        )
