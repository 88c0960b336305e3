"""Volumes of a pod: exactly one source each, and what each source needs."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    required,
    unsupported,
)
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import fields, has, many, number, objects, text
from policylint.kubernetes.validity.formats import (
    backsteps,
    descending_path,
    dns_label,
    dns_subdomain,
    plain_path,
)
from policylint.kubernetes.validity.projections import PATHS
from policylint.kubernetes.validity.references import driver_name
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object
from policylint.runtime.patterns import pattern

_SOURCES = (
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
)
"""In the order in which the server looks: the first one stands, the others are too many."""

_BAD_FORMAT = "must be valid format"
_ISCSI_NAMES = {
    "iqn": pattern(r"iqn\.\d{4}-\d{2}\.([0-9A-Za-z\-.]+)(:[^,;*&$|\s]+)\Z"),
    "eui": pattern(r"\Aeui.[0-9A-Za-z]{16}\Z"),
    "naa": pattern(r"\Anaa.[0-9A-Za-z]{32}\Z"),
}
_LONGEST_TARGET = _LONGEST_TENANT = 64
_HOST_PORT = pattern(r"(\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]*")
"""What net.SplitHostPort of Go takes apart."""

_AZURE_URIS = {
    True: (
        "/subscriptions/",
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/"
        "{disk-id}",
    ),
    False: (
        "https://",
        "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
    ),
}
"""Whether an Azure disk is managed -> how its URI begins, and one for an example."""

_SHORTEST_TOKEN = 600
_LONGEST_TOKEN = 1 << 32


def volumes(
    spec: Object, at: str, assumed: frozenset[str]
) -> tuple[dict[str, Object], list[Cause]]:
    """A pod's volumes by name, and their errors; `assumed` are names that claim templates give and
    so override."""
    by_name: dict[str, Object] = {name: {"persistentVolumeClaim": {}} for name in assumed}
    errors: list[Cause] = []
    for path, volume in objects(spec, "volumes", at):
        name = text(volume, "name")
        if name in assumed:
            continue
        own = list(_source(volume, path))
        own.extend(
            each_invalid(f"{path}.name", name, dns_label(name))
            if name
            else [required(f"{path}.name")]
        )
        if name in by_name:
            own.append(duplicate(f"{path}.name", name))
        errors += own
        if not own:
            by_name[name] = volume
    return by_name, errors


def generated_claims(meta: Object, spec: Object) -> Iterator[Cause]:
    """The errors of the claims that a Pod's ephemeral volumes are given, named after both."""
    pod = text(meta, "name")
    if not pod:
        return
    generated: set[str] = set()
    for path, volume in objects(spec, "volumes", "spec"):
        name = text(volume, "name")
        if has(volume, "ephemeral") and name:
            claim = f"{pod}-{name}"
            generated.add(claim)
            for complaint in dns_subdomain(claim):
                yield invalid(f"{path}.name", name, f'PVC name "{claim}": {complaint}')
    for path, volume in objects(spec, "volumes", "spec"):
        claim = text(fields(volume, "persistentVolumeClaim"), "claimName")
        if claim in generated:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            yield invalid(f"{path}.persistentVolumeClaim.claimName", claim, detail)


def _source(volume: Object, at: str) -> Iterator[Cause]:
    sources = [name for name in _SOURCES if has(volume, name)]
    for name in sources[1:]:
        yield forbidden(f"{at}.{name}", "may not specify more than 1 volume type")


