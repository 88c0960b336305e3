"""Claims, volumes, storage classes and CSI kinds (pkg/apis/core/validation,
pkg/apis/storage/validation)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import (
    NOT_POSITIVE,
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    required,
    too_long,
    unsupported,
)
from policylint.kubernetes.api.quantity import canonical, parse_quantity
from policylint.kubernetes.api.reading import (
    amounts,
    fields,
    has,
    many,
    number,
    objects,
    text,
    text_map,
    texts,
)
from policylint.kubernetes.validity.formats import dns_label, dns_subdomain, qualified_name
from policylint.kubernetes.validity.metadata import annotation_map, labels
from policylint.kubernetes.validity.references import driver_name
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Json, Object

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_SOURCES = (
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
)
"""In the order in which the server looks: the first one stands, the others are too many."""

_CLAIM_SOURCES = frozenset(
    {("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot")}
)
_UNSET: tuple[Json, ...] = (None, "", 0, [], {})
_MOST_PARAMETERS = 512
_LARGEST_PARAMETERS = 256 * 1024
_UPDATE_PERIODS = 35
"""The first minor that keeps a CSIDriver's update period (feature
MutableCSINodeAllocatableCount)."""


def claim(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a claim's spec, in a claim, a claim template or an ephemeral volume."""
    if not many(spec, "accessModes"):
        yield required(f"{at}.accessModes", "at least 1 access mode is required")
    yield from _access_modes(spec, at)
    wanted = amounts(fields(spec, "resources"), "requests").get("storage")
    where = f"{at}.resources[storage]"
    if not has(fields(fields(spec, "resources"), "requests"), "storage"):
        yield required(where)
    elif wanted is not None and (parse_quantity(wanted) or 0) <= 0:
        yield invalid(where, canonical(wanted), NOT_POSITIVE)
    yield from _sources(spec, at)


def _sources(spec: Object, at: str) -> Iterator[Cause]:
    """The errors of where a claim's data comes from."""
    source = fields(spec, "dataSource")
    known = (text(source, "apiGroup"), text(source, "kind")) in _CLAIM_SOURCES
    referred = has(spec, "dataSourceRef")
    # of a claim the server forgets any other, unless a reference stands beside it
    kept = known or referred or "volumeClaimTemplate" in at
    if has(spec, "dataSource") and kept:
        yield from _data_source(source, f"{at}.dataSource")
        yield from _same_source(spec, at)
    if referred:
        yield from _data_source(fields(spec, "dataSourceRef"), f"{at}.dataSourceRef")


def _same_source(spec: Object, at: str) -> Iterator[Cause]:
    """Both ways to name the source of a claim must say the same."""
    source, reference = fields(spec, "dataSource"), fields(spec, "dataSourceRef")
    if has(spec, "dataSourceRef") and any(
        text(source, name) != text(reference, name) for name in ("apiGroup", "kind", "name")
    ):
        yield invalid(at, {}, "must match dataSourceRef")


def _access_modes(spec: Object, at: str) -> Iterator[Cause]:
    modes = many(spec, "accessModes")
    for mode in modes:
        if mode not in _ACCESS_MODES:
            yield unsupported(f"{at}.accessModes", mode, _ACCESS_MODES)
    if "ReadWriteOncePod" in modes and any(mode in _ACCESS_MODES[:3] for mode in modes):
        yield forbidden(f"{at}.accessModes", "may not use ReadWriteOncePod with other access modes")


def _data_source(source: Object, at: str) -> Iterator[Cause]:
    group, kind = text(source, "apiGroup"), text(source, "kind")
    for name in ("name", "kind"):
        if not text(source, name):
            yield required(f"{at}.{name}")
    if not group and kind != "PersistentVolumeClaim":
        yield invalid(
            at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        )
    if group:
        yield from each_invalid(f"{at}.apiGroup", group, dns_subdomain(group))


