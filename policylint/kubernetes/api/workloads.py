"""Reading workloads: the pod template of each kind, what it refers to, and which pods a selector
takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.kubernetes.api.reading import NOTHING, at, part, parts
from policylint.model import Json, Manifest, Object, Resource, ResourceId

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
"""Where each kind keeps its pod template; a Pod is its own."""


class Reference(Struct, frozen=True, order=True):
    """One name in a pod template: the kind and name it refers to, the pointer, whether it may be
    missing."""

    kind: str
    name: str
    path: str
    optional: bool = False


def pod_template(resource: Resource) -> Object | None:
    """The pod template (metadata and spec) of a workload or Pod; None for other kinds."""
    steps = TEMPLATES.get(resource.id.kind)
    if steps is None or resource.id.group not in ("", "apps", "batch"):
        return None
    return part(resource.body, *steps)


def template_path(kind: str) -> str:
    """The pointer of a kind's pod template."""
    return "".join(f"/{step}" for step in TEMPLATES[kind])


def pod_labels(resource: Resource) -> Object | None:
    """The labels of a workload's pods; None for kinds without pods."""
    template = pod_template(resource)
    if template is None:
        return None
    return part(template, "metadata", "labels")


def is_on_host_network(resource: Resource) -> bool:
    """Whether a workload's pods use the network of their node."""
    return at(pod_template(resource) or {}, "spec", "hostNetwork") is True


def containers(template: Object) -> Iterator[tuple[str, Object]]:
    """(pointer below the template, container) of every container, init containers too."""
    for field in ("containers", "initContainers"):
        for index, container in enumerate(parts(template, "spec", field)):
            yield f"/spec/{field}/{index}", container


def references(resource: Resource) -> Iterator[Reference]:
    """Every ConfigMap, Secret, claim and ServiceAccount that a workload's pods need."""
    template = pod_template(resource)
    if template is None:
        return
    root = template_path(resource.id.kind)
    account = at(template, "spec", "serviceAccountName") or at(template, "spec", "serviceAccount")
    if isinstance(account, str):
        yield Reference(
            "ServiceAccount",
            account,
            f"{root}/spec/serviceAccountName",
            optional=account == "default",
        )
    for index, secret in enumerate(parts(template, "spec", "imagePullSecrets")):
        yield from _named(
            "Secret", secret.get("name"), f"{root}/spec/imagePullSecrets/{index}", optional=True
        )
    for index, volume in enumerate(parts(template, "spec", "volumes")):
        yield from _of_volume(volume, f"{root}/spec/volumes/{index}")
    for path, container in containers(template):
        yield from _of_container(container, root + path)


def _of_volume(volume: Object, path: str) -> Iterator[Reference]:
    config, secret = part(volume, "configMap"), part(volume, "secret")
    yield from _named(
        "ConfigMap", config.get("name"), f"{path}/configMap", optional=bool(config.get("optional"))
    )
    yield from _named(
        "Secret", secret.get("secretName"), f"{path}/secret", optional=bool(secret.get("optional"))
    )
    claim = at(volume, "persistentVolumeClaim", "claimName")
    yield from _named(
        "PersistentVolumeClaim", claim, f"{path}/persistentVolumeClaim", optional=False
    )
    for index, source in enumerate(parts(volume, "projected", "sources")):
        at_source = f"{path}/projected/sources/{index}"
        for kind, key in (("ConfigMap", "configMap"), ("Secret", "secret")):
            named = part(source, key)
            yield from _named(
                kind, named.get("name"), f"{at_source}/{key}", optional=bool(named.get("optional"))
            )


def _of_container(container: Object, path: str) -> Iterator[Reference]:
    for index, source in enumerate(parts(container, "envFrom")):
        for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            named = part(source, key)
            where = f"{path}/envFrom/{index}/{key}"
            yield from _named(kind, named.get("name"), where, optional=bool(named.get("optional")))
    for index, variable in enumerate(parts(container, "env")):
        for kind, key in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            named = part(variable, "valueFrom", key)
            where = f"{path}/env/{index}/valueFrom/{key}"
            yield from _named(kind, named.get("name"), where, optional=bool(named.get("optional")))


def _named(kind: str, name: Json, path: str, *, optional: bool) -> Iterator[Reference]:
    if isinstance(name, str) and name:
        yield Reference(kind, name, path, optional)


def referred(resource: Resource, reference: Reference) -> ResourceId:
    """The identity a reference of this resource's pods names: core group, the same namespace."""
    return ResourceId("", reference.kind, resource.id.namespace, reference.name)


def account_of(workload: Resource) -> ResourceId | None:
    """The ServiceAccount that the pods name; None where they name none."""
    for reference in references(workload):
        if reference.kind == "ServiceAccount":
            return referred(workload, reference)
    return None


def governing_service(workload: Resource) -> ResourceId | None:
    """The Service that names the pods of a StatefulSet; None for other kinds, and where it names
    none."""
    name = at(workload.body, "spec", "serviceName")
    if (workload.id.group, workload.id.kind) != ("apps", "StatefulSet") or not name:
        return None
    return ResourceId("", "Service", workload.id.namespace, str(name))


def matches(selector: Object, labels: Object) -> bool:
    """Whether plain selector labels (a Service's) take these labels; an empty selector takes
    nothing."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def selects(selector: Object, labels: Object) -> bool:
    """Whether a LabelSelector (matchLabels and matchExpressions) takes these labels; an empty one
    takes all."""
    plain = part(selector, "matchLabels")
    if any(labels.get(key) != value for key, value in plain.items()):
        return False
    return all(
        _expression(expression, labels) for expression in parts(selector, "matchExpressions")
    )


def _expression(expression: Object, labels: Object) -> bool:
    key, operator = str(expression.get("key")), expression.get("operator")
    values = expression.get("values") or []
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return (key in labels) is (operator == "Exists")


def workloads(side: Manifest) -> Iterator[Resource]:
    """Every resource of a side that makes pods, hooks left out."""
    for identity, resource in side.resources.items():
        if identity.kind in TEMPLATES and identity.group in ("", "apps", "batch"):
            yield resource


def behind(service: Resource, side: Manifest) -> list[Resource]:
    """The workloads of a side whose pods a Service's selector takes."""
    selector = part(service.body, "spec", "selector")
    return [
        resource
        for resource in workloads(side)
        if resource.id.namespace == service.id.namespace
        and matches(selector, pod_labels(resource) or NOTHING)
    ]
