"""Objects that are in a cluster before any release is."""

import pytest

from policylint.kubernetes.forecast import Cluster
from policylint.model import Apply, Target
from tests.kubernetes.forecast.objects import HELM3, HELM4, MAYBE, NO, OK, manifest, release

TAKING = Target("1.36", "4", Apply.SERVER_SIDE, take_ownership=True)
OWN = {
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {
        "meta.helm.sh/release-name": "rel",
        "meta.helm.sh/release-namespace": "default",
    },
}


def body(kind, name, api="v1", **more):
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **more}


def outcome(made, target=HELM4, live=None):
    after = manifest(made)
    (identity,) = after.resources
    cluster = Cluster(live={identity: live}) if live else None
    return release(manifest(), after, target, cluster).changes[0].forecast.upgrade.outcome


@pytest.mark.parametrize("target", [HELM3, HELM4], ids=["client-side", "server-side"])
@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (body("Namespace", "default"), MAYBE),
        (body("Namespace", "kube-system"), MAYBE),
        (body("Namespace", "team-a"), OK),
        (body("ServiceAccount", "default"), MAYBE),
        (body("ServiceAccount", "web"), OK),
        (body("ConfigMap", "kube-root-ca.crt"), MAYBE),
        (body("ClusterRole", "view", "rbac.authorization.k8s.io/v1", rules=[]), MAYBE),
        (body("ClusterRole", "system:node", "rbac.authorization.k8s.io/v1", rules=[]), MAYBE),
        (body("ClusterRole", "system:mine", "rbac.authorization.k8s.io/v1", rules=[]), OK),
        (body("ClusterRole", "viewer", "rbac.authorization.k8s.io/v1", rules=[]), OK),
    ],
)
def test_what_every_cluster_has_is_not_made_again(made, expected, target):
    assert outcome(made, target) is expected


def test_a_live_object_tells_and_an_option_takes_it_over():
    namespace = body("Namespace", "default")
    owned = {**namespace, "metadata": {"name": "default", **OWN}}
    assert outcome(namespace, TAKING) is OK
    assert outcome(namespace, live=namespace) is NO
    assert outcome(namespace, live=owned) is OK
