"""Server-side apply against what others own in a live object, and what an update may not touch."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from policylint.kubernetes.forecast import Cluster
from tests.kubernetes.forecast.objects import (
    FORCE,
    HELM3,
    HELM4,
    MAYBE,
    NO,
    OK,
    both,
    changed,
    manifest,
    outcomes,
    release,
    resource,
)

SCALED = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "i:1", "env": [{"name": "A"}]}]},
        },
    },
}
BY_AUTOSCALER = {
    "manager": "kube-controller-manager",
    "operation": "Update",
    "subresource": "scale",
    "apiVersion": "apps/v1",
    "fieldsV1": {"f:spec": {"f:replicas": {}}},
}


def live(body, *managers, **spec):
    stored = {**body, "spec": {**body["spec"], **spec}}
    if managers:
        stored["metadata"] = {**body["metadata"], "managedFields": list(managers)}
    return Cluster(live={resource(body).id: stored})


def test_a_field_of_another_manager_refuses_the_change_and_the_way_back():
    after = changed(SCALED, "spec/replicas", 3)
    answer = both(SCALED, after, HELM4, live(SCALED, BY_AUTOSCALER, replicas=5))
    assert (answer.upgrade.outcome, answer.rollback.outcome) == (NO, NO)
    (cause,) = answer.upgrade.causes
    assert cause.field == "spec.replicas"
    assert 'conflict with "kube-controller-manager" with subresource "scale"' in cause.message
    assert cause.message.endswith("using apps/v1: .spec.replicas")


def test_the_same_value_is_shared_until_the_way_back_changes_it():
    after = changed(SCALED, "spec/replicas", 5)
    cluster = live(SCALED, BY_AUTOSCALER, replicas=5)
    assert outcomes(SCALED, after, HELM4, cluster) == (OK, NO)


def test_a_field_that_is_no_longer_rendered_stays_with_its_other_owner():
    after = changed(SCALED, "spec/replicas", ...)
    cluster = live(SCALED, BY_AUTOSCALER, replicas=5)
    assert outcomes(SCALED, after, HELM4, cluster) == (OK, NO)
    cluster = live(SCALED, BY_AUTOSCALER, replicas=2)
    assert outcomes(SCALED, after, HELM4, cluster) == (OK, OK)


def test_without_managed_fields_a_changed_value_has_another_owner():
    after = changed(SCALED, "spec/replicas", 3)
    assert outcomes(SCALED, after, HELM4, live(SCALED, replicas=5)) == (NO, NO)
    assert outcomes(SCALED, after, HELM4, live(SCALED, replicas=2)) == (OK, OK)
    assert outcomes(SCALED, after, HELM4, live(SCALED, replicas=3)) == (OK, NO)


def test_an_item_of_a_list_is_named_by_its_keys():
    env = {".": {}, "f:name": {}, "f:value": {}}
    pod = {"f:spec": {"f:containers": {'k:{"name":"c"}': {"f:env": {'k:{"name":"A"}': env}}}}}
    manager = {
        "manager": "kubectl-set",
        "operation": "Update",
        "apiVersion": "apps/v1",
        "fieldsV1": {"f:spec": {"f:template": pod}},
    }
    after = changed(SCALED, "spec/template/spec/containers/0/env/0/value", "2")
    stored = changed(SCALED, "spec/template/spec/containers/0/env/0/value", "1")
    answer = both(SCALED, after, HELM4, live(stored, manager))
    (cause,) = answer.upgrade.causes
    assert cause.message.endswith('.spec.template.spec.containers[name="c"].env[name="A"].value')


@pytest.mark.parametrize("target", [HELM3, replace(HELM4, force_conflicts=True)])
def test_no_conflict_where_nobody_asks(target):
    after = changed(SCALED, "spec/replicas", 3)
    cluster = live(SCALED, BY_AUTOSCALER, replicas=5)
    assert outcomes(SCALED, after, target, cluster) == (OK, OK)


def test_ownership_is_taken_where_that_is_asked_for():
    foreign = Cluster(live={resource(SCALED).id: SCALED})
    renamed = changed(SCALED, "metadata/name", "other")
    sides = manifest(renamed), manifest(renamed, SCALED)
    for target, outcome in ((HELM3, NO), (replace(HELM3, take_ownership=True), OK)):
        _, created = release(*sides, target, foreign).changes
        assert created.forecast.upgrade.outcome is outcome


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("metadata/uid", "abc", 'metadata.uid: Invalid value: "abc": field is immutable'),
        ("metadata/resourceVersion", "1", "the object has been modified"),
        ("metadata/managedFields", [], "metadata.managedFields must be nil"),
    ],
)
def test_metadata_of_the_server_is_not_for_a_manifest(path, value, words):
    answer = both(SCALED, changed(SCALED, path, value), HELM4)
    (cause,) = answer.upgrade.causes
    assert words in f"{cause.field}: {cause.message}"


def test_what_is_being_deleted_gets_no_finalizer():
    going = changed(SCALED, "metadata/deletionTimestamp", "2026-01-01T00:00:00Z")
    after = changed(SCALED, "metadata/finalizers", ["example.com/f"])
    cluster = Cluster(live={resource(SCALED).id: going})
    assert outcomes(SCALED, after, HELM3, cluster) == (NO, OK)
    assert outcomes(SCALED, after, HELM3) == (OK, OK)


def test_an_object_that_is_not_among_the_live_ones_may_be_gone():
    after = changed(SCALED, "spec/selector/matchLabels", {"app": "other"})
    after = changed(after, "spec/template/metadata/labels", {"app": "other"})
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "p"}}
    inventory = Cluster(live={resource(space).id: space})
    facts = Cluster(live={resource(claim).id: claim})
    assert outcomes(SCALED, after, HELM3, inventory) == (MAYBE, MAYBE)
    assert outcomes(SCALED, after, HELM3, facts) == (NO, OK)


def test_an_integer_beyond_its_field_is_cut_off_where_it_is_merged():
    after = changed(SCALED, "spec/minReadySeconds", 2**32)
    assert outcomes(SCALED, after, HELM3) == (OK, OK)
    assert outcomes(SCALED, after, HELM4) == (OK, OK)
    assert outcomes(SCALED, after, FORCE) == (NO, OK)
    below = changed(SCALED, "spec/minReadySeconds", 2**32 - 1)
    assert outcomes(SCALED, below, HELM4) == (NO, OK), "it comes to -1"
