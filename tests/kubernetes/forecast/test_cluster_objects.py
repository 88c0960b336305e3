"""Services, claims, configuration and classes: what is allocated, set once, or decided by the
cluster's state."""

import itertools
import json

import pytest

from policylint.kubernetes.forecast import Cluster
from policylint.model import Apply, Outcome, Target
from tests.kubernetes.forecast.objects import (
    FORCE,
    HELM3,
    HELM4,
    MAYBE,
    NO,
    OK,
    both,
    changed,
    claim,
    config,
    manifest,
    outcomes,
    release,
    resource,
    service,
)

BOTH = pytest.mark.parametrize("target", [HELM3, HELM4], ids=["client-side", "server-side"])
TYPES = {
    "cluster": {},
    "node": {"type": "NodePort"},
    "balancer": {"type": "LoadBalancer"},
    "local": {"type": "LoadBalancer", "externalTrafficPolicy": "Local"},
    "external": {"type": "ExternalName", "externalName": "a.example.com"},
    "addresses": {"externalIPs": ["192.0.2.1"]},
}


@pytest.mark.parametrize(
    "target", [HELM3, HELM4, FORCE], ids=["client-side", "server-side", "replace"]
)
@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(TYPES, 2)))
def test_a_service_may_change_its_type(before, after, target):
    assert outcomes(service(**TYPES[before]), service(**TYPES[after]), target) == (OK, OK)


@BOTH
def test_a_service_stays_headless_and_the_way_back_is_open(target):
    assert outcomes(service(clusterIP="None"), service(), target) == (OK, OK)
    assert outcomes(service(), service(clusterIP="None"), target) == (NO, OK)
    forecast_of_change = both(service(), service(clusterIP="None"), target)
    assert forecast_of_change.upgrade.causes[0].topic == "service-cluster-ip-changed"


@BOTH
def test_a_fixed_address_may_go_but_not_change(target):
    assert outcomes(service(clusterIP="10.96.3.3"), service(), target) == (OK, OK)
    assert outcomes(service(clusterIP="10.96.3.3"), service(clusterIP="10.96.3.4"), target) == (
        NO,
        OK,
    )


@BOTH
def test_writing_down_an_allocated_address_depends_on_what_was_allocated(target):
    fixed = service(clusterIP="10.96.3.3")
    assert outcomes(service(), fixed, target) == (MAYBE, OK)
    for address, expected in (("10.96.3.3", OK), ("10.96.9.9", NO)):
        body = service(clusterIP=address)
        cluster = Cluster(live={resource(service()).id: body})
        assert outcomes(service(), fixed, target, cluster)[0] is expected


@BOTH
def test_the_class_of_a_load_balancer_stays(target):
    plain, classy = (
        service(type="LoadBalancer"),
        service(type="LoadBalancer", loadBalancerClass="a.example.com/b"),
    )
    assert outcomes(plain, classy, target) == (NO, OK)
    assert outcomes(classy, plain, target) == (NO, OK)
    assert outcomes(service(), classy, target) == (OK, OK)


def bound(body, status="Bound", storage="8Gi"):
    state = {"phase": status, **({"capacity": {"storage": storage}} if status == "Bound" else {})}
    return {**body, "status": state}


def with_claim(live, expandable=None):
    classes = {} if expandable is None else {"fast": {"allowVolumeExpansion": expandable}}
    return Cluster(live={resource(live).id: live}, storage_classes=classes)


FAST = claim(storageClassName="fast")
BIGGER = changed(FAST, "spec/resources/requests/storage", "16Gi")
SMALLER = changed(FAST, "spec/resources/requests/storage", "4Gi")


@BOTH
def test_growing_a_claim_depends_on_its_state(target):
    forecast_of_change = both(FAST, BIGGER, target)
    assert forecast_of_change.upgrade.outcome is MAYBE
    assert [unknown.what for unknown in forecast_of_change.upgrade.unknowns] == [
        "whether the claim data is bound",
        "whether the storage class fast allows volume expansion",
    ]
    assert outcomes(FAST, BIGGER, target, with_claim(bound(FAST), expandable=True)) == (OK, NO)
    assert outcomes(FAST, BIGGER, target, with_claim(bound(FAST), expandable=False)) == (NO, OK)
    assert outcomes(FAST, BIGGER, target, with_claim(bound(FAST, "Pending"), expandable=True)) == (
        NO,
        OK,
    )
    assert outcomes(FAST, BIGGER, target, with_claim(bound(FAST)))[0] is MAYBE


