"""What one object says of another: allocations in Helm's order, limits, levels, classes."""

import pytest

from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.forecast import Cluster, forecast, limitranges
from policylint.kubernetes.manifests.diff import changes
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import Apply, Outcome, Target, Upgrade
from tests.kubernetes.forecast.objects import HELM4, MAYBE, NO, OK, manifest, release, resource


def told(before, after, live=""):
    reader = Reader("default")
    old, new = reader.read_pair([Text("before", before)], [Text("after", after)])
    live_bodies = {
        manifest_read.id: manifest_read.body
        for manifest_read in reader.read([Text("live", live)]).resources.values()
    }
    target = Target("1.36", "3", Apply.CLIENT_SIDE)
    upgrade = Upgrade("web", "default", target, old, new, changes(old, new, schemas("1.36")))
    return {
        change.id.name: tuple(
            None if answer is None else answer.outcome.value
            for answer in (change.forecast.upgrade, change.forecast.rollback)
        )
        for change in forecast(upgrade, Cluster(live=live_bodies)).changes
    }


def service(name, port, *, protocol="TCP", address=""):
    chosen = f", clusterIP: {address}" if address else ""
    ports = f"[{{port: 80, protocol: {protocol}, nodePort: {port}}}]"
    return (
        f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        f"spec: {{type: NodePort, selector: {{a: b}}, ports: {ports}{chosen}}}\n"
    )


def test_a_port_is_free_only_after_its_owner_gave_it_up():
    swapped = told(
        service("a", 30001) + service("b", 30002), service("a", 30002) + service("b", 30001)
    )
    assert swapped == {"a": ("rejected", "accepted"), "b": ("rejected", "accepted")}
    freed = told(service("a", 30001), service("a", 30002) + service("b", 30001))
    assert freed == {"a": ("accepted", "rejected"), "b": ("accepted", None)}
    taken = told(service("z", 30001), service("a", 30001) + service("z", 30002))
    assert taken["a"] == ("rejected", None)


def test_what_is_deleted_holds_its_port_until_the_end():
    assert told(service("a", 30001), service("b", 30001))["b"] == ("rejected", None)


def test_a_port_belongs_to_one_service_whatever_the_protocol():
    after = service("a", 30001) + service("b", 30001, protocol="UDP")
    assert told(service("a", 30001), after)["b"] == ("rejected", None)


def test_live_objects_of_others_hold_what_they_have():
    foreign = service("other", 30001, address="10.0.0.9")
    assert told("", service("b", 30001), foreign)["b"] == ("rejected", None)
    assert told("", service("b", 30002, address="10.0.0.9"), foreign)["b"] == ("rejected", None)
    assert told("", service("b", 30002), foreign)["b"] == ("accepted", None)


def default_class(name, *, default):
    word = "true" if default else "false"
    return (
        f"---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\n"
        f"value: 5\nglobalDefault: {word}\n"
    )


def test_there_is_one_default_priority():
    first, second = default_class("one", default=True), default_class("two", default=True)
    assert told(first, first + second)["two"] == ("rejected", None)
    none = default_class("one", default=False)
    assert told(first, none + second) == {
        "one": ("accepted", "rejected"),
        "two": ("accepted", None),
    }


POD = """\
---
apiVersion: v1
kind: Pod
metadata: {{name: p, namespace: {namespace}}}
spec:
  {more}
  containers:
    - name: main
      image: "example/main:1"
      resources: {resources}
"""
LIMITS = """\
---
apiVersion: v1
kind: LimitRange
metadata: {{name: limits}}
spec: {{limits: [{{type: Container, {limits}}}]}}
"""


@pytest.mark.parametrize(
    ("limits", "resources", "answer"),
    [
        ("max: {cpu: 100m}", "{limits: {cpu: 1}}", Outcome.REJECTED),
        ("max: {cpu: 100m}", "{limits: {cpu: 0.1}}", Outcome.ACCEPTED),
        ("max: {cpu: 100m}", "{}", Outcome.ACCEPTED),  # the maximum is the default
        ("min: {memory: 1Gi}", "{requests: {memory: 1Mi}}", Outcome.REJECTED),
        ("min: {memory: 1Gi}", "{}", Outcome.ACCEPTED),
        ("default: {cpu: 2}, max: {cpu: 1}", "{}", Outcome.REJECTED),
        (
            "maxLimitRequestRatio: {cpu: 2}",
            "{limits: {cpu: 3}, requests: {cpu: 1}}",
            Outcome.REJECTED,
        ),
    ],
)
def test_a_new_pod_meets_the_limits_of_its_namespace(limits, resources, answer):
    pod = POD.format(namespace="default", more="hostNetwork: false", resources=resources)
    assert told("", LIMITS.format(limits=limits) + pod)["p"] == (answer.value, None)


