"""Accepted is not applied: what the server will not hold, and what it gets back."""

from __future__ import annotations

from typing import Any

import pytest

from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.forecast import Cluster
from policylint.kubernetes.manifests.arriving import arriving
from policylint.model import Created, Kept
from tests.kubernetes.forecast.objects import HELM3, HELM4, OK, both, manifest, release, resource

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "size": {"type": "integer"},
                                    "tags": {
                                        "type": "array",
                                        "items": {"type": "string"},
                                        "x-kubernetes-list-type": "set",
                                    },
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}
KNOWN = Cluster(crds={("example.com", "Widget"): CRD})


def widget(name: str = "a", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": spec,
    }


def service(*protocols: str) -> dict[str, Any]:
    ports = [{"name": protocol.lower(), "port": 53, "protocol": protocol} for protocol in protocols]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "dns"},
        "spec": {"ports": ports},
    }


def test_a_field_that_the_definition_lacks_is_dropped_where_this_upgrade_brings_it():
    answer = both(widget(size=1), widget(size=1, colour="red"), HELM3, KNOWN)
    assert answer.upgrade.outcome is OK
    assert [field.path for field in answer.dropped] == ["/spec/colour"]
    answer = both(widget(size=1, colour="red"), widget(size=2, colour="red"), HELM3, KNOWN)
    assert answer.dropped == ()


def test_what_a_created_object_loses_is_told():
    done = release(manifest(), manifest(widget(colour="red")), HELM3, KNOWN)
    (change,) = done.changes
    assert [field.path for field in change.forecast.dropped] == ["/spec/colour"]
    unknown = {**service("TCP"), "spec": {**service("TCP")["spec"], "colour": "red"}}
    (change,) = release(manifest(), manifest(unknown), HELM3).changes
    assert [field.path for field in change.forecast.dropped] == ["/spec/colour"]


def test_the_diff_shows_what_will_be_there():
    done = release(manifest(service("TCP")), manifest(service("TCP", "UDP")), HELM3)
    (change,) = arriving(done, schemas("1.36")).changes
    assert isinstance(change, Kept)
    assert change.fields == ()
    done = release(manifest(service("TCP")), manifest(service("TCP", "UDP")), HELM4)
    (change,) = arriving(done, schemas("1.36")).changes
    assert isinstance(change, Kept)
    assert [field.path for field in change.fields] == ["/spec/ports/1"]
    done = release(manifest(), manifest(widget(size=1, colour="red")), HELM3, KNOWN)
    (created,) = arriving(done, schemas("1.36")).changes
    assert isinstance(created, Created)
    assert created.after.body["spec"] == {"size": 1}


SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s"},
    "stringData": {"password": "first"},
}


@pytest.mark.parametrize("target", [HELM3, HELM4])
@pytest.mark.parametrize(
    ("live", "paths"), [("cm90YXRlZA==", ["/data/password"]), ("Zmlyc3Q=", [])]
)
def test_a_secret_that_was_rotated_by_hand_is_put_back(target, live, paths):
    rotated = {**SECRET, "type": "Opaque", "data": {"password": live}}
    del rotated["stringData"]
    cluster = Cluster(live={resource(SECRET).id: rotated})
    answer = both(SECRET, SECRET, target, cluster)
    assert answer.upgrade.outcome is OK
    assert [field.path for field in answer.reverted] == paths


def test_an_empty_list_that_nobody_owns_stays_under_server_side_apply():
    rule = {"rule": "has(self.tags)"}
    crd = {**CRD, "spec": {**CRD["spec"], "versions": [dict(CRD["spec"]["versions"][0])]}}
    version = crd["spec"]["versions"][0]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    ruled = {**spec, "x-kubernetes-validations": [rule]}
    version["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": ruled}}}
    cluster = Cluster(crds={("example.com", "Widget"): crd})
    answer = both(widget(tags=[]), widget(size=1), HELM4, cluster)
    assert answer.upgrade.outcome is OK
    answer = both(widget(tags=["a"]), widget(size=1), HELM4, cluster)
    assert answer.upgrade.outcome is not OK
