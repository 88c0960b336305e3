"""Webhooks whose pods this very release makes, and that refuse what they cannot be asked about.

Helm sends webhook configurations last of the kinds that it knows: custom resources follow, and the
hooks of the event after. One that is a hook comes at its own time, and one that the cluster has
already, of an earlier hook or given live, is there from the start. Where the pods behind a webhook
of policy Fail are made in the same run, nobody answers it yet, and the API server refuses what it
covers ("failed calling webhook ... no endpoints available"). Where the Service of a webhook that
refused before is turned to pods that are not there yet, everything after the Service is in
question. Sources: failurePolicy of
https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ and the
order of `policylint.kubernetes.manifests.install`.
"""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from msgspec import Struct
from msgspec.structs import replace

from policylint.kubernetes.api.apis import plural
from policylint.kubernetes.api.reading import items, part, parts
from policylint.kubernetes.api.workloads import behind, selects
from policylint.kubernetes.forecast.moments import (
    FIRST,
    START,
    Moment,
    Moments,
    backward,
    forward,
)
from policylint.kubernetes.forecast.server import Server
from policylint.model import (
    Answer,
    Apply,
    Change,
    Created,
    Deleted,
    Json,
    Kept,
    Object,
    Outcome,
    Resource,
    ResourceId,
    Unknown,
    Upgrade,
)

TOPIC = "webhook-not-ready-yet"
_GROUP = "admissionregistration.k8s.io"
_KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_NAME = "kubernetes.io/metadata.name"


class Silence(Struct, frozen=True):
    """A webhook that nobody answers from a moment of the run on."""

    configuration: ResourceId
    hook: Object
    service: ResourceId
    since: Moment


def silences(moments: Moments) -> list[Silence]:
    """The webhooks that are asked during the run whose pods the run makes."""
    return [
        Silence(identity, hook, service, since)
        for identity, body, made in _configurations(moments)
        for hook, service in _failing(body)
        for since in _since(identity, made, hook, service, moments)
    ]


def _configurations(moments: Moments) -> Iterator[tuple[ResourceId, Object, Moment]]:
    """The configurations that are in the cluster during the run, and from when on."""
    makes = moments.makes.resources
    for resource in makes.values():
        if _is_configuration(resource.id):
            yield resource.id, resource.body, moments.of_resource(resource.id)
    for _, moment, hook in moments.of_hooks():
        if _is_configuration(hook.id):
            yield hook.id, hook.body, moment
    for identity in filter(_is_configuration, moments.identities):
        body = moments.body(identity, FIRST)
        if body is not None and identity not in makes:
            yield identity, body, START


def _is_configuration(identity: ResourceId) -> bool:
    return identity.kind in _KINDS and identity.group == _GROUP


def _failing(configuration: Object | None) -> Iterator[tuple[Object, ResourceId]]:
    """The webhooks of a configuration that refuse without an answer, and their Services."""
    for hook in parts(configuration or {}, "webhooks"):
        named = part(hook, "clientConfig", "service")
        if hook.get("failurePolicy", "Fail") == "Fail" and named:
            place = str(named.get("namespace", "")), str(named.get("name", ""))
            yield hook, ResourceId("", "Service", *place)


def _since(
    identity: ResourceId, made: Moment, hook: Object, service: ResourceId, moments: Moments
) -> Iterator[Moment]:
    """From when on nobody answers; nothing where pods that are there already do."""
    backend = moments.makes.resources.get(service)
    if backend is None or not behind(backend, moments.makes) or behind(backend, moments.there):
        return
    before = moments.body(identity, FIRST)
    if not any(old.get("name") == hook.get("name") for old, _ in _failing(before)):
        yield made
    elif service in moments.there.resources:
        yield moments.of_resource(service)
    elif made == START and service not in moments.live:
        yield START


def unanswered(
    resource: Resource, operation: str, silent: list[Silence], moments: Moments, moment: Moment
) -> Iterator[Unknown]:
    """What a request depends on that such a webhook covers; each configuration is named once."""
    told: set[ResourceId] = set()
    for silence in silent:
        if silence.since >= moment or silence.configuration in told:
            continue
        if not _covers(silence.hook, resource, operation, moments, moment):
            continue
        told.add(silence.configuration)
        service = silence.service
        yield Unknown(
            f"whether {service}, whose pods this release makes as well, answers by then: the"
            f" webhook {silence.hook.get('name')} of {silence.configuration} refuses what it"
            " cannot be asked about",
            f"kubectl get endpointslices -n {quote(service.namespace)} -l"
            f" kubernetes.io/service-name={quote(service.name)}  # helm upgrade --wait without this"
            " object first, then with it",
            TOPIC,
        )


