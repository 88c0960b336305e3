"""Admission policies: their structure and their CEL (pkg/apis/admissionregistration/validation)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.cel.types import BOOL, DYN, NULL, STRING, Type
from policylint.cel.values import CelUnsupported
from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    invalid,
    required,
)
from policylint.kubernetes.api.reading import fields, has, many, objects, text
from policylint.kubernetes.validity.admission import match_conditions, mutated_operations
from policylint.kubernetes.validity.expressions import (
    JSON_PATCH,
    OBJECT,
    admission_variables,
    cel_errors,
    compiled,
    mutation_types,
)
from policylint.kubernetes.validity.formats import dns_1035_label, dns_subdomain, qualified_name
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object
from policylint.runtime.patterns import pattern

_MOST_ANNOTATIONS = 20
_LONGEST_VALUE_EXPRESSION = 5 * 1024
_IDENTIFIER = pattern("[_a-zA-Z][_a-zA-Z0-9]*")
_RESERVED = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_PATCHES = {
    "ApplyConfiguration": ("applyConfiguration", OBJECT),
    "JSONPatch": ("jsonPatch", Type("list", (JSON_PATCH,))),
}
"""Type of a patch -> its field, and what its expression must be."""


class _Policy(Struct, frozen=True):
    """What the expressions of one policy may use."""

    minor: int
    params: bool
    variables: Mapping[str, Type] | None

    def names(self, *, authorizer: bool = True) -> Mapping[str, Type]:
        return admission_variables(
            params=self.params, authorizer=authorizer, variables=self.variables
        )


def validating(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a ValidatingAdmissionPolicy's spec."""
    yield from _constraints(spec, at, scope)
    known = _known(spec, scope, always=False)
    yield from _variables(spec, at, scope)
    if not many(spec, "validations") and not many(spec, "auditAnnotations"):
        detail = "validations or auditAnnotations must contain at least one item"
        yield required(f"{at}.validations", detail)
        yield required(f"{at}.auditAnnotations", detail)
    for path, validation in objects(spec, "validations", at):
        yield from _validation(validation, path, known)
    yield from _audit(spec, at, known, text(fields(scope.root, "metadata"), "name"))