@pytest.mark.parametrize(
    ("level", "more", "answer"),
    [
        ("privileged", "hostNetwork: true", Outcome.ACCEPTED),
        ("baseline", "hostNetwork: true", Outcome.REJECTED),
        ("baseline", "hostNetwork: false", Outcome.ACCEPTED),
        ("restricted", "hostNetwork: false", Outcome.REJECTED),
    ],
)
def test_a_new_pod_meets_the_level_of_its_namespace(level, more, answer):
    namespace = (
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: safe, labels: "
        f"{{pod-security.kubernetes.io/enforce: {level}}}}}\n"
    )
    pod = POD.format(namespace="safe", more=more, resources="{}")
    assert told("", namespace + pod)["p"] == (answer.value, None)


def test_what_nobody_knows_of_the_cluster_is_left_open():
    pod = POD.format(namespace="default", more="priorityClassName: gold", resources="{}")
    assert told("", pod)["p"] == ("depends", None)
    assert told("", pod, default_class("gold", default=False))["p"] == ("accepted", None)
    elsewhere = POD.format(namespace="elsewhere", more="hostNetwork: false", resources="{}")
    assert told("", elsewhere)["p"] == ("depends", None)
    assert told(elsewhere.replace("name: p", "name: q"), elsewhere)["p"] == ("accepted", None)


QUOTA = """\
---
apiVersion: v1
kind: ResourceQuota
metadata: {{name: few}}
spec: {{hard: {{{hard}}}}}
status: {{hard: {{{hard}}}, used: {{{used}}}}}
"""
SECRET = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"


@pytest.mark.parametrize(
    ("hard", "used", "answer"),
    [
        ("secrets: 9", "secrets: 7", "accepted"),  # the record of the revision, and this one
        ("secrets: 9", "secrets: 8", "rejected"),
        ("count/secrets: 9", "count/secrets: 9", "rejected"),
        ("count/deployments.apps: 0", "count/deployments.apps: 0", "accepted"),
    ],
)
def test_a_live_quota_answers_by_its_status(hard, used, answer):
    live = QUOTA.format(hard=hard, used=used)
    assert told("", SECRET, live)["s"] == (answer, None)


def test_a_quota_of_the_release_alone_leaves_it_open():
    quota = "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: few}\n"
    quota += "spec: {hard: {count/secrets: 1}}\n"
    assert told(quota, quota + SECRET)["s"] == ("depends", None)
    assert told(quota, quota.replace("1}", "2}") + SECRET)["s"] == ("accepted", None)


def test_a_live_quota_counts_what_a_pod_asks_for():
    live = QUOTA.format(hard="limits.cpu: 1", used="limits.cpu: 500m")
    pod = POD.format(
        namespace="default", more="hostNetwork: false", resources="{limits: {cpu: %s}}"
    )
    assert told("", pod % "500m", live)["p"] == ("accepted", None)
    assert told("", pod % "501m", live)["p"] == ("rejected", None)


@pytest.mark.parametrize(
    ("hard", "scopes", "spec", "answer"),
    [
        # kube-apiserver 1.37.2: "failed quota: few: must specify requests.memory for: main"
        ("requests.memory: 1Gi", "", "", "rejected"),
        ("requests.memory: 1Gi", "", "resources: {requests: {memory: 1Mi}}", "accepted"),
        ("limits.cpu: 1", "", "resources: {limits: {cpu: 1}}", "accepted"),
        ("requests.ephemeral-storage: 1Gi", "", "", "accepted"),
        ("pods: 0", "scopes: [BestEffort]", "", "rejected"),
        ("pods: 0", "scopes: [NotBestEffort]", "", "accepted"),
        ("pods: 0", "scopes: [Terminating]", "", "accepted"),
        ("pods: 0", "scopes: [Terminating]", "activeDeadlineSeconds: 9", "rejected"),
        ("pods: 0", "scopes: [NotTerminating, BestEffort]", "", "rejected"),
    ],
)
def test_a_live_quota_counts_the_pods_of_its_scopes(hard, scopes, spec, answer):
    live = QUOTA.format(hard=hard, used="").replace("spec: {", f"spec: {{{scopes}, ", 1)
    pod = POD.format(namespace="default", more=spec or "hostIPC: false", resources="{}")
    live = live if scopes else QUOTA.format(hard=hard, used="")
    assert told("", pod, live)["p"] == (answer, None)


def test_a_live_quota_counts_what_the_limit_range_gives_a_pod():
    quota = QUOTA.format(hard="requests.cpu: 500m", used="")
    limits = "---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: [%s]}\n"
    pod = POD.format(namespace="default", more="hostIPC: false", resources="{}")
    fits = limits % "{type: Container, defaultRequest: {cpu: 400m}}"
    assert told("", pod, quota + fits)["p"] == ("accepted", None)
    assert told("", pod, quota + fits.replace("400m", "1"))["p"] == ("rejected", None)


