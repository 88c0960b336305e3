"""Workloads: what may change in Deployments, StatefulSets, Jobs and Pods, minor by minor."""

import pytest

from policylint.model import Apply, Target
from tests.kubernetes.forecast.objects import (
    FORCE,
    HELM3,
    HELM4,
    MAYBE,
    NO,
    OK,
    both,
    changed,
    deployment,
    job,
    manifest,
    outcomes,
    release,
    stateful_set,
)

BOTH = pytest.mark.parametrize("target", [HELM3, HELM4], ids=["client-side", "server-side"])


@BOTH
def test_a_selector_never_changes(target):
    after = deployment()
    after = changed(after, "spec/selector/matchLabels", {"app": "other"})
    after = changed(after, "spec/template/metadata/labels", {"app": "other"})
    forecast_of_change = both(deployment(), after, target)
    cause = forecast_of_change.upgrade.causes[0]
    assert cause.topic == "selector-changed"
    assert cause.message == 'Invalid value: {"matchLabels":{"app":"other"}}: field is immutable'
    assert forecast_of_change.rollback.outcome is OK


def test_older_servers_say_it_in_go():
    after = changed(deployment(), "spec/selector/matchLabels/tier", "front")
    after = changed(after, "spec/template/metadata/labels/tier", "front")
    forecast_of_change = both(deployment(), after, Target("1.30", "3", Apply.CLIENT_SIDE))
    assert forecast_of_change.upgrade.causes[0].message == (
        'Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"web", '
        '"tier":"front"}, '
        "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable"
    )


@BOTH
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec/strategy", {"type": "RollingUpdate"}),
        ("spec/revisionHistoryLimit", 10),
        ("spec/template/spec/dnsPolicy", "ClusterFirst"),
        ("spec/template/spec/containers/0/terminationMessagePath", "/dev/termination-log"),
        ("spec/template/metadata/creationTimestamp", None),
    ],
)
def test_an_explicit_default_is_no_change(path, value, target):
    assert outcomes(deployment(), changed(deployment(), path, value), target) == (OK, OK)


def test_a_default_strategy_left_behind_is_refused_under_server_side_apply_only():
    recreate = deployment(strategy={"type": "Recreate"})
    assert outcomes(deployment(), recreate, HELM3) == (OK, OK)
    assert outcomes(deployment(), recreate, HELM4) == (NO, OK)
    cause = both(deployment(), recreate, HELM4).upgrade.causes[0]
    assert (cause.field, cause.topic) == ("spec.strategy.rollingUpdate", "strategy-defaults-left")
    explicit = deployment(strategy={"rollingUpdate": {"maxSurge": 1}, "type": "RollingUpdate"})
    assert outcomes(explicit, recreate, HELM4) == (OK, OK)


@BOTH
@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("spec/replicas", 3, OK),
        ("spec/template/spec/containers/0/image", "nginx:1.26", OK),
        ("spec/serviceName", "other", NO),
        ("spec/podManagementPolicy", "OrderedReady", OK),
        ("spec/podManagementPolicy", "Parallel", NO),
        ("spec/volumeClaimTemplates/0/spec/resources/requests/storage", "8192Mi", OK),
        ("spec/volumeClaimTemplates/0/spec/resources/requests/storage", "16Gi", NO),
        ("spec/volumeClaimTemplates/0/metadata/labels", {"a": "b"}, NO),
        ("spec/volumeClaimTemplates/0/metadata/annotations", {}, OK),
        ("spec/volumeClaimTemplates/0/spec/volumeMode", "Filesystem", OK),
        ("spec/volumeClaimTemplates/0/kind", "PersistentVolumeClaim", OK),
    ],
)
def test_a_stateful_set_lets_little_change(path, value, expected, target):
    assert outcomes(stateful_set(), changed(stateful_set(), path, value), target) == (expected, OK)


@pytest.mark.parametrize(
    ("minor", "expected"), [("1.28", NO), ("1.32", NO), ("1.33", OK), ("1.36", OK), ("1.37", OK)]
)
def test_the_history_limit_of_a_stateful_set_may_change_from_1_33_on(minor, expected):
    target = Target(minor, "3", Apply.CLIENT_SIDE)
    assert outcomes(stateful_set(), stateful_set(revisionHistoryLimit=3), target) == (expected, OK)


@BOTH
@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("spec/template/spec/containers/0/image", "busybox:1.37", NO),
        ("spec/template/spec/containers/0/securityContext", {}, NO),
        ("spec/template/spec/automountServiceAccountToken", False, NO),
        ("spec/template/spec/hostNetwork", False, OK),
        ("spec/template/spec/securityContext", {}, OK),
        ("spec/template/spec/nodeSelector", {}, OK),
        ("spec/template/spec/containers/0/imagePullPolicy", "IfNotPresent", OK),
        ("spec/backoffLimit", 3, OK),
        ("spec/suspend", True, OK),
        ("metadata/labels", {"a": "b"}, OK),
    ],
)
def test_a_job_keeps_its_template(path, value, expected, target):
    assert outcomes(job(), changed(job(), path, value), target) == (expected, OK)


@pytest.mark.parametrize(
    ("path", "value"),
    [("spec/completions", 2), ("spec/template/metadata/labels", {"helm.sh/chart": "x-2"})],
)
def test_the_way_back_of_a_refused_job_may_delete_what_the_server_filled_in(path, value):
    """Helm 3 compares with the refused manifest, finds the field gone, and deletes it from the live
    Job."""
    assert outcomes(job(), changed(job(), path, value), HELM3) == (NO, NO)
    assert outcomes(job(), changed(job(), path, value), HELM4) == (NO, OK)


