"""One object, one request: what the API server answers and what it stores.

live'  = default(apply(method, base, live, target))
answer = validate_update(live, live')
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from policylint.kubernetes import crds
from policylint.kubernetes.api.gotypes import alike
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.api.schemas import NEWEST, schemas
from policylint.kubernetes.crds.served import has_transition_rules
from policylint.kubernetes.forecast import batch, managers, services, storage
from policylint.kubernetes.forecast.conversion import converted
from policylint.kubernetes.forecast.decode import cut_off, decode
from policylint.kubernetes.forecast.kinds import Kind
from policylint.kubernetes.forecast.mergepatch import merge_delta, merge_patch
from policylint.kubernetes.forecast.metadata import creation_refusals, metadata_refusals
from policylint.kubernetes.forecast.objections import change, creation, valid
from policylint.kubernetes.forecast.readable import readable
from policylint.kubernetes.forecast.request import Finding
from policylint.kubernetes.forecast.server import ACCEPTED, Sent, Server, State, answer
from policylint.kubernetes.forecast.server_side import server_side
from policylint.kubernetes.forecast.strategic import keyless_path, merged_lists, three_way_patch
from policylint.kubernetes.forecast.strategicapply import (
    UnknownFieldError,
    UnpatchableError,
    apply_patch,
)
from policylint.kubernetes.validity import validate_sent
from policylint.model import (
    Answer,
    Apply,
    Cause,
    Object,
    Outcome,
    Resource,
    ResourceId,
    Unknown,
)

MARKS = ("metadata.labels", "metadata.annotations")
_STATUS_KEPT = ("status",)
_METADATA_KEPT = (
    "uid",
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
)
UNKNOWN_TO_CLIENT = frozenset({("apiregistration.k8s.io", "APIService")})
"""Built-in kinds that Helm's client has no Go type for: it sends them JSON merge patches."""


def stored(server: Server, resource: Resource, sent: Object) -> State:
    """The object as the server holds it after its creation: the assumed live object of what was
    sent."""
    kind = server.kind(resource)
    if kind.crd is not None:
        return State(crds.stored_custom(sent, None, kind.crd), sent)
    if not kind.builtin or kind.node is None:
        return State(sent, sent)
    return State(_created(resource, decode(kind.node, sent, server.minor)), sent)


def live_state(server: Server, resource: Resource, live: Object, sent: Object) -> State:
    """A live object that was given, with what every server fills in: it may be written by hand, or
    trimmed."""
    kind = server.kind(resource)
    if not kind.builtin or kind.node is None or live.get("apiVersion") != resource.api_version:
        return State(live, sent, assumed=False)
    decoded = decode(kind.node, live, server.minor)
    complete = _COMPLETED.get((resource.id.group, resource.id.kind))
    if complete:
        decoded = complete(decoded)
    if server.target.apply is Apply.SERVER_SIDE:
        decoded = managers.with_managers(kind.node, decoded, stored(server, resource, sent).live)
    return State(decoded, sent, assumed=False)


def create(server: Server, resource: Resource) -> tuple[Answer, State | None]:
    """The answer to creating a resource, and what is stored if it is not refused."""
    kind, sent = server.kind(resource), as_sent(resource)
    plain = _plain(kind, sent)
    if server.target.apply is Apply.SERVER_SIDE and not plain:
        sent, plain = _cut_off(kind, sent)
    refusal = _unreadable(server, resource, kind, sent, plain)
    if refusal:
        return refusal, None
    refused = tuple(creation_refusals(server, sent))
    if refused:
        return answer(refused), None
    state = stored(server, resource, sent)
    # a custom resource is judged as sent: server-side apply minds nulls and unknown fields
    new = state.live if kind.builtin else sent
    response = answer(creation(server, resource, kind, new))
    return response, None if response.outcome is Outcome.REJECTED else state


def update(server: Server, state: State, request: Sent) -> tuple[Answer, State]:
    """The answer to updating an object, and what is then stored: a refused update leaves the state
    as it was."""
    resource = request.resource
    kind = server.kind(resource)
    request, refusal = _opened(server, kind, request)
    if refusal:
        return refusal, state
    sent = request.body
    state = _in_version(state, resource.api_version)
    try:
        applied = _apply(server, kind, request, state)
        if applied is request.valid:
            known = request.valid
        else:
            known = state.live
        new = _received(server, kind, state.live, applied, known)
    except UnpatchableError as error:
        field = keyless_path(kind.node, request.body) or keyless_path(kind.node, request.base)
        return answer([_no_merge_key(field, str(error))]), state
    refused = [
        *_conflicts(server, kind, state, applied),
        *metadata_refusals(server, state.live, sent),
    ]
    if refused:
        return answer(refused), state
    if _is_accepted_as_it_is(server, kind, state.live, new):
        return ACCEPTED, State(state.live, sent, state.assumed)
    response = answer(
        change(server, resource, kind, state, new, stored_before=new == request.valid)
    )
    if response.outcome is Outcome.REJECTED:
        return response, state
    settled = _settled(resource, kind, state.live, new)
    as_merged = state.assumed and kind.builtin and alike(settled, applied)
    return response, State(settled, sent, state.assumed, as_merged)


