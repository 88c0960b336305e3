"""Helm's own release record: JSON, gzipped, in base64, in a Secret (once more in base64) or a
ConfigMap.

Source: pkg/storage/driver/util.go of Helm 3.22 and 4.3. Decompression is bounded: a record is at
most 1 MiB in the cluster, and one that unpacks to more than `MAX_JSON` is taken for a bomb.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.helm.inputs.revisions import STATUSES, Revision
from policylint.model import Json, Object
from policylint.runtime.patterns import pattern

MAX_RECORD = 1024 * 1024
"""What a Secret or ConfigMap may hold (core/v1 MaxSecretSize)."""
MAX_JSON = 64 * 1024 * 1024
NAME = pattern(r"sh\.helm\.release\.v1\.(?P<name>.+)\.v(?P<revision>\d+)$")
_GZIP = b"\x1f\x8b\x08"
_AGAIN = "export it again (kubectl get secret -l owner=helm -o yaml)"


def is_record(obj: Json) -> bool:
    """Whether an object claims to be a release record of Helm 3 or 4."""
    if not isinstance(obj, Mapping) or obj.get("kind", "Secret") not in ("Secret", "ConfigMap"):
        return False
    meta = _map(obj.get("metadata"))
    named = NAME.match(str(meta.get("name", ""))) is not None
    return named or obj.get("type") == "helm.sh/release.v1"


def revision_of(obj: Object, file: str, line: int) -> tuple[str, str, Revision]:
    """Release name, namespace and revision of a Secret or ConfigMap; raises `ReadError` naming file
    and record."""
    meta = _map(obj.get("metadata"))
    record = str(meta.get("name", "without a name"))
    text = _payload(obj, file, line, record)
    size = len(text)
    if size > MAX_RECORD:
        message = f"record {record} holds {size} bytes, more than the {MAX_RECORD} a cluster stores"
        raise ReadError(
            message, file=file, line=line, remedy="this is no record of a cluster; export it again"
        )
    release = _release(_json(text, file, line, record), file, line, record)
    revision = of_release(release, file, line, record)
    claimed = NAME.match(record)
    if claimed and (claimed["name"], int(claimed["revision"])) != (
        release["name"],
        revision.number,
    ):
        message = f"record {record} holds release {release['name']} revision {revision.number}"
        raise ReadError(
            message, file=file, line=line, remedy=f"it was renamed or overwritten; {_AGAIN}"
        )
    namespace = str(release.get("namespace") or meta.get("namespace") or "")
    return (
        str(release["name"]),
        namespace,
        replace(revision, size=size, kind=str(obj.get("kind") or "Secret")),
    )


def of_release(release: Object, file: str, line: int = 0, record: str = "") -> Revision:
    """A revision of Helm's release JSON (a decoded record, or what install, upgrade and status
    print)."""
    info, chart = _map(release.get("info")), _map(release.get("chart"))
    meta = _map(chart.get("metadata"))
    status = str(info.get("status", "unknown"))
    if status not in STATUSES:
        raise ReadError(
            f"{record or 'release'}: unknown status {status!r}", file=file, line=line, remedy=_AGAIN
        )
    name, version = str(meta.get("name", "")), str(meta.get("version", ""))
    return Revision(
        number=int(release["version"]),
        status=status,
        chart=f"{name}-{version}" if name else "",
        app_version=str(meta.get("appVersion", "")),
        updated=str(info.get("last_deployed") or info.get("first_deployed") or ""),
        description=str(info.get("description", "")),
        chart_name=name,
        chart_version=version,
        record=record,
        line=line,
        apply_method=str(release.get("apply_method") or ""),
        manifest=str(release.get("manifest") or ""),
        hooks=_hooks(release.get("hooks"), record, file, line),
        values=_map(release.get("config")),
        chart_record=chart,
    )


def _hooks(hooks: Json, record: str, file: str, line: int) -> tuple[Object, ...]:
    """The hooks of a release; one that is not of Helm's form would be left out of the verdict."""
    if not hooks:
        return ()
    listed = hooks if isinstance(hooks, list) else [hooks]
    for hook in listed:
        if not isinstance(hook, Mapping) or not isinstance(hook.get("manifest") or "", str):
            message = f"{record or 'release'}: a hook that is none"
            raise ReadError(message, file=file, line=line, remedy=_AGAIN)
    return tuple(listed)


def is_release(value: Json) -> bool:
    """Whether a value is Helm's release JSON."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("name"), str)
        and isinstance(value.get("info"), Mapping)
        and isinstance(value.get("version"), int)
        and not isinstance(value.get("version"), bool)
    )


def _payload(obj: Object, file: str, line: int, record: str) -> str:
    """The base64 text that Helm wrote: a Secret's `data` is in base64 once more."""
    secret = obj.get("kind", "Secret") == "Secret"
    data, plain = _map(obj.get("data")), _map(obj.get("stringData"))
    if "release" in plain:
        value = plain.get("release")
    else:
        value = data.get("release")
    if not isinstance(value, str) or not value:
        raise ReadError(f"record {record} holds no release", file=file, line=line, remedy=_AGAIN)
    if not secret or "release" in plain:
        return value
    return _base64(value, file, line, record).decode("ascii", "replace")


def _base64(text: str, file: str, line: int, record: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        message = f"record {record} is damaged: not base64 ({error})"
        raise ReadError(message, file=file, line=line, remedy=_AGAIN) from None


def _json(text: str, file: str, line: int, record: str) -> Json:
    packed = _base64(text, file, line, record)
    if packed.startswith(_GZIP):
        plain = _unpacked(packed, file, line, record)
    else:
        plain = packed
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        message = f"record {record} is damaged: not a release in JSON"
        raise ReadError(
            message, file=file, line=line, remedy=f"it may be Helm 2's; {_AGAIN}"
        ) from None


def _unpacked(packed: bytes, file: str, line: int, record: str) -> bytes:
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = stream.decompress(packed, MAX_JSON + 1)
    except zlib.error as error:
        message = f"record {record} is damaged: {error}"
        raise ReadError(message, file=file, line=line, remedy=_AGAIN) from None
    if len(plain) > MAX_JSON:
        message = f"record {record} unpacks to more than {MAX_JSON} bytes"
        raise ReadError(
            message, file=file, line=line, remedy="a decompression bomb; do not use this record"
        )
    if not stream.eof:
        raise ReadError(f"record {record} is cut off", file=file, line=line, remedy=_AGAIN)
    return plain


def _release(value: Json, file: str, line: int, record: str) -> Object:
    if not is_release(value):
        message = f"record {record} holds something that is no Helm release"
        raise ReadError(message, file=file, line=line, remedy=_AGAIN)
    release: Object = value
    return release


def _map(value: Json) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {}
