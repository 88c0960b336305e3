"""Judges one version of a CRD: schema, defaults, rules, subresources, columns, selectable
fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    forbidden,
    invalid,
    required,
    too_many,
)
from policylint.kubernetes.crds.defaults import validate_defaults
from policylint.kubernetes.crds.expressions import Environment, Total
from policylint.kubernetes.crds.fieldpath import FieldPathError, follow
from policylint.kubernetes.crds.openapi import SchemaPosition, validate_schema
from policylint.kubernetes.crds.structural import validate_structural
from policylint.model import Cause, Json, Object, Unknown

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_MAX_SELECTABLE = 8
_SELECTABLE_SINCE = 31
_AT_ROOT = frozenset(
    (
        *(
            "description",
            "type",
            "format",
            "title",
            "maximum",
            "exclusiveMaximum",
            "minimum",
            "exclusiveMinimum",
        ),
        *(
            "maxLength",
            "minLength",
            "pattern",
            "maxItems",
            "minItems",
            "uniqueItems",
            "multipleOf",
            "required",
        ),
        *("items", "properties", "externalDocs", "example", "x-kubernetes-preserve-unknown-fields"),
        "x-kubernetes-validations",
    )
)
Finding = Cause | Unknown


class SchemaChecks(Struct, frozen=True):
    """How strictly schemas are judged: what the old CRD already got wrong is not held against the
    new one."""

    minor: int
    require_schema: bool = True
    require_structural: bool = True
    stored: frozenset[str] = frozenset()
    before: Mapping[str, Object] | None = None
    """The old CRD's versions by name."""

    same_pruning: bool = False
    """Both CRDs keep unknown fields, or neither does."""

    @classmethod
    def against(cls, old: Object | None, new: Object, minor: int) -> SchemaChecks:
        """The checks for a CRD that replaces `old`."""
        if old is None:
            return cls(minor)
        before = {
            str(version.get("name")): version for version in (old["spec"].get("versions") or ())
        }
        schemas = [_schema(version) for version in before.values()]
        expressions = frozenset(text for schema in schemas for text in _expressions(schema))
        prunes = not new["spec"].get("preserveUnknownFields")
        structural = prunes or all(map(_is_structural, schemas))
        same_pruning = prunes is not bool(old["spec"].get("preserveUnknownFields"))
        return cls(minor, None not in schemas, structural, expressions, before, same_pruning)

    def environment(self, version: Object) -> Environment:
        """The functions that rules of a version may use: new rules those of the minor before as
        well."""
        return Environment(self.minor - 1, self.minor, self.stored, self._same_schema(version))

    def judged(self, version: Object) -> bool:
        """Whether the server has judged a version's schema before, by the same rules, and taken
        it: it is part of the old CRD. To judge it again is most of the time of a check."""
        old = (self.before or {}).get(str(version.get("name")))
        if old is None or not self.same_pruning or not self._same_schema(version):
            return False
        return _has_status(old) is _has_status(version)

    def _same_schema(self, version: Object) -> bool:
        old = (self.before or {}).get(str(version.get("name")))
        return old is not None and _schema(old) == _schema(version)


def _is_structural(schema: Json) -> bool:
    return schema is None or not validate_structural(schema, "")


def _has_status(version: Object) -> bool:
    return (version.get("subresources") or {}).get("status") is not None


def _schema(version: Object) -> Json:
    return (version.get("schema") or {}).get("openAPIV3Schema")


def _expressions(schema: Json) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _expressions(item)
    elif isinstance(schema, Mapping):
        yield from _own_expressions(schema)
        for item in schema.values():
            yield from _expressions(item)


def _own_expressions(schema: Object) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations") or ():
        if isinstance(rule, Mapping):
            texts = (rule.get(name) for name in ("rule", "messageExpression"))
            yield from (str(text) for text in texts if text)


def shared_fields(versions: Sequence[Object]) -> frozenset[str]:
    """What all versions say alike: the server checks it once, as if it stood in the spec itself."""
    if not versions:
        return frozenset()
    return frozenset(name for name in _SHARED if _is_shared(name, versions))


