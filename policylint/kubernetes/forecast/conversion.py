"""The same object in another API version of its kind, as the server converts it.

Source: pkg/apis/autoscaling/v1 and pkg/apis/flowcontrol/v1beta2 conversion.go. Kinds that are not
named here have the same fields in all versions that the minors from 1.28 on serve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from policylint.kubernetes.api.reading import items, part
from policylint.model import Json, Object

Spec = dict[str, Any]


def converted(body: Object, api_version: str) -> Object:
    """The object in `api_version`; itself where it is in that version already."""
    if body.get("apiVersion") == api_version:
        return body
    change = _CHANGES.get((str(body.get("kind")), str(body.get("apiVersion")), api_version))
    result: dict[str, Any] = {**body, "apiVersion": api_version}
    if change is not None:
        result["spec"] = change(dict(part(body, "spec")))
    return result


def _autoscaler_to_v2(spec: Spec) -> Spec:
    percentage = spec.pop("targetCPUUtilizationPercentage", None)
    if percentage is not None:
        target = {"type": "Utilization", "averageUtilization": percentage}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    return spec


def _autoscaler_to_v1(spec: Spec) -> Spec:
    for metric in items(spec.pop("metrics", None)):
        if part(metric, "resource").get("name") == "cpu":
            spec["targetCPUUtilizationPercentage"] = part(metric, "resource", "target").get(
                "averageUtilization"
            )
    spec.pop("behavior", None)
    return spec


def _shares(old: str, new: str) -> Callable[[Spec], Spec]:
    def rename(spec: Spec) -> Spec:
        limited: dict[str, Json] = dict(part(spec, "limited"))
        if old in limited:
            limited[new] = limited.pop(old)
            spec["limited"] = limited
        return spec

    return rename


_HPA, _LEVEL = "HorizontalPodAutoscaler", "PriorityLevelConfiguration"
_FLOW = "flowcontrol.apiserver.k8s.io"
_TO_NOMINAL = _shares("assuredConcurrencyShares", "nominalConcurrencyShares")
_TO_ASSURED = _shares("nominalConcurrencyShares", "assuredConcurrencyShares")
_CHANGES: Mapping[tuple[str, str, str], Callable[[Spec], Spec]] = {
    (_HPA, "autoscaling/v1", "autoscaling/v2"): _autoscaler_to_v2,
    (_HPA, "autoscaling/v2", "autoscaling/v1"): _autoscaler_to_v1,
    (_LEVEL, f"{_FLOW}/v1beta2", f"{_FLOW}/v1beta3"): _TO_NOMINAL,
    (_LEVEL, f"{_FLOW}/v1beta2", f"{_FLOW}/v1"): _TO_NOMINAL,
    (_LEVEL, f"{_FLOW}/v1beta3", f"{_FLOW}/v1beta2"): _TO_ASSURED,
    (_LEVEL, f"{_FLOW}/v1", f"{_FLOW}/v1beta2"): _TO_ASSURED,
}