def host_path(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a path on the node."""
    yield from each_invalid(f"{at}.path", text(value, "path"), backsteps(text(value, "path")))


def git_repo(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a volume that holds a repository."""
    directory = text(value, "directory")
    yield from each_invalid(f"{at}.directory", directory, descending_path(directory))


def nfs(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an NFS volume."""
    if not text(value, "path").startswith("/"):
        yield invalid(f"{at}.path", text(value, "path"), "must be an absolute path")


def empty_dir(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an emptyDir volume."""
    amount = parse_quantity(value.get("sizeLimit"))
    if amount is not None and amount < 0:
        yield forbidden(f"{at}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def key_to_path(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a file made of a key, or of a field of the pod."""
    yield from each_invalid(f"{at}.path", text(value, "path"), plain_path(text(value, "path")))


def downward_file(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a file made of a field or resource of the pod."""
    yield from key_to_path(value, at, scope)
    if has(value, "fieldRef") and has(value, "resourceFieldRef"):
        yield invalid(
            at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"
        )
    elif not has(value, "fieldRef") and not has(value, "resourceFieldRef"):
        yield required(at, "one of fieldRef and resourceFieldRef is required")


def token(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a projected service account token."""
    seconds = number(value, "expirationSeconds")
    if seconds is not None and seconds < _SHORTEST_TOKEN:
        yield invalid(
            f"{at}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"
        )
    if seconds is not None and seconds > _LONGEST_TOKEN:
        yield invalid(
            f"{at}.expirationSeconds",
            seconds,
            "may not specify a duration larger than 2^32 seconds",
        )
    yield from each_invalid(f"{at}.path", text(value, "path"), plain_path(text(value, "path")))


def projected(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a projected volume: one source for each entry, no path twice."""
    seen: set[str] = set()
    for path, source in objects(value, "sources", at):
        kinds = [name for name in source if has(source, name)]
        if len(kinds) > 1:
            yield forbidden(path, "may not specify more than 1 volume type per source")
        for name in kinds:
            for place in _paths(fields(source, name), name):
                if place in seen:
                    yield invalid(
                        at,
                        text(fields(source, name), "name") or place,
                        "conflicting duplicate paths",
                    )
                seen.add(place)


def _paths(source: Object, name: str) -> Iterator[str]:
    if name == "clusterTrustBundle":
        yield text(source, "path")
    if name == "podCertificate":
        yield from filter(None, (text(source, path) for path in PATHS))
    if name in ("secret", "configMap", "downwardAPI"):
        yield from (
            text(item, "path") for _, item in objects(source, "items", "") if text(item, "path")
        )


def iscsi(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an iSCSI volume of a pod."""
    yield from _iscsi(value, at, "must be valid format starting with iqn, eui, or naa")


def iscsi_volume(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of an iSCSI volume of a PersistentVolume."""
    yield from _iscsi(value, at, _BAD_FORMAT)
    yield from secret_name(value, at, scope)
    portal = text(value, "targetPortal")
    volume = text(fields(scope.root, "metadata"), "name")
    if has(value, "initiatorName") and len(f"{volume}:{portal}") > _LONGEST_TARGET:
        detail = (
            "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
            "iscsi.initiatorName is specified."
        )
        yield invalid(f"{at}.targetportal", portal, detail)


def _qualified(name: str, at: str, otherwise: str) -> Iterator[Cause]:
    """The errors of an iSCSI name; `otherwise` is said of one of no known type."""
    known = _ISCSI_NAMES.get(name[:3])
    if known is None:
        yield invalid(at, name, otherwise)
    elif not known.search(name):
        yield invalid(at, name, _BAD_FORMAT)


def _iscsi(value: Object, at: str, otherwise: str) -> Iterator[Cause]:
    name = text(value, "iqn")
    if name:
        yield from _qualified(name, f"{at}.iqn", otherwise)
    if has(value, "initiatorName"):
        yield from _qualified(text(value, "initiatorName"), f"{at}.initiatorname", otherwise)
    if (value.get("chapAuthDiscovery") or value.get("chapAuthSession")) and not has(
        value, "secretRef"
    ):
        yield required(f"{at}.secretRef")


def fibre_channel(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a Fibre Channel volume."""
    names, wide = many(value, "targetWWNs"), many(value, "wwids")
    if not names and not wide:
        yield required(f"{at}.targetWWNs", "must specify either targetWWNs or wwids, but not both")
    if names and wide:
        yield invalid(
            f"{at}.targetWWNs", names, "targetWWNs and wwids can not be specified simultaneously"
        )
    if names and number(value, "lun") is None:
        yield required(f"{at}.lun", "lun is required if targetWWNs is specified")


def ephemeral(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a generic ephemeral volume."""
    if not has(value, "volumeClaimTemplate"):
        yield required(f"{at}.volumeClaimTemplate")


def csi(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an inline CSI volume."""
    driver, secret = text(value, "driver"), fields(value, "nodePublishSecretRef")
    if driver:  # a missing one is told by the fields that are required
        yield from driver_name(driver, f"{at}.driver")
    name = text(secret, "name")
    if has(value, "nodePublishSecretRef") and not name:
        yield required(f"{at}.nodePublishSecretRef.name")
    elif name:
        yield from each_invalid(f"{at}.name", name, dns_subdomain(name))


def secret_name(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a volume's source that may name a secret: it must be named then."""
    if has(value, "secretRef") and not text(fields(value, "secretRef"), "name"):
        yield required(f"{at}.secretRef.name")


def namespaced_secret(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a volume's source that may name a secret of a namespace."""
    yield from secret_name(value, at, scope)
    if has(value, "secretRef") and not text(fields(value, "secretRef"), "namespace"):
        yield required(f"{at}.secretRef.namespace")


def flex(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a FlexVolume: some options are Kubernetes' own."""
    for option in fields(value, "options"):
        namespace = f".{option.partition('/')[0].lower()}"
        if namespace.endswith((".kubernetes.io", ".k8s.io")):
            detail = "kubernetes.io and k8s.io namespaces are reserved"
            yield invalid(f"{at}.options[{option}]", option, detail)


def azure_disk(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an Azure disk: its URI is one of its kind."""
    uri, managed = text(value, "diskURI"), text(value, "kind") == "Managed"
    start, example = _AZURE_URIS[managed]
    if has(value, "kind") and not uri.startswith(start):
        yield unsupported(f"{at}.diskURI", uri, (example,))


def azure_file(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an Azure file of a PersistentVolume."""
    if value.get("secretNamespace") == "":
        yield required(f"{at}.secretNamespace")


def flocker(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a Flocker volume."""
    name, identity = text(value, "datasetName"), text(value, "datasetUUID")
    if not name and not identity:
        yield required(at, "one of datasetName and datasetUUID is required")
    if name and identity:
        detail = "datasetName and datasetUUID can not be specified simultaneously"
        yield invalid(at, "resource", detail)
    if "/" in name:
        yield invalid(f"{at}.datasetName", name, "must not contain '/'")


def glusterfs(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a GlusterFS volume of a PersistentVolume."""
    namespace, where = text(value, "endpointsNamespace"), f"{at}.endpointsNamespace"
    if namespace:
        yield from each_invalid(where, namespace, dns_label(namespace))
    elif has(value, "endpointsNamespace"):
        detail = "if the endpointnamespace is set, it must be a valid namespace name"
        yield invalid(where, "", detail)


def quobyte(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a Quobyte volume: its registry is host:port, once or more."""
    registry, tenant = text(value, "registry"), text(value, "tenant")
    detail = "must be a host:port pair or multiple pairs separated by commas"
    if not registry:
        yield required(f"{at}.registry", detail)
    elif len(tenant) > _LONGEST_TENANT:
        detail = "must be a UUID and may not exceed a length of 64 characters"
        yield required(f"{at}.tenant", detail)
    elif not all(_HOST_PORT.fullmatch(pair) for pair in registry.split(",")):
        yield invalid(f"{at}.registry", registry, detail)


def local(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a local volume."""
    path = text(value, "path")
    yield from (
        each_invalid(f"{at}.path", path, backsteps(path)) if path else [required(f"{at}.path")]
    )


def image(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of an image as a volume: a Pod names it, a template may leave that open."""
    if scope.kind == "Pod" and not text(value, "reference"):
        yield required(f"{at}.reference")
