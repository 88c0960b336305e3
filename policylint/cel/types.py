"""CEL's static types, when one can stand for another, and how type parameters are solved.

Follows cel-go's checker: `dyn` stands for anything, null for objects and times, parameters take the
most general type they are seen with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.runtime.patterns import pattern


class Type(Struct, frozen=True, eq=False):
    """One type: `kind` is "int", "list", "object", "param", ...; `name` tells objects, opaques and
    parameters apart."""

    kind: str
    params: tuple[Type, ...] = ()
    name: str = ""
    fields: Mapping[str, Type] = {}
    """An object's fields, no part of what makes two types equal."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Type) and self._identity == other._identity

    def __ne__(self, other: object) -> bool:
        return not self == other  # a Struct brings its own, by all fields

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[str, tuple[Type, ...], str]:
        return self.kind, self.params, self.name

    def __str__(self) -> str:
        label = self.name or self.kind
        if self.params:
            return f"{label}({', '.join(map(str, self.params))})"
        return label


DYN, ERROR, NULL, BOOL, INT, STRING = (
    Type(kind) for kind in ("dyn", "error", "null", "bool", "int", "string")
)

_NAMED = {
    "Quantity": Type("object", name="kubernetes.Quantity"),
    "Semver": Type("object", name="kubernetes.Semver"),
    "URL": Type("object", name="kubernetes.URL"),
    "Format": Type("object", name="kubernetes.NamedFormat"),
    "IP": Type("opaque", name="net.IP"),
    "CIDR": Type("opaque", name="net.CIDR"),
    **{
        name: Type("object", name=f"kubernetes.authorization.{name}")
        for name in ("Authorizer", "Decision", "GroupCheck", "PathCheck", "ResourceCheck")
    },
}
_TOKEN = pattern(r"[A-Za-z_]+|[(),]")
_ANYTHING = frozenset({"dyn", "error"})
"""Kinds that fit every other; an error has been told already."""

_NULLABLE = frozenset({"object", "timestamp", "duration", "null"})


def optional(inner: Type) -> Type:
    """The optional of a type."""
    return Type("opaque", (inner,), "optional_type")


def is_optional(kind: Type) -> bool:
    """Whether a type is an optional."""
    return kind.name == "optional_type"


def parse_type(text: str) -> Type:
    """A type as the declarations write it: "list(A)", "map(K, V)", "optional(V)", "Quantity"."""
    return _parse(iter(_TOKEN.findall(text)))[0]


def _parse(tokens: Iterator[str]) -> tuple[Type, str]:
    name, params, after = next(tokens), [], next(tokens, "")
    if after == "(":
        while after != ")":
            inner, after = _parse(tokens)
            params.append(inner)
        after = next(tokens, "")
    if name == "optional":
        return optional(params[0]), after
    if len(name) == 1 and name.isupper():
        return Type("param", name=name), after
    return _NAMED.get(name) or Type(name, tuple(params)), after


class Solution:
    """What type parameters were found to stand for; grows while an expression is checked."""

    def __init__(self) -> None:
        self._bound: dict[Type, Type] = {}
        self._fresh = 0

    def fresh(self, parameters: Iterator[Type]) -> dict[Type, Type]:
        """A new parameter for each of these: every call has its own."""
        self._fresh += 1
        return {
            parameter: Type("param", name=f"{parameter.name}{self._fresh}")
            for parameter in parameters
        }

    def assignable(self, actual: tuple[Type, ...], wanted: tuple[Type, ...]) -> bool:
        """Whether values of the given types fit the wanted ones; what it learns is kept only if
        they all do."""
        before = dict(self._bound)
        if self._all_fit(actual, wanted):
            return True
        self._bound = before
        return False

    def resolve(self, kind: Type, finally_: bool = False) -> Type:
        """A type with its parameters replaced; `finally_` makes dyn of those that were never
        found."""
        if kind.kind == "param":
            known = self._bound.get(kind)
            if known is not None:
                return self.resolve(known, finally_)
            if finally_:
                return DYN
            return kind
        if not kind.params:
            return kind
        return Type(
            kind.kind,
            tuple(self.resolve(part, finally_) for part in kind.params),
            kind.name,
            kind.fields,
        )

    def join(self, left: Type, right: Type) -> Type | None:
        """The more general of two types of a literal's elements; None where they do not go
        together."""
        if self.assignable((left,), (right,)):
            return _most_general(left, right)
        return None

    def _fits(self, left: Type, right: Type) -> bool:
        if right.kind == "param":
            valid, known = self._substitute(left, right)
            if valid or known:
                return valid
        if left.kind == "param":
            return self._substitute(right, left)[0]
        kinds = {left.kind, right.kind}
        if kinds & _ANYTHING:
            return True
        if "null" in kinds:
            return kinds <= _NULLABLE
        if left.kind == "type":
            return right.kind == "type"
        same = (left.kind, left.name) == (right.kind, right.name)
        return same and self._all_fit(left.params, right.params)

    def _all_fit(self, left: tuple[Type, ...], right: tuple[Type, ...]) -> bool:
        return len(left) == len(right) and all(map(self._fits, left, right))

    def _substitute(self, kind: Type, parameter: Type) -> tuple[bool, bool]:
        if kind == parameter:
            return True, True
        known = self._bound.get(parameter)
        if known is not None:
            if not self._fits(kind, known):
                return False, True
            general = _most_general(kind, known)
            if not self._mentions(general, parameter):
                self._bound[parameter] = general
            return True, True
        if self._mentions(kind, parameter):
            return False, False
        self._bound[parameter] = kind
        return True, False

    def _mentions(self, kind: Type, parameter: Type) -> bool:
        if kind == parameter:
            return True
        if kind.kind == "param":
            known = self._bound.get(kind)
        else:
            known = None
        inside = known is not None and self._mentions(known, parameter)
        return inside or any(self._mentions(part, parameter) for part in kind.params)


def _most_general(left: Type, right: Type) -> Type:
    if _as_general(left, right):
        return left
    return right


def _as_general(left: Type, right: Type) -> bool:
    if left.kind in ("dyn", "error", "param"):
        return True
    if right.kind in ("dyn", "error", "param") or left.kind != right.kind:
        return False
    if left.params and len(left.params) == len(right.params):
        return all(_as_general(a, b) for a, b in zip(left.params, right.params, strict=True))
    return left == right
