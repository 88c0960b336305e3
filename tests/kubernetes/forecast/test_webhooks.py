"""Webhooks that are asked before their pods answer: left in the cluster, and made by hooks.

Helm 3.22 and 4.3 were refused by kube-apiserver 1.37.2: `failed calling webhook ... no endpoints
available for service "gate"`.
"""

from typing import Any

import pytest

from policylint.kubernetes.forecast import Cluster
from policylint.model import Manifest, Outcome
from tests.kubernetes.forecast.objects import (
    HELM3,
    HELM4,
    MAYBE,
    OK,
    config,
    deployment,
    manifest,
    release,
    resource,
    service,
)


def gate(**hook: Any) -> dict[str, Any]:
    """A webhook on ConfigMaps behind the Service svc."""
    asked = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "gate"},
        "webhooks": [
            {
                "name": "gate.example.com",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "clientConfig": {"service": {"name": "svc", "namespace": "default"}},
                "rules": [{**asked, "resources": ["configmaps"]}],
                **hook,
            }
        ],
    }


def _outcome(before: Manifest, after: Manifest, target: Any, cluster: Cluster) -> Outcome:
    changes = release(before, after, target, cluster).changes
    (changed,) = [change for change in changes if change.id.kind == "ConfigMap"]
    return changed.forecast.upgrade.outcome


@pytest.mark.parametrize("target", [HELM3, HELM4])
@pytest.mark.parametrize(
    ("hook", "outcome"), [({}, MAYBE), ({"failurePolicy": "Ignore"}, OK), ({"rules": []}, OK)]
)
def test_a_webhook_that_something_left_refuses_the_installation_of_what_answers_it(
    target: Any, hook: dict[str, Any], outcome: Outcome
) -> None:
    left = gate(**hook)
    after = manifest(service(), deployment(), config(data={"a": "b"}))
    cluster = Cluster(live={resource(left).id: left})
    assert _outcome(manifest(), after, target, cluster) is outcome


def test_a_webhook_whose_pods_stay_is_answered() -> None:
    before = manifest(service(), deployment(), config(data={"a": "b"}))
    after = manifest(service(), deployment(), config(data={"a": "c"}))
    cluster = Cluster(live={resource(gate()).id: gate()})
    assert _outcome(before, after, HELM3, cluster) is OK


@pytest.mark.parametrize(
    ("event", "outcome"), [("pre-install", MAYBE), ("post-install", OK), ("pre-upgrade", OK)]
)
def test_a_webhook_that_a_hook_makes_is_asked_from_then_on(event: str, outcome: Outcome) -> None:
    body = gate()
    body["metadata"]["annotations"] = {"helm.sh/hook": event}
    hook = resource(body)
    made = manifest(service(), deployment(), config(data={"a": "b"}))
    after = Manifest(made.resources, {hook.id: type(hook)(*_parts(hook, event))})
    assert _outcome(manifest(), after, HELM3, Cluster()) is outcome


def _parts(hook: Any, event: str) -> tuple[Any, ...]:
    return hook.id, hook.api_version, hook.body, hook.origin, (event,)
