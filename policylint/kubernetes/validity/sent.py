"""What decoding refuses, and what it only warns of, in an object as it is sent.

Server-side apply types the object by the published schema (sigs.k8s.io/structured-merge-diff
typed/validate.go); both it and a patch or replacement are then decoded into Go structs
(sigs.k8s.io/json).
"""

from __future__ import annotations

from policylint.kubernetes.api.reading import fields, text
from policylint.kubernetes.api.schemas import Node, Schemas
from policylint.kubernetes.validity.decoding import misfits
from policylint.kubernetes.validity.fitting import Misfit, typed
from policylint.model import Apply, Cause, Object, Target

_SOURCE = "structured-merge-diff and the decoder of Kubernetes 1.36"


def validate_sent(obj: Object, schemas: Schemas, target: Target) -> tuple[Cause, ...]:
    """What the server refuses of an object before it looks at its meaning; empty for a kind the
    schemas do not know."""
    node = _node(obj, schemas)
    if node is None:
        return ()
    if target.apply is not Apply.SERVER_SIDE:
        return tuple(
            _cause(misfit, "", misfit.text) for misfit in misfits(node, obj, server_side=False)
        )
    unfit = tuple(typed(node, obj))
    if unfit:
        prefix = f"failed to create typed patch object {_who(obj)}: "
        return tuple(_cause(misfit, prefix, f"{misfit.path}: {misfit.text}") for misfit in unfit)
    prefix = (
        f"failed to convert new object {_who(obj)} to proper version: "
        "unable to convert unstructured object to "
    )
    unfit = tuple(misfits(node, obj, server_side=True))
    return tuple(_cause(misfit, prefix, f"{_version(obj)}: {misfit.text}") for misfit in unfit)


def warnings(obj: Object, schemas: Schemas, target: Target) -> tuple[Cause, ...]:
    """What a patch or replacement only warns of: unknown fields; duplicate list keys, of which Helm
    says nothing."""
    node = _node(obj, schemas)
    if node is None or target.apply is Apply.SERVER_SIDE:
        return ()
    return tuple(
        _cause(
            misfit,
            "",
            f'unknown field "{misfit.field}"' if misfit.topic == "unknown-field" else misfit.text,
        )
        for misfit in typed(node, obj)
        if misfit.topic in ("unknown-field", "duplicate-list-key")
    )


def _node(obj: Object, schemas: Schemas) -> Node | None:
    return schemas.kind(text(obj, "apiVersion"), text(obj, "kind"))


def _cause(misfit: Misfit, prefix: str, text: str) -> Cause:
    return Cause(misfit.field, "", prefix + text, misfit.topic, _SOURCE)


def _who(obj: Object) -> str:
    meta = fields(obj, "metadata")
    return f"({text(meta, 'namespace')}/{text(meta, 'name')}; {_version(obj)})"


def _version(obj: Object) -> str:
    version = text(obj, "apiVersion")
    return f"{version if '/' in version else '/' + version}, Kind={text(obj, 'kind')}"
