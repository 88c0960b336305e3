"""The expressions of a policy: compiled once, evaluated over one request.

Source: k8s.io/apiserver pkg/admission/plugin/cel (compile.go, condition.go, composition.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policylint.cel.budget import Budget
from policylint.cel.check import check, error_text
from policylint.cel.evaluate import Evaluation
from policylint.cel.parser import TOO_DEEP, CelSyntaxError, parse
from policylint.cel.tree import Call, Comprehension, Node, children
from policylint.cel.types import BOOL, DYN, ERROR, NULL, STRING, Type, parse_type
from policylint.cel.values import CelError, CelUnsupported, Unknowable
from policylint.model import Object

PER_REQUEST = 10_000_000
"""RuntimeCELCostBudget: what all expressions of a policy, a binding and a param may cost."""

FOR_CONDITIONS = 2_500_000
"""RuntimeCELCostBudgetMatchConditions."""

_STRINGS = Type("list", (STRING,))
_TEXTS = Type("map", (STRING, STRING))


def _struct(named: str, /, **fields: Type) -> Type:
    return Type("object", name=named, fields=fields)


_GROUP_KIND = _struct("kubernetes.GroupVersionKind", group=STRING, version=STRING, kind=STRING)
_GROUP_RESOURCE = _struct(
    "kubernetes.GroupVersionResource", group=STRING, version=STRING, resource=STRING
)
_USER = _struct(
    "kubernetes.UserInfo",
    username=STRING,
    uid=STRING,
    groups=_STRINGS,
    extra=Type("map", (STRING, _STRINGS)),
)
REQUEST = _struct(
    "kubernetes.AdmissionRequest",
    kind=_GROUP_KIND,
    resource=_GROUP_RESOURCE,
    subResource=STRING,
    requestKind=_GROUP_KIND,
    requestResource=_GROUP_RESOURCE,
    requestSubResource=STRING,
    name=STRING,
    namespace=STRING,
    operation=STRING,
    userInfo=_USER,
    dryRun=BOOL,
    options=DYN,
)
_TIMESTAMP = parse_type("timestamp")
NAMESPACE = _struct(
    "kubernetes.Namespace",
    metadata=_struct(
        "kubernetes.NamespaceMetadata",
        name=STRING,
        generateName=STRING,
        namespace=STRING,
        labels=_TEXTS,
        annotations=_TEXTS,
        UID=STRING,
        creationTimestamp=_TIMESTAMP,
        deletionGracePeriodSeconds=parse_type("int"),
        deletionTimestamp=_TIMESTAMP,
        generation=parse_type("int"),
        resourceVersion=STRING,
        finalizers=_STRINGS,
    ),
    spec=_struct("kubernetes.NamespaceSpec", finalizers=_STRINGS),
    status=_struct("kubernetes.NamespaceStatus", phase=STRING),
)
"""Source: pkg/admission/plugin/cel/compile.go BuildRequestType and BuildNamespaceType."""

Wanted = tuple[Type, ...]
CONDITION: Wanted = (BOOL,)
MESSAGE: Wanted = (STRING,)
ANNOTATION: Wanted = (STRING, NULL)
ANYTHING: Wanted = ()


class RefusedError(Exception):
    """An expression that the server does not take: the policy cannot be created."""


class Compiled:
    """The expressions of one policy with the types of its variables."""

    def __init__(self, spec: Object, minor: int) -> None:
        self._minor = minor
        self._has_params = bool(spec.get("paramKind"))
        self.variables: dict[str, Node] = {}
        self._types: dict[str, Type] = {}
        for variable in spec.get("variables") or ():
            name, source = str(variable.get("name")), str(variable.get("expression") or "")
            root, kind = self.expression(source, ANYTHING)
            self.variables[name], self._types[name] = root, kind

    def expression(self, source: str, wanted: Wanted, composed: bool = True) -> tuple[Node, Type]:
        """The tree and the type of an expression; raises RefusedError with the server's words,
        CelUnsupported where that cannot be told."""
        names: dict[str, Type] = {"object": DYN, "oldObject": DYN, "request": REQUEST}
        names["namespaceObject"] = NAMESPACE
        names["authorizer"] = DYN
        names["authorizer.requestResource"] = DYN
        if self._has_params:
            names["params"] = DYN
        if composed:
            names["variables"] = Type("object", name="variables", fields=dict(self._types))
        return _typed(source, names, wanted, self._minor)


def _typed(source: str, names: Mapping[str, Type], wanted: Wanted, minor: int) -> tuple[Node, Type]:
    try:
        # the functions are those of the minor before the server's, the syntax is its own
        root, positions = parse(source, minor + 1)
        if any(_authorizes(source)):
            return root, ERROR
        checked = check(root, names, minor)
    except CelSyntaxError as error:
        raise RefusedError(f"compilation failed: {error}") from error
    except RecursionError as error:
        raise CelUnsupported(TOO_DEEP) from error
    if checked.errors:
        raise RefusedError(f"compilation failed: {error_text(source, positions, checked.errors)}")
    _refuse_quirk(root)
    kind = checked.type(root)
    if wanted and kind not in wanted and kind != ERROR:
        expected = " or ".join(map(str, wanted))
        raise RefusedError(f"must evaluate to {expected} but got {kind}")
    return root, kind


_CONVERSIONS = frozenset(
    ("int", "uint", "double", "string", "bool", "bytes", "duration", "timestamp")
)


def _refuse_quirk(node: Node, inside: bool = False) -> None:
    """Raise CelUnsupported for `optMap(v, int(v))`: the server takes the first overload of such a
    call whatever the value is (recorded), so that the text "1" is no number to it."""
    if isinstance(node, Call) and inside and node.function in _CONVERSIONS:
        raise CelUnsupported(f"{node.function}() of the value of optMap()")
    inside = inside or (isinstance(node, Comprehension) and node.var == "#unused")
    for child in children(node):
        _refuse_quirk(child, inside)


def _authorizes(source: str) -> Iterator[bool]:
    """Whether an expression asks the authorizer, whose types are not declared here."""
    if "authorizer" in source:
        yield True


class Variables(dict[str, Any]):
    """`variables`: each is evaluated when somebody first asks for it, and once."""

    def __init__(self, compiled: Compiled, scope: Scope) -> None:
        super().__init__()
        self._compiled = compiled
        self._scope = scope
        self._errors: dict[str, CelError | CelUnsupported] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._compiled.variables

    def __getitem__(self, name: str) -> Any:
        if name in self._errors:
            raise self._errors[name]
        if not super().__contains__(name):
            try:
                super().__setitem__(name, self._scope.run(self._compiled.variables[name]))
            except CelError as error:
                text = f'composited variable "{name}" fails to evaluate: {error}'
                self._errors[name] = CelError(text)
                raise self._errors[name] from error
            except CelUnsupported as error:
                self._errors[name] = error
                raise
        return super().__getitem__(name)


class Scope:
    """What expressions see of one request, and what they may still spend."""

    def __init__(self, bindings: Mapping[str, Any], limit: int = PER_REQUEST) -> None:
        self.bindings = dict(bindings)
        self.budget = Budget(limit)

    def run(self, root: Node) -> Any:
        """The value of a tree; raises CelError and CelUnsupported."""
        try:
            return Evaluation(self.bindings, self.budget).run(root)
        except RecursionError as error:
            raise CelUnsupported(TOO_DEEP) from error

    def with_variables(self, compiled: Compiled) -> Scope:
        """This scope, with a policy's variables in it."""
        self.bindings["variables"] = Variables(compiled, self)
        return self


AUTHORIZER = Unknowable("what the authorizer answers, which only the cluster knows")