def _is_accepted_as_it_is(server: Server, kind: Kind, live: Object, new: Object) -> bool:
    return alike(new, live) and not is_judged_again(server, kind)


def is_judged_again(server: Server, kind: Kind) -> bool:
    """Whether the server judges an object that does not change: Helm's patch of one is not sent,
    and of what is sent the rules of a definition that look at the old object refuse some."""
    sent = server.target.apply is not Apply.CLIENT_SIDE
    return sent and kind.crd is not None and has_transition_rules(kind.crd)


def _opened(server: Server, kind: Kind, request: Sent) -> tuple[Sent, Answer | None]:
    """The request as the server reads it, and the refusal of one that it cannot read."""
    resource = request.resource
    if request.valid is not None:
        return request, None if kind.served else removed(resource, "new")
    plain = _plain(kind, request.body)
    if server.target.apply is not Apply.REPLACE and not plain:
        body, plain = _cut_off(kind, request.body)
        request = replace(request, body=body)
    return request, _unreadable(server, resource, kind, request.body, plain)


def update_marks(server: Server, resource: Resource) -> Answer:
    """The answer to an update that changes only the labels and annotations of an object of a
    built-in kind."""
    kind, sent = server.kind(resource), as_sent(resource)
    refusal = _unreadable(server, resource, kind, sent, _plain(kind, sent))
    if refusal:
        return refusal
    judged = {name: sent.get(name) for name in ("apiVersion", "kind", "metadata")}
    return answer(finding for finding in valid(server, judged) if finding.field.startswith(MARKS))


def unpatchable(server: Server, resource: Resource) -> Answer | None:
    """Helm 3's refusal to patch an object at all, changed or not: a list of it cannot be merged."""
    kind = server.kind(resource)
    if server.target.apply is not Apply.CLIENT_SIDE or not kind.builtin or kind.node is None:
        return None
    if not resource.may_hold(merged_lists(kind.node)):
        return None
    field = keyless_path(kind.node, resource.body)
    text = "failed to create patch: map: map[] does not contain declared merge key: name"
    if field:
        return answer([_no_merge_key(field, text)])
    return None


def _no_merge_key(field: str, text: str) -> Cause:
    return Cause(field, "", text, "invalid-object", "k8s.io/apimachinery/pkg/util/strategicpatch")


def _in_version(state: State, api_version: str) -> State:
    """The state as a client of this API version sees it."""
    if state.live.get("apiVersion") == api_version == state.applied.get("apiVersion"):
        return state
    return replace(
        state,
        live=converted(state.live, api_version),
        applied=converted(state.applied, api_version),
    )


def as_sent(resource: Resource) -> Object:
    """An object as the server gets it from Helm.

    It is in the namespace that counts, and labels or annotations with a value that is no text are
    lost altogether; null is an empty text.
    """
    body = resource.body
    metadata = dict(part(body, "metadata"))
    for name in ("labels", "annotations"):
        values = metadata.get(name)
        if not isinstance(values, dict):
            continue
        if None in values.values():
            values = {key: "" if value is None else value for key, value in values.items()}
            metadata[name] = values
        if not all(isinstance(value, str) for value in values.values()):
            del metadata[name]
    metadata.pop("namespace", None)
    if resource.id.namespace:
        metadata["namespace"] = resource.id.namespace
    return {**body, "metadata": metadata}


def removed(resource: Resource, side: str) -> Answer:
    """Helm's refusal to build an object of an API version that the server does not serve.

    `side` is "new" or "current", for the manifest that holds it; nothing is sent at all.
    """
    text = (
        f"unable to build kubernetes objects from {side} release manifest: resource mapping "
        "not found for name: "
        f'"{resource.id.name}" namespace: "{resource.id.namespace}" from "": no matches for '
        f'kind "{resource.id.kind}" '
        f'in version "{resource.api_version}"\nensure CRDs are installed first'
    )
    return answer(
        [Cause("apiVersion", "NotFound", text, "removed-api", "the server's served API versions")]
    )


