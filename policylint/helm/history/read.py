"""Read a release's history from whatever the user has: helm's JSON, or exported records in YAML or
JSON.

Understood: `helm history -o json`, `helm list -o json`, `helm status -o json` (and what install and
upgrade print), and Secrets or ConfigMaps of Helm's storage, one or many, as documents or as a List.
A dump of the SQL driver is not read: its `body` column is the same text that a ConfigMap holds
under `data.release`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.helm.history.record import is_record, is_release, of_release, revision_of
from policylint.helm.inputs.revisions import LIMIT, STATUSES, History, Revision
from policylint.kyaml import load as kyaml
from policylint.model import Json, Object
from policylint.runtime.digits import whole_or

MAX_TEXT = 256 * 1024 * 1024
_REMEDY = (
    "give `helm history NAME -o json`, `helm list -o json`, or `kubectl get secret -l "
    "owner=helm -o yaml`"
)
Record = tuple[str, str, Revision]


def read(
    text: str,
    file: str,
    *,
    name: str = "",
    namespace: str = "",
    limit: int = LIMIT,
    now: datetime | None = None,
) -> tuple[History, ...]:
    """The histories in a text, by namespace and name; raises `ReadError` naming file and record.

    `name` and `namespace` say whose history it is where the text does not (`helm history` prints
    neither).
    """
    if len(text) > MAX_TEXT:
        raise ReadError(
            f"larger than {MAX_TEXT} characters", file=file, remedy="export one release at a time"
        )
    records: list[Record] = []
    complete = True
    for value, line in _values(text, file):
        if _is_helm_output(value):
            complete = _shows_all(value)
            records += _printed(value, file, name, namespace)
        else:
            records += _recorded(value, file, line)
    if not records:
        raise ReadError("no Helm release in it", file=file, remedy=_REMEDY)
    return tuple(_grouped(records, file, History("", "", (), file, complete, limit, now)))


def _values(text: str, file: str) -> Iterator[tuple[Json, int]]:
    if text.lstrip("\ufeff \t\r\n")[:1] in ("[", "{"):
        try:
            yield json.loads(text.removeprefix("\ufeff")), 1
        except json.JSONDecodeError as error:
            if text.lstrip()[:1] == "[" or '"' in text[:80]:
                raise ReadError(
                    f"not JSON: {error.msg}", file=file, line=error.lineno, remedy=_REMEDY
                ) from None
        except RecursionError:
            raise ReadError("nested too deeply", file=file, remedy=_REMEDY) from None
        else:
            return
    for document in kyaml.split(text, file):
        yield document.body(), document.line


def _is_helm_output(value: Json) -> bool:
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(
        is_release(item) or (isinstance(item, Mapping) and "revision" in item and "status" in item)
        for item in items
    )


def _shows_all(value: Json) -> bool:
    """`helm history` shows every revision; `helm list` and `helm status` the last one of each
    release."""
    return isinstance(value, list) and not any("name" in item for item in value)


def _printed(value: Json, file: str, name: str, namespace: str) -> Iterator[Record]:
    for item in value if isinstance(value, list) else [value]:
        if is_release(item):
            yield item["name"], str(item.get("namespace") or namespace), of_release(item, file)
        else:
            yield (
                str(item.get("name") or name),
                str(item.get("namespace") or namespace),
                _row(item, file),
            )


def _row(item: Object, file: str) -> Revision:
    """One row of `helm history` or `helm list`."""
    status, number = str(item["status"]), str(item["revision"])
    if status not in STATUSES or not number.isascii() or not number.isdigit():
        message = f"revision {number!r} with status {status!r} is none of Helm's"
        raise ReadError(message, file=file, remedy=_REMEDY)
    chart = str(item.get("chart", ""))
    name, version = split_chart(chart)
    return Revision(
        number=whole_or(number, 0),
        status=status,
        chart=chart,
        app_version=str(item.get("app_version", "")),
        updated=str(item.get("updated", "")),
        description=str(item.get("description", "")),
        chart_name=name,
        chart_version=version,
    )


def split_chart(chart: str) -> tuple[str, str]:
    """Name and version of `name-1.2.3`, where helm joined them; names and versions may hold dashes
    themselves."""
    parts = chart.split("-")
    for position in range(1, len(parts)):
        version = "-".join(parts[position:])
        if version.removeprefix("v")[:1].isdigit() and "." in version.partition("-")[0]:
            return "-".join(parts[:position]), version
    return chart, ""


def _recorded(value: Json, file: str, line: int) -> Iterator[Record]:
    for obj in _objects(value):
        if is_record(obj):
            yield revision_of(obj, file, line)


def holds_record(text: str, file: str) -> bool:
    """Whether one of the objects of a text is a release or its record; what cannot be read is taken
    for one."""
    try:
        values = [document.body() for document in kyaml.load_all(text, file)]
        return any(is_release(value) or any(map(is_record, _objects(value))) for value in values)
    except ReadError:
        return True


def _objects(value: Json) -> Iterable[Json]:
    if isinstance(value, Mapping) and isinstance(value.get("items"), list):
        # items of a typed list (SecretList) may leave out their kind
        kind = str(value.get("kind", "")).removesuffix("List")
        return [
            {"kind": kind, **item} if kind and isinstance(item, dict) else item
            for item in value["items"]
        ]
    if isinstance(value, list):
        return value
    return [value]


def _grouped(records: list[Record], file: str, common: History) -> Iterator[History]:
    groups: dict[tuple[str, str], dict[int, Revision]] = {}
    for name, namespace, revision in records:
        group = groups.setdefault((namespace, name), {})
        if revision.number in group:
            message = f"revision {revision.number} of release {name or 'without a name'} twice"
            raise ReadError(
                message, file=file, line=revision.line, remedy="keep one record of each revision"
            )
        group[revision.number] = revision
    for (namespace, name), group in sorted(groups.items()):
        revisions = tuple(group[number] for number in sorted(group))
        yield replace(common, name=name, namespace=namespace, revisions=revisions)
