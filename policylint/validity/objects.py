"""The errors that the API server's validation finds in an object of a built-in kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.model import Cause, Object, Target
from policylint.schemas import Schemas, group_of, minor_number
from policylint.validity.metadata import metadata
from policylint.validity.reading import fields, text
from policylint.validity.walk import Plan, Scope, plan_of, walk


def validate(obj: Object, schemas: Schemas, target: Target) -> tuple[Cause, ...]:
    """The semantic errors of an object, defaulted or not, as the target's server would store it.

    Empty for a valid object and for a kind that the schemas do not know (custom resources and their definitions are
    judged by `policylint.crds`).
    """
    return tuple(_errors(obj, schemas, Scope(minor_number(target.kubernetes), obj)))


def _errors(obj: Object, schemas: Schemas, scope: Scope) -> Iterator[Cause]:
    api_version = text(obj, "apiVersion")
    node = schemas.kind(api_version, scope.kind)
    if node is None or scope.kind == "CustomResourceDefinition":
        return
    group = group_of(api_version)
    yield from metadata(fields(obj, "metadata"), group, schemas.namespaced(group, scope.kind), scope)
    plan = plan_of(node, scope.minor)
    for check in plan.checks:
        yield from check(obj, "", scope)
    for name, value in obj.items():
        if name != "status" and name != "metadata" and value is not None:
            yield from _field(plan, name, value, scope)


def _field(plan: Plan, name: str, value: object, scope: Scope) -> Iterator[Cause]:
    for rule in plan.rules.get(name, ()):
        yield from rule(value, name)
    below = plan.fields.get(name)
    if below is not None and isinstance(value, (Mapping, list)):
        yield from walk(below, value, name, scope)