def _plain(kind: Kind, sent: Object) -> bool:
    """Whether an object is plainly readable, as far as the kind has a schema of the server's."""
    return not kind.builtin or kind.node is None or readable(kind.node, sent)


def _unreadable(
    server: Server, resource: Resource, kind: Kind, sent: Object, plain: bool
) -> Answer | None:
    """The refusal of an object that the server cannot read; None where it can. `plain` says whether
    it is plainly readable."""
    if not kind.served:
        return removed(resource, "new")
    if not kind.builtin or kind.node is None:
        return None
    recorded = server.published.kind(resource.api_version, resource.id.kind) is kind.node
    if recorded and plain:
        return None
    problems = list(_undecodable(server, sent, plain))
    if problems:
        return answer(problems)
    return None


def _undecodable(server: Server, sent: Object, plain: bool) -> Iterable[Finding]:
    """What the server's decoding refuses, by the schema of the nearest recorded minor."""
    problems = list(validate_sent(sent, server.published, server.target))
    if plain and _only_unknown_fields(problems):
        return [_newer_field(server, problem) for problem in problems]
    return problems


def _only_unknown_fields(problems: Iterable[Cause]) -> bool:
    """Whether the schema of the next recorded minor may know all that this one does not."""
    return all(problem.topic == "unknown-field" for problem in problems)


def _newer_field(server: Server, cause: Cause) -> Unknown:
    """A field that the recorded minor before this one does not have, and the one after it has."""
    what = (
        f"whether the API server of Kubernetes {server.target.kubernetes} knows the field "
        f"{cause.field}"
    )
    return Unknown(
        what,
        f"kubectl explain with a server of {server.target.kubernetes}",
        "unknown-field",
        cause.field,
    )


def _apply(server: Server, kind: Kind, request: Sent, state: State) -> Object:
    method, identity = server.target.apply, request.resource.id
    if method is Apply.REPLACE:
        return request.body
    if method is Apply.SERVER_SIDE:
        if kind.node is None:
            return request.body
        if state.as_merged and request.reverses and request.valid is not None:
            return request.valid  # the values are put back, and all the rest is as it was
        # nulls and unknown fields of custom resources are judged as sent
        known = state.assumed and kind.builtin and not _has_lost_networks(state)
        mine = managers.without_owned(kind.node, state.applied, managers.foreign(state.live))
        return server_side(kind.node, state.live, mine, request.body, assumed=known)
    if _is_unknown_to_client(kind, identity):
        return merge_patch(request.base, request.body, state.live)
    return _patched(kind, request, state.live)


def _patched(kind: Kind, request: Sent, live: Object) -> Object:
    """The live object after Helm 3's patch from the old manifest to the new one."""
    patch = _strategic(kind, request.resource, request.base, request.body, live)
    if patch:
        return apply_patch(kind.node, live, patch)
    return live


def _strategic(
    kind: Kind, resource: Resource, base: Object, body: Object, live: Object
) -> dict[str, Any]:
    """The patch of Helm 3, whose client may know more fields than the server."""
    try:
        return three_way_patch(kind.node, base, body, live)
    except UnknownFieldError:
        node = schemas(NEWEST).kind(resource.api_version, resource.id.kind)
        return three_way_patch(node or kind.node, base, body, live)


def _is_unknown_to_client(kind: Kind, identity: ResourceId) -> bool:
    return not kind.builtin or (identity.group, identity.kind) in UNKNOWN_TO_CLIENT


def patch_of(
    server: Server, resource: Resource, base: Object, body: Object, live: Object
) -> tuple[str, Object]:
    """(sort, patch) that Helm 3 sends for a live object: "strategic", or "merge" for kinds that its
    client does not know; empty where there is nothing to send. Raises `UnpatchableError`."""
    kind = server.kind(resource)
    if _is_unknown_to_client(kind, resource.id):
        return "merge", merge_delta(base, body)
    return "strategic", _strategic(kind, resource, base, body, live)


def _cut_off(kind: Kind, sent: Object) -> tuple[Object, bool]:
    """An object that is not plainly readable with its integers cut off, and whether it is so
    now."""
    body: Object = cut_off(kind.node, sent)
    return body, _plain(kind, body)


def _conflicts(server: Server, kind: Kind, state: State, applied: Object) -> Iterable[Cause]:
    """What of the apply another manager owns, where there is anybody to ask."""
    target = server.target
    if target.apply is not Apply.SERVER_SIDE or target.force_conflicts or kind.node is None:
        return ()
    return managers.conflicts(kind.node, state.live, applied, managers.foreign(state.live))


