"""Whether the API server can read an object at all: its fields' types, and under server-side apply its list keys.

Server-side apply reads the sent object by the published schema (structured-merge-diff) and refuses unknown
fields, wrong types and duplicate list keys; any method then decodes JSON into Go structs, which refuses wrong
types but drops unknown fields. Messages are those of structured-merge-diff v4 and encoding/json.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from policylint.model import Cause, Json, Object
from policylint.schemas import Node

_SOURCE = "k8s.io structured-merge-diff typed conversion"
_SPECIAL_METADATA = frozenset({"apiVersion", "kind", "metadata"})
_GO_WORDS = {bool: "bool", int: "number", float: "number", str: "string", dict: "object", list: "array"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing the server cannot read: where (as structured-merge-diff writes it), what, and its topic."""

    path: str
    text: str
    topic: str = "invalid-object"


def apply_refusal(sent: Object, node: Node, minor: int) -> Cause | None:
    """The server's refusal to read an object sent by server-side apply; None where it can."""
    problems = list(_problems(node, sent, "", minor))
    if not problems:
        return None
    said = [f"{problem.path}: {problem.text}" for problem in problems]
    metadata = sent.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    where = f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}"
    version = str(sent.get("apiVersion"))
    version = version if "/" in version else f"/{version}"
    text = said[0] if len(said) == 1 else "errors:\n  " + "\n  ".join(said)
    message = f"failed to create typed patch object ({where}; {version}, Kind={sent.get('kind')}): {text}"
    return Cause(problems[0].path.lstrip("."), "", message, problems[0].topic, _SOURCE)


def decode_refusals(sent: Object, node: Node, known: Object | None = None) -> tuple[Cause, ...]:
    """What decoding JSON into the kind's Go struct refuses; the server stops at the first.

    `known` is an object that was decoded before: what `sent` shares with it needs no second look.
    """
    problem = next(_undecodable(node, sent, "", "", known), None)
    return () if problem is None else (problem,)


def _problems(node: Node | None, value: Json, path: str, minor: int) -> Iterator[Problem]:
    if node is None or value is None or _schemaless(node):
        return
    if node.preserve_unknown and node.type in ("", "object"):
        if node.properties and isinstance(value, dict):
            yield from _struct(node, value, path, minor)
    elif node.properties or (node.type == "object" and node.additional):
        if isinstance(value, dict):
            yield from _struct(node, value, path, minor)
        else:
            yield Problem(path, f"expected map, got {_go_value(value)}")
    elif node.type == "array":
        if isinstance(value, list):
            yield from _list(node, value, path, minor)
        else:
            yield Problem(path, f"expected list, got {_go_value(value)}")
    else:
        yield from _scalar(node, value, path)


def _struct(node: Node, value: Mapping[str, Json], path: str, minor: int) -> Iterator[Problem]:
    for name in sorted(value):
        child = node.child(name)
        if child is not None:
            yield from _problems(child, value[name], f"{path}.{name}", minor)
        elif not node.preserve_unknown:
            yield Problem(f"{path}.{name}", "field not declared in schema", "unknown-field")


def _list(node: Node, value: list[Json], path: str, minor: int) -> Iterator[Problem]:
    if node.list_type not in ("map", "set"):
        for index, item in enumerate(value):
            yield from _problems(node.items, item, f"{path}[{index}]", minor)
        return
    seen: dict[str, int] = {}
    for index, item in enumerate(value):
        key = item_key(node, item)
        if key is None:
            yield Problem(path, _keyless(node, item, index, minor))
            continue
        seen[key] = seen.get(key, 0) + 1
        yield from _problems(node.items, item, f"{path}[{_shown(node, key)}]", minor)
    for key, count in seen.items():
        if count > 1:
            shown = key if node.list_type == "map" else f"={key}"
            yield Problem(path, f"duplicate entries for key [{shown}]", "duplicate-list-key")


def _shown(node: Node, key: str) -> str:
    return key if node.list_type == "map" else f"={key}"


def _keyless(node: Node, item: Json, index: int, minor: int) -> str:
    if not isinstance(item, dict):
        return f"element {index}: associative list with keys may not have non-map elements"
    missing = [key for key in node.list_keys if key not in item]
    if minor >= 32:
        names = " ".join(json.dumps(key) for key in node.list_keys)
        return (
            f"element {index}: associative list with keys has an element that omits all key fields [{names}] "
            "(and doesn't have default values for any key fields)"
        )
    return (
        f'element {index}: associative list with keys has an element that omits key field "{missing[0]}" '
        "(and doesn't have default value)"
    )


