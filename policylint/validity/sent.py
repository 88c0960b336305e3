"""What decoding refuses, and what it only warns of, in an object as it is sent.

Server-side apply types the object by the published schema (sigs.k8s.io/structured-merge-diff typed/validate.go); both
it and a patch or replacement are then decoded into Go structs (sigs.k8s.io/json).
"""

from __future__ import annotations

from collections.abc import Iterator

from policylint.model import Apply, Cause, Object, Target
from policylint.schemas import Node, Schemas
from policylint.validity.decoding import misfits
from policylint.validity.fitting import Misfit, typed
from policylint.validity.reading import fields, text

_SOURCE = "structured-merge-diff and the decoder of Kubernetes 1.36"


def validate_sent(obj: Object, schemas: Schemas, target: Target) -> tuple[Cause, ...]:
    """What the server refuses of an object before it looks at its meaning; empty for a kind the schemas do not know."""
    node = _node(obj, schemas)
    if node is None:
        return ()
    if target.apply is Apply.SERVER_SIDE:
        found = tuple(typed(node, obj))
        if found:
            return tuple(_typed_causes(obj, found))
    return tuple(_decoding_causes(node, obj, target))


def warnings(obj: Object, schemas: Schemas, target: Target) -> tuple[Cause, ...]:
    """What a patch or replacement only warns of: unknown fields; duplicate list keys, of which Helm says nothing."""
    node = _node(obj, schemas)
    if node is None or target.apply is Apply.SERVER_SIDE:
        return ()
    return tuple(
        Cause(
            found.field,
            "",
            f'unknown field "{found.plain}"' if found.topic == "unknown-field" else found.text,
            found.topic,
            _SOURCE,
        )
        for found in typed(node, obj)
        if found.topic in ("unknown-field", "duplicate-list-key")
    )


def _node(obj: Object, schemas: Schemas) -> Node | None:
    return schemas.kind(text(obj, "apiVersion"), text(obj, "kind"))


def _typed_causes(obj: Object, found: tuple[Misfit, ...]) -> Iterator[Cause]:
    meta = fields(obj, "metadata")
    version, kind = text(obj, "apiVersion"), text(obj, "kind")
    shown_version = version if "/" in version else f"/{version}"
    who = f"({text(meta, 'namespace')}/{text(meta, 'name')}; {shown_version}, Kind={kind})"
    for misfit in found:
        message = f"failed to create typed patch object {who}: {misfit.path}: {misfit.text}"
        yield Cause(misfit.field, "", message, misfit.topic, _SOURCE)


def _decoding_causes(node: Node, obj: Object, target: Target) -> Iterator[Cause]:
    for misfit in misfits(node, obj):
        yield Cause(misfit.field, "", misfit.text, misfit.topic, _SOURCE)
    del target
