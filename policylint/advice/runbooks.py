"""What Helm users do about a refusal: steps as data, chosen by the cause and filled in for the
resource.

Data: `policylint/data/runbooks.yaml`, one list per topic (the id of the rule that explains the
refusal); every runbook says what it costs and where it was measured or read.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from policylint.kubernetes.api.apis import State, status
from policylint.kubernetes.api.commands import in_namespace, kubectl_kind
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.workloads import selects
from policylint.kyaml import tables
from policylint.model import Cause, Change, Deleted, Fix, Kept, Object, Resource, Target
from policylint.runtime.patterns import pattern
from policylint.runtime.pointers import of_field

DEFAULT = "immutable-field"
"""The topic whose runbooks serve a cause without runbooks of its own."""
ANYWHERE = "in the values or the template"
"""Where a step has a field changed as long as nobody knows the place that makes it so."""
CLAIMS_SHOWN = 5
"""Claims that are written out one by one; the rest is told as a number."""
_POD_LABELS = ("template", "metadata", "labels")
_ONCE_READY = "  # the old ones, once the new pods are ready"
_INDEX = pattern(r"/(\d+)(?=/|$)")
_ALLOWED = pattern(r"'(\w+)'")


class Runbook(Struct, frozen=True):
    """One way out: when it fits, its steps with placeholders, its cost and its source."""

    title: str
    steps: tuple[str, ...]
    cost: str = ""
    source: str = ""
    kinds: frozenset[str] = frozenset()
    when: tuple[str, ...] = ()
    field: str = ""
    message: str = ""

    def fits(
        self, cause: Cause, kind: str, facts: frozenset[str], unknown: frozenset[str] = frozenset()
    ) -> bool:
        """Whether it is a way out of this cause, or may be one where a fact is `unknown`."""
        return (
            (not self.kinds or kind in self.kinds)
            and all(_holds(condition, facts, unknown) for condition in self.when)
            and re.search(self.field, cause.field) is not None
            and re.search(self.message, cause.message) is not None
        )


def _holds(condition: str, facts: frozenset[str], unknown: frozenset[str]) -> bool:
    """Whether a fact holds ("not-" before it: does not hold), or may where it is unknown."""
    fact = condition.removeprefix("not-")
    return fact in unknown or (fact in facts) is not condition.startswith("not-")


def fixes_for(
    cause: Cause, change: Change, target: Target, release: str, namespace: str
) -> tuple[Fix, ...]:
    """The runbooks that fit a refusal, their steps filled in for its resource; best first.

    `release` and `namespace` may be empty: the steps then hold RELEASE and NAMESPACE for the reader
    to fill in.
    """
    facts = frozenset(_facts(cause, change, target))
    words = _words(cause, change, target, release, namespace)
    claims = tuple(_claims(change))
    books = runbooks().get(cause.topic) or runbooks()[DEFAULT]
    return tuple(
        _fix(book, words, claims) for book in books if book.fits(cause, change.id.kind, facts)
    )


def ways_out(cause: Cause, named: Mapping[str, str], sent: frozenset[str]) -> tuple[Fix, ...]:
    """The runbooks for a refusal of which only the error's text is known; what it does not name
    stays in capitals.

    `named` has kind, name and namespace ("" where not named), `sent` the facts that tell how the
    update was sent.
    """
    how = {"server-side", "client-side", "replace", "helm-3", "helm-4"}
    unknown = {
        "claims-grow",
        "claims-renamed",
        "claims-shrink",
        "selector",
        "untouched",
        "after-unserved",
        *({} if sent else how),
    }
    kind, name, namespace = (
        named["kind"] or "KIND",
        named["name"] or "NAME",
        shlex.quote(named["namespace"] or "NAMESPACE"),
    )
    resource, field = shlex.quote(named["kind"].lower() or kind), cause.field or "the field"
    words = {
        "subject": f"{named['kind']} {named['name']}".strip() or "the object",
        "kind": kind,
        "resource": resource,
        "name": shlex.quote(name),
        "namespace": namespace,
        "in": f" -n {namespace}",
        "group_arg": "GROUP",
        "release": "RELEASE",
        "release_namespace": namespace,
        "upgrade": f"helm upgrade RELEASE ... -n {namespace}",
        "kubectl_explain": f"kubectl explain {resource} --recursive",
        "field": field,
        "path": field,
        "message": "as the server's message says",
        "labels": "OLD_LABELS",
        "old_pods": f"kubectl delete replicasets,pods -n {namespace} "
        f"-l 'OLD_LABELS,!NEW_LABEL'{_ONCE_READY}",
        "replacement": "",
        "claim": shlex.quote(f"TEMPLATE-{name}-0"),
        "size": "NEW_SIZE",
        "template": "TEMPLATE",
    }
    books = runbooks().get(cause.topic, ())
    facts = sent | {"kept", "namespaced"}
    return tuple(
        _fix(book, words, (words,))
        for book in books
        if book.fits(cause, kind, facts, frozenset(unknown))
    )


@cache
def runbooks() -> Mapping[str, tuple[Runbook, ...]]:
    """Every runbook by topic."""
    table = tables.table("runbooks")
    return {topic: tuple(map(_runbook, rows)) for topic, rows in table.items()}


def _runbook(row: Mapping[str, Any]) -> Runbook:
    return Runbook(
        title=str(row["title"]),
        steps=tuple(row["steps"]),
        cost=str(row["cost"]),
        source=str(row.get("source", "")),
        kinds=frozenset(row.get("kinds", ())),
        when=tuple(row.get("when", ())),
        field=str(row.get("field", "")),
        message=str(row.get("message", "")),
    )


def _fix(book: Runbook, words: Mapping[str, str], claims: tuple[Mapping[str, str], ...]) -> Fix:
    steps: list[str] = []
    for step in book.steps:
        if "{claim}" not in step:
            steps.append(step.format_map(words))
            continue
        steps += [step.format_map({**words, **claim}) for claim in claims[:CLAIMS_SHOWN]]
        if len(claims) > CLAIMS_SHOWN:
            steps.append(f"and so on for the other {len(claims) - CLAIMS_SHOWN} claims")
    return Fix(book.title.format_map(words), steps=tuple(steps), cost=book.cost.format_map(words))


def _facts(cause: Cause, change: Change, target: Target) -> Iterator[str]:
    yield type(change).__name__.lower()
    yield f"helm-{target.helm}"
    yield str(target.apply)
    if change.id.namespace:
        yield "namespaced"
    if not isinstance(change, Deleted) and not _served(change.after, target):
        yield "after-unserved"
    if not isinstance(change, Kept):
        return
    old, new = (part(side.body, "spec") for side in (change.before, change.after))
    if old.get("selector") != new.get("selector"):
        yield "selector"
    if _at(change.before.body, cause.field) == _at(change.after.body, cause.field):
        yield "untouched"
    yield from _of_claims(change)


def _of_claims(change: Kept) -> Iterator[str]:
    """What becomes of a StatefulSet's claim templates."""
    if _storage(change.before.body).keys() != _storage(change.after.body).keys():
        yield "claims-renamed"
    for before, after in _sizes(change):
        yield "claims-grow" if after > before else "claims-shrink"


