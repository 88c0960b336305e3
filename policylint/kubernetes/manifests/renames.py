"""Which deleted objects come back under another name or namespace."""

from __future__ import annotations

import json
from collections.abc import Mapping

from policylint.kubernetes.api.reading import part
from policylint.model import Created, Deleted, Json, Resource, Upgrade


def renames(upgrade: Upgrade) -> list[tuple[Resource, Resource]]:
    """(deleted, created) pairs of one kind whose content is the same but for names; each object in
    one pair."""
    going = [change.before for change in upgrade.changes if isinstance(change, Deleted)]
    coming = [change.after for change in upgrade.changes if isinstance(change, Created)]
    open_: dict[str, list[Resource]] = {}
    for resource in coming:
        open_.setdefault(_shape(resource), []).append(resource)
    pairs = []
    for resource in going:
        same = open_.get(_shape(resource))
        if same:
            pairs.append((resource, same.pop(0)))
    return pairs


def _shape(resource: Resource) -> str:
    """What stays when an object is renamed: kind, component label, the structure of its content."""
    component = part(resource.body, "metadata", "labels").get("app.kubernetes.io/component", "")
    rest = {
        key: _keys(value)
        for key, value in resource.body.items()
        if key not in ("metadata", "apiVersion")
    }
    return json.dumps([resource.id.group, resource.id.kind, component, rest], sort_keys=True)


def _keys(value: Json) -> Json:
    """A value's structure: keys and lengths, no plain values but numbers and booleans."""
    if isinstance(value, Mapping):
        return {key: _keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_keys(item) for item in value]
    if isinstance(value, (bool, int, float)):
        return value
    return ""
