"""The requests that an upgrade sends, as the server's policies get them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from policylint.kubernetes.api.apis import plural
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.crds.prepare import without_nulls
from policylint.kubernetes.crds.served import schema_of, served_version
from policylint.kubernetes.forecast.answers import as_sent, stored, update
from policylint.kubernetes.forecast.conversion import converted
from policylint.kubernetes.forecast.server import Sent, Server, State
from policylint.kubernetes.policies.model import Request
from policylint.kubernetes.policies.seen import seen
from policylint.model import Json, Object, Outcome, Resource

_AUTOSCALER = ("autoscaling/v1", "autoscaling/v2")


def resource_name(server: Server, resource: Resource) -> str:
    """The plural of a kind: "deployments"; its CRD says it for a custom one.

    Source: k8s.io/apimachinery pkg/api/meta/restmapper.go UnsafeGuessKindToResource.
    """
    crd = server.kind(resource).crd
    named = part(crd, "spec", "names").get("plural")
    if named:
        return str(named)
    return plural(resource.id.kind)


def create_request(server: Server, resource: Resource, namespace: Json) -> Request:
    """The creation of a resource."""
    sent = as_sent(resource)
    return _request(
        server, resource, "CREATE", stored(server, resource, sent).live, None, namespace
    )


def delete_request(server: Server, resource: Resource, live: Object, namespace: Json) -> Request:
    """The deletion of a resource that the server holds."""
    return _request(server, resource, "DELETE", None, live, namespace)


def update_request(
    server: Server, before: State, request: Sent, namespace: Json
) -> tuple[Request, State]:
    """An update of what the server holds, and what it holds then.

    The request of an update that the server itself refuses is that of the object as if it were
    new: so far as one can see it.
    """
    resource = request.resource
    answer, state = update(server, before, request)
    live = state.live
    if answer.outcome is Outcome.REJECTED:
        live = stored(server, resource, request.body).live
    old = converted(before.live, resource.api_version)
    return _request(server, resource, "UPDATE", live, old, namespace), state


def _request(
    server: Server,
    resource: Resource,
    operation: str,
    body: Object | None,
    old: Object | None,
    namespace: Json,
) -> Request:
    identity = resource.id
    metadata = part(resource.body, "metadata")
    generated = operation == "CREATE" and not metadata.get("name")
    return Request(
        operation=operation,
        api_version=resource.api_version,
        kind=identity.kind,
        resource=resource_name(server, resource),
        name=str(metadata.get("generateName") or "") if generated else identity.name,
        generated=generated,
        namespace_name=identity.namespace,
        object=None if body is None else _shown(server, resource, body, operation == "UPDATE"),
        old_object=None if old is None else _shown(server, resource, old, True),
        namespace=namespace,
        namespaced=bool(identity.namespace),
    )


def _shown(server: Server, resource: Resource, body: Object, existing: bool) -> Object:
    kind = server.kind(resource)
    if kind.crd is not None:
        version = served_version(kind.crd, resource.api_version)
        if version is not None:
            schema = schema_of(version, kind.crd)
        else:
            schema = None
        return seen(None, without_nulls(body, schema) if schema else body, existing)
    return seen(kind.node if kind.builtin else None, body, existing)


def equivalents(server: Server, resource: Resource, request: Request) -> Iterator[Request]:
    """The same request in the other API versions that the server converts it to."""
    for version in _versions(server, resource):
        if version != resource.api_version:
            yield replace(
                request,
                api_version=version,
                object=_in_version(request.object, version),
                old_object=_in_version(request.old_object, version),
                sent_as=request.api_version,
            )


def _versions(server: Server, resource: Resource) -> tuple[str, ...]:
    if resource.id.kind == "HorizontalPodAutoscaler" and resource.id.group == "autoscaling":
        return _AUTOSCALER
    crd = server.kind(resource).crd
    if crd is None or part(crd, "spec", "conversion").get("strategy") == "Webhook":
        return ()
    group = resource.id.group
    served = [item for item in items(part(crd, "spec").get("versions")) if item.get("served")]
    return tuple(f"{group}/{item.get('name')}" for item in served)


def _in_version(body: Any, version: str) -> Any:
    if isinstance(body, Mapping):
        return converted(body, version)
    return body
