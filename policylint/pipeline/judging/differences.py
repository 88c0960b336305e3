"""What changes inside each resource, for the formats that show it: fields and images, masked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from policylint.kubernetes.api.workloads import containers, pod_template
from policylint.kubernetes.manifests.diff import leaves
from policylint.model import Change, Created, Deleted, FieldChange, Kept, Resource, ResourceId
from policylint.redaction.redactor import Redactor, mask_secret
from policylint.report.model import ImageChange, ReleaseReport


class Differences(Sequence[FieldChange]):
    """The field changes of one resource, secrets masked: of a kept one those of the diff, of
    another one all that it has. Made when somebody looks, as most formats do not."""

    def __init__(self, change: Change, redactor: Callable[[], Redactor]) -> None:
        self._change = change
        self._redactor = redactor
        self._rows: tuple[FieldChange, ...] | None = None

    def __getitem__(self, at: Any) -> Any:
        return self._made()[at]

    def __len__(self) -> int:
        return len(self._made())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._made() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._change.id)

    def __reduce__(self) -> tuple[type[tuple[Any, ...]], tuple[Any]]:
        # What another process gets are the rows: no object, and no secret of one.
        return tuple, (self._made(),)

    def _made(self) -> tuple[FieldChange, ...]:
        if self._rows is None:
            self._rows = tuple(_rows(self._change, self._redactor()))
        return self._rows


def detached(report: ReleaseReport) -> ReleaseReport:
    """The report without the objects that it is of: a fleet's would not fit into memory."""
    rows = tuple(replace(row, differences=tuple(row.differences)) for row in report.changes)
    return replace(report, changes=rows)


def _rows(change: Change, redactor: Redactor) -> Iterator[FieldChange]:
    if isinstance(change, Created):
        for path, value in _leaves(change.after, redactor):
            yield FieldChange(path, "add", None, value)
    elif isinstance(change, Deleted):
        for path, value in _leaves(change.before, redactor):
            yield FieldChange(path, "remove", value, None)
    else:
        bodies = (change.before.body, change.after.body)
        for row in change.fields:
            sides = (row.before, row.after)
            before, after = redactor.values(change.id, row.path, *sides, bodies=bodies)
            yield FieldChange(row.path, row.op, before, after, row.noise)


def _leaves(resource: Resource, redactor: Redactor) -> Iterator[tuple[str, Any]]:
    if resource.id.kind == "Secret":
        body = mask_secret(resource.body)
    else:
        body = resource.body
    return leaves(redactor.value(body))


def images(changes: Sequence[Change]) -> tuple[ImageChange, ...]:
    """The images that change, by container, with the workloads that run them."""
    users_of: dict[tuple[str, str, str], list[ResourceId]] = {}
    for change in changes:
        if isinstance(change, Kept) and not change.fields:
            continue
        before = _images(None if isinstance(change, Created) else change.before)
        after = _images(None if isinstance(change, Deleted) else change.after)
        for name in {**before, **after}:
            sides = (before.get(name, ""), after.get(name, ""))
            if sides[0] != sides[1]:
                users_of.setdefault((name, *sides), []).append(change.id)
    return tuple(ImageChange(*key, tuple(users)) for key, users in users_of.items())


def _images(resource: Resource | None) -> dict[str, str]:
    if resource is not None:
        template = pod_template(resource)
    else:
        template = None
    if template is None:
        return {}
    return {
        str(container.get("name", "")): str(container.get("image", ""))
        for _, container in containers(template)
    }