@BOTH
def test_a_class_of_the_release_that_does_not_expand_decides(target):
    kind = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "provisioner": "a.example.com",
    }
    fixed = {**kind, "metadata": {"name": "fast"}}
    done = release(manifest(fixed, FAST), manifest(fixed, BIGGER), target)
    assert done.changes[1].forecast.upgrade.outcome is NO


@BOTH
@pytest.mark.parametrize(
    ("minor", "text"),
    [
        ("1.30", "field can not be less than previous value"),
        ("1.36", "field can not be less than status.capacity"),
    ],
)
def test_a_claim_never_shrinks(minor, text, target):
    target = Target(minor, target.helm, target.apply)
    forecast_of_change = both(FAST, SMALLER, target, with_claim(bound(FAST), expandable=True))
    assert forecast_of_change.upgrade.causes[0].message == f"Forbidden: {text}"
    assert forecast_of_change.upgrade.causes[0].topic == "claim-shrunk"
    assert both(FAST, SMALLER, target).upgrade.outcome is NO


@BOTH
@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("spec/accessModes", ["ReadWriteMany"], NO),
        ("spec/storageClassName", "slow", NO),
        ("spec/volumeMode", "Filesystem", OK),
        ("spec/volumeMode", "Block", NO),
        ("spec/resources/requests/storage", "8192Mi", OK),
        ("metadata/labels", {"a": "b"}, OK),
    ],
)
def test_what_else_a_claim_lets_change(path, value, expected, target):
    assert outcomes(FAST, changed(FAST, path, value), target) == (expected, OK)


@BOTH
def test_a_class_that_appears_depends_on_the_default_class(target):
    assert outcomes(claim(), FAST, target)[0] is MAYBE
    live = bound(claim())
    assert outcomes(claim(), FAST, target, Cluster(live={resource(live).id: live})) == (OK, NO)


@BOTH
def test_immutable_configuration(target):
    before = config(immutable=True, data={"a": "1"})
    assert outcomes(before, config(immutable=True, data={"a": "2"}), target) == (NO, OK)
    assert outcomes(before, config(data={"a": "1"}), target) == (NO, OK)
    assert outcomes(config(data={"a": "1"}), before, target) == (OK, NO)
    assert (
        both(before, config(data={"a": "2"}), target).upgrade.causes[0].topic
        == "immutable-config-changed"
    )


@BOTH
def test_no_message_shows_a_secret(target):
    before = {**config(type="Opaque", immutable=True, data={"a": "aHVudGVyMg=="}), "kind": "Secret"}
    after = changed(before, "data/a", "c2VjcmV0Cg==")
    answer = both(before, after, target).upgrade
    assert answer.outcome is NO
    assert not any("aHVu" in str(cause) or "c2Vj" in str(cause) for cause in answer.causes)


def kind(api_version, name, **fields):
    return {"apiVersion": api_version, "kind": name, "metadata": {"name": "x"}, **fields}


RULES = "rbac.authorization.k8s.io"
CLASSES = [
    (
        kind("storage.k8s.io/v1", "StorageClass", provisioner="a.example.com"),
        "parameters",
        {"type": "gp3"},
    ),
    (
        kind("storage.k8s.io/v1", "StorageClass", provisioner="a.example.com"),
        "reclaimPolicy",
        "Retain",
    ),
    (kind("scheduling.k8s.io/v1", "PriorityClass", value=5), "value", 6),
    (kind("node.k8s.io/v1", "RuntimeClass", handler="a"), "handler", "b"),
    (
        kind("networking.k8s.io/v1", "IngressClass", spec={"controller": "a.example.com/b"}),
        "spec/controller",
        "c.d/e",
    ),
    (kind("storage.k8s.io/v1", "CSIDriver", spec={}), "spec/attachRequired", False),
    (
        kind(
            f"{RULES}/v1",
            "ClusterRoleBinding",
            roleRef={"kind": "ClusterRole", "name": "a", "apiGroup": RULES},
        ),
        "roleRef/name",
        "b",
    ),
]


