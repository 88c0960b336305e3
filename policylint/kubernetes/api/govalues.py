"""Values as the API server prints them in its messages.

Servers before 1.33 print Go syntax, later ones JSON; fields of internal types then have their Go
names, and all of them are shown (recorded for 1.30, 1.34 and 1.36). Types that are not listed are
printed as plain JSON by later servers and elided (`{...}`) for earlier ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from policylint.model import Json

JSON_SINCE = 33

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


def shown(value: Json, minor: int, go: str = "") -> str:
    """A value of Go type `go` ("" where that does not matter) as a server of this minor shows
    it."""
    if minor >= JSON_SINCE:
        return json.dumps(
            _internal(value, go), separators=(",", ":"), ensure_ascii=False, default=str
        )
    return _syntax(value, go)


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
        shown_as: _internal(value.get(name, empty.get(child)), child)
        for name, shown_as, child in _FIELDS[kind]
    }


def _syntax(value: Json, go: str) -> str:
    if value is None:
        return f"{go}(nil)" if go.startswith(("[]", "map")) else '"null"'
    if isinstance(value, list) and go.startswith("[]"):
        return f"{go}{{{', '.join(_syntax(item, go[2:]) for item in value)}}}"
    if isinstance(value, Mapping) and go.startswith("map"):
        return f"{go}{{{', '.join(f'{json.dumps(key)}:{json.dumps(value[key])}' for key in sorted(value))}}}"
    if (
        isinstance(value, Mapping)
        and go in _FIELDS
        and not any(kind[0] == "*" for _, _, kind in _FIELDS[go])
    ):
        fields = [
            f"{shown_as}:{_field(value.get(name), kind)}" for name, shown_as, kind in _FIELDS[go]
        ]
        return f"{go}{{{', '.join(fields)}}}"
    if isinstance(value, (Mapping, list)):
        return f"{go}{{...}}"
    return json.dumps(value, ensure_ascii=False, default=str)


def _field(value: Json, go: str) -> str:
    return '""' if value is None and go == "string" else _syntax(value, go)
