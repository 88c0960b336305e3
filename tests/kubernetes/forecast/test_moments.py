"""What is there when Helm sends an object: hooks by weight and name, kinds in order, deletions
last."""

import json

import pytest

from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.forecast import Cluster, forecast
from policylint.kubernetes.manifests.diff import changes
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import Apply, Target, Upgrade

HELM3 = Target("1.36", "3", Apply.CLIENT_SIDE)
HELM4 = Target("1.36", "4", Apply.SERVER_SIDE)
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}


def obj(kind, name, api_version="v1", *, namespace="", hook="", policy=None, weight="", **more):
    annotations = {"helm.sh/hook": hook} if hook else {}
    if policy is not None:
        annotations["helm.sh/hook-delete-policy"] = policy
    if weight:
        annotations["helm.sh/hook-weight"] = weight
    metadata = {"name": name, "annotations": annotations}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


def told(before, after, target=HELM3):
    """The answers by kind and name, of the resources and of the hooks."""
    sides = [[Text("", "\n---\n".join(map(json.dumps, side)))] for side in (before, after)]
    old, new = Reader("default").read_pair(*sides)
    changes_made = changes(old, new, schemas("1.36"))
    upgrade = forecast(Upgrade("web", "default", target, old, new, changes_made), Cluster())
    return {
        f"{change.id.kind}/{change.id.name}": tuple(
            None if answer is None else answer.outcome.value
            for answer in (change.forecast.upgrade, change.forecast.rollback)
        )
        for change in (*upgrade.changes, *upgrade.hooks)
    }


NAMESPACE = obj("Namespace", "apart")


@pytest.mark.parametrize("target", [HELM3, HELM4])
def test_a_hook_needs_a_namespace_that_is_there(target):
    hook = obj("ConfigMap", "hook", namespace="apart", hook="pre-upgrade")
    assert told([SETTINGS], [SETTINGS, NAMESPACE, hook], target)["ConfigMap/hook"][0] == "rejected"
    late = obj("ConfigMap", "hook", namespace="apart", hook="post-upgrade")
    assert told([SETTINGS], [SETTINGS, NAMESPACE, late], target)["ConfigMap/hook"][0] == "accepted"
    there = told([SETTINGS, NAMESPACE], [SETTINGS, NAMESPACE, hook], target)
    assert there["ConfigMap/hook"][0] == "accepted"


def test_a_namespace_that_a_later_hook_makes_is_no_namespace_yet():
    made = obj("Namespace", "apart", hook="post-upgrade")
    member = obj("ConfigMap", "member", namespace="apart")
    assert told([SETTINGS], [SETTINGS, made, member])["ConfigMap/member"][0] == "rejected"
    first = obj("Namespace", "apart", hook="pre-upgrade")
    assert told([SETTINGS], [SETTINGS, first, member])["ConfigMap/member"][0] == "accepted"
    gone = obj("Namespace", "apart", hook="pre-upgrade", policy="hook-succeeded")
    assert told([SETTINGS], [SETTINGS, gone, member])["ConfigMap/member"][0] == "rejected"


CONTAINERS = [{"name": "main", "image": "example/main:1"}]


def test_a_pod_comes_before_kinds_that_helm_does_not_order():
    runtime = obj("RuntimeClass", "sandbox", "node.k8s.io/v1", handler="sandbox")
    pod = obj("Pod", "p", spec={"runtimeClassName": "sandbox", "containers": CONTAINERS})
    assert told([SETTINGS], [SETTINGS, runtime, pod])["Pod/p"][0] == "rejected"
    assert told([runtime], [runtime, pod])["Pod/p"][0] == "accepted"


def test_a_pod_needs_its_account():
    pod = obj(
        "Pod", "p", hook="pre-upgrade", spec={"serviceAccountName": "own", "containers": CONTAINERS}
    )
    account = obj("ServiceAccount", "own")
    assert told([SETTINGS], [SETTINGS, account, pod])["Pod/p"][0] == "rejected"
    first = obj("ServiceAccount", "own", hook="pre-upgrade", weight="-1")
    assert told([SETTINGS], [SETTINGS, first, pod])["Pod/p"][0] == "accepted"


def job(image="example/job:1", **more):
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "j", "image": image}]}}
    return obj("Job", "j", "batch/v1", spec={"template": template}, **more)


@pytest.mark.parametrize(
    ("policy", "events", "helm3", "helm4"),
    [
        ("before-hook-creation", "pre-install,pre-upgrade", "accepted", "accepted"),
        ("Before-Hook-Creation ", "pre-install,pre-upgrade", "accepted", "accepted"),
        ("hook-succeeded", "pre-install,pre-upgrade", "accepted", "accepted"),
        ("hook-failed", "pre-install,pre-upgrade", "rejected", "rejected"),
        ("", "pre-install,pre-upgrade", "rejected", "rejected"),
        ("hook-failed", "pre-upgrade", "depends", "depends"),
    ],
)
def test_what_a_hook_left_behind_is_in_its_way(policy, events, helm3, helm4):
    before = [SETTINGS, job(hook=events, policy=policy)]
    after = [SETTINGS, job("example/job:2", hook=events, policy=policy)]
    assert told(before, after, HELM3)["Job/j"][0] == helm3
    assert told(before, after, HELM4)["Job/j"][0] == helm4