def _received(server: Server, kind: Kind, live: Object, applied: Object, known: Object) -> Object:
    """The object as the server sees it before judging: decoded, defaulted, its own fields kept.
    `known` is one that is decoded already."""
    if kind.builtin and kind.node:
        new = decode(kind.node, applied, server.minor, known)
    else:
        new = applied
    prepared: dict[str, Any] = {**new}
    metadata, old = dict(part(new, "metadata")), part(live, "metadata")
    _keep(metadata, old, _METADATA_KEPT)
    prepared["metadata"] = metadata
    _keep(prepared, live, _STATUS_KEPT)
    prepare = _PREPARED.get((str(new.get("apiVersion")), str(new.get("kind"))))
    if prepare:
        return prepare(live, prepared)
    return prepared


def _keep(into: dict[str, Any], source: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        if name in source:
            into[name] = source[name]
        else:
            into.pop(name, None)


def _created(resource: Resource, decoded: Object) -> Object:
    make = _CREATED.get((resource.id.group, resource.id.kind))
    if make:
        return make(decoded)
    return decoded


def _settled(resource: Resource, kind: Kind, live: Object, new: Object) -> Object:
    if kind.crd is not None:
        return crds.stored_custom(new, live, kind.crd)
    settle = _SETTLED.get((resource.id.group, resource.id.kind))
    if settle:
        return settle(new)
    return new


def _with_stored_version(definition: Object) -> Object:
    """A CRD remembers every version that was ever its storage version."""
    known = items(part(definition, "status").get("storedVersions"))
    versions = items(part(definition, "spec").get("versions"))
    now = [
        part(version).get("name") for version in versions if part(version).get("storage") is True
    ]
    stored_versions = known + [name for name in now if name not in known]
    return {
        **definition,
        "status": {**part(definition, "status"), "storedVersions": stored_versions},
    }


def _with_one_range(node: Object) -> Object:
    """A Node whose podCIDR wins over podCIDRs (pkg/apis/core/v1/conversion.go)."""
    spec = part(node, "spec")
    ranges = items(spec.get("podCIDRs"))
    if not spec.get("podCIDR") or not ranges or ranges[0] == spec["podCIDR"]:
        return node
    return {**node, "spec": {**spec, "podCIDRs": [spec["podCIDR"]]}}


def _has_lost_networks(state: State) -> bool:
    """Whether the server has replaced networks of a Node that Helm applied: applying them again is
    then a change."""
    applied = items(part(state.applied, "spec").get("podCIDRs"))
    return bool(applied) and applied != items(part(state.live, "spec").get("podCIDRs"))


def _with_known_versions(definition: Object) -> Object:
    """A given CRD whose status tells its stored versions is believed: a migration may have taken
    some away."""
    told = items(part(definition, "status").get("storedVersions"))
    if told:
        return definition
    return _with_stored_version(definition)


_SETTLED: Mapping[tuple[str, str], Callable[[Object], Object]] = {
    ("", "Service"): services.stored,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _with_stored_version,
}
"""What the server does to an object whose update it has accepted."""
_COMPLETED: Mapping[tuple[str, str], Callable[[Object], Object]] = {
    ("", "Service"): services.stored,
    ("", "PersistentVolumeClaim"): storage.normalized,
    ("batch", "Job"): batch.completed,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _with_known_versions,
}
"""What a live object has even where the given one does not show it."""
_CREATED: Mapping[tuple[str, str], Callable[[Object], Object]] = {
    ("", "Service"): services.created,
    ("", "PersistentVolumeClaim"): storage.normalized,
    ("", "Node"): _with_one_range,
    ("batch", "Job"): batch.created,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _with_stored_version,
}


def _claim(live: Object, new: Object) -> Object:
    return storage.normalized(new, live)


def _signing_request(live: Object, new: Object) -> Object:
    """The server keeps the old spec without a word."""
    return {**new, "spec": live.get("spec")}


def _namespace(live: Object, new: Object) -> Object:
    """Finalizers of the spec are taken from no update."""
    return {**new, "spec": part(live, "spec")}


_PREPARED: Mapping[tuple[str, str], Callable[[Object, Object], Object]] = {
    ("v1", "Namespace"): _namespace,
    ("v1", "Service"): services.prepared,
    ("v1", "PersistentVolumeClaim"): _claim,
    ("certificates.k8s.io/v1", "CertificateSigningRequest"): _signing_request,
}
"""What the server does to a new object, seeing the live one, before it judges it."""
