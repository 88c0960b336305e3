"""The functions that Kubernetes declares in CEL: signatures, overloads, and the minor that
introduced them.

Data: `policylint/data/cel-functions.txt`, one overload a line: minor, overload id, signature. A
receiver is written before `::`. Source: k8s.io/apiserver pkg/cel/environment and pkg/cel/library,
cel-go common/stdlib and ext.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from policylint.cel.types import Type, parse_type
from policylint.runtime import resources
from policylint.runtime.patterns import pattern

_LINE = pattern(r"1\.(\d+) (\S+) (?:(.+?)::)?([^(]+)\((.*)\) -> (.+)")
_ARGUMENT = pattern(r"[^,()]+(?:\((?:[^()]|\([^()]*\))*\))?")


class Overload(Struct, frozen=True):
    """One way to call a function; `member` where the first argument is written before the dot."""

    id: str
    since: int
    member: bool
    args: tuple[Type, ...]
    result: Type


@cache
def overloads() -> Mapping[str, tuple[Overload, ...]]:
    """Every declared function by name, its overloads in order."""
    text = resources.text("cel-functions.txt")
    by_name: dict[str, list[Overload]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, overload = _overload(line)
            by_name.setdefault(name, []).append(overload)
    return {name: tuple(items) for name, items in by_name.items()}


def _overload(line: str) -> tuple[str, Overload]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"cel-functions.txt: {line!r}")
    since, number, receiver, name, args, result = match.groups()
    types = tuple(parse_type(arg) for arg in _ARGUMENT.findall(args))
    member = (parse_type(receiver),) if receiver else ()
    return name, Overload(number, int(since), bool(receiver), (*member, *types), parse_type(result))


def parameters(types: tuple[Type, ...]) -> frozenset[Type]:
    """The type parameters that occur in types."""
    direct = {item for item in types if item.kind == "param"}
    inner = (parameters(item.params) for item in types if item.params)
    return frozenset(direct).union(*inner)