def _is_shared(name: str, versions: Sequence[Object]) -> bool:
    value = versions[0].get(name)
    return bool(value) and all(version.get(name) == value for version in versions)


_SHARED = {
    "schema": "spec.validation",
    "subresources": "spec.subresources",
    "additionalPrinterColumns": "spec.additionalPrinterColumns",
    "selectableFields": "spec.selectableFields",
}


def version_causes(
    version: Object, at: int, checks: SchemaChecks, shared: frozenset[str]
) -> Iterator[Finding]:
    """The errors of one entry of `spec.versions`; of what is `shared` only the first entry's."""
    yield from _deprecation(version, f"spec.versions[{at}]")
    for name, check in _CHECKS.items():
        if version.get(name) and (name not in shared or at == 0):
            if name in shared:
                path = _SHARED[name]
            else:
                path = f"spec.versions[{at}].{name}"
            yield from check(version, path, checks)


def _check_schema(version: Object, path: str, checks: SchemaChecks) -> Iterator[Finding]:
    schema, where = _schema(version), f"{path}.openAPIV3Schema"
    if isinstance(schema, Mapping) and not checks.judged(version):
        if _has_status(version):
            yield from _root_with_status(schema, where)
        yield from _schema_findings(schema, where, checks, checks.environment(version))


def _check_subresources(version: Object, path: str, _: SchemaChecks) -> Iterator[Finding]:
    yield from _scale(version["subresources"].get("scale"), f"{path}.scale")


def _check_columns(version: Object, path: str, _: SchemaChecks) -> Iterator[Finding]:
    for at, column in enumerate(version["additionalPrinterColumns"]):
        yield from _column(column or {}, f"{path}[{at}]")


def _check_selectable(version: Object, path: str, checks: SchemaChecks) -> Iterator[Finding]:
    schema = _schema(version)
    if checks.minor >= _SELECTABLE_SINCE and isinstance(schema, Mapping):
        yield from _selectable(version["selectableFields"], schema, path)


_CHECKS: Mapping[str, Callable[[Object, str, SchemaChecks], Iterator[Finding]]] = {
    "schema": _check_schema,
    "subresources": _check_subresources,
    "additionalPrinterColumns": _check_columns,
    "selectableFields": _check_selectable,
}


def _deprecation(version: Object, path: str) -> Iterator[Cause]:
    warning, where = version.get("deprecationWarning"), f"{path}.deprecationWarning"
    if warning is None:
        return
    if not version.get("deprecated"):
        yield invalid(where, warning, "can only be set for deprecated versions")
        return
    if len(warning.encode()) > 256:
        yield invalid(where, warning, "must be <= 256 characters long")
    if not warning:
        yield invalid(where, warning, "must not be an empty string")
    for at, char in enumerate(warning):
        if not char.isprintable():
            text = (
                "must only contain printable UTF-8 characters; "
                f"non-printable character found at index {at}"
            )
            yield invalid(where, warning, text)
            return


def _is_set(value: Json) -> bool:
    """Whether Go holds more than its zero value: an empty list or map is there, too, and every
    number is a pointer."""
    return isinstance(value, (list, dict)) or bool(value) or (value == 0 and value is not False)


def _root_with_status(schema: Object, path: str) -> Iterator[Cause]:
    if schema.get("type") not in (None, "", "object"):
        text = (
            'only "object" is allowed as the type at the root of the schema if the status '
            "subresource is enabled"
        )
        yield invalid(f"{path}.type", schema["type"], text)
    elif any(_is_set(value) and name not in _AT_ROOT for name, value in schema.items()):
        text = "fields are allowed at the root of the schema if the status subresource is enabled"
        yield invalid(path, schema, f"only [{' '.join(sorted(_AT_ROOT))}] {text}")