def item_key(node: Node, item: Json) -> str | None:
    """The key of an associative list's item as the server writes it; None where it has none."""
    if node.list_type == "set":
        return json.dumps(item, ensure_ascii=False)
    if not isinstance(item, dict):
        return None
    fields = node.items.properties if node.items else {}
    found = {}
    for name in node.list_keys:
        if name in item:
            found[name] = item[name]
        elif name in fields and fields[name].default is not None:
            found[name] = fields[name].default
    if not found:
        return None
    return ",".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in sorted(found.items()))


def _scalar(node: Node, value: Json, path: str) -> Iterator[Problem]:
    if node.int_or_string or node.quantity or not node.type:
        if isinstance(value, (dict, list)):
            yield Problem(path, f"expected scalar, got {_go_value(value)}")
    elif node.type in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield Problem(path, f"expected numeric (int or float), got {_go_type(value)}")
    elif (node.type == "boolean" and not isinstance(value, bool)) or (
        node.type == "string" and not isinstance(value, str)
    ):
        yield Problem(path, f"expected {node.type}, got {_go_value(value)}")


def _go_type(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, str) else _go_value(value)


def _go_value(value: Json) -> str:
    if isinstance(value, bool):
        return f"&value.valueUnstructured{{Value:{str(value).lower()}}}"
    if isinstance(value, str):
        return f'&value.valueUnstructured{{Value:"{value}"}}'
    return f"&value.valueUnstructured{{Value:{value}}}"


def _undecodable(node: Node | None, value: Json, path: str, owner: str, known: Json = None) -> Iterator[Cause]:
    if node is None or value is None or value is known or _untyped(node):
        return
    if node.properties or node.additional:
        if not isinstance(value, dict):
            yield _unmarshal(value, path, owner, node.ref.rpartition(".")[2] or "map")
            return
        name = node.ref.rpartition(".")[2] or owner
        seen = known if isinstance(known, dict) else {}
        for key, child in value.items():
            if child is not seen.get(key):
                yield from _undecodable(node.child(key), child, f"{path}.{key}" if path else key, name, seen.get(key))
    elif node.type == "array":
        if not isinstance(value, list):
            yield _unmarshal(value, path, owner, "slice")
            return
        have = {id(item) for item in known} if isinstance(known, list) else ()
        for item in value:
            if id(item) not in have:
                yield from _undecodable(node.items, item, path, owner)
    else:
        yield from _bad_scalar(node, value, path, owner)


@cache
def _schemaless(node: Node) -> bool:
    return node.ref.endswith(("JSONSchemaProps", "FieldsV1"))


@cache
def _untyped(node: Node) -> bool:
    return node.ref.endswith(("JSONSchemaProps", "FieldsV1", "RawExtension", ".JSON"))


def _bad_scalar(node: Node, value: Json, path: str, owner: str) -> Iterator[Cause]:
    if node.int_or_string or node.quantity or not node.type:
        return
    if node.type == "integer":
        if isinstance(value, bool) or not isinstance(value, int):
            yield _unmarshal(value, path, owner, node.format or "int64")
    elif node.type == "boolean" and not isinstance(value, bool):
        yield _unmarshal(value, path, owner, "bool")
    elif node.type == "string" and not isinstance(value, str):
        yield _unmarshal(value, path, owner, "string")
    elif node.format == "byte" and isinstance(value, str):
        problem = _base64_problem(value)
        if problem:
            yield Cause(path, "", problem, "invalid-object", "encoding/base64")


def _unmarshal(value: Json, path: str, owner: str, wanted: str) -> Cause:
    word = "bool" if isinstance(value, bool) else _GO_WORDS.get(type(value), "value")
    if isinstance(value, float):
        word = f"number {value}"
    message = f"json: cannot unmarshal {word} into Go struct field {owner}.{path} of type {wanted}"
    return Cause(path, "", message, "invalid-object", "encoding/json")


def _base64_problem(value: str) -> str:
    """What encoding/base64 says of text that is no base64, "" where it is."""
    text = value.replace("\n", "").replace("\r", "")
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        alphabet = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        at = next((index for index, letter in enumerate(text) if letter not in alphabet), len(text) // 4 * 4)
        return f"illegal base64 data at input byte {at}"
    return ""
