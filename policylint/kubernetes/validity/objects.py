"""The errors that the API server's validation finds in an object of a built-in kind."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.reading import fields, text
from policylint.kubernetes.api.schemas import Schemas, group_of, minor_number
from policylint.kubernetes.validity.metadata import metadata
from policylint.kubernetes.validity.ratchets import of_update
from policylint.kubernetes.validity.scope import Scope
from policylint.kubernetes.validity.walk import Plan, plan_of, walk
from policylint.model import Cause, Json, Object, Target


def validate(
    obj: Object, schemas: Schemas, target: Target, old: Object | None = None
) -> tuple[Cause, ...]:
    """The semantic errors of an object, defaulted or not, as the target's server would store it.

    With `old`, the object is an update of it, and what the server lets updates keep is no error.
    Empty for a valid object and for a kind that the schemas do not know (custom resources and their
    definitions are judged by `policylint.kubernetes.crds`).
    """
    minor = minor_number(target.kubernetes)
    causes = tuple(_errors(obj, schemas, Scope(minor, obj)))
    if old is None or not causes:
        return causes
    return of_update(causes, obj, old, _errors(old, schemas, Scope(minor, old)))


def validate_metadata(obj: Object, target: Target, old: Object | None = None) -> tuple[Cause, ...]:
    """The errors of the metadata of a custom resource, of which nothing else is judged here."""
    minor = minor_number(target.kubernetes)
    causes = tuple(_metadata_errors(obj, Scope(minor, obj)))
    if old is None or not causes:
        return causes
    return of_update(causes, obj, old, _metadata_errors(old, Scope(minor, old)))


def _metadata_errors(obj: Object, scope: Scope) -> Iterator[Cause]:
    group = group_of(text(obj, "apiVersion"))
    return metadata(fields(obj, "metadata"), group, scope, custom=True)


def _errors(obj: Object, schemas: Schemas, scope: Scope) -> Iterator[Cause]:
    api_version = text(obj, "apiVersion")
    node = schemas.kind(api_version, scope.kind)
    if node is None or scope.kind == "CustomResourceDefinition":
        return
    group = group_of(api_version)
    yield from metadata(fields(obj, "metadata"), group, scope)
    plan = plan_of(node, scope.minor)
    for check in plan.checks:
        yield from check(obj, "", scope)
    for name in dict.fromkeys((*obj, *plan.plain)):
        if name not in ("status", "metadata"):
            yield from _field(plan, name, obj.get(name), scope)


def _field(plan: Plan, name: str, value: Json, scope: Scope) -> Iterator[Cause]:
    below = plan.below(name)
    if value is None:
        if below is not None and name in plan.plain:
            yield from walk(below, {}, name, scope)
        return
    for rule in plan.rules.get(name, ()):
        yield from rule(value, name)
    if below is not None:
        yield from walk(below, value, name, scope)
