"""API versions and custom resources: what the server serves, and what it knows of kinds that are
not its own."""

import pytest

from policylint.kubernetes.forecast import Cluster
from policylint.model import Apply, Created, Deleted, Target
from tests.kubernetes.forecast.objects import (
    HELM3,
    HELM4,
    MAYBE,
    NO,
    OK,
    both,
    changed,
    config,
    manifest,
    outcomes,
    release,
)

BOTH = pytest.mark.parametrize("target", [HELM3, HELM4], ids=["client-side", "server-side"])
WIDGET = {
    "apiVersion": "a.example.com/v1",
    "kind": "Widget",
    "metadata": {"name": "w"},
    "spec": {"size": 1, "region": "a"},
}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {"size": {"type": "integer", "minimum": 1}, "region": {"type": "string"}},
            "x-kubernetes-validations": [
                {"rule": "self.region == oldSelf.region", "message": "region stays"}
            ],
        }
    },
}
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.a.example.com"},
    "spec": {
        "group": "a.example.com",
        "scope": "Namespaced",
        "names": {
            "kind": "Widget",
            "plural": "widgets",
            "singular": "widget",
            "listKind": "WidgetList",
        },
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}
        ],
    },
}
KNOWN = Cluster(crds={("a.example.com", "Widget"): CRD})


@BOTH
def test_a_custom_resource_without_its_crd_depends(target):
    forecast_of_change = both(WIDGET, changed(WIDGET, "spec/size", 2), target)
    assert forecast_of_change.upgrade.outcome is MAYBE
    assert "--crds" in forecast_of_change.upgrade.unknowns[0].how
    assert outcomes(WIDGET, changed(WIDGET, "metadata/labels", {"a": "b"}), target) == (OK, OK)


@BOTH
@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [("spec/size", 2, OK), ("spec/size", 0, NO), ("spec/region", "b", NO)],
)
def test_a_custom_resource_is_judged_by_its_crd(path, value, expected, target):
    assert outcomes(WIDGET, changed(WIDGET, path, value), target, KNOWN) == (expected, OK)


@BOTH
def test_the_crd_may_come_with_the_release_or_the_chart(target):
    after = changed(WIDGET, "spec/region", "b")
    in_release = release(manifest(CRD, WIDGET), manifest(CRD, after), target)
    in_chart = release(manifest(WIDGET, crds=(CRD,)), manifest(after, crds=(CRD,)), target)
    assert in_release.changes[1].forecast.upgrade.outcome is NO
    assert in_chart.changes[0].forecast.upgrade.outcome is NO


def test_declared_paths_of_custom_resources_keep_their_value():
    declared = Cluster(immutable_paths={("a.example.com", "Widget"): ("spec.size",)})
    forecast_of_change = both(WIDGET, changed(WIDGET, "spec/size", 2), HELM3, declared)
    assert forecast_of_change.upgrade.causes[0].field == "spec.size"


def budget(version):
    return {
        "apiVersion": f"policy/{version}",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "p"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}},
    }


@BOTH
def test_a_removed_api_version_is_refused_on_either_side(target):
    for before, after in ((budget("v1"), budget("v1beta1")), (budget("v1beta1"), budget("v1"))):
        forecast_of_change = both(before, after, target)
        assert forecast_of_change.upgrade.outcome is NO
        assert forecast_of_change.upgrade.causes[0].topic == "removed-api"
        text = 'no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"'
        assert text in forecast_of_change.upgrade.causes[0].message


@pytest.mark.parametrize(
    ("minor", "version", "expected"),
    [
        ("1.28", "v1beta2", OK),
        ("1.29", "v1beta2", NO),
        ("1.31", "v1beta3", OK),
        ("1.32", "v1beta3", NO),
    ],
)
def test_api_versions_leave_between_recorded_minors(minor, version, expected):
    level = {
        "apiVersion": f"flowcontrol.apiserver.k8s.io/{version}",
        "kind": "PriorityLevelConfiguration",
        "metadata": {"name": "x"},
        "spec": {"type": "Exempt"},
    }
    target = Target(minor, "3", Apply.CLIENT_SIDE)
    assert outcomes(level, changed(level, "metadata/labels", {"a": "b"}), target)[0] is expected


@BOTH
def test_an_autoscaler_may_move_between_versions(target):
    spec = {
        "maxReplicas": 5,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
    }
    old = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {**spec, "targetCPUUtilizationPercentage": 50},
    }
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
    new = {
        **old,
        "apiVersion": "autoscaling/v2",
        "spec": {**spec, "metrics": [{"type": "Resource", "resource": cpu}]},
    }
    assert outcomes(old, new, target) == (OK, OK)
    assert outcomes(new, old, target) == (OK, OK)


@BOTH
def test_created_objects_have_the_forecast_of_their_creation_and_deleted_ones_none(target):
    bad = config(data={"a key": "1"})
    done = release(
        manifest({**config(data={}), "metadata": {"name": "old"}}), manifest(bad), target
    )
    created = next(change for change in done.changes if isinstance(change, Created))
    deleted = next(change for change in done.changes if isinstance(change, Deleted))
    assert created.forecast.upgrade.outcome is NO
    assert created.forecast.rollback is None
    assert (deleted.forecast.upgrade, deleted.forecast.rollback) == (None, None)


@BOTH
def test_what_comes_after_a_refused_creation_is_never_sent(target):
    one_way = config(immutable=True, data={"a": "1"})
    bad = {**config(data={"a key": "1"}), "metadata": {"name": "bad"}}
    before = manifest(config(data={"a": "1"}))
    sent_first = release(before, manifest(one_way, bad), target)
    sent_last = release(before, manifest(bad, one_way), target)
    assert [
        change.forecast.rollback.outcome
        for change in sent_first.changes
        if change.forecast.rollback
    ] == [NO]
    assert [
        change.forecast.rollback.outcome for change in sent_last.changes if change.forecast.rollback
    ] == [OK]


def test_nothing_is_sent_if_helm_cannot_build_an_object():
    one_way = config(immutable=True, data={"a": "1"})
    done = release(manifest(config(data={"a": "1"})), manifest(one_way, budget("v1beta1")), HELM3)
    assert [change.forecast.upgrade.outcome for change in done.changes] == [OK, NO]
    assert done.changes[0].forecast.rollback.outcome is OK


@BOTH
def test_a_storage_version_cannot_be_taken_back(target):
    versions = [
        {**CRD["spec"]["versions"][0], "storage": False},
        {**CRD["spec"]["versions"][0], "name": "v2"},
    ]
    forecast_of_change = both(CRD, changed(CRD, "spec/versions", versions), target)
    assert forecast_of_change.upgrade.outcome is OK
    assert forecast_of_change.rollback.causes[0].field == "status.storedVersions[1]"
    assert forecast_of_change.rollback.causes[0].topic == "crd-change-refused"
