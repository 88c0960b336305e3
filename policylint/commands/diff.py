"""`policylint diff`: two sides as text, JSON or JSON Patch, secrets masked."""

from __future__ import annotations

from typing import Any

from policylint.errors import UsageError
from policylint.helm.inputs.options import Options
from policylint.kubernetes.manifests.diff import leaves
from policylint.model import Change, Created, Deleted, FieldChange, Json, Kept, Upgrade
from policylint.redaction.redactor import Redactor, mask_secret
from policylint.report.formats.json import resource as identity_json
from policylint.report.shown import dotted, pair
from policylint.runtime.escapes import json_text

SCHEMA = "policylint/diff/v1"
FORMATS = ("text", "json", "jsonpatch")


def written(options: Options, format_: str, resource: str = "") -> str:
    """The diff that the options name, in one format; `resource` ("KIND/NAME") asks for one delta
    only.

    Raises `UsageError` for an unknown format or resource, and what loading and rendering raise.
    """
    from policylint.pipeline.case import upgrades

    if format_ not in FORMATS:
        raise UsageError(
            f"no format is called {format_!r}", remedy=f"the formats are {', '.join(FORMATS)}"
        )
    diffed = upgrades(options)
    if resource:
        return "".join(_delta(change, redactor) for change, redactor in _named(diffed, resource))
    if format_ == "text":
        return "".join(_text(upgrade) for upgrade in diffed)
    document: Any = _document(diffed)
    if format_ == "jsonpatch":
        document = [row for upgrade in diffed for row in _patches(upgrade)]
    return json_text(document)


def _changed(upgrade: Upgrade) -> list[Change]:
    return [change for change in upgrade.changes if not isinstance(change, Kept) or change.fields]


def _redactor(upgrade: Upgrade) -> Redactor:
    return Redactor.of([*upgrade.before.resources.values(), *upgrade.after.resources.values()])


def _shown(redactor: Redactor, change: Change, field: FieldChange) -> tuple[Json, ...]:
    bodies = [
        side.body
        for side in (getattr(change, "before", None), getattr(change, "after", None))
        if side
    ]
    return redactor.values(change.id, field.path, field.before, field.after, bodies=bodies)


def _text(upgrade: Upgrade) -> str:
    redactor = _redactor(upgrade)
    lines = []
    for change in _changed(upgrade):
        lines.append(f"{_word(change)} {change.id}")
        if isinstance(change, Kept):
            lines += _field_rows(change, redactor)
    if lines:
        return "\n".join(lines) + "\n"
    return "nothing changes\n"


def _field_rows(change: Kept, redactor: Redactor) -> list[str]:
    rows = []
    for field in change.fields:
        before, after = _shown(redactor, change, field)
        noise = "  (noise)" if field.noise else ""
        rows.append(_row(field.op, field.path, before, after) + noise)
    return rows


def _row(op: str, path: str, before: Json, after: Json) -> str:
    was, now = pair(before, after)
    return f"  {op:<7} {dotted(path)}: {was} -> {now}"


def _document(upgrades: list[Upgrade]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "releases": [
            {"name": upgrade.release, "namespace": upgrade.namespace, "changes": _rows(upgrade)}
            for upgrade in upgrades
        ],
    }


def _rows(upgrade: Upgrade) -> list[dict[str, Any]]:
    redactor = _redactor(upgrade)
    rows = []
    for change in _changed(upgrade):
        fields = []
        for field in change.fields if isinstance(change, Kept) else ():
            before, after = _shown(redactor, change, field)
            fields.append(
                {
                    "op": field.op,
                    "path": field.path,
                    "before": before,
                    "after": after,
                    "noise": field.noise,
                }
            )
        rows.append(
            {"resource": identity_json(change.id), "change": _word(change), "fields": fields}
        )
    return rows


def _patches(upgrade: Upgrade) -> list[dict[str, Any]]:
    from policylint.kubernetes.manifests.jsonpatch import patch

    redactor = _redactor(upgrade)

    def shown(change: Change, side: str) -> Any:
        body = getattr(change, side).body
        return redactor.value(mask_secret(body) if change.id.kind == "Secret" else body)

    return [
        {
            "resource": identity_json(change.id),
            "patch": patch(shown(change, "before"), shown(change, "after")),
        }
        for change in _changed(upgrade)
        if isinstance(change, Kept)
    ]


def _named(upgrades: list[Upgrade], resource: str) -> list[tuple[Change, Redactor]]:
    kind, _, name = resource.partition("/")
    changes = [
        (change, _redactor(upgrade))
        for upgrade in upgrades
        for change in upgrade.changes
        if change.id.kind.lower() == kind.lower() and change.id.name == name
    ]
    if not changes:
        raise UsageError(
            f"neither side has a {resource}",
            remedy="name it as KIND/NAME, as policylint diff prints it",
        )
    return changes


def _delta(change: Change, redactor: Redactor) -> str:
    """One resource's delta: the fields of a kept one that change, all that another one has."""
    if isinstance(change, Kept):
        rows = _field_rows(change, redactor)
    else:
        created = isinstance(change, Created)
        if isinstance(change, Created):
            body = change.after.body
        else:
            body = change.before.body
        shown = redactor.value(mask_secret(body) if change.id.kind == "Secret" else body)
        op = "add" if created else "remove"
        rows = [_row(op, path, *_sides(value, created=created)) for path, value in leaves(shown)]
    return "\n".join([f"{_word(change)} {change.id}", *(rows or ["nothing changes"])]) + "\n"


def _sides(value: Json, *, created: bool) -> tuple[Json, Json]:
    if created:
        return (None, value)
    return (value, None)


def _word(change: Change) -> str:
    return {Created: "created", Kept: "kept", Deleted: "deleted"}[type(change)]
