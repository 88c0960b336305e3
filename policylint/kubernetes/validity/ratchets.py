"""What an update may keep although a new object may not have it.

Kubernetes tightens its validation without breaking objects that exist: an update is not refused for
a complaint that its old object raises as well (the `Allow...` options that the strategies of
k8s.io/kubernetes pkg/registry fill from the old object), and a few checks are made of new objects
only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policylint.kubernetes.api.reading import fields
from policylint.model import Cause, Object

_KEPT = (
    "a valid label must be an empty string or consist of",
    "apiVersion must specify API group",
    "cannot use TZ or CRON_TZ in schedule",
    "duplicate version",
    "is not positive integer multiple of",
    "must include at least one of v1, v1beta1",
    "must be one of privileged, baseline, restricted",
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
    kept = {word for word in _KEPT if any(word in cause.message for cause in before)}
    spec, old_spec = fields(obj, "spec"), fields(old, "spec")
    settled = tuple(
        f"spec.{name}" for name in _UNCHANGED.get(kind, ()) if spec.get(name) == old_spec.get(name)
    )
    passed = (
        *settled,
        *_NEW_ONLY.get(kind, ()),
        *(() if kind == "APIService" else ("metadata.name",)),
    )
    return tuple(
        cause
        for cause in causes
        if not any(word in cause.message for word in kept)
        and not any(_within(cause.field, path) for path in passed)
    )


def _within(field: str, path: str) -> bool:
    return field == path or field.startswith((f"{path}.", f"{path}["))
