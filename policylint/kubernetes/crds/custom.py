"""Judges a custom resource by its CRD: prepared as the server prepares it, then schema, lists,
rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from policylint.cel.values import CelUnsupported
from policylint.kubernetes.api.fielderrors import TOPIC, invalid
from policylint.kubernetes.api.schemas import minor_number
from policylint.kubernetes.crds.correlate import Pair
from policylint.kubernetes.crds.decode import decode_causes
from policylint.kubernetes.crds.embedded import embedded
from policylint.kubernetes.crds.lists import duplicates
from policylint.kubernetes.crds.prepare import (
    defaulted,
    emptied,
    pruned,
    unknown_fields,
    without_nulls,
)
from policylint.kubernetes.crds.rules import RulePosition, run_rules
from policylint.kubernetes.crds.served import schema_of, served_version
from policylint.kubernetes.crds.values import ValuePosition, validate_values
from policylint.model import Answer, Apply, Cause, Json, Object, Outcome, Target, Unknown

_TOPIC = "custom-resource-invalid"
_SOURCE = "the schema of the CRD (k8s.io/apiextensions-apiserver pkg/apiserver)"
_BLOCKING = frozenset(
    {
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    }
)
"""The reasons after which the server does not check a custom resource's rules."""

_UNCHECKED = invalid(
    "<nil>",
    None,
    "some validation rules were not checked because the object was invalid; correct the existing "
    "errors to complete validation",
)
"""What the server adds where errors kept it from checking the rules."""

_MAX_REPLICAS = (1 << 31) - 1
RATCHETING_SINCE = 30
"""The minor from which unchanged invalid values are forgiven on update (CRDValidationRatcheting,
beta and on)."""


def validate_custom(new: Object, old: Object | None, crd: Object, target: Target) -> Answer:
    """The API server's answer to a custom resource, given its CRD; `old` is the live object or None
    at creation."""
    try:
        return _as_custom(_validated(new, old, crd, target))
    except RecursionError:
        return _depends("a value or a schema that is nested too deeply to be judged offline")
    except (AttributeError, TypeError):
        # costly for large CRDs, so asked only where something went wrong
        undecodable = decode_causes(crd)
        if not undecodable:
            raise
        cause = undecodable[0]
        text = f"a CRD that the server does not accept: {cause.field}: {cause.message}"
        return _depends(text, "kubectl apply --dry-run=server -f <the CRD>")


def _as_custom(answer: Answer) -> Answer:
    """The answer with the topic of custom resources, where the checks gave none of their own."""
    causes = tuple(
        replace(cause, topic=_TOPIC, source=_SOURCE) if cause.topic == TOPIC else cause
        for cause in answer.causes
    )
    unknowns = tuple(replace(unknown, topic=_TOPIC) for unknown in answer.unknowns)
    return replace(answer, causes=causes, unknowns=unknowns)


def _depends(what: str, how: str = "kubectl apply --dry-run=server") -> Answer:
    return Answer(Outcome.DEPENDS, unknowns=(Unknown(what, how, _TOPIC),))


def _validated(new: Object, old: Object | None, crd: Object, target: Target) -> Answer:
    version = served_version(crd, str(new.get("apiVersion") or ""))
    if version is None:
        return _not_served(new, crd)
    schema = schema_of(version, crd)
    if schema is None:
        return Answer(Outcome.ACCEPTED)
    before = prepared(old, schema) if old is not None else None
    if target.apply is Apply.SERVER_SIDE:
        refused = tuple(map(_undeclared, unknown_fields(new, schema))) or tuple(
            duplicates(new, schema)
        )
        if refused:
            return Answer(Outcome.REJECTED, refused)
        sent = emptied(new, before, schema)
    else:
        sent = without_nulls(pruned(new, schema), schema)
    body = _with_live_status(defaulted(sent, schema), before, version)
    return _judged(
        body, before, schema, minor_number(target.kubernetes), tuple(_scale_causes(body, version))
    )


