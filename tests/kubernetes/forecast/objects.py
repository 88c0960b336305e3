"""Small objects and one-object releases for the forecast's tests."""

from __future__ import annotations

import copy
from typing import Any

from policylint.kubernetes.api.schemas import group_of, schemas
from policylint.kubernetes.forecast import Cluster, forecast
from policylint.kubernetes.manifests.diff import changes
from policylint.model import (
    Apply,
    Forecast,
    Manifest,
    Origin,
    Outcome,
    Resource,
    ResourceId,
    Target,
    Upgrade,
)

HELM3 = Target("1.36", "3", Apply.CLIENT_SIDE)
HELM4 = Target("1.36", "4", Apply.SERVER_SIDE)
FORCE = Target("1.36", "3", Apply.REPLACE, force=True)
OK, NO, MAYBE = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.DEPENDS


def resource(body: dict[str, Any]) -> Resource:
    """The resource of an object, in the namespace default where its kind has namespaces."""
    group, metadata = group_of(body["apiVersion"]), body["metadata"]
    namespaced = schemas("1.36").namespaced(group, body["kind"]) is not False
    namespace = metadata.get("namespace") or "default" if namespaced else ""
    return Resource(
        ResourceId(group, body["kind"], namespace, metadata["name"]),
        body["apiVersion"],
        body,
        Origin("", 1),
    )


def manifest(*bodies: dict[str, Any], crds: tuple[dict[str, Any], ...] = ()) -> Manifest:
    """One side."""
    resources = [resource(body) for body in bodies]
    return Manifest(
        {item.id: item for item in resources}, {}, crds=tuple(resource(body) for body in crds)
    )


def release(
    before: Manifest, after: Manifest, target: Target, cluster: Cluster | None = None
) -> Upgrade:
    """A release's forecast."""
    changes_made = changes(before, after, schemas(target.kubernetes))
    return forecast(
        Upgrade("rel", "default", target, before, after, changes_made), cluster or Cluster()
    )


def both(
    before: dict[str, Any],
    after: dict[str, Any],
    target: Target = HELM3,
    cluster: Cluster | None = None,
) -> Forecast:
    """The forecast of one kept object."""
    return release(manifest(before), manifest(after), target, cluster).changes[0].forecast


def outcomes(
    before: dict[str, Any],
    after: dict[str, Any],
    target: Target = HELM3,
    cluster: Cluster | None = None,
) -> tuple[Outcome, Outcome]:
    """What the server answers to the upgrade and to the way back."""
    forecast_of_change = both(before, after, target, cluster)
    assert forecast_of_change.upgrade is not None
    assert forecast_of_change.rollback is not None
    return forecast_of_change.upgrade.outcome, forecast_of_change.rollback.outcome


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one field set, or removed where the value is `...`."""
    copied = copy.deepcopy(body)
    *parents, name = (int(step) if step.isdigit() else step for step in path.split("/"))
    at: Any = copied
    for step in parents:
        at = at[step] if isinstance(step, int) else at.setdefault(step, {})
    if value is ...:
        del at[name]
    else:
        at[name] = value
    return copied


def deployment(**spec: Any) -> dict[str, Any]:
    """A small Deployment."""
    labels = {"app": "web"}
    pod = {"containers": [{"name": "main", "image": "nginx:1.25"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
            **spec,
        },
    }


def stateful_set(**spec: Any) -> dict[str, Any]:
    """A small StatefulSet with one claim template."""
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}},
    }
    body = deployment(serviceName="db", volumeClaimTemplates=[claim], **spec)
    return {**body, "kind": "StatefulSet", "metadata": {"name": "db"}}


def job(**spec: Any) -> dict[str, Any]:
    """A small Job."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1.36"}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate"},
        "spec": {"template": {"spec": pod}, **spec},
    }


def service(**spec: Any) -> dict[str, Any]:
    """A small Service."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "svc"},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}], **spec},
    }


def claim(**spec: Any) -> dict[str, Any]:
    """A small claim of 8Gi."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "8Gi"}},
            **spec,
        },
    }


def config(**fields: Any) -> dict[str, Any]:
    """A small ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}, **fields}
