"""Mutants of valid objects, and what kube-apiserver 1.36.3 answered to a dry-run create of each."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from policylint.kubernetes.validity.certificates import signer_name
from tests.kubernetes.forecast.objects import HELM3, HELM4, MAYBE, NO, OK, manifest, release

PEM = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"
REQUEST = base64.b64encode(PEM.encode()).decode()


def answered(target: Any, api_version: str, kind: str, **fields: Any) -> Any:
    """The answer to the creation of one object."""
    metadata = {"name": "a", **fields.pop("metadata", {})}
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
    (change,) = release(manifest(), manifest(body), target).changes
    assert change.forecast.upgrade is not None
    return change.forecast.upgrade


@pytest.mark.parametrize(
    ("amount", "outcome"),
    [
        ("9000000000000000", OK),
        ("10000000000000000", NO),
        ("1000Pi", NO),
        ("8Ei", OK),
        ("1e19", OK),
        ("1.5", NO),
        (" 5", OK),
        ("5\n", NO),
    ],
)
def test_a_count_is_read_as_the_server_reads_it(amount, outcome):
    answer = answered(HELM3, "v1", "ResourceQuota", spec={"hard": {"pods": amount}})
    assert answer.outcome is outcome


@pytest.mark.parametrize(
    ("time", "outcome"),
    [
        ("2024-01-01T00:00:00.000000Z", OK),
        ("2024-01-01T00:00:00,000000Z", OK),
        ("2024-01-01T00:00:00.000000+01:00", OK),
        ("2024-01-01T00:00:00Z", NO),
        ("2024-01-01T00:00:00.0Z", NO),
        ("2024-01-01T00:00:00.0000000Z", NO),
        ("2024-01-01t00:00:00.000000z", NO),
        ("2024-01-01T00:00:00.000000+25:00", NO),
        ("2024-01-01T00:00:00.000000Z\n", NO),
    ],
)
def test_a_time_of_microseconds_has_six_digits(time, outcome):
    for target in (HELM3, HELM4):
        answer = answered(target, "coordination.k8s.io/v1", "Lease", spec={"renewTime": time})
        assert answer.outcome is outcome


@pytest.mark.parametrize(
    ("value", "outcome"), [([], OK), ([1, 255], OK), ([256], NO), ([True], NO), ({}, NO), (5, NO)]
)
def test_a_list_of_numbers_is_bytes_to_a_client_side_create(value, outcome):
    assert answered(HELM3, "v1", "Secret", data={"a": value}).outcome is outcome
    assert answered(HELM4, "v1", "Secret", data={"a": value}).outcome is NO


@pytest.mark.parametrize(
    ("metadata", "server_side"),
    [
        ({"uid": "abc"}, NO),
        ({"managedFields": []}, NO),
        ({"resourceVersion": "true"}, NO),
        ({"resourceVersion": "5"}, OK),
        ({"uid": ""}, OK),
    ],
)
def test_metadata_of_an_exported_object(metadata, server_side):
    assert answered(HELM3, "v1", "ConfigMap", metadata=metadata).outcome is OK
    assert answered(HELM4, "v1", "ConfigMap", metadata=metadata).outcome is server_side


CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
SOURCE = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "a"}


@pytest.mark.parametrize(("name", "outcome"), [("a", OK), ("b", NO)])
def test_both_sources_of_a_claim_say_the_same(name, outcome):
    spec = {**CLAIM, "dataSource": {**SOURCE, "name": name}, "dataSourceRef": SOURCE}
    assert answered(HELM3, "v1", "PersistentVolumeClaim", spec=spec).outcome is outcome


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, MAYBE),
        ({"request": base64.b64encode(b"none").decode()}, NO),
        ({"usages": ["client auth", "client auth"]}, NO),
        ({"usages": ["client"]}, NO),
        ({"usages": []}, NO),
        ({"signerName": "kubernetes.io/legacy-unknown"}, NO),
        ({"expirationSeconds": 599}, NO),
    ],
)
def test_a_signing_request_is_judged_but_for_its_signature(change, outcome):
    spec = {"request": REQUEST, "signerName": "a.b/c", "usages": ["client auth"], **change}
    answer = answered(HELM3, "certificates.k8s.io/v1", "CertificateSigningRequest", spec=spec)
    assert answer.outcome is outcome


@pytest.mark.parametrize("name", ["", "a", "a/b", "a.b/c/d", "A.b/c", "a.b/C", f"a.b/{'c' * 600}"])
def test_names_of_signers_that_are_none(name):
    assert list(signer_name(name, "spec.signerName"))
    assert not list(signer_name("example.com/my.signer", "spec.signerName"))


def test_access_for_administration_depends_on_the_namespace():
    request = {"name": "a", "exactly": {"deviceClassName": "a.b", "adminAccess": True}}
    spec = {"devices": {"requests": [request]}}
    assert answered(HELM3, "resource.k8s.io/v1", "ResourceClaim", spec=spec).outcome is MAYBE


def test_a_null_annotation_is_an_empty_text():
    marks = {"annotations": {"a": None, ".b": "c"}}
    answer = answered(HELM3, "v1", "ConfigMap", metadata=marks)
    assert answer.outcome is NO


def test_a_url_of_a_webhook_has_no_control_characters():
    hook = {
        "name": "a.b.c",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"url": "https://a.b/c\n"},
    }
    kind = "ValidatingWebhookConfiguration"
    answer = answered(HELM3, "admissionregistration.k8s.io/v1", kind, webhooks=[hook])
    assert answer.outcome is NO


EVENT = {
    "regarding": {"kind": "Pod", "namespace": "default", "name": "x"},
    "eventTime": "2024-01-01T00:00:00.000000Z",
    "reportingController": "a.b/c",
    "reportingInstance": "i",
    "action": "act",
    "reason": "r",
    "type": "Normal",
    "note": "n",
}


@pytest.mark.parametrize(
    ("api_version", "kind", "before", "after"),
    [
        ("events.k8s.io/v1", "Event", EVENT, {**EVENT, "note": "other"}),
        ("events.k8s.io/v1", "Event", EVENT, {**EVENT, "action": "other"}),
        ("v1", "Node", {"spec": {}}, {"spec": {"externalID": "a"}}),
        (
            "apps/v1",
            "ControllerRevision",
            {"data": {"a": 1}, "revision": 1},
            {"data": {"a": True}, "revision": 1},
        ),
    ],
)
def test_updates_that_server_side_apply_refuses(api_version, kind, before, after):
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}
    (change,) = release(manifest({**body, **before}), manifest({**body, **after}), HELM4).changes
    assert change.forecast.upgrade is not None
    assert change.forecast.upgrade.outcome is NO


def job(**spec: Any) -> Any:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}
    return answered(HELM3, "batch/v1", "Job", spec={"template": {"spec": pod}, **spec}).outcome


def test_zero_values_of_pointers_are_values():
    assert job(podReplacementPolicy="") is NO
    assert job(podFailurePolicy={}) is OK
    ports = [{"port": 80}]
    spec = {"ports": ports, "ipFamilyPolicy": ""}
    assert answered(HELM3, "v1", "Service", spec=spec).outcome is NO
    parameters = {"kind": "A", "name": "b", "scope": ""}
    spec = {"controller": "a.b/c", "parameters": parameters}
    assert answered(HELM3, "networking.k8s.io/v1", "IngressClass", spec=spec).outcome is NO


@pytest.mark.parametrize(("reference", "outcome"), [("", NO), ("i:1", OK)])
def test_a_pod_names_the_image_of_a_volume(reference, outcome):
    volume = {"name": "v", "image": {"reference": reference}}
    spec = {"containers": [{"name": "c", "image": "i:1"}], "volumes": [volume]}
    assert answered(HELM3, "v1", "Pod", spec=spec).outcome is outcome
    template = {"metadata": {"labels": {"a": "b"}}, "spec": spec}
    workload = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    assert answered(HELM3, "apps/v1", "Deployment", spec=workload).outcome is OK


@pytest.mark.parametrize(("volume", "outcome"), [("nfs", OK), ("csi", NO)])
def test_a_flex_volume_may_stand_beside_those_before_it(volume, outcome):
    sources = {"nfs": {"server": "s", "path": "/p"}, "csi": {"driver": "a.b", "volumeHandle": "h"}}
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "flexVolume": {"driver": "a/b"},
        volume: sources[volume],
    }
    assert answered(HELM3, "v1", "PersistentVolume", spec=spec).outcome is outcome


@pytest.mark.parametrize(("effect", "outcome"), [("NoExecute", OK), ("NoSchedule", NO)])
def test_a_runtime_class_has_no_toleration_twice(effect, outcome):
    first = {"key": "a", "operator": "Exists", "effect": "NoSchedule"}
    second = {**first, "effect": effect, "tolerationSeconds": 5 if effect == "NoExecute" else None}
    scheduling = {"tolerations": [first, second]}
    answer = answered(HELM3, "node.k8s.io/v1", "RuntimeClass", handler="h", scheduling=scheduling)
    assert answer.outcome is outcome
