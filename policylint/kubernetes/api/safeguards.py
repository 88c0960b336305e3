"""What protects a workload and must not vanish unnoticed: probes, resources, security contexts,
spreading."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from policylint.kubernetes.api.reading import at, part
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import FieldChange, Fix, Json, Kept, Object, Violation


class KeptContainer(Struct, frozen=True):
    """A container that both templates of a workload have; `path` is its pointer in the new one."""

    name: str
    path: str
    before: Object
    after: Object


def kept_containers(change: Kept) -> Iterator[KeptContainer]:
    """The containers of a workload that both sides have, init containers too."""
    before, after = pod_template(change.before), pod_template(change.after)
    if not change.fields or before is None or after is None:
        return
    root = template_path(change.id.kind)
    old = {_name(body): body for _, body in containers(before)}
    for path, body in containers(after):
        name = _name(body)
        if name in old:
            yield KeptContainer(name, root + path, old[name], body)


def removed(change: Kept, fields: tuple[str, ...], word: str) -> Iterator[Violation]:
    """One violation for each of these fields ("resources.limits") that a pod or a kept container
    loses."""
    if all(map(_stays, change.fields)):
        return
    before, after = pod_template(change.before), pod_template(change.after)
    if before is None or after is None:
        return
    root = template_path(change.id.kind)
    old = {"": part(before, "spec"), **{_name(body): body for _, body in containers(before)}}
    new = {"": (f"{root}/spec", part(after, "spec"))}
    new |= {_name(body): (root + path, body) for path, body in containers(after)}
    for name, (path, body) in new.items():
        where = f"container {name}" if name else "the pods"
        for field, lost in _lost(old.get(name, {}), body, fields):
            yield _violation(where, field, path, lost, word)


def _lost(before: Object, after: Object, fields: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
    """The fields that only the old spec has, with their values."""
    for field in fields:
        steps = field.split(".")
        lost = at(before, *steps)
        if lost and not at(after, *steps):
            yield field, lost


def _stays(field: FieldChange) -> bool:
    """Whether a change gives one plain value for another, so that nothing is lost by it."""
    plain = isinstance(field.before, str | int | float) and isinstance(
        field.after, str | int | float
    )
    return field.op == "replace" and plain and bool(field.after)


def _violation(where: str, field: str, path: str, lost: Json, word: str) -> Violation:
    return Violation(
        message=f"{where} lose{'s' if where != 'the pods' else ''} {field} with this upgrade",
        path=f"{path}/{field.replace('.', '/')}",
        before=lost,
        fixes=(Fix(f"keep the {word}, or let it stand: policylint approve ID --reason ..."),),
    )


def _name(container: Object) -> str:
    return str(container.get("name", ""))