@pytest.mark.parametrize(
    ("path", "value", "in_34", "in_36"),
    [
        ("spec/template/spec/nodeSelector", {"disk": "ssd"}, OK, OK),
        ("spec/template/metadata/labels", {"a": "b"}, OK, OK),
        ("spec/template/spec/containers/0/resources", {"requests": {"cpu": "1"}}, NO, OK),
        ("spec/template/spec/containers/0/image", "busybox:1.37", NO, NO),
    ],
)
def test_a_suspended_job_may_be_placed_elsewhere(path, value, in_34, in_36):
    before, after = job(suspend=True), changed(job(suspend=True), path, value)
    assert outcomes(before, after, Target("1.34", "3", Apply.CLIENT_SIDE))[0] is in_34
    assert outcomes(before, after, Target("1.36", "3", Apply.CLIENT_SIDE))[0] is in_36


@BOTH
def test_an_indexed_job_grows_in_tandem(target):
    before = job(completionMode="Indexed", completions=2, parallelism=2)
    assert outcomes(
        before, job(completionMode="Indexed", completions=4, parallelism=4), target
    ) == (OK, OK)
    assert outcomes(
        before, job(completionMode="Indexed", completions=4, parallelism=2), target
    ) == (NO, OK)


def test_a_replaced_job_loses_what_the_server_generated():
    forecast_of_change = both(job(), changed(job(), "metadata/labels", {"a": "b"}), FORCE)
    assert forecast_of_change.upgrade.causes[0].field == "spec.selector"


@BOTH
@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("spec/containers/0/image", "nginx:1.26", OK),
        ("spec/tolerations", [{"key": "a", "operator": "Exists"}], OK),
        ("spec/activeDeadlineSeconds", 60, OK),
        ("spec/containers/0/env", [{"name": "A", "value": "1"}], NO),
        ("spec/serviceAccountName", "other", NO),
        ("metadata/labels", {"a": "b"}, OK),
    ],
)
def test_a_pod_lets_its_image_change(path, value, expected, target):
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "main", "image": "nginx:1.25"}]},
    }
    assert outcomes(pod, changed(pod, path, value), target)[0] is expected


@pytest.mark.parametrize("field", ["unknownField", "replica"])
def test_an_unknown_field_is_refused_under_server_side_apply_only(field):
    after = changed(deployment(), f"spec/{field}", 3)
    assert outcomes(deployment(), after, HELM3) == (OK, OK)
    forecast_of_change = both(deployment(), after, HELM4)
    assert forecast_of_change.upgrade.causes[0].topic == "unknown-field"


@BOTH
def test_a_wrong_type_is_refused(target):
    assert outcomes(deployment(), deployment(replicas="3"), target) == (NO, OK)


def test_duplicate_list_keys_are_refused_under_server_side_apply_only():
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    after = changed(deployment(), "spec/template/spec/containers/0/env", env)
    assert outcomes(deployment(), after, HELM3) == (OK, OK)
    assert both(deployment(), after, HELM4).upgrade.causes[0].topic == "duplicate-list-key"


def test_taking_back_a_duplicate_mount_loses_the_mount():
    pod = changed(deployment(), "spec/template/spec/volumes", [{"name": "data", "emptyDir": {}}])
    once = [{"name": "data", "mountPath": "/d"}]
    before = changed(pod, "spec/template/spec/containers/0/volumeMounts", once)
    twice = [*once, {"name": "data", "mountPath": "/d", "subPath": "x"}]
    after = changed(pod, "spec/template/spec/containers/0/volumeMounts", twice)
    forecast_of_change = both(before, after, HELM3)
    assert forecast_of_change.upgrade.outcome is OK
    assert (
        forecast_of_change.rollback.causes[0].field
        == "spec.template.spec.containers[0].volumeMounts[0].name"
    )


def test_a_field_that_came_between_two_recorded_minors_is_not_called_unknown():
    policy = {"supplementalGroupsPolicy": "Strict"}
    after = changed(deployment(), "spec/template/spec/securityContext", policy)
    answers = [
        outcomes(deployment(), after, Target(minor, "4", Apply.SERVER_SIDE))[0]
        for minor in ("1.30", "1.32", "1.33")
    ]
    assert answers == [NO, MAYBE, OK]
    before, after = job(), changed(job(), "spec/template/spec/securityContext", policy)
    assert outcomes(before, after, Target("1.33", "3", Apply.CLIENT_SIDE))[0] is NO


@BOTH
@pytest.mark.parametrize(
    ("labels", "selector", "outcome"),
    [
        ({"app": "a"}, {}, OK),
        ({"job-name": "migrate"}, {}, OK),
        ({"job-name": "other"}, {}, NO),
        ({"controller-uid": "1a2b3c"}, {}, NO),
        ({"batch.kubernetes.io/controller-uid": "1a2b3c"}, {}, NO),
        ({}, {"matchLabels": {"batch.kubernetes.io/controller-uid": "1a2b3c"}}, NO),
    ],
)
def test_nobody_labels_the_pods_of_a_new_job_for_the_server(labels, selector, outcome, target):
    made = changed(job(), "metadata/name", "migrate")
    made = changed(made, "spec/template/metadata/labels", labels)
    if selector:
        made = changed(made, "spec/selector", selector)
    upgrade = release(manifest(), manifest(made), target).changes[0].forecast.upgrade
    assert upgrade.outcome is outcome
