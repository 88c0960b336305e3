"""Walks a CRD's schema for what apiextensions.k8s.io/v1 forbids in it, and compiles its validation
rules.

Source: apiextensions-apiserver pkg/apis/apiextensions/validation
(ValidateCustomResourceDefinitionOpenAPISchema).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policylint.cel.values import CelUnsupported
from policylint.errors import PolicylintError
from policylint.kubernetes.api.fielderrors import TOPIC, forbidden, invalid, required, unsupported
from policylint.kubernetes.crds.convert import escape
from policylint.kubernetes.crds.declare import Shape, shape_of
from policylint.kubernetes.crds.expressions import Environment, Scope, Total, compile_rule
from policylint.kubernetes.crds.fieldpath import FieldPathError, follow
from policylint.kubernetes.crds.listrules import list_causes
from policylint.kubernetes.crds.structural import subschema
from policylint.model import Cause, Json, Object, Unknown

TYPES = ("array", "boolean", "integer", "number", "object", "string")
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_META = ("metadata", "kind", "apiVersion")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")

Finding = Cause | Unknown


class SchemaPosition(Struct, frozen=True):
    """One schema node: where it is, what surrounds it, and whether (`cel`) its rules are compiled,
    and how."""

    schema: Object
    path: str
    environment: Environment
    total: Total
    root: bool = False
    cel: bool = True
    shape: Shape | None = None
    cardinality: int | None = 1
    in_metadata: bool = False
    no_defaults: str | None = None
    uncorrelated: str = ""

    def below(self, schema: Object, path: str, shape: Shape | None) -> SchemaPosition:
        """The position of a child that holds values; how often it occurs depends on the limits
        here."""
        if self.cardinality is None:
            cardinality = None
        else:
            cardinality = _times(self.cardinality, _most(self.schema))
        return replace(
            self,
            schema=schema,
            path=f"{self.path}.{path}",
            root=False,
            shape=shape,
            cardinality=cardinality,
        )

    def beside(self, schema: Object, path: str) -> SchemaPosition:
        """The position of a part such as allOf[0]: its rules are not compiled."""
        return replace(self, schema=schema, path=f"{self.path}.{path}", root=False, cel=False)


def _most(schema: Object) -> int | None:
    match schema.get("type"):
        case "object" if schema.get("additionalProperties") is not None:
            limit = schema.get("maxProperties")
        case "array":
            limit = schema.get("maxItems")
        case _:
            return 1
    if limit is not None:
        return max(int(limit), 0)
    return None


def _times(outer: int, most: int | None) -> int | None:
    if most is None:
        return None
    return min(outer * most, (1 << 64) - 1)


def validate_schema(position: SchemaPosition) -> list[Finding]:
    """The errors of a schema and all below it, those of rules last; a rule that cannot be judged is
    an Unknown."""
    schema_errors, rule_errors = _walk(position)
    return [*schema_errors, *rule_errors]


def _walk(position: SchemaPosition) -> tuple[list[Finding], list[Finding]]:
    findings: list[Finding] = list(_own(position))
    rules: list[Finding] = []
    for child in _children(position):
        below, rules_below = _walk(child)
        findings += below
        rules += rules_below
    findings += list_causes(position.schema, position.path)
    for at, rule in enumerate(position.schema.get("x-kubernetes-validations") or ()):
        findings += _rule_fields(
            rule, f"{position.path}.x-kubernetes-validations[{at}]", position.schema
        )
    if position.cel and not findings:
        rules += _rules(position)
    return findings, rules


def _own(position: SchemaPosition) -> Iterator[Cause]:
    schema, path = position.schema, position.path
    kind = schema.get("type")
    if kind and kind not in TYPES:
        yield unsupported(f"{path}.type", kind, TYPES)
    if schema.get("default") is not None and position.no_defaults is not None:
        yield forbidden(f"{path}.default", f"must not be set {position.no_defaults}")
    for name in _UNSUPPORTED:
        if _is_set(name, schema.get(name)):
            yield forbidden(f"{path}.{name}", f"{name} is not supported")
    if kind == "null":
        text = "type cannot be set to null, use nullable as an alternative"
        yield forbidden(f"{path}.type", text)
    yield from _item_list(schema.get("items"), path)
    if position.in_metadata:
        yield from _metadata(schema, path)
    yield from _own_extensions(schema, path)


def _item_list(items: Json, path: str) -> Iterator[Cause]:
    if isinstance(items, list) and items:
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")


def _is_set(name: str, value: Json) -> bool:
    """Whether Go has the field set: pointers also where they point to nothing."""
    if name in _POINTERS:
        return value is not None
    return bool(value)


_POINTERS = ("dependencies", "additionalItems", "$ref")


def _metadata(schema: Object, path: str) -> Iterator[Cause]:
    if schema.get("x-kubernetes-embedded-resource"):
        text = "must not be used inside of resource meta"
        yield forbidden(f"{path}.x-kubernetes-embedded-resource", text)


def _own_extensions(schema: Object, path: str) -> Iterator[Cause]:
    if schema.get("uniqueItems"):
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(f"{path}.uniqueItems", text)
    additional = schema.get("additionalProperties")
    if schema.get("properties") and (additional is False or isinstance(additional, Mapping)):
        text = "additionalProperties and properties are mutual exclusive"
        yield forbidden(f"{path}.additionalProperties", text)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        where = f"{path}.x-kubernetes-preserve-unknown-fields"
        yield invalid(where, False, "must be true or undefined")


def _children(position: SchemaPosition) -> Iterator[SchemaPosition]:
    schema = position.schema
    additional = subschema(schema.get("additionalProperties"))
    if additional is not None:
        child = position.below(additional, "additionalProperties", _item_shape(position))
        text = "inside additionalProperties applying to object metadata"
        yield replace(child, no_defaults=text) if position.in_metadata else child
    for name, part in (schema.get("properties") or {}).items():
        yield _property(position, name, part)
    for keyword in ("not", "allOf", "oneOf", "anyOf"):
        yield from _parts(position, keyword, schema.get(keyword))
    for name, part in (schema.get("definitions") or {}).items():
        yield position.beside(part, f"definitions[{name}]")
    yield from _items(position, schema.get("items"))


def _item_shape(position: SchemaPosition) -> Shape | None:
    if position.shape is not None:
        return position.shape.item
    return None


def _items(position: SchemaPosition, items: Json) -> Iterator[SchemaPosition]:
    if isinstance(items, list):
        for at, part in enumerate(items):
            yield _item(position, part, f"items[{at}]")
    elif items:
        yield _item(position, items, "items")


def _item(position: SchemaPosition, part: Object, path: str) -> SchemaPosition:
    child = position.below(part, path, _item_shape(position))
    if position.schema.get("x-kubernetes-list-type") == "map":
        return child
    # only items of map lists have an old value that belongs to them
    return replace(child, uncorrelated=position.uncorrelated or position.path)


def _parts(position: SchemaPosition, keyword: str, value: Json) -> Iterator[SchemaPosition]:
    if isinstance(value, Mapping):
        yield position.beside(value, keyword)
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield position.beside(part, f"{keyword}[{at}]")


def _property(position: SchemaPosition, name: str, part: Object) -> SchemaPosition:
    spelled = escape(name)
    if position.shape is not None and spelled:
        shape = position.shape.fields.get(spelled)
    else:
        shape = None
    child = position.below(part, f"properties[{name}]", shape)
    if position.schema.get("x-kubernetes-map-type") not in (None, "granular", "atomic"):
        child = replace(child, uncorrelated=position.uncorrelated or position.path)
    if (position.root or position.schema.get("x-kubernetes-embedded-resource")) and name in _META:
        child = replace(child, in_metadata=True)
        if position.root:
            child = replace(child, no_defaults=f"in top-level {name}")
    return child


def _rule_fields(rule: Object, path: str, schema: Object) -> Iterator[Cause]:
    yield from _rule_text(rule, path)
    if rule.get("messageExpression") and not str(rule["messageExpression"]).strip():
        text = "messageExpression must be non-empty if specified"
        yield required(f"{path}.messageExpression", text)
    if rule.get("reason") is not None and rule["reason"] not in _REASONS:
        yield unsupported(f"{path}.reason", rule["reason"], _REASONS)
    if rule.get("fieldPath"):
        yield from _field_path(str(rule["fieldPath"]), f"{path}.fieldPath", schema)


def _rule_text(rule: Object, path: str) -> Iterator[Cause]:
    text, message = str(rule.get("rule") or "").strip(), str(rule.get("message") or "")
    if not text:
        yield required(f"{path}.rule", "rule is not specified")
    elif message and not message.strip():
        yield invalid(f"{path}.message", message, "must be non-empty if specified")
    elif _broken(message.strip()):
        yield invalid(f"{path}.message", message, "must not contain line breaks")
    elif _broken(text) and not message:
        words = "message must be specified if rule contains line breaks"
        yield required(f"{path}.message", words)


def _field_path(field: str, path: str, schema: Object) -> Iterator[Cause]:
    if not field.strip():
        yield invalid(path, field, "must be non-empty if specified")
    if _broken(field):
        yield invalid(path, field, "must not contain line breaks")
    try:
        follow(field, schema)
    except FieldPathError:
        yield invalid(path, field, "must be a valid path")


def _broken(text: str) -> bool:
    return re.search(r"[\n\r]", text) is not None


def _rules(position: SchemaPosition) -> Iterator[Finding]:
    rules = position.schema.get("x-kubernetes-validations") or ()
    if not rules:
        return
    embedded = bool(position.schema.get("x-kubernetes-embedded-resource"))
    shape = position.shape or shape_of(position.schema, position.root or embedded)
    if shape is None:
        text = (
            "Internal error: internal error: failed to construct type information for "
            "x-kubernetes-validations rules"
        )
        yield Cause(f"{position.path}.x-kubernetes-validations", "InternalError", text, TOPIC)
        return
    scope = Scope(
        shape, position.cardinality, position.uncorrelated, position.environment, position.total
    )
    for at, rule in enumerate(rules):
        path = f"{position.path}.x-kubernetes-validations[{at}]"
        try:
            yield from compile_rule(rule, path, scope)
        except (CelUnsupported, PolicylintError, RecursionError) as error:
            what = (
                f"a validation rule that cannot be compiled offline ({error}): {rule.get('rule')}"
            )
            yield Unknown(what, "kubectl apply --dry-run=server -f <the CRD>", TOPIC, path)