def _served(resource: Resource, target: Target) -> bool:
    state = status(resource.api_version, resource.id.kind, target.kubernetes).state
    return state in (State.SERVED, State.DEPRECATED)


def _words(
    cause: Cause, change: Change, target: Target, release: str, namespace: str
) -> Mapping[str, str]:
    identity, where = change.id, shlex.quote(namespace) if namespace else "NAMESPACE"
    if isinstance(change, Deleted):
        resource = change.before
    else:
        resource = change.after
    replacement = status(resource.api_version, identity.kind, target.kubernetes).replacement
    return {
        "subject": f"{identity.kind} {shlex.quote(identity.name)}",
        "kind": identity.kind,
        "resource": shlex.quote(kubectl_kind(identity.group, identity.kind)),
        "name": shlex.quote(identity.name),
        "namespace": shlex.quote(identity.namespace),
        "in": in_namespace(identity.namespace),
        "group_arg": shlex.quote(identity.group) if identity.group else "''",
        "release": shlex.quote(release) if release else "RELEASE",
        "release_namespace": where,
        "upgrade": f"helm upgrade {shlex.quote(release) if release else 'RELEASE'} ... -n {where}",
        "kubectl_explain": _explain(identity.kind, resource.api_version, cause.field),
        "field": cause.field,
        "path": _path(change, cause),
        "message": cause.message.partition("\n")[0],
        "labels": _labels(change),
        "old_pods": _old_pods(change),
        "replacement": f" to {replacement}" if replacement else "",
    }


