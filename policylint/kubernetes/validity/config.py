"""ConfigMaps and Secrets: their keys, their size, the keys that a Secret's type needs."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.fielderrors import each_invalid, invalid, required, too_long
from policylint.kubernetes.api.reading import fields, text, text_map
from policylint.kubernetes.validity.formats import config_key
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_LARGEST = 1024 * 1024
_HIDDEN = "<secret contents redacted>"
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_JSON = frozenset({"kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"})
_ACCOUNT = "kubernetes.io/service-account.name"


def config_map(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a ConfigMap."""
    plain, binary = text_map(obj, "data"), text_map(obj, "binaryData")
    for key in plain:
        yield from each_invalid(f"data[{key}]", key, config_key(key))
        if key in binary:
            yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    for key in binary:
        yield from each_invalid(f"binaryData[{key}]", key, config_key(key))
    size = sum(len(value.encode()) for value in plain.values()) + sum(
        map(_decoded_size, binary.values())
    )
    if size > _LARGEST:
        yield too_long("", _LARGEST)


def secret(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a Secret, its `stringData` counted as data."""
    encoded, written = text_map(obj, "data"), text_map(obj, "stringData")
    for key in {**encoded, **written}:
        yield from each_invalid(f"data[{key}]", key, config_key(key))
    size = sum(len(value.encode()) for value in written.values())
    size += sum(_decoded_size(value) for key, value in encoded.items() if key not in written)
    if size > _LARGEST:
        yield too_long("data", _LARGEST)
    yield from _needed(obj, encoded, written)


def _needed(obj: Object, encoded: Mapping[str, str], written: Mapping[str, str]) -> Iterator[Cause]:
    kind = text(obj, "type")
    keys = encoded.keys() | written.keys()
    for key in _NEEDED.get(kind, ()):
        if key not in keys:
            yield required(f"data[{key}]")
        elif kind in _JSON:
            if key in written:
                content = written[key]
            else:
                content = _decoded(encoded[key])
            yield from _json_object(content, f"data[{key}]")
    if kind == "kubernetes.io/basic-auth" and not keys & {"username", "password"}:
        yield required("data[username]")
        yield required("data[password]")
    if kind == "kubernetes.io/ssh-auth" and not {**encoded, **written}.get("ssh-privatekey"):
        yield required("data[ssh-privatekey]")
    if kind == "kubernetes.io/service-account-token":
        yield from _account_named(obj)


def _account_named(obj: Object) -> Iterator[Cause]:
    annotations = text_map(fields(obj, "metadata"), "annotations")
    if not annotations.get(_ACCOUNT):
        yield required(f"metadata.annotations[{_ACCOUNT}]")


def _json_object(content: str, at: str) -> Iterator[Cause]:
    if not _is_object(content):
        yield invalid(at, _HIDDEN, "invalid character looking for beginning of value")


def _decoded_size(value: str) -> int:
    return len(value) // 4 * 3 - (len(value) - len(value.rstrip("=")))


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode(errors="replace")
    except (binascii.Error, ValueError):
        return "{}"  # not base64: refused when it is decoded


def _is_object(value: str) -> bool:
    try:
        return isinstance(json.loads(value), (dict, type(None)))
    except ValueError:
        return False