def _schema_findings(
    schema: Object, path: str, checks: SchemaChecks, environment: Environment
) -> Iterator[Finding]:
    if schema.get("nullable"):
        yield forbidden(f"{path}.nullable", "nullable cannot be true at the root")
    findings: list[Finding] = []
    compiles = False
    if checks.require_structural:
        findings += validate_structural(schema, path)
        if not findings:
            findings += validate_defaults(schema, path, checks.minor, root=True)
        compiles = not findings
    total = Total()
    findings += validate_schema(
        SchemaPosition(schema, path, environment, total, root=True, cel=compiles)
    )
    if not findings and _mentions(schema, "$schema"):
        findings.append(invalid(path, "", "OpenAPIV3Schema 'schema' is not supported"))
    yield from findings
    yield from total.causes(path)


def _mentions(schema: Json, keyword: str) -> bool:
    if isinstance(schema, list):
        return any(_mentions(item, keyword) for item in schema)
    if not isinstance(schema, Mapping):
        return False
    below = (*(schema.get("properties") or {}).values(), *(schema.get(name) for name in _PARTS))
    return bool(schema.get(keyword)) or any(_mentions(item, keyword) for item in below)


_PARTS = ("items", "additionalProperties", "allOf", "anyOf", "oneOf", "not")


def _scale(scale: Object | None, path: str) -> Iterator[Cause]:
    if scale is None:
        return
    for name, starts in _SCALE_PATHS.items():
        path_text, where = str(scale.get(name) or ""), f"{path}.{name}"
        if path_text:
            yield from _scale_path(path_text, where, starts)
        elif name != "labelSelectorPath":
            yield required(where)


_SCALE_PATHS = {
    "specReplicasPath": (".spec.",),
    "statusReplicasPath": (".status.",),
    "labelSelectorPath": (".spec.", ".status."),
}


def _scale_path(text: str, path: str, starts: tuple[str, ...]) -> Iterator[Cause]:
    if not text.startswith("."):
        yield invalid(path, text, "must be a simple json path starting with .")
    elif not text.startswith(starts):
        names = " or ".join(start.strip(".") for start in starts)
        either = "either " if len(starts) > 1 else ""
        yield invalid(path, text, f"should be a json path under .{either}{names}")


def _column(column: Object, path: str) -> Iterator[Cause]:
    kinds = ",".join(_COLUMN_TYPES)
    if not column.get("name"):
        yield required(f"{path}.name", "")
    kind, json_path = column.get("type"), column.get("jsonPath")
    if not kind:
        yield required(f"{path}.type", f"must be one of {kinds}")
    elif kind not in _COLUMN_TYPES:
        yield invalid(f"{path}.type", kind, f"must be one of {kinds}")
    if column.get("format") and column["format"] not in _COLUMN_FORMATS:
        yield invalid(
            f"{path}.format", column["format"], f"must be one of {','.join(_COLUMN_FORMATS)}"
        )
    if not json_path:
        yield required(f"{path}.JSONPath", "")
    elif not json_path.startswith("."):
        yield invalid(f"{path}.JSONPath", json_path, "must be a simple json path starting with .")


def _selectable(fields: Json, schema: Object, path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for at, item in enumerate(fields):
        json_path, where = str((item or {}).get("jsonPath") or ""), f"{path}[{at}].jsonPath"
        if not json_path:
            yield required(where, "")
            continue
        try:
            written, field = follow(json_path, schema, brackets=False)
        except FieldPathError as error:
            yield invalid(where, json_path, f"is an invalid path: {error}")
            continue
        if written.startswith(".metadata"):
            yield invalid(where, json_path, "must not point to fields in metadata")
        if field.get("type") not in ("string", "boolean", "integer"):
            text = (
                "must point to a field of type string, boolean or integer. Enum string fields "
                "and strings with formats are allowed."
            )
            yield invalid(where, json_path, text)
        if written in seen:
            yield duplicate(where, json_path)
        seen.add(written)
    if len(seen) > _MAX_SELECTABLE:
        yield too_many(path, len(seen), _MAX_SELECTABLE)
