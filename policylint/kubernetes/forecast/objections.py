"""Everything that is said against one object: the validation of updates, of objects, of CRDs and
custom resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from shlex import quote

from msgspec.structs import replace

from policylint.kubernetes import crds
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.fielderrors import IMMUTABLE_FIELD, invalid
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.forecast import batch
from policylint.kubernetes.forecast.kinds import Kind
from policylint.kubernetes.forecast.request import Finding, Request
from policylint.kubernetes.forecast.server import Server, State
from policylint.kubernetes.forecast.services import created_questions
from policylint.kubernetes.forecast.size import too_large
from policylint.kubernetes.forecast.update import validate_update
from policylint.kubernetes.forecast.update_table import IMMUTABLE
from policylint.kubernetes.validity import UNJUDGED, is_judged, validate, validate_metadata
from policylint.model import Apply, Cause, Object, Resource, ResourceId, Unknown

_LEFT = "strategy-defaults-left"
"""The topic of refusals about defaults that server-side apply leaves behind."""
_ADMIN = "resource.kubernetes.io/admin-access"
_CLAIMS = {
    ("resource.k8s.io", "ResourceClaim"): ("spec", "devices"),
    ("resource.k8s.io", "ResourceClaimTemplate"): ("spec", "spec", "devices"),
}
"""Kinds that ask for devices, and where."""
_WRITTEN = {("", "PersistentVolumeClaim"): "spec.volumeName", ("", "Pod"): "spec.nodeName"}
"""Immutable fields that controllers fill in after the creation."""


def creation(server: Server, resource: Resource, kind: Kind, new: Object) -> Iterable[Finding]:
    """What is said against a new object."""
    yield from too_large(new, builtin=kind.builtin)
    if not kind.builtin:
        yield from _custom(server, resource, kind, None, new)
        return
    if resource.id.kind == "CustomResourceDefinition":
        yield from _definition(server, None, new)
        return
    yield from valid(server, new)
    yield from _unjudged(server, resource)
    identity = (resource.id.group, resource.id.kind)
    if identity in _CLAIMS:
        yield from _as_administrator(server, resource)
    if identity == ("", "Service"):
        yield from created_questions(resource.body, server.cluster)
    if identity == ("batch", "Job"):
        yield from batch.creation_refusals(resource.body)


def _as_administrator(server: Server, resource: Resource) -> Iterable[Finding]:
    """Access to devices for administration is given in marked namespaces alone (AuthorizedForAdmin
    of pkg/registry/resource)."""
    requests = part(resource.body, *_CLAIMS[resource.id.group, resource.id.kind])
    if not any(_asks_for_admin(request) for request in items(requests.get("requests"))):
        return
    field = "spec.devices.requests"
    namespace = ResourceId("", "Namespace", "", resource.id.namespace)
    live = server.cluster.live.get(namespace)
    if live is None:
        what = f"whether the namespace {namespace.name} has the label {_ADMIN}: true"
        how = f"kubectl get namespace {quote(namespace.name)} --show-labels"
        yield Unknown(what, how, "invalid-object", field)
    elif part(live, "metadata", "labels").get(_ADMIN) != "true":
        text = f"admin access to devices requires the `{_ADMIN}: true` label on the containing"
        yield Cause(field, "FieldValueForbidden", f"{text} namespace", "invalid-object")


def _asks_for_admin(request: Object) -> bool:
    return part(request, "exactly").get("adminAccess") is True


def change(
    server: Server,
    resource: Resource,
    kind: Kind,
    state: State,
    new: Object,
    *,
    stored_before: bool,
) -> Iterable[Finding]:
    """What is said against the change from the live object to a new one; `stored_before` vouches
    for the new one."""
    if not stored_before:
        yield from too_large(new, builtin=kind.builtin)
    if not kind.builtin or kind.node is None:
        yield from _custom(server, resource, kind, state.live, new)
        return
    if resource.id.kind == "CustomResourceDefinition":
        yield from _definition(server, state.live, new)
        return
    request = Request(
        resource.id, kind.node, state.live, new, server.minor, server.cluster, state.assumed
    )
    yield from validate_update(request)
    if server.target.apply is Apply.REPLACE and state.assumed:
        yield from _replaced(resource)
    if not stored_before:
        yield from _invalid(server, resource, state, new)


def _invalid(server: Server, resource: Resource, state: State, new: Object) -> Iterable[Finding]:
    """What is said against the new object for itself."""
    findings = valid(server, new, state.live)
    keeps_defaults = server.target.apply is Apply.SERVER_SIDE
    yield from _marked(findings, resource.body, state.live) if keeps_defaults else findings
    if not _only_metadata(state.live, new):
        yield from _unjudged(server, resource)


def _unjudged(server: Server, resource: Resource) -> Iterable[Unknown]:
    """What is left open of a built-in kind whose validation is not known here."""
    kind = resource.id.kind
    if not is_judged(resource.api_version, kind, server.published):
        what = f"whether {resource.id} is valid: the rules for a {kind} are not known here"
        how = "kubectl apply --dry-run=server -f MANIFEST"
        yield Unknown(what, how, "invalid-object")


def _marked(findings: Iterable[Finding], sent: Object, live: Object) -> Iterable[Finding]:
    """The findings, those marked that are about what server-side apply leaves behind."""
    for finding in findings:
        is_left = isinstance(finding, Cause) and _is_left(finding, sent, live)
        yield replace(finding, topic=_LEFT) if is_left else finding


def _is_left(cause: Cause, sent: Object, live: Object) -> bool:
    """Whether a cause is about a field that only the live object has: a default that nobody owns or
    takes away."""
    steps = cause.field.split(".")
    return cause.reason != "FieldValueRequired" and _holds(live, steps) and not _holds(sent, steps)


def _holds(value: object, steps: list[str]) -> bool:
    for step in steps:
        if not isinstance(value, Mapping) or step not in value:
            return False
        value = value[step]
    return True


def _definition(server: Server, old: Object | None, new: Object) -> Iterable[Finding]:
    judgement = crds.judge_crd(new, old, server.target)
    yield from judgement.causes
    yield from judgement.unknowns


def _replaced(resource: Resource) -> Iterable[Unknown]:
    """What controllers have written into an object, and a replacement takes away again."""
    field = _WRITTEN.get((resource.id.group, resource.id.kind))
    if field:
        how = f"kubectl get {named(resource.id)} -o yaml  # give it with --live"
        yield Unknown(f"whether the cluster has set {field} of {resource.id}", how, field=field)


def valid(server: Server, new: Object, old: Object | None = None) -> Iterable[Finding]:
    """The errors of the object itself, less those that the server forgives an old one."""
    for cause in validate(new, server.published, server.target, old):
        yield _open(cause) if cause.topic == UNJUDGED else cause


def _open(cause: Cause) -> Unknown:
    how = "kubectl apply --dry-run=server -f MANIFEST"
    return Unknown(cause.message, how, "invalid-object", cause.field)


def _custom(
    server: Server, resource: Resource, kind: Kind, old: Object | None, new: Object
) -> Iterable[Finding]:
    yield from _declared(server, resource, old, new)
    if server.target.apply is Apply.SERVER_SIDE:
        yield from _unknown_metadata(server, new)
    yield from validate_metadata(new, server.target, old)
    if kind.crd is None:
        if old is not None and _only_metadata(old, new):
            return
        what = f"the CRD of its kind is not known ({resource.id.kind} in {resource.api_version})"
        yield Unknown(
            what, "give the CustomResourceDefinition with --crds", "custom-resource-unknown"
        )
        return
    judgement = crds.validate_custom(new, old, kind.crd, server.target)
    yield from judgement.causes
    yield from judgement.unknowns


def _unknown_metadata(server: Server, new: Object) -> Iterable[Cause]:
    """Fields that no object's metadata has; server-side apply reads them by the schema."""
    config_map = server.published.kind("v1", "ConfigMap")
    node = config_map.child("metadata") if config_map else None
    for name in part(new, "metadata"):
        if node is not None and node.child(name) is None:
            text = f".metadata.{name}: field not declared in schema"
            yield Cause(f".metadata.{name}", "FieldValueInvalid", text, "unknown-field")


def _only_metadata(old: Object, new: Object) -> bool:
    """Whether only metadata differs: the server has accepted the rest before, whatever its schema
    says."""
    return {**old, "metadata": None, "status": None} == {**new, "metadata": None, "status": None}


def _declared(
    server: Server, resource: Resource, old: Object | None, new: Object
) -> Iterable[Cause]:
    """Paths of custom resources that the configuration declares immutable."""
    for path in server.cluster.immutable_paths.get((resource.id.group, resource.id.kind), ()):
        *parents, name = path.split(".")
        if old is not None and part(old, *parents).get(name) != part(new, *parents).get(name):
            yield invalid(
                path,
                part(new, *parents).get(name),
                IMMUTABLE,
                minor=server.minor,
                source="configuration",
                topic=IMMUTABLE_FIELD,
            )