def claim_template_metadata(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of the metadata of an ephemeral volume's claim: only labels and annotations."""
    meta = fields(value, "metadata")
    yield from labels(meta, "labels", f"{at}.metadata.labels")
    yield from annotation_map(meta, f"{at}.metadata.annotations")
    for name, value_set in meta.items():
        if name not in ("labels", "annotations") and value_set not in _UNSET:
            yield forbidden(f"{at}.metadata.{name}", "cannot be set")


def volume(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a PersistentVolume's spec, in a volume or in an attachment."""
    if not many(spec, "accessModes"):
        yield required(f"{at}.accessModes")
    yield from _access_modes(spec, at)
    if at.endswith(".inlineVolumeSpec"):
        yield from _inline(spec, at)
    else:
        yield from _capacity(spec, at)
    yield from _volume_source(spec, at)


def _inline(spec: Object, at: str) -> Iterator[Cause]:
    """The errors of the spec of a volume that is no object of its own."""
    for name in ("claimRef", "capacity", "nodeAffinity", "storageClassName"):
        if spec.get(name) not in (None, "", {}):
            detail = "may not be specified in the context of inline volumes"
            yield forbidden(f"{at}.{name}", detail)
    if not has(spec, "csi"):
        yield required(f"{at}.csi", "has to be specified in the context of inline volumes")
    for name, only in (("persistentVolumeReclaimPolicy", "Retain"), ("volumeMode", "Filesystem")):
        if text(spec, name) not in ("", only):
            detail = f"may only be {only} in the context of inline volumes"
            yield forbidden(f"{at}.{name}", detail)


def _capacity(spec: Object, at: str) -> Iterator[Cause]:
    capacity = fields(spec, "capacity")
    if not capacity:
        yield required(f"{at}.capacity")
    if set(capacity) != {"storage"}:
        yield unsupported(
            f"{at}.capacity",
            dict(sorted(capacity.items())) if has(spec, "capacity") else None,
            ("storage",),
        )
    for name, amount in amounts(spec, "capacity").items():
        if (parse_quantity(amount) or 0) <= 0:
            yield invalid(f"{at}.capacity[{name}]", canonical(amount), NOT_POSITIVE)


def _volume_source(spec: Object, at: str) -> Iterator[Cause]:
    sources = [name for name in _VOLUME_SOURCES if has(spec, name)]
    if not sources:
        yield required(at, "must specify a volume type")
    for name in sources[1:]:
        if name == "flexVolume":
            continue  # the server does not mind it beside those before it
        yield forbidden(f"{at}.{name}", "may not specify more than 1 volume type")
    if "local" in sources and not fields(fields(spec, "nodeAffinity"), "required"):
        yield required(f"{at}.nodeAffinity", "Local volume requires node affinity")
    yield from _recycled_root(spec, at)
    if has(spec, "volumeAttributesClassName") and "csi" not in sources:
        detail = "has to be specified when using volumeAttributesClassName"
        yield required(f"{at}.csi", detail)
    yield from _node_affinity(spec, at)


def _recycled_root(spec: Object, at: str) -> Iterator[Cause]:
    path = text(fields(spec, "hostPath"), "path")
    if path and not path.strip("/") and text(spec, "persistentVolumeReclaimPolicy") == "Recycle":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        yield forbidden(f"{at}.persistentVolumeReclaimPolicy", detail)


def _node_affinity(spec: Object, at: str) -> Iterator[Cause]:
    if has(spec, "nodeAffinity") and not has(fields(spec, "nodeAffinity"), "required"):
        yield required(f"{at}.nodeAffinity.required", "must specify required node constraints")


def csi_volume(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a CSI volume's source."""
    yield from driver_name(text(value, "driver"), f"{at}.driver")
    if not text(value, "volumeHandle"):
        yield required(f"{at}.volumeHandle")
    for name in (
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ):
        if has(value, name):
            yield from _secret(fields(value, name), f"{at}.{name}")


def _secret(value: Object, at: str) -> Iterator[Cause]:
    for name, complaints in (("name", dns_subdomain), ("namespace", dns_label)):
        part = text(value, name)
        yield from (
            each_invalid(f"{at}.{name}", part, complaints(part))
            if part
            else [required(f"{at}.{name}")]
        )


def storage_class(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a StorageClass."""
    yield from _provisioner(text(obj, "provisioner"), "provisioner")
    yield from _parameters(obj)
    seen: list[dict[str, list[str]]] = []
    for path, term in objects(obj, "allowedTopologies", ""):
        yield from _topology(term, path)
        expressions = objects(term, "matchLabelExpressions", path)
        terms = {
            text(item, "key"): sorted(map(str, many(item, "values"))) for _, item in expressions
        }
        if terms in seen or not terms:
            yield duplicate(f"{path}.matchLabelExpressions", "")
        seen.append(terms)


def attributes_class(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a VolumeAttributesClass."""
    yield from _provisioner(text(obj, "driverName"), "driverName")
    yield from _parameters(obj)
    if not fields(obj, "parameters"):
        yield required("parameters", "must contain at least one key/value pair")


def _provisioner(name: str, at: str) -> Iterator[Cause]:
    if not name:
        yield required(at)
    else:
        yield from each_invalid(at, name.lower(), qualified_name(name.lower()))


def _parameters(obj: Object) -> Iterator[Cause]:
    parameters = text_map(obj, "parameters")
    if len(parameters) > _MOST_PARAMETERS:
        yield too_long("parameters", _MOST_PARAMETERS)
    elif (
        sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items())
        > _LARGEST_PARAMETERS
    ):
        yield too_long("parameters", _LARGEST_PARAMETERS)
    if "" in parameters:
        yield invalid("parameters", "", "field can not be empty.")


def _topology(term: Object, at: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for path, item in objects(term, "matchLabelExpressions", at):
        key, values = text(item, "key"), many(item, "values")
        if not values:
            yield required(f"{path}.values")
        for place, value in texts(item, "values", path):
            if values.count(value) > 1 and place.endswith(f"[{len(values) - 1}]"):
                yield duplicate(place, value)
        yield from each_invalid(f"{path}.key", key, qualified_name(key))
        if key in seen:
            yield duplicate(f"{path}.key", key)
        seen.add(key)


def csi_driver(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a CSIDriver's spec."""
    period = number(spec, "nodeAllocatableUpdatePeriodSeconds")
    if period is not None and period < 10 and scope.minor >= _UPDATE_PERIODS:
        detail = "must be greater than or equal to 10 seconds"
        yield invalid(f"{at}.nodeAllocatableUpdatePeriodSeconds", period, detail)
    yield from _token_requests(spec, at)
    requests = many(spec, "tokenRequests")
    if has(spec, "serviceAccountTokenInSecrets") and not requests:
        yield from _tokens_in_secrets(spec, at, scope)
    for mode in many(spec, "volumeLifecycleModes"):
        if mode not in ("Persistent", "Ephemeral"):
            yield unsupported(f"{at}.volumeLifecycleModes", mode, ("Persistent", "Ephemeral"))


def _tokens_in_secrets(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    if scope.minor >= _UPDATE_PERIODS:
        path = f"{at}.serviceAccountTokenInSecrets"
        detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        yield invalid(path, spec["serviceAccountTokenInSecrets"], detail)


def _token_requests(spec: Object, at: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for path, request in objects(spec, "tokenRequests", at):
        audience, seconds = text(request, "audience"), number(request, "expirationSeconds")
        if audience in seen:
            yield duplicate(f"{path}.audience", audience)
        seen.add(audience)
        if seconds is not None and seconds < 600:
            yield invalid(
                f"{path}.expirationSeconds",
                seconds,
                "may not specify a duration less than 10 minutes",
            )
        if seconds is not None and seconds > 1 << 32:
            yield invalid(
                f"{path}.expirationSeconds",
                seconds,
                "may not specify a duration larger than 2^32 seconds",
            )


def storage_capacity(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a CSIStorageCapacity."""
    name = text(obj, "storageClassName")
    yield from each_invalid("storageClassName", name, dns_subdomain(name))
