"""The way back to custom resources that the newer revision drops and the cluster still has."""

from __future__ import annotations

from typing import Any

import pytest

from policylint.model import Deleted
from tests.kubernetes.forecast.objects import HELM3, HELM4, NO, manifest, release

KEEP = {"helm.sh/resource-policy": "keep"}


def body(api_version: str, kind: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", **metadata}}


def way_back(dropped: dict[str, Any], *created: dict[str, Any], target: Any = HELM3) -> Any:
    """The answer to the rollback of what is dropped."""
    changes = release(manifest(dropped), manifest(*created), target).changes
    (deleted,) = [change for change in changes if isinstance(change, Deleted)]
    answer = deleted.forecast.rollback
    return answer.outcome if answer else None


@pytest.mark.parametrize(
    ("dropped", "target", "outcome"),
    [
        (body("example.com/v1", "Widget", annotations=KEEP), HELM3, NO),
        (body("example.com/v1", "Widget"), HELM3, None),
        (body("example.com/v1", "Widget", annotations=KEEP), HELM4, None),
        (body("v1", "ConfigMap", annotations=KEEP), HELM3, None),
        (body("apiregistration.k8s.io/v1", "APIService", annotations=KEEP), HELM3, NO),
    ],
)
def test_what_the_keep_policy_leaves(dropped, target, outcome):
    assert way_back(dropped, target=target) is outcome


def test_what_a_refused_upgrade_leaves():
    refused = {**body("v1", "Service", name="b"), "spec": {"ports": []}}
    widget = body("example.com/v1", "Widget")
    assert way_back(widget, refused) is NO
    assert way_back(widget, refused, target=HELM4) is None
    assert way_back(body("v1", "ConfigMap"), refused) is None
    unbuilt = {**body("extensions/v1beta1", "Ingress", name="b"), "spec": {}}
    assert way_back(widget, unbuilt) is None
