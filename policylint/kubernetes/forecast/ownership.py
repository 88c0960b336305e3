"""Helm's own refusal: an object that exists already and does not say that it belongs to a release.

Source: helm pkg/action/validate.go (checkOwnership), Helm 3.22 and 4.3; messages as recorded in
scenarios-1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.reading import part
from policylint.model import Answer, Cause, Object, Outcome, ResourceId

_LABEL = "app.kubernetes.io/managed-by"
_ANNOTATIONS = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace")


def ownership_conflict(
    identity: ResourceId, live: Object, helm: str, release: str = "", namespace: str = ""
) -> Answer | None:
    """The refusal to import a live object that does not carry this release's marks; None where it
    does.

    Without a release's name, any release's marks will do.
    """
    missing = list(_missing(live, release, namespace))
    if not missing:
        return None
    start = "Unable" if helm == "3" else "unable"
    named = f'{identity.kind} "{identity.name}" in namespace "{identity.namespace}"'
    message = (
        f"{start} to continue with update: {named} exists and cannot be imported into the "
        "current release: "
        f"invalid ownership metadata; {'; '.join(missing)}"
    )
    return Answer(
        Outcome.REJECTED, (Cause("metadata", "Conflict", message, "ownership-conflict", "helm"),)
    )


def with_marks(body: Object, release: str, namespace: str) -> Object:
    """An object with the marks that Helm gives what it sends for a release."""
    metadata = part(body, "metadata")
    marks = dict(zip(_ANNOTATIONS, (release, namespace), strict=True))
    labels = {**part(metadata, "labels"), _LABEL: "Helm"}
    annotations = {**part(metadata, "annotations"), **(marks if release else {})}
    return {**body, "metadata": {**metadata, "labels": labels, "annotations": annotations}}


def _missing(live: Object, release: str, namespace: str) -> Iterator[str]:
    metadata: Mapping[str, object] = part(live, "metadata")
    labels, annotations = part(metadata, "labels"), part(metadata, "annotations")
    yield from _unmet("label", labels, _LABEL, "Helm")
    for name, wanted in zip(_ANNOTATIONS, (release, namespace if release else ""), strict=True):
        yield from _unmet("annotation", annotations, name, wanted)


def _unmet(what: str, marks: Object, name: str, wanted: str) -> Iterator[str]:
    """What requireValue of Helm says of one mark; any value will do where none is `wanted`."""
    if name not in marks:
        must = f': must be set to "{wanted}"' if wanted else ""
        yield f'{what} validation error: missing key "{name}"{must}'
    elif wanted and marks[name] != wanted:
        current = f'current value is "{marks[name]}"'
        yield f'{what} validation error: key "{name}" must equal "{wanted}": {current}'