def _covers(
    hook: Object, resource: Resource, operation: str, moments: Moments, moment: Moment
) -> bool:
    """Whether a webhook is asked about a request, as far as that is known here."""
    if resource.id.group == _GROUP and resource.id.kind.endswith(("Configuration", "Policy")):
        return False
    if not any(_is_named(rule, resource, operation, hook) for rule in parts(hook, "rules")):
        return False
    if not selects(part(hook, "objectSelector"), part(resource.body, "metadata", "labels")):
        return False
    if not resource.id.namespace:
        return True
    return _takes_namespace(part(hook, "namespaceSelector"), resource.id.namespace, moments, moment)


def _is_named(rule: Object, resource: Resource, operation: str, hook: Object) -> bool:
    version = resource.api_version.rpartition("/")[2]
    name = plural(resource.id.kind)
    scope = "Namespaced" if resource.id.namespace else "Cluster"
    return (
        _has(rule, "apiGroups", (resource.id.group,))
        and (hook.get("matchPolicy") != "Exact" or _has(rule, "apiVersions", (version,)))
        and _has(rule, "operations", (operation,))
        and _has(rule, "resources", (name, f"{name}/*", "*/*"))
        and rule.get("scope", "*") in ("*", scope)
    )


def _has(rule: Object, field: str, wanted: tuple[str, ...]) -> bool:
    entries: list[Json] = items(rule.get(field))
    return "*" in entries or any(word in entries for word in wanted)


def _takes_namespace(selector: Object, namespace: str, moments: Moments, moment: Moment) -> bool:
    """Of a namespace that nobody has here, only the label that every one has is known: the rest
    may hold."""
    body = moments.body(ResourceId("", "Namespace", "", namespace), moment)
    if body is not None:
        return selects(selector, {**part(body, "metadata", "labels"), _NAME: namespace})
    labels = part(selector, "matchLabels")
    known = {
        "matchLabels": {key: value for key, value in labels.items() if key == _NAME},
        "matchExpressions": [
            term for term in parts(selector, "matchExpressions") if term.get("key") == _NAME
        ],
    }
    return selects(known, {_NAME: namespace})


def with_silent_webhooks(
    changes: tuple[Change, ...], upgrade: Upgrade, server: Server
) -> tuple[Change, ...]:
    """The changes, knowing which of them a webhook covers that nobody may answer yet, both ways."""
    sides = (upgrade.before, upgrade.after)
    own = (identity for side in sides for identity in (*side.resources, *side.hooks))
    if not any(map(_is_configuration, (*own, *server.cluster.live))):
        return changes
    there, back = forward(upgrade, server.cluster.live), backward(upgrade, server.cluster.live)
    silent, silent_back = silences(there), silences(back)
    if not silent and not silent_back:
        return changes
    always = server.target.apply is not Apply.CLIENT_SIDE
    return tuple(
        _upgraded(_taken_back(change, silent_back, back), silent, there)
        if _is_sent(change, always=always)
        else change
        for change in changes
    )


def _is_sent(change: Change, *, always: bool) -> bool:
    """Whether a request is sent: client-side, none for an object that stays as it is."""
    if isinstance(change, Kept):
        return always or change.before.body != change.after.body
    return isinstance(change, Created)


def _upgraded(change: Change, silent: list[Silence], moments: Moments) -> Change:
    if isinstance(change, Deleted):
        return change
    operation = "CREATE" if isinstance(change, Created) else "UPDATE"
    moment = moments.of_resource(change.id)
    questions = unanswered(change.after, operation, silent, moments, moment)
    told = change.forecast
    return replace(change, forecast=replace(told, upgrade=_open(told.upgrade, questions)))


def _taken_back(change: Change, silent: list[Silence], moments: Moments) -> Change:
    if not isinstance(change, Kept):
        return change
    moment = moments.of_resource(change.id)
    questions = unanswered(change.before, "UPDATE", silent, moments, moment)
    told = change.forecast
    return replace(change, forecast=replace(told, rollback=_open(told.rollback, questions)))


def _open(response: Answer | None, questions: Iterator[Unknown]) -> Answer | None:
    """An answer that is not a refusal, with more questions."""
    if response is None or response.outcome is Outcome.REJECTED:
        return response
    unknowns = (*response.unknowns, *questions)
    if len(unknowns) == len(response.unknowns):
        return response
    return replace(response, outcome=Outcome.DEPENDS, unknowns=unknowns)
