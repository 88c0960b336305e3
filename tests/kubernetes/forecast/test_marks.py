"""Annotations that the server reads together with an object: answers of kube-apiserver 1.37.2."""

import pytest

from tests.kubernetes.forecast.objects import HELM3, HELM4, NO, OK, both, claim, manifest, release

BOTH = pytest.mark.parametrize("target", [HELM3, HELM4], ids=["client-side", "server-side"])
CLASS = "volume.beta.kubernetes.io/storage-class"
MIRROR = "kubernetes.io/config.mirror"
ARMOR = "container.apparmor.security.beta.kubernetes.io/a"
MODE, HINTS = "service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"


def noted(body, **annotations):
    return {**body, "metadata": {**body["metadata"], "annotations": annotations}}


def body(kind, api="v1", **fields):
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "a"}, **fields}


POD = body("Pod", spec={"containers": [{"name": "a", "image": "b"}], "nodeName": "n"})
SERVICE = body("Service", spec={"ports": [{"port": 80}]})
BALANCER = body("Service", spec={"ports": [{"port": 80}], "type": "LoadBalancer"})


@BOTH
@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (noted(claim(), **{CLASS: "fast"}), noted(claim(), **{CLASS: "fast"}), OK),
        (noted(claim(), **{CLASS: "fast"}), noted(claim(), **{CLASS: "slow"}), NO),
        (noted(claim(), **{CLASS: "fast"}), claim(), NO),
        (claim(), noted(claim(), **{CLASS: "fast"}), NO),
        (noted(claim(), **{CLASS: "fast"}), claim(storageClassName="fast"), OK),
        (noted(claim(), **{CLASS: "fast"}), claim(storageClassName="slow"), NO),
        (POD, noted(POD, **{MIRROR: "b"}), NO),
        (noted(POD, **{MIRROR: "b"}), POD, NO),
        (noted(POD, **{ARMOR: "unconfined"}), POD, NO),
        (POD, noted(POD, other="b"), OK),
        (noted(SERVICE, **{MODE: "Auto"}), noted(SERVICE, **{MODE: "Auto", HINTS: "auto"}), NO),
        (noted(SERVICE, **{MODE: "Auto"}), noted(SERVICE, **{MODE: "Auto", HINTS: "Auto"}), OK),
        (
            BALANCER,
            noted(
                BALANCER, **{"service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8"}
            ),
            OK,
        ),
    ],
)
def test_an_update_of_nothing_but_annotations_is_read_by_the_server(before, after, outcome, target):
    assert both(before, after, target).upgrade.outcome is outcome


VOLUME = "failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"


def volume(key, value="a", terms=1):
    term = {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}
    return body(
        "PersistentVolume",
        spec={
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "csi": {"driver": "d.io", "volumeHandle": "h"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [term] * terms}},
        },
    )


@BOTH
@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (volume(VOLUME[0]), volume(VOLUME[1]), OK),
        (volume(VOLUME[1]), volume(VOLUME[0]), NO),
        (volume(VOLUME[0]), volume(VOLUME[1], "b"), NO),
        (volume(VOLUME[0]), volume("kubernetes.io/os"), NO),
        (volume(VOLUME[0]), volume(VOLUME[1], terms=2), NO),
    ],
)
def test_the_nodes_of_a_volume_stay_and_their_labels_get_stable(before, after, outcome, target):
    answer = both(before, after, target)
    assert answer.upgrade.outcome is outcome


def test_a_new_claim_may_name_its_class_either_way():
    for made in (noted(claim(), **{CLASS: "fast"}), claim(storageClassName="fast")):
        (change,) = release(manifest(), manifest(made), HELM4).changes
        assert change.forecast.upgrade.outcome is OK
