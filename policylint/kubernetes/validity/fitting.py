"""How server-side apply fits an object to its schema (sigs.k8s.io/structured-merge-diff
typed/validate.go)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from policylint.kubernetes.api.schemas import Node
from policylint.model import Json

_NUMBERS = frozenset({"integer", "number"})


class Misfit(Struct, frozen=True):
    """One error: the field by index (`spec.ports[1]`), by key as the server writes it, what it
    says, its topic."""

    field: str
    path: str
    text: str
    topic: str = "invalid-object"


class _Position(Struct, frozen=True):
    field: str
    path: str

    def name(self, key: str) -> _Position:
        return _Position(f"{self.field}.{key}" if self.field else key, f"{self.path}.{key}")

    def item(self, index: int, key: str) -> _Position:
        return _Position(f"{self.field}[{index}]", f"{self.path}[{key}]")


def typed(node: Node, value: Json) -> Iterator[Misfit]:
    """The misfits of an object, in order."""
    return _value(node, value, _Position("", ""))


def _value(node: Node, value: Json, position: _Position) -> Iterator[Misfit]:
    if value is None or _is_open(node):
        return
    if node.type == "array":
        yield from _list(node, value, position)
    elif node.type == "object" or node.is_struct:
        yield from _map(node, value, position)
    else:
        yield from _scalar(node, value, position)


def _is_open(node: Node) -> bool:
    return node.preserve_unknown or not (
        node.type or node.int_or_string or node.quantity or node.is_struct
    )


def _map(node: Node, value: Json, position: _Position) -> Iterator[Misfit]:
    if not isinstance(value, Mapping):
        yield Misfit(position.field, position.path, f"expected map, got &{{{_go(value)}}}")
        return
    for key, item in value.items():
        child = node.properties.get(key) or node.additional
        if child is not None:
            yield from _value(child, item, position.name(key))
        else:
            here = position.name(key)
            yield Misfit(here.field, here.path, "field not declared in schema", "unknown-field")


def _list(node: Node, value: Json, position: _Position) -> Iterator[Misfit]:
    if not isinstance(value, list):
        yield Misfit(position.field, position.path, f"expected list, got &{{{_go(value)}}}")
    elif node.items is None:
        return
    elif node.list_type in _KEYS:
        yield from _keyed(node, node.items, value, position)
    else:
        for index, item in enumerate(value):
            yield from _value(node.items, item, position.item(index, str(index)))


def _keyed(node: Node, element: Node, value: list[Json], position: _Position) -> Iterator[Misfit]:
    seen: set[str] = set()
    for index, item in enumerate(value):
        key, problem = _KEYS[node.list_type](node, item)
        if problem:
            yield Misfit(f"{position.field}[{index}]", position.path, f"element {index}: {problem}")
            return
        if key in seen:
            text = f"duplicate entries for key [{key}]"
            yield Misfit(f"{position.field}[{index}]", position.path, text, "duplicate-list-key")
        seen.add(key)
        yield from _value(element, item, position.item(index, key))


def _map_key(node: Node, item: Json) -> tuple[str, str]:
    """An item's key as the server writes it, or what is wrong with it."""
    if not isinstance(item, Mapping):
        if item is None:
            kind = "a null element"
        else:
            kind = "non-map elements"
        return "", f"associative list with keys may not have {kind}"
    parts = [
        f"{name}={_shown(value)}"
        for name in node.list_keys
        for value in _key_values(node, item, name)
    ]
    if parts:
        return ",".join(parts), ""
    names = " ".join(_shown(name) for name in node.list_keys)
    omitted = f"all key fields [{names}] (and doesn't have default values for any key fields)"
    return "", f"associative list with keys has an element that omits {omitted}"


def _key_values(node: Node, item: Mapping[str, Json], name: str) -> Iterator[Json]:
    if name in item:
        yield item[name]
        return
    if node.items:
        child = node.items.properties.get(name)
    else:
        child = None
    if child is not None and child.default is not None:
        yield child.default


def _set_key(_node: Node, item: Json) -> tuple[str, str]:
    if item is None:
        return "", "associative list without keys has an element that's an explicit null"
    if isinstance(item, (Mapping, list)):
        return "", "associative list without keys has an element that's a map or list type"
    return f"={_shown(item)}", ""


_KEYS: Mapping[str, Callable[[Node, Json], tuple[str, str]]] = {"map": _map_key, "set": _set_key}


def _quantity(value: Json, position: _Position) -> Iterator[Misfit]:
    if isinstance(value, (Mapping, list)):
        yield Misfit(position.field, position.path, f"expected any scalar, got &{{{_go(value)}}}")


def _scalar(node: Node, value: Json, position: _Position) -> Iterator[Misfit]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if node.int_or_string:
        return  # reads itself
    if node.quantity:
        yield from _quantity(value, position)
    elif node.type in _NUMBERS:
        if not is_number:
            yield Misfit(
                position.field,
                position.path,
                f"expected numeric (int or float), got {_go_type(value)}",
            )
    elif node.type == "string":
        if not isinstance(value, str):
            text = f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
            yield Misfit(position.field, position.path, text)
    elif node.type == "boolean" and not isinstance(value, bool):
        yield Misfit(position.field, position.path, f"expected boolean, got &{{{_go(value)}}}")


def _go(value: Json) -> str:
    """A value as Go's %v prints it."""
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{_go(item)}" for key, item in sorted(value.items())) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_go, value)) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, str):
        return value
    return _shown(value)


def _go_syntax(value: Json) -> str:
    """A value as Go's %#v prints it."""
    if isinstance(value, Mapping):
        pairs = ", ".join(
            f"{_shown(key)}:{_go_syntax(item)}" for key, item in sorted(value.items())
        )
        return f"map[string]interface {{}}{{{pairs}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(_go_syntax, value)) + "}"
    if value is None:
        return "interface {}(nil)"
    return _shown(value)


def _go_type(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        return "map[string]interface {}"
    return "[]interface {}"


def _shown(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