def mutating(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a MutatingAdmissionPolicy's spec."""
    yield from _constraints(spec, at, scope)
    yield from mutated_operations(fields(spec, "matchConstraints"), f"{at}.matchConstraints")
    known = _known(spec, scope, always=True)
    yield from _variables(spec, at, scope)
    for path, mutation in objects(spec, "mutations", at):
        yield from _mutation(mutation, path, known)


def _constraints(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    if not has(spec, "matchConstraints"):
        yield required(f"{at}.matchConstraints")
    elif not many(fields(spec, "matchConstraints"), "resourceRules"):
        yield required(f"{at}.matchConstraints.resourceRules")
    yield from match_conditions(spec, at, scope, params=has(spec, "paramKind"))


def _known(spec: Object, scope: Scope, *, always: bool) -> _Policy:
    """What expressions after the variables may use, each variable with its type."""
    policy = _Policy(scope.minor, has(spec, "paramKind"), {} if always else None)
    for _, variable in objects(spec, "variables", ""):
        made = {**(policy.variables or {}), text(variable, "name"): _type_of(variable, policy)}
        policy = _Policy(policy.minor, policy.params, made)
    return policy


def _type_of(variable: Object, known: _Policy) -> Type:
    source = text(variable, "expression")
    if not source.strip():
        return DYN
    usable = _Policy(known.minor, known.params, known.variables or {})
    try:
        return compiled(source, usable.names(), known.minor).type
    except CelUnsupported:
        return DYN


def _variables(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    earlier: list[Object] = []
    for path, variable in objects(spec, "variables", at):
        name, source = text(variable, "name"), text(variable, "expression")
        if not name.strip():
            yield required(f"{path}.name", "name is not specified")
        elif not _IDENTIFIER.fullmatch(name) or name in _RESERVED:
            yield invalid(f"{path}.name", name, "must be a valid CEL identifier")
        if not source.strip():
            yield required(f"{path}.expression", "expression is not specified")
        else:
            known = _known({**spec, "variables": earlier}, scope, always=True)
            yield from cel_errors(source, f"{path}.expression", known.names(), (), scope.minor)
        earlier.append(variable)


def _validation(value: Object, at: str, known: _Policy) -> Iterator[Cause]:
    source, message = text(value, "expression"), text(value, "message")
    where = f"{at}.expression"
    if source.strip():
        yield from cel_errors(source, where, known.names(), (BOOL,), known.minor)
    else:
        yield required(where, "expression is not specified")
    expression = text(value, "messageExpression")
    where = f"{at}.messageExpression"
    if expression.strip():
        names = known.names(authorizer=False)
        yield from cel_errors(expression, where, names, (STRING,), known.minor)
    elif expression:
        yield invalid(where, expression, "must be non-empty if specified")
    if message and not message.strip():
        yield invalid(f"{at}.message", message, "must be non-empty if specified")
    elif "\n" in message.strip() or "\r" in message.strip():
        yield invalid(f"{at}.message", message, "must not contain line breaks")


def _audit(spec: Object, at: str, known: _Policy, policy: str) -> Iterator[Cause]:
    annotations = many(spec, "auditAnnotations")
    if len(annotations) > _MOST_ANNOTATIONS:
        detail = f"must not have more than {_MOST_ANNOTATIONS} auditAnnotations"
        yield invalid(f"{at}.auditAnnotations", annotations, detail)
    seen: set[str] = set()
    for path, annotation in objects(spec, "auditAnnotations", at):
        key, source = text(annotation, "key"), text(annotation, "valueExpression").strip()
        yield from each_invalid(f"{path}.key", key, qualified_name(f"{policy}/{key}"))
        where = f"{path}.valueExpression"
        if not source:
            yield required(where, "valueExpression is not specified")
        elif len(source.encode()) > _LONGEST_VALUE_EXPRESSION:
            yield required(where, f"must not exceed {_LONGEST_VALUE_EXPRESSION} bytes in length")
        else:
            yield from cel_errors(source, where, known.names(), (STRING, NULL), known.minor)
        if key in seen:
            yield duplicate(f"{path}.key", key)
        seen.add(key)


def _mutation(value: Object, at: str, known: _Policy) -> Iterator[Cause]:
    kind = text(value, "patchType")
    if kind not in _PATCHES:  # told by the values that are published
        return
    name, wanted = _PATCHES[kind]
    where = f"{at}.{name}"
    if not has(value, name):
        yield required(where, f"must be specified when patchType is {kind}")
    else:
        yield from _patch(fields(value, name), f"{where}.expression", known, wanted)
    for unused, _ in _PATCHES.values():
        if unused != name and has(value, unused):
            detail = f"must not be specified when patchType is {kind}"
            yield invalid(f"{at}.{unused}", f"{{{unused}}}", detail)


def _patch(value: Object, at: str, known: _Policy, wanted: Type) -> Iterator[Cause]:
    source = text(value, "expression").strip()
    if not source:
        yield required(at)
    else:
        yield from cel_errors(source, at, known.names(), (wanted,), known.minor, mutation_types)


def param_kind(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of the kind of a policy's parameters."""
    api_version, kind = text(value, "apiVersion"), text(value, "kind")
    yield from _api_version(api_version, f"{at}.apiVersion")
    if not kind:
        yield required(f"{at}.kind")
    else:
        prefix = "may have mixed case, but should otherwise match: "
        complaints = dns_1035_label(kind.lower())
        if complaints:
            yield invalid(f"{at}.kind", kind, prefix + ",".join(complaints))


def _api_version(api_version: str, at: str) -> Iterator[Cause]:
    group, _, version = api_version.rpartition("/")
    if not api_version or api_version == "/":
        yield required(at)
    elif api_version.count("/") > 1:
        yield invalid(at, api_version, f"unexpected GroupVersion string: {api_version}")
    else:
        if group:
            yield from each_invalid(at, group, dns_subdomain(group))
        if not version:
            yield invalid(at, api_version, "version must be specified")
        else:
            yield from each_invalid(at, version, dns_1035_label(version))