def _path(change: Change, cause: Cause) -> str:
    """What the reader has to change: the changed fields below the refused one that the server does
    not allow."""
    if not isinstance(change, Kept) or not cause.field:
        return cause.field or "the field"
    if "other than" in cause.message:
        allowed = _ALLOWED.findall(cause.message)
    else:
        allowed = []
    named = [path for path in _below(change, cause.field) if path.partition("/")[0] not in allowed]
    written = (_INDEX.sub(r"[\1]", path).replace("/", ".") for path in named[:3])
    return ", ".join(f"{cause.field}.{path}" for path in written) or cause.field


def _below(change: Kept, field: str) -> list[str]:
    """The paths of the changes below a field, without the field's own."""
    parent = f"{of_field(field)}/"
    paths = [changed.path for changed in change.fields]
    return [path.removeprefix(parent) for path in paths if path.startswith(parent)]


def _explain(kind: str, api_version: str, field: str) -> str:
    path = re.sub(r"\[[^\[\]]*\]", "", field).strip(".")
    named = shlex.quote(f"{kind.lower()}.{path}".rstrip("."))
    return f"kubectl explain {named} --api-version={shlex.quote(api_version)}"


def _labels(change: Change) -> str:
    """The labels of the old selector, as -l takes them."""
    if isinstance(change, (Kept, Deleted)):
        body = change.before.body
    else:
        body = change.after.body
    labels = part(body, "spec", "selector", "matchLabels")
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "OLD_LABELS"


def _old_pods(change: Change) -> str:
    """What becomes of the pods that a workload leaves behind when another of its name, with another
    selector, takes its place: it takes them over where it selects them, else they are deleted by a
    selector that leaves the new ones out."""
    if not isinstance(change, Kept):
        return f"kubectl delete replicasets,pods -l 'OLD_LABELS,!NEW_LABEL'{_ONCE_READY}"
    old, new = (part(side.body, "spec") for side in (change.before, change.after))
    where = in_namespace(change.id.namespace)
    if selects(part(new, "selector"), part(old, *_POD_LABELS)):
        return f"nothing is left over: the new {change.id.kind} takes the old pods over"
    terms = _labels(change)
    if selects(part(old, "selector"), part(new, *_POD_LABELS)):
        apart = _apart(old, new)
        if not apart:
            return (
                f"kubectl get replicasets,pods{where} --show-labels  # delete the old ones by name"
            )
        terms += f",{apart}"
    return f"kubectl delete replicasets,pods{where} -l {shlex.quote(terms)}{_ONCE_READY}"


def _apart(old: Object, new: Object) -> str:
    """A term of a selector that old pods meet and new ones do not; "" where no label tells."""
    pods = part(old, *_POD_LABELS)
    for key, value in sorted(part(new, "selector", "matchLabels").items()):
        if pods.get(key) != value:
            return f"{key}!={value}" if key in pods else f"!{key}"
    return ""


def _claims(change: Change) -> Iterator[Mapping[str, str]]:
    """Name and wanted size of every claim whose template's storage request changes."""
    if not isinstance(change, Kept) or change.id.kind != "StatefulSet":
        return
    old, new = _storage(change.before.body), _storage(change.after.body)
    replicas = part(change.before.body, "spec").get("replicas", 1)
    first = part(change.before.body, "spec", "ordinals").get("start", 0)
    for template in sorted(old.keys() & new.keys()):
        if old[template] != new[template]:
            for ordinal in range(
                int(first), int(first) + int(replicas if isinstance(replicas, int) else 1)
            ):
                claim = shlex.quote(f"{template}-{change.id.name}-{ordinal}")
                yield {"claim": claim, "size": str(new[template]), "template": template}


def _sizes(change: Kept) -> Iterator[tuple[Any, Any]]:
    old, new = _storage(change.before.body), _storage(change.after.body)
    for template in old.keys() & new.keys():
        before, after = parse_quantity(old[template]), parse_quantity(new[template])
        if before is not None and after is not None and before != after:
            yield before, after


def _storage(body: Object) -> dict[str, Any]:
    templates = part(body, "spec").get("volumeClaimTemplates")
    return {
        str(part(template, "metadata").get("name")): part(
            template, "spec", "resources", "requests"
        ).get("storage")
        for template in (templates if isinstance(templates, list) else [])
    }


def _at(value: Any, field: str) -> Any:
    """What stands at a field as the server writes it; None where there is nothing."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", field):
        if index:
            if isinstance(value, list) and int(index) < len(value):
                value = value[int(index)]
            else:
                value = None
        else:
            if isinstance(value, Mapping):
                value = value.get(name)
            else:
                value = None
    return value