def stored_custom(body: Object, old: Object | None, crd: Object) -> Object:
    """A custom resource as the server holds it after it was sent: pruned, defaulted, with the
    status of the old one.

    It is returned as it is where the CRD does not say, is none that the server accepts, or is
    nested too deeply.
    """
    try:
        version = served_version(crd, str(body.get("apiVersion") or ""))
        if version is not None:
            schema = schema_of(version, crd)
        else:
            schema = None
        if version is None or schema is None:
            return body
        stored = _with_live_status(prepared(body, schema), old, version)
    except (AttributeError, TypeError, RecursionError):
        return body
    if isinstance(stored, Mapping):
        return stored
    return body


def prepared(value: Json, schema: Object) -> Json:
    """An object as the server decodes it: unknown fields pruned, nulls dropped, defaults filled
    in."""
    return defaulted(without_nulls(pruned(value, schema), schema), schema)


def _with_live_status(body: Json, before: Json, version: Object) -> Json:
    """With a status subresource, a request to the resource itself leaves the status as it is."""
    if (version.get("subresources") or {}).get("status") is None:
        return body
    kept = {name: item for name, item in body.items() if name != "status"}
    if before is not None and "status" in before:
        return kept | {"status": before["status"]}
    return kept


def _scale_causes(body: Object, version: Object) -> Iterator[Cause]:
    """The replicas that the scale subresource reads must be a count."""
    scale = (version.get("subresources") or {}).get("scale") or {}
    path = str(scale.get("specReplicasPath") or "")
    replicas = _at_path(body, path)
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        return
    if replicas < 0:
        yield invalid(path, replicas, "should be a non-negative integer")
    elif replicas > _MAX_REPLICAS:
        yield invalid(path, replicas, f"should be less than or equal to {_MAX_REPLICAS}")


def _at_path(body: Json, path: str) -> Json:
    """What a simple JSON path such as ".spec.replicas" leads to; None where it leads nowhere."""
    if not path:
        return None
    value: Json = body
    for name in path.strip(".").split("."):
        if isinstance(value, Mapping):
            value = value.get(name)
        else:
            value = None
    return value


def _judged(
    body: Json, before: Json, schema: Object, minor: int, more: tuple[Cause, ...]
) -> Answer:
    ratchets = before is not None and minor >= RATCHETING_SINCE
    pair = Pair(body, before, schema) if ratchets else None
    try:
        causes = validate_values(ValuePosition("", body, schema, minor, pair))
    except CelUnsupported as error:
        return _depends(f"a check that cannot be made offline: {error}")
    causes += (*more, *embedded(body, schema))
    # duplicates that the old object has already are forgiven
    if before is None or not any(duplicates(before, schema)):
        causes += duplicates(body, schema)
    if not _any_rules(schema):
        return _answer(causes, ())
    if any(cause.reason in _BLOCKING for cause in causes):
        return _answer([*causes, _UNCHECKED], ())
    return _with_rules(causes, RulePosition("", body, before, schema, True, ratchets, pair))


def _with_rules(causes: list[Cause], position: RulePosition) -> Answer:
    unknowns: list[Unknown] = []
    for finding in run_rules(position):
        if isinstance(finding, Cause):
            causes.append(finding)
        else:
            unknowns.append(finding)
    return _answer(causes, unknowns)


def _any_rules(schema: Json) -> bool:
    if isinstance(schema, Mapping):
        return "x-kubernetes-validations" in schema or any(
            _any_rules(item) for item in schema.values()
        )
    return isinstance(schema, list) and any(_any_rules(item) for item in schema)


def _answer(causes: Iterable[Cause], unknowns: Iterable[Unknown]) -> Answer:
    refused, open_ = tuple(causes), tuple(unknowns)
    if refused:
        return Answer(Outcome.REJECTED, refused, open_)
    return Answer(Outcome.DEPENDS if open_ else Outcome.ACCEPTED, (), open_)


def _undeclared(path: str) -> Cause:
    return Cause(
        f".{path}", "FieldValueInvalid", f".{path}: field not declared in schema", "unknown-field"
    )


def _not_served(new: Object, crd: Object) -> Answer:
    spec = crd.get("spec") or {}
    served = ", ".join(
        str(item.get("name")) for item in spec.get("versions") or () if item.get("served")
    )
    wanted = f"kind {new.get('kind')!r} in version {new.get('apiVersion')!r}"
    text = f"no matches for {wanted}: served are {served or 'none'}"
    return Answer(Outcome.REJECTED, (invalid("apiVersion", new.get("apiVersion"), text),))