@pytest.mark.parametrize(
    ("weight", "answer"),
    [("-1", "accepted"), ("1", "rejected"), ("+1", "rejected"), ("-1e1", "rejected")],
)
def test_hooks_come_by_weight_and_then_by_name(weight, answer):
    namespace = obj("Namespace", "zone", hook="pre-upgrade", weight=weight)
    hook = obj("ConfigMap", "hook", namespace="zone", hook="pre-upgrade")
    assert told([SETTINGS], [SETTINGS, namespace, hook])["ConfigMap/hook"][0] == answer


@pytest.mark.parametrize(
    ("size", "answer"),
    [(1_000_000, "accepted"), (1_500_000, "depends"), (1_600_000, "rejected")],
)
def test_what_etcd_does_not_store_is_refused(size, answer):
    containers = [{**CONTAINERS[0], "args": ["x" * size]}]
    pod = obj("Pod", "large", spec={"containers": containers})
    assert told([SETTINGS], [SETTINGS, pod])["Pod/large"][0] == answer


def exposed(name, port, **more):
    ports = [{"port": 80, "nodePort": port}]
    return obj("Service", name, spec={"type": "NodePort", "ports": ports}, **more)


@pytest.mark.parametrize("event", ["pre-upgrade", "post-upgrade"])
def test_a_hook_gets_no_port_that_another_object_has(event):
    hook = exposed("hook", 30001, hook=event)
    assert told([exposed("a", 30001)], [exposed("a", 30001), hook])["Service/hook"][0] == "rejected"
    assert told([exposed("a", 30001)], [SETTINGS, hook])["Service/hook"][0] == "rejected"
    assert told([exposed("a", 30002)], [exposed("a", 30002), hook])["Service/hook"][0] == "accepted"


def test_an_object_gets_no_port_that_a_hook_has():
    first = exposed("hook", 30001, hook="pre-upgrade")
    assert told([SETTINGS], [SETTINGS, first, exposed("a", 30001)])["Service/a"][0] == "rejected"
    gone = exposed("hook", 30001, hook="pre-upgrade", policy="hook-succeeded")
    assert told([SETTINGS], [SETTINGS, gone, exposed("a", 30001)])["Service/a"][0] == "accepted"


def definition(**more):
    names = {"kind": "Foo", "plural": "foos", "singular": "foo", "listKind": "FooList"}
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True}
    version["schema"] = {"openAPIV3Schema": free}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    name, version_of = "foos.example.com", "apiextensions.k8s.io/v1"
    return obj("CustomResourceDefinition", name, version_of, spec=spec, **more)


@pytest.mark.parametrize("target", [HELM3, HELM4])
def test_a_definition_that_a_hook_makes_comes_too_late_for_the_release(target):
    custom = obj("Foo", "foo", "example.com/v1")
    hook = definition(hook="pre-upgrade", weight="-5")
    assert told([SETTINGS], [SETTINGS, hook, custom], target)["Foo/foo"][0] == "rejected"
    late = obj("Foo", "foo", "example.com/v1", hook="pre-upgrade")
    assert told([SETTINGS], [SETTINGS, hook, late], target)["Foo/foo"][0] == "accepted"
    installed = definition(hook="pre-install")
    there = told([SETTINGS, installed], [SETTINGS, installed, custom], target)
    assert there["Foo/foo"][0] == "accepted"


@pytest.mark.parametrize(
    "metadata", [{"uid": "3"}, {"managedFields": []}, {"managedFields": [{"manager": "x"}]}]
)
def test_an_apply_brings_no_metadata_of_the_servers(metadata):
    new = obj("ConfigMap", "new")
    new["metadata"].update(metadata)
    assert told([SETTINGS], [SETTINGS, new], HELM3)["ConfigMap/new"][0] == "accepted"
    assert told([SETTINGS], [SETTINGS, new], HELM4)["ConfigMap/new"][0] == "rejected"


def test_two_hooks_of_one_name_have_events_of_their_own():
    install, upgrade = job(hook="pre-install"), job(hook="pre-upgrade")
    assert told([SETTINGS], [SETTINGS, install, upgrade])["Job/j"][0] == "accepted"
    upgrade["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    assert told([SETTINGS], [SETTINGS, install, upgrade])["Job/j"][0] == "rejected"
    assert told([SETTINGS], [SETTINGS, upgrade, install])["Job/j"][0] == "rejected"