@BOTH
@pytest.mark.parametrize(
    ("body", "path", "value"), CLASSES, ids=lambda part: part if isinstance(part, str) else ""
)
def test_fields_that_keep_their_value(body, path, value, target):
    assert outcomes(body, changed(body, path, value), target) == (NO, OK)
    assert outcomes(body, changed(body, "metadata/labels", {"a": "b"}), target) == (OK, OK)


def test_a_storage_class_says_it_as_its_server_does():
    before, path, value = CLASSES[0]
    after = changed(before, path, value)
    old = both(before, after, Target("1.34", "3", Apply.CLIENT_SIDE)).upgrade.causes[0]
    new = both(before, after, Target("1.36", "3", Apply.CLIENT_SIDE)).upgrade.causes[0]
    assert old.message == "Forbidden: updates to parameters are forbidden."
    assert new.message == 'Invalid value: {"type":"gp3"}: field is immutable'


def test_an_object_in_the_way_is_refused_by_helm():
    there = {**config(data={}), "metadata": {"name": "cm"}}
    cluster = Cluster(live={resource(there).id: there})
    done = release(manifest(), manifest(config(data={"a": "1"})), HELM3, cluster)
    assert "invalid ownership metadata" in done.changes[0].forecast.upgrade.causes[0].message
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    marks = {"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": "default"}
    ours = {**there, "metadata": {"name": "cm", "labels": labels, "annotations": marks}}
    done = release(
        manifest(),
        manifest(config(data={"a": "1"})),
        HELM3,
        Cluster(live={resource(ours).id: ours}),
    )
    assert done.changes[0].forecast.upgrade.outcome is Outcome.ACCEPTED


FIRST, SECOND, SIX = "10.0.0.0/24", "11.0.0.0/24", "fd00::/64"


def node(**spec):
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": spec}


@pytest.mark.parametrize(
    ("before", "after", "applied", "put"),
    [
        ([SECOND], [SECOND], NO, OK),
        ([SIX], [SIX], NO, OK),
        ([SIX, FIRST], [SIX, FIRST], OK, OK),
        ([SECOND], [FIRST], OK, OK),
        ([SECOND], [FIRST, SIX], NO, NO),
        ([FIRST, SIX], [FIRST, SIX], OK, OK),
    ],
)
def test_networks_that_contradict_the_one_network_come_back(before, after, applied, put):
    """As kube-apiserver 1.37.2 answers: it keeps the one alone, and applying the others adds
    them."""
    sides = (
        node(podCIDR=FIRST, podCIDRs=before),
        node(podCIDR=FIRST, podCIDRs=after, providerID="x"),
    )
    forecasts = [
        both(*sides, target).upgrade.outcome
        for target in (Target("1.37", "4", Apply.SERVER_SIDE), FORCE)
    ]
    assert forecasts == [applied, put]


@pytest.mark.parametrize(
    "volume",
    [
        {"configMap": {"name": "c", "defaultUser": 1}},
        {"secret": {"secretName": "s", "items": [{"key": "k", "path": "p", "user": 1}]}},
        {"projected": {"sources": [], "defaultUser": 1}},
        {"projected": {"sources": [{"serviceAccountToken": {"path": "p", "user": 1}}]}},
        {"downwardAPI": {"defaultUser": 1}},
    ],
)
def test_a_field_of_a_feature_that_is_off_changes_nothing(volume):
    def pod(source):
        volumes = [{"name": "v", **source}]
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "main", "image": "nginx:1"}], "volumes": volumes},
        }

    text = json.dumps(volume)
    for field in ('"defaultUser": 1', '"user": 1'):
        text = text.replace(f", {field}", "").replace(field, "")
    sides = pod(json.loads(text)), pod(volume)
    for apply in (Apply.SERVER_SIDE, Apply.CLIENT_SIDE):
        forecast = both(*sides, Target("1.37", "4", apply))
        assert (forecast.upgrade.outcome, forecast.rollback.outcome) == (OK, OK)


@pytest.mark.parametrize("target", [HELM3, HELM4])
def test_an_update_takes_no_finalizers_of_a_namespace(target):
    def namespace(*finalizers):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
        return {**body, "spec": {"finalizers": list(finalizers)}}

    assert outcomes(namespace("kubernetes"), namespace("Foo"), target)[0] is OK
