"""RFC 6901 pointers and the field paths of the API server."""

from __future__ import annotations

from collections.abc import Mapping

from policylint.model import Json
from policylint.runtime.patterns import pattern

_STEP = pattern(r"\.?([^.\[\]]+)|\[([^\]]*)\]")


def of_field(field: str) -> str:
    """The RFC 6901 pointer of a field as the API server writes it: spec.ports[0].nodePort,
    metadata.labels[a.b/c]."""
    steps = [name or inner.strip("\"'") for name, inner in _STEP.findall(field)]
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def of_keys(field: str, body: Json) -> str:
    """The pointer of a field as server-side apply writes it, with items of lists by their keys:
    spec.template.spec.containers[name="web"].image. A step that leads nowhere stays as written."""
    path = ""
    for name, inner in _STEP.findall(field):
        key = name or inner
        if isinstance(body, list):
            place = next((at for at, item in enumerate(body) if _has_keys(item, inner)), None)
            key = inner.strip("\"'") if place is None else str(place)
            body = None if place is None else body[place]
        else:
            body = body.get(key) if isinstance(body, Mapping) else None
        path = step(path, key)
    return path


def _has_keys(item: Json, keys: str) -> bool:
    """Whether an item is the one that `name="web"` or `="a plain one"` means."""
    for word in keys.split(","):
        name, _, value = word.partition("=")
        own = item.get(name) if name and isinstance(item, Mapping) else item
        if str(own) != value.strip('"'):
            return False
    return True


def step(path: str, key: object) -> str:
    """An RFC 6901 pointer one step further."""
    return f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"
