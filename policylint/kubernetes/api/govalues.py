"""Values as the API server prints them in its messages.

Servers since 1.33 print JSON, earlier ones Go syntax (`Error.ErrorBody` of k8s.io/apimachinery
pkg/util/validation/field/errors.go, v0.30 and v0.37). Internal types have no JSON names: their
fields are printed by their Go names, and all of them. Types that are not listed are printed as
plain JSON by later servers and elided (`{...}`) for earlier ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policylint.model import Json
from policylint.runtime.gofloats import float_text
from policylint.runtime.gotexts import go_json, quoted

JSON_SINCE: Final = 33
"""The first minor that prints JSON."""

_FIELDS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "v1.LabelSelector": (
        ("matchLabels", "MatchLabels", "map[string]string"),
        ("matchExpressions", "MatchExpressions", "[]v1.LabelSelectorRequirement"),
    ),
    "v1.LabelSelectorRequirement": (
        ("key", "Key", "string"),
        ("operator", "Operator", "string"),
        ("values", "Values", "[]string"),
    ),
    "rbac.RoleRef": (
        ("apiGroup", "APIGroup", "string"),
        ("kind", "Kind", "string"),
        ("name", "Name", "string"),
    ),
    "networking.ParentReference": (
        ("group", "Group", "string"),
        ("resource", "Resource", "string"),
        ("namespace", "Namespace", "string"),
        ("name", "Name", "string"),
    ),
    "core.VolumeNodeAffinity": (("required", "Required", "*core.NodeSelector"),),
    "core.NodeSelector": (("nodeSelectorTerms", "NodeSelectorTerms", "[]core.NodeSelectorTerm"),),
    "core.NodeSelectorTerm": (
        ("matchExpressions", "MatchExpressions", "[]core.NodeSelectorRequirement"),
        ("matchFields", "MatchFields", "[]core.NodeSelectorRequirement"),
    ),
    "core.NodeSelectorRequirement": (
        ("key", "Key", "string"),
        ("operator", "Operator", "string"),
        ("values", "Values", "[]string"),
    ),
}
"""Go type -> its fields in order: name in JSON, name in Go, Go type."""


def shown(value: Json, minor: int = JSON_SINCE, go: str = "") -> str:
    """A value of Go type `go` ("" where that does not matter) as a server of this minor shows
    it."""
    plain = _scalar(value)
    if plain is not None:
        return plain
    if minor >= JSON_SINCE:
        return go_json(_internal(value, go))
    return _syntax(value, go)


def _scalar(value: Json) -> str | None:
    """A value that every minor prints alike; None for any other."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, (bool, int)):
        return json.dumps(value)
    return None


def _internal(value: Json, go: str) -> Json:
    """JSON of an internal type: Go names and every field; types of the API itself keep their JSON
    names."""
    if isinstance(value, list) and go.startswith("[]"):
        return [_internal(item, go[2:]) for item in value]
    kind = go.removeprefix("*")
    if not isinstance(value, Mapping) or kind not in _FIELDS:
        return value
    if kind.startswith("v1."):
        return {name: value[name] for name, _, _ in _FIELDS[kind] if value.get(name)}
    empty = {"string": ""}
    return {
        go_name: _internal(value.get(name, empty.get(go_type)), go_type)
        for name, go_name, go_type in _FIELDS[kind]
    }


def _syntax(value: Json, go: str) -> str:
    """A list, a mapping or null as Go's %#v writes it."""
    if value is None:
        if go.startswith(("[]", "map")):
            return f"{go}(nil)"
        return '"null"'
    for fits, write in _WRITERS:
        if fits(value, go):
            return f"{go}{{{', '.join(write(value, go))}}}"
    return f"{go}{{...}}"


def _list_items(value: Json, go: str) -> Iterator[str]:
    for item in value:
        yield _field(item, go[2:])


def _map_items(value: Json, _go: str) -> Iterator[str]:
    for key in sorted(value):
        yield f"{quoted(key)}:{_field(value[key], '')}"


def _struct_fields(value: Json, go: str) -> Iterator[str]:
    for name, go_name, go_type in _FIELDS[go]:
        yield f"{go_name}:{_field(value.get(name), go_type)}"


def _holds_pointers(go: str) -> bool:
    """Whether a struct has pointers, which %#v writes as addresses: nobody can foretell those."""
    return any(go_type.startswith("*") for _, _, go_type in _FIELDS[go])


_Fits = Callable[[Json, str], bool]
_Write = Callable[[Json, str], Iterator[str]]

_WRITERS: tuple[tuple[_Fits, _Write], ...] = (
    (lambda value, go: isinstance(value, list) and go.startswith("[]"), _list_items),
    (lambda value, go: isinstance(value, Mapping) and go.startswith("map"), _map_items),
    (
        lambda value, go: isinstance(value, Mapping) and go in _FIELDS and not _holds_pointers(go),
        _struct_fields,
    ),
)
"""Which values are written part by part, and how; the first that fits."""


def _field(value: Json, go: str) -> str:
    if value is None and go == "string":
        return '""'
    plain = _scalar(value)
    if plain is None:
        return _syntax(value, go)
    return plain
