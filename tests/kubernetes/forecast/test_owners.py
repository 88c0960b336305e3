"""Fields that this release renders and that something else of it keeps, under server-side apply."""

from __future__ import annotations

import pytest

from tests.kubernetes.forecast.objects import HELM3, HELM4, MAYBE, OK, manifest, release

POD = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {
        "containers": [{"name": "c", "image": "i:1", "resources": {"requests": {"cpu": "1"}}}]
    },
}
WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": POD},
}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
SCALERS = [
    {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "scaler"},
        "spec": {"maxReplicas": 9, "scaleTargetRef": TARGET},
    },
    {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "scaler"},
        "spec": {"scaleTargetRef": {"name": "web"}, "triggers": []},
    },
    {
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": {"name": "scaler"},
        "spec": {"targetRef": TARGET},
    },
]
HOOKS = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "hooks", "annotations": {"cert-manager.io/inject-ca-from": "ns/cert"}},
    "webhooks": [
        {
            "name": "a.example.com",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "clientConfig": {"service": {"name": "s", "namespace": "ns"}, "caBundle": "Cg=="},
        }
    ],
}
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "job", "labels": {"kueue.x-k8s.io/queue-name": "main"}},
    "spec": {
        "suspend": True,
        "template": {
            "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}
        },
    },
}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "keys"},
    "data": {"a": "Yg=="},
}
EXTERNAL = {
    "apiVersion": "external-secrets.io/v1",
    "kind": "ExternalSecret",
    "metadata": {"name": "external"},
    "spec": {"target": {"name": "keys"}},
}


def answers(before, after, target, name):
    """The answers to the object of this name."""
    sides = [manifest(*bodies) for bodies in (before, after)]
    (answer,) = [
        change.forecast for change in release(*sides, target).changes if change.id.name == name
    ]
    return answer


@pytest.mark.parametrize(
    ("owned", "owner", "field"),
    [
        (WEB, SCALERS[0], "spec.replicas"),
        (WEB, SCALERS[1], "spec.replicas"),
        (WEB, SCALERS[2], "spec.template.spec.containers[0].resources"),
        (HOOKS, None, "webhooks[0].clientConfig.caBundle"),
        (JOB, None, "spec.suspend"),
        (SECRET, EXTERNAL, "data"),
    ],
)
def test_a_field_that_something_of_the_release_keeps_depends(owned, owner, field):
    bodies = [owned] if owner is None else [owned, owner]
    answer = answers(bodies, bodies, HELM4, owned["metadata"]["name"])
    assert (answer.upgrade.outcome, answer.rollback.outcome) == (MAYBE, MAYBE)
    (unknown,) = answer.upgrade.unknowns
    assert unknown.field == field
    assert answers(bodies, bodies, HELM3, owned["metadata"]["name"]).upgrade.outcome is OK


def test_an_owner_that_comes_with_the_upgrade_has_written_nothing_yet():
    answer = answers([WEB], [WEB, SCALERS[0]], HELM4, "web")
    assert (answer.upgrade.outcome, answer.rollback.outcome) == (OK, MAYBE)


def test_a_field_that_is_not_rendered_is_nobodys_conflict():
    bare = {**WEB, "spec": {key: value for key, value in WEB["spec"].items() if key != "replicas"}}
    answer = answers([bare, SCALERS[0]], [bare, SCALERS[0]], HELM4, "web")
    assert (answer.upgrade.outcome, answer.rollback.outcome) == (OK, OK)
