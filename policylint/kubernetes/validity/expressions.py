"""CEL expressions of built-in kinds, compiled as the API server does when they are written.

What they may use: k8s.io/apiserver pkg/admission/plugin/cel compile.go and composition.go (v0.36),
k8s.io/dynamic-resource-allocation cel/compile.go, pkg/cel/mutation. An expression that cannot be
judged here is left open (see `scope.unjudged`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.cel.check import Messages, check, error_text
from policylint.cel.literals import bad_constant, bad_literals
from policylint.cel.parser import CelSyntaxError, parse
from policylint.cel.types import BOOL, DYN, INT, STRING, Type, parse_type
from policylint.cel.values import CelUnsupported
from policylint.kubernetes.api.fielderrors import invalid
from policylint.kubernetes.validity.scope import unjudged
from policylint.model import Cause

_TEXTS = parse_type("list(string)")
_TIME = parse_type("timestamp")


def _object(of: str, /, **fields: Type) -> Type:
    return Type("object", name=f"kubernetes.{of}", fields=fields)


_KIND = _object("GroupVersionKind", group=STRING, version=STRING, kind=STRING)
_RESOURCE = _object("GroupVersionResource", group=STRING, version=STRING, resource=STRING)
_USER = _object(
    "UserInfo",
    username=STRING,
    uid=STRING,
    groups=_TEXTS,
    extra=parse_type("map(string, list(string))"),
)
_REQUEST = _object(
    "AdmissionRequest",
    kind=_KIND,
    resource=_RESOURCE,
    subResource=STRING,
    requestKind=_KIND,
    requestResource=_RESOURCE,
    requestSubResource=STRING,
    name=STRING,
    namespace=STRING,
    operation=STRING,
    userInfo=_USER,
    dryRun=BOOL,
    options=DYN,
)
_CONDITION = _object(
    "NamespaceCondition",
    status=STRING,
    type=STRING,
    lastTransitionTime=_TIME,
    message=STRING,
    reason=STRING,
)
_NAMESPACE = _object(
    "Namespace",
    metadata=_object(
        "NamespaceMetadata",
        name=STRING,
        generateName=STRING,
        namespace=STRING,
        labels=parse_type("map(string, string)"),
        annotations=parse_type("map(string, string)"),
        UID=STRING,
        creationTimestamp=_TIME,
        deletionGracePeriodSeconds=INT,
        deletionTimestamp=_TIME,
        generation=INT,
        resourceVersion=STRING,
        finalizers=_TEXTS,
    ),
    spec=_object("NamespaceSpec", finalizers=_TEXTS),
    status=_object("NamespaceStatus", conditions=Type("list", (_CONDITION,)), phase=STRING),
)
_ADMITTED: Mapping[str, Type] = {
    "object": DYN,
    "oldObject": DYN,
    "namespaceObject": _NAMESPACE,
    "request": _REQUEST,
}
_AUTHORIZERS: Mapping[str, Type] = {
    "authorizer": Type("object", name="kubernetes.authorization.Authorizer"),
    "authorizer.requestResource": Type("object", name="kubernetes.authorization.ResourceCheck"),
}
DEVICE: Mapping[str, Type] = {
    "device": _object(
        "DRADevice",
        driver=STRING,
        attributes=parse_type("map(string, map(string, dyn))"),
        capacity=parse_type("map(string, map(string, Quantity))"),
        allowMultipleAllocations=BOOL,
    )
}
"""What an expression that chooses devices may use."""

OBJECT = Type("object", name="Object")
JSON_PATCH = Type(
    "object",
    name="JSONPatch",
    fields={"op": STRING, "path": STRING, "from": STRING, "value": DYN},
)


class _AnyField(dict[str, Type]):
    """The fields of an object that has every field, of any type."""

    def get(self, _name: str, _default: Type | None = None) -> Type:  # type: ignore[override]
        return DYN


class Compiled(Struct, frozen=True):
    """What became of an expression: its type, or what is wrong with it."""

    type: Type
    problem: str = ""


def admission_variables(
    *, params: bool = False, authorizer: bool = True, variables: Mapping[str, Type] | None = None
) -> Mapping[str, Type]:
    """What an expression of admission may use; `variables` are those of its policy by name, where
    it can have any."""
    usable = dict(_ADMITTED)
    if params:
        usable["params"] = DYN
    if authorizer:
        usable |= _AUTHORIZERS
    if variables is not None:
        usable["variables"] = _object("variables", **variables)
    return usable


def mutation_types(name: str) -> Type | None:
    """The types whose literals mutations write: Object, what is nested in it, JSONPatch."""
    if name == "JSONPatch":
        return JSON_PATCH
    if name == "Object" or name.startswith("Object."):
        return Type("object", name=name, fields=_AnyField())
    return None


def no_types(_name: str) -> Type | None:
    """No message literals: everywhere but in mutations."""
    return None


def compiled(
    source: str, variables: Mapping[str, Type], minor: int, messages: Messages = no_types
) -> Compiled:
    """Compile an expression; raises CelUnsupported where that cannot be done."""
    try:
        root, positions = parse(source, minor)
    except CelSyntaxError as error:
        return Compiled(DYN, f"compilation failed: {error}")
    checked = check(root, variables, minor, messages)
    errors = checked.errors or bad_literals(root, checked, minor)
    if errors:
        return Compiled(DYN, f"compilation failed: {error_text(source, positions, errors)}")
    problem = bad_constant(root)
    if problem:
        return Compiled(checked.type(root), f"program instantiation failed: {problem}")
    return Compiled(checked.type(root))


def cel_errors(
    source: str,
    at: str,
    variables: Mapping[str, Type],
    wanted: tuple[Type, ...],
    minor: int,
    messages: Messages = no_types,
) -> Iterator[Cause]:
    """The errors of an expression that must be of one of these types (any, where there are
    none)."""
    try:
        expression = compiled(source, variables, minor, messages)
    except CelUnsupported as error:
        yield unjudged(at, f"whether the expression at {at} compiles: {error}")
        return
    if expression.problem:
        yield invalid(at, source, expression.problem)
    elif wanted and expression.type not in wanted:
        names = " ".join(map(str, wanted))
        if len(wanted) == 1:
            words = f"{names}"
        else:
            words = f"one of [{names}]"
        yield invalid(at, source, f"must evaluate to {words} but got {expression.type}")
