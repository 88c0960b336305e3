"""Helm's own refusal: an object that exists already and does not say that it belongs to a release.

Source: helm pkg/action/validate.go (checkOwnership), Helm 3.22 and 4.3; messages as recorded in
scenarios-1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.kubernetes.forecast.request import part
from policylint.model import Answer, Cause, Object, Outcome, ResourceId

_LABEL = "app.kubernetes.io/managed-by"
_ANNOTATIONS = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace")


def ownership_conflict(identity: ResourceId, live: Object, helm: str) -> Answer | None:
    """The refusal to import a live object that carries none of Helm's marks; None where it does.

    Whether the marks name this very release is not judged.
    """
    missing = list(_missing(live))
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


def _missing(live: Object) -> Iterator[str]:
    metadata: Mapping[str, object] = part(live, "metadata")
    if part(metadata, "labels").get(_LABEL) != "Helm":
        yield f'label validation error: missing key "{_LABEL}": must be set to "Helm"'
    for name in _ANNOTATIONS:
        if name not in part(metadata, "annotations"):
            yield f'annotation validation error: missing key "{name}"'
