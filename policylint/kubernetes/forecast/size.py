"""Objects that are larger than a cluster stores.

etcd refuses a write above 1.5 MiB (--max-request-bytes), the API server a request above 3 MiB
(MaxRequestBodyBytes). Built-in kinds are stored as protobuf, which holds every text of the object
and is smaller than its JSON; custom resources are stored as JSON. Managed fields and what the
server fills in come on top.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec.json

from policylint.kubernetes.forecast.request import Finding
from policylint.model import Cause, Json, Object, Unknown

STORED = 1536 * 1024
_REQUEST = 3 * 1024 * 1024
_NEAR = STORED * 7 // 8
"""Below this not even the managed fields of an object take it beyond the limit."""
_TOPIC = "invalid-object"


def too_large(obj: Object, *, builtin: bool) -> Iterator[Finding]:
    """What is said against an object for its size, as it is to be stored."""
    encoded = len(msgspec.json.encode(obj, enc_hook=str))
    if encoded <= _NEAR:
        return
    if encoded > _REQUEST:
        text = f"Request entity too large: limit is {_REQUEST}"
        yield Cause(
            "", "RequestEntityTooLarge", text, _TOPIC, "k8s.io/apiserver MaxRequestBodyBytes"
        )
    elif (_texts(obj) if builtin else encoded) > STORED:
        text = "etcdserver: request is too large"
        yield Cause("", "", text, _TOPIC, "etcd --max-request-bytes")
    else:
        what = f"how etcd stores this object of {encoded} bytes: it refuses more than {STORED}"
        yield Unknown(what, "kubectl create -f MANIFEST (a dry run stores nothing)", _TOPIC)


def _texts(value: Json) -> int:
    """The bytes of all texts below a value: no encoding stores fewer."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict):
        return sum(map(_texts, value.values()))
    if isinstance(value, list):
        return sum(map(_texts, value))
    return 0