@pytest.mark.parametrize(
    ("kind", "hard", "answer"),
    [
        ("NodePort", "services.nodeports: 1", "rejected"),
        ("NodePort", "services.nodeports: 2", "accepted"),
        ("LoadBalancer", "services.nodeports: 1", "rejected"),
        ("LoadBalancer", "services.loadbalancers: 1", "accepted"),
        ("ClusterIP", "services.nodeports: 0", "accepted"),
    ],
)
def test_a_live_quota_counts_node_ports_one_by_one(kind, hard, answer):
    service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
    service += f"spec: {{type: {kind}, ports: [{{name: a, port: 80}}, {{name: b, port: 81}}]}}\n"
    assert told("", service, QUOTA.format(hard=hard, used=""))["s"] == (answer, None)


def test_nothing_is_created_in_a_namespace_that_is_going():
    there = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: old, namespace: apart}\n"
    namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: apart%s}\n"
    going = ', deletionTimestamp: "2026-01-01T00:00:00Z"'
    after = there + there.replace("old", "new")
    assert told(there, after, namespace % going)["new"] == ("rejected", None)
    assert told(there, after, namespace % "")["new"] == ("accepted", None)


CIDRS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "ServiceCIDR",
    "metadata": {"name": "kubernetes"},
    "spec": {"cidrs": ["10.96.0.0/12"]},
}


@pytest.mark.parametrize(
    ("spec", "offline", "told"),
    [
        ({}, OK, OK),
        ({"clusterIP": "None"}, OK, OK),
        ({"clusterIP": "10.96.0.10"}, MAYBE, OK),
        ({"clusterIP": "10.0.0.10"}, MAYBE, NO),
        ({"ipFamilies": ["IPv4"]}, OK, OK),
        ({"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "PreferDualStack"}, MAYBE, MAYBE),
    ],
)
def test_an_address_that_a_new_service_asks_for_is_the_clusters_to_give(spec, offline, told):
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"ports": [{"port": 80}], **spec},
    }
    ranges = resource(CIDRS)
    for cluster, outcome in ((Cluster(), offline), (Cluster(live={ranges.id: CIDRS}), told)):
        (change,) = release(manifest(), manifest(body), HELM4, cluster).changes
        assert change.forecast.upgrade.outcome is outcome


@pytest.mark.parametrize(
    ("limit", "pod", "words"),
    [
        ({"type": "Pod", "min": {"cpu": "1"}}, {}, "per Pod is 1.  No request is specified"),
        ({"type": "Pod", "max": {"cpu": "1"}}, {"cpu": ["600m", "600m"]}, "but limit is 1200m"),
        ({"type": "Pod", "max": {"cpu": "2"}}, {"cpu": ["600m", "600m"]}, ""),
        ({"type": "Pod", "max": {"cpu": "1"}}, {"cpu": ["600m"], "init": "900m"}, ""),
        ({"type": "Pod", "max": {"cpu": "1"}}, {"cpu": ["600m"], "init": "1100m"}, "is 1100m"),
        ({"type": "Pod", "max": {"cpu": "1"}}, {"cpu": ["600m"], "sidecar": "600m"}, "is 1200m"),
        ({"type": "Container", "default": {"cpu": "1"}}, {"asks": "2"}, "limit of 1, the default"),
        ({"type": "Container", "min": {"cpu": "1"}}, {"cpu": ["500m"]}, "but request is 500m"),
        ({"type": "Container", "max": {"cpu": "1"}}, {"cpu": ["1"]}, ""),
    ],
)
def test_a_limit_range_is_about_containers_and_about_the_pod_as_a_whole(limit, pod, words):
    """Answers of kube-apiserver 1.37.2."""

    def container(name, **amounts):
        return {"name": name, "image": "b", "resources": amounts}

    regular = [
        container(f"c{index}", limits={"cpu": amount})
        for index, amount in enumerate(pod.get("cpu", ()))
    ]
    if "asks" in pod:
        regular.append(container("a", requests={"cpu": pod["asks"]}))
    first = []
    if "init" in pod:
        first.append(container("i", limits={"cpu": pod["init"]}))
    if "sidecar" in pod:
        sidecar = container("s", limits={"cpu": pod["sidecar"]})
        first.append({**sidecar, "restartPolicy": "Always"})
    spec = {"containers": regular or [container("c")], "initContainers": first}
    said = list(limitranges.of_pod(spec, {"limits": [limit]}))
    assert all(words in text for text in said)
    assert bool(said) is bool(words)
