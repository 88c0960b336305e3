"""RFC 6901 pointers: the one place that escapes their steps, takes them apart and follows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policylint.runtime.patterns import pattern

_STEP = pattern(r"\.?([^.\[\]]+)|\[([^\[\]]*)\]")


def of_field(field: str) -> str:
    """The pointer of a field as the API server writes it: spec.ports[0].nodePort,
    metadata.labels[a.b/c]."""
    names = [name or inner.strip("\"'") for name, inner in _STEP.findall(field)]
    return pointer(*names)


def pointer(*names: object) -> str:
    """The pointer of these steps, "" for none."""
    return "".join(step("", name) for name in names)


def of_keys(field: str, body: Any) -> str:
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


def _has_keys(item: Any, keys: str) -> bool:
    """Whether an item is the one that `name="web"` or `="a plain one"` means."""
    for word in keys.split(","):
        name, _, value = word.partition("=")
        if name and isinstance(item, Mapping):
            own = item.get(name)
        else:
            own = item
        if str(own) != value.strip('"'):
            return False
    return True


def step(path: str, key: object) -> str:
    """A pointer one step further."""
    return f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"


def steps(path: str) -> list[str]:
    """The steps of a pointer as keys are written."""
    return [unescaped(written) for written in path.split("/")[1:]]


def numbered(path: str) -> tuple[str | int, ...]:
    """The steps of a pointer; what may count the items of a list is a number."""
    return tuple(int(name) if is_index(name) else name for name in steps(path))


def unescaped(written: str) -> str:
    """A step as the key is written."""
    return written.replace("~1", "/").replace("~0", "~")


def is_index(name: str) -> bool:
    """Whether a step may count the items of a list."""
    return name.isascii() and name.isdigit()


def below(value: Any, name: str) -> Any:
    """What a step leads to, in a map or a list; None where it leads nowhere."""
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, list) and is_index(name) and int(name) < len(value):
        return value[int(name)]
    return None


def value_at(value: Any, path: str) -> Any:
    """What a pointer leads to, None where it leads nowhere."""
    for name in steps(path):
        value = below(value, name)
    return value
