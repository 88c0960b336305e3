"""API versions that came or went between the minors whose schemas are recorded.

Source: the deprecated API migration guide
(https://kubernetes.io/docs/reference/using-api/deprecation-guide/) and the release notes of the
minor that graduated the kind. `since` is the first minor that serves the version by default,
`until` the last.
"""

from __future__ import annotations

from collections.abc import Mapping

_ALWAYS = 99

SERVED: Mapping[tuple[str, str], tuple[int, int]] = {
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy"): (36, _ALWAYS),
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding"): (36, _ALWAYS),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"): (30, _ALWAYS),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"): (30, _ALWAYS),
    ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"): (29, _ALWAYS),
    ("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration"): (29, _ALWAYS),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema"): (23, 28),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration"): (23, 28),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"): (26, 31),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfiguration"): (26, 31),
    ("networking.k8s.io/v1", "IPAddress"): (33, _ALWAYS),
    ("networking.k8s.io/v1", "ServiceCIDR"): (33, _ALWAYS),
    ("resource.k8s.io/v1", "DeviceClass"): (34, _ALWAYS),
    ("resource.k8s.io/v1", "ResourceClaim"): (34, _ALWAYS),
    ("resource.k8s.io/v1", "ResourceClaimTemplate"): (34, _ALWAYS),
    ("resource.k8s.io/v1", "ResourceSlice"): (34, _ALWAYS),
    ("storage.k8s.io/v1", "VolumeAttributesClass"): (34, _ALWAYS),
}
"""(API version, kind) -> (since, until)."""
