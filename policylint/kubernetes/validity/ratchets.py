"""What an update may keep although a new object may not have it.

Kubernetes tightens its validation without breaking objects that exist: an update is not refused for
a complaint that its old object raises as well (the `Allow...` options that the strategies of
k8s.io/kubernetes pkg/registry fill from the old object), and a few checks are made of new objects
only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from policylint.kubernetes.api.reading import fields
from policylint.model import Cause, Object

_KEPT = (
    "a valid label must be an empty string or consist of",
    "apiVersion must specify API group",
    "cannot use TZ or CRON_TZ in schedule",
    "duplicate version",
    "is not positive integer multiple of",
    "must include at least one of v1, v1beta1",
    "may not be specified when 'hostIPC' is true",
    "may not be specified when 'hostNetwork' is true",
    "must be one of privileged, baseline, restricted",
    "must not be set to 'RestartContainer' for non-sidecar initContainers",
    "must not be an IPv4-mapped IPv6 address",
    "must not have an IPv4-mapped IPv6 address",
    "must not have bits set beyond the prefix length",
    "must not have leading 0s",
    "provided port is not in the valid range",
    'supported values: "None", "NoneOnDryRun"',
    "unexpected GroupVersion string",
    "unknown time zone",
)
"""Words of complaints that the old object may raise too."""

_NEW_ONLY: Mapping[str, tuple[str, ...]] = {
    "Ingress": ("metadata.annotations[kubernetes.io/ingress.class]",),
    "Pod": ("spec.ephemeralContainers", "spec.nodeName"),
    "PriorityClass": ("value", "metadata.name"),
}
"""Kind -> fields whose complaints only a new object raises."""

_NAMES_WITH_SPEC = frozenset({"APIService", "Job"})
"""Kinds whose name is judged together with their spec, on every update."""

_CHANGED_METADATA = frozenset(
    {
        "CronJob",
        "DaemonSet",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "Job",
        "Namespace",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "Pod",
        "PodDisruptionBudget",
        "PodTemplate",
        "ReplicaSet",
        "ReplicationController",
        "Service",
        "ServiceAccount",
        "StatefulSet",
        "StorageClass",
    }
)
"""Kinds of which an update validates the changes of the metadata only: of a generated name's prefix
then only what every kind has to keep."""

_UNCHANGED: Mapping[str, tuple[str, ...]] = {
    "StatefulSet": ("template", "volumeClaimTemplates", "serviceName")
}
"""Kind -> fields of the spec that are not validated again while they stay as they are."""


def of_update(
    causes: Iterable[Cause], obj: Object, old: Object, old_causes: Iterable[Cause]
) -> tuple[Cause, ...]:
    """The causes that refuse the update of `old` to `obj`."""
    kind = str(obj.get("kind"))
    before = tuple(old_causes)
    kept = tuple(word for word in _KEPT if _says(before, word))
    passed = (*_settled(kind, obj, old), *_NEW_ONLY.get(kind, ()))
    if kind in _CHANGED_METADATA:
        causes = [cause for cause in causes if not _is_own_prefix(cause)]
    if kind not in _NAMES_WITH_SPEC:
        passed = (*passed, "metadata.name")
    return tuple(
        cause
        for cause in causes
        if not _holds_word(cause, kept) and not _is_within(cause.field, passed)
    )


def _is_own_prefix(cause: Cause) -> bool:
    return cause.field == "metadata.generateName" and "may not contain" not in cause.message


def _settled(kind: str, obj: Object, old: Object) -> Iterator[str]:
    """The fields of the spec that stay as they are and are then not looked at again."""
    spec, old_spec = fields(obj, "spec"), fields(old, "spec")
    for name in _UNCHANGED.get(kind, ()):
        if spec.get(name) == old_spec.get(name):
            yield f"spec.{name}"


def _says(causes: Iterable[Cause], word: str) -> bool:
    return any(word in cause.message for cause in causes)


def _holds_word(cause: Cause, words: Iterable[str]) -> bool:
    return any(word in cause.message for word in words)


def _is_within(field: str, paths: Iterable[str]) -> bool:
    return any(field == path or field.startswith((f"{path}.", f"{path}[")) for path in paths)
