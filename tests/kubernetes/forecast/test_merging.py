"""What merging makes of an object: lists that Helm 3 cannot merge, and what server-side apply
empties.

Every outcome was recorded with Helm 3.22, Helm 4.3 and kube-apiserver 1.36.3.
"""

from typing import Any

import pytest

from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.forecast import Cluster
from policylint.kubernetes.forecast.strategic import three_way_patch
from policylint.kubernetes.forecast.strategicapply import apply_patch
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
    deployment,
    outcomes,
    resource,
    service,
)

CONTAINER = "spec/template/spec/containers/0"
SECRETS = "spec/template/spec/imagePullSecrets"


@pytest.mark.parametrize("item", [{}, {"name": None}, {"name": ""}])
@pytest.mark.parametrize(
    "change", [("metadata/labels", {"a": "b"}), ("spec/replicas", 2), ("metadata/name", "web")]
)
def test_helm3_cannot_patch_an_object_whose_pull_secret_has_no_name(
    item: Any, change: tuple[str, Any]
) -> None:
    before = changed(deployment(), SECRETS, [item])
    after = changed(before, *change)
    answers = both(before, after, HELM3)
    assert answers.upgrade is not None
    assert answers.upgrade.outcome is Outcome.REJECTED
    assert answers.upgrade.causes[0].field == "spec.template.spec.imagePullSecrets"
    assert "does not contain declared merge key: name" in answers.upgrade.causes[0].message
    assert outcomes(before, after, HELM3) == (NO, NO)
    assert outcomes(before, after, HELM4) == (OK, OK)


def test_a_nameless_pull_secret_may_be_added_and_taken_away_again() -> None:
    assert outcomes(deployment(), changed(deployment(), SECRETS, [{}]), HELM3) == (OK, OK)


def test_server_side_apply_nulls_a_hook_that_it_empties() -> None:
    before = changed(deployment(), f"{CONTAINER}/lifecycle", {"preStop": {"sleep": {"seconds": 5}}})
    after = changed(before, f"{CONTAINER}/lifecycle/preStop/sleep", {})
    assert outcomes(before, after, HELM4) == (NO, OK)


def test_server_side_apply_nulls_a_source_that_it_empties() -> None:
    before = changed(
        deployment(),
        f"{CONTAINER}/env",
        [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    )
    after = changed(before, f"{CONTAINER}/env/0/valueFrom", {})
    assert outcomes(before, after, HELM4) == (OK, OK)


def _gated_pod(terms: list[Any]) -> dict[str, Any]:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    spec = {
        "schedulingGates": [{"name": "example.com/quota"}],
        "affinity": {"nodeAffinity": required},
        "containers": [{"name": "main", "image": "busybox"}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "gated"}, "spec": spec}


def test_a_gated_pod_may_require_more_of_its_node_but_not_less() -> None:
    arch = {"key": "arch", "operator": "In", "values": ["amd64"]}
    zone = {"key": "zone", "operator": "Exists"}
    fewer, more = (
        _gated_pod([{"matchExpressions": [arch]}]),
        _gated_pod([{"matchExpressions": [arch, zone]}]),
    )
    assert outcomes(fewer, more, HELM4) == (OK, NO)


def test_a_headless_service_without_selector_gives_up_a_family_only_as_single_stack() -> None:
    bare = service(clusterIP="None", selector={})
    assert outcomes(bare, changed(bare, "spec/ipFamilies", ["IPv4"]), HELM4)[0] is NO
    single = changed(
        changed(bare, "spec/ipFamilies", ["IPv4"]), "spec/ipFamilyPolicy", "SingleStack"
    )
    assert outcomes(bare, single, HELM4)[0] is OK


def test_a_headless_service_with_a_new_selector_needs_the_families_that_it_has() -> None:
    bare = service(clusterIP="None", selector={})
    assert outcomes(bare, changed(bare, "spec/selector", {"app": "web"}), HELM4)[0] is MAYBE


def test_an_object_without_lists_to_merge_can_always_be_patched() -> None:
    assert outcomes(config(data={"a": "b"}), config(data={"a": "c"}), HELM3) == (OK, OK)


def test_an_immutable_object_tells_an_empty_mapping_from_none() -> None:
    frozen = config(immutable=True, data={"a": "b"})
    assert outcomes(frozen, {**frozen, "binaryData": {}}, HELM3)[0] is NO
    frozen = config(immutable=True, binaryData={"a": "YQ=="})
    assert outcomes(frozen, {**frozen, "data": {}}, HELM3)[0] is OK


def test_a_claim_without_class_may_be_given_the_empty_one_for_good() -> None:
    before, after = claim(), claim(storageClassName="")
    assert outcomes(before, after, HELM3) == (MAYBE, MAYBE)
    live = {**before, "status": {"phase": "Pending"}}
    assert outcomes(before, after, HELM3, Cluster(live={resource(before).id: live})) == (OK, NO)


def _gizmo(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Gizmo",
        "metadata": {"name": "g"},
        "spec": spec,
    }


def _gizmos() -> Cluster:
    spec = {
        "type": "object",
        "required": ["size"],
        "properties": {
            "size": {"type": "integer", "default": 2},
            "mode": {"type": "string", "default": "a"},
            "port": {"x-kubernetes-int-or-string": True},
        },
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
    }
    names = {"plural": "gizmos", "kind": "Gizmo", "singular": "gizmo", "listKind": "GizmoList"}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gizmos.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": names,
            "versions": [version],
        },
    }
    return Cluster(crds={("example.com", "Gizmo"): crd})


def test_defaults_of_a_custom_resource_stay_when_server_side_apply_takes_the_rest() -> None:
    assert outcomes(_gizmo(size=1), _gizmo(), HELM4, _gizmos()) == (OK, OK)
    assert outcomes(_gizmo(size=1), _gizmo(), HELM3, _gizmos()) == (OK, OK)


@pytest.mark.parametrize(("target", "outcome"), [(HELM3, OK), (HELM4, NO), (FORCE, NO)])
def test_a_rule_on_the_old_object_refuses_one_that_is_sent_unchanged(
    target: Any, outcome: Outcome
) -> None:
    """kube-apiserver 1.37.2 under server-side apply and under PUT: "failed rule"."""
    rules = [{"rule": "self > oldSelf"}]
    path = "spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size"
    crd = changed(_gizmos().crds["example.com", "Gizmo"], f"{path}/x-kubernetes-validations", rules)
    cluster = Cluster(crds={("example.com", "Gizmo"): crd})
    assert outcomes(_gizmo(size=1), _gizmo(size=1), target, cluster)[0] is outcome


@pytest.mark.parametrize("target", [HELM3, HELM4])
def test_a_number_that_becomes_true_is_a_change(target: Any) -> None:
    assert outcomes(_gizmo(size=1, port=1), _gizmo(size=1, port=True), target, _gizmos()) == (
        NO,
        OK,
    )


def test_what_only_the_live_list_has_stays_before_what_is_new() -> None:
    """The server made podCIDRs of podCIDR, so that the first one counts, and judges the second."""

    def node(second: str) -> dict[str, Any]:
        spec = {"podCIDR": "10.0.0.0/24", "podCIDRs": [second]}
        return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": spec}

    answers = both(node("1-2"), node("1-2/x"), HELM4)
    assert answers.upgrade is not None
    assert "spec.podCIDRs[1]" in [cause.field for cause in answers.upgrade.causes]
    assert outcomes(node("1-2"), node("1-2/x"), HELM3)[0] == OK


def _node(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": spec}


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [("10.0.0.0/24", "fd00::/64", NO), ("fd00::/64", "10.0.0.0/24", OK)],
)
def test_helm3_orders_texts_anew_unless_they_are_sorted_already(
    first: str, second: str, outcome: Outcome
) -> None:
    before, after = _node(podCIDRs=[first, second]), _node(podCIDRs=[second, first])
    assert outcomes(before, after, HELM3)[0] is outcome


def test_what_the_server_replaced_is_applied_again_by_an_unchanged_manifest() -> None:
    same = _node(podCIDR="10.1.0.0/24", podCIDRs=["10.0.0.0/24"])
    assert outcomes(same, same, HELM4)[0] is NO
    assert outcomes(same, same, HELM3)[0] is OK


@pytest.mark.parametrize(
    ("lifecycle", "outcome"),
    [
        ({"stopSignal": "SIGTERM"}, OK),
        ({"stopSignal": "SIGTERM", "preStop": {"sleep": {"seconds": 1}}}, NO),
        ({}, NO),
        ({"stopSignal": None}, NO),
    ],
)
def test_a_lifecycle_goes_with_the_stop_signal_that_the_server_drops(
    lifecycle: dict[str, Any], outcome: Outcome
) -> None:
    initial = [{"name": "i", "image": "b", "lifecycle": lifecycle}]
    after = changed(deployment(), "spec/template/spec/initContainers", initial)
    assert outcomes(deployment(), after, HELM3)[0] is outcome


def _account(secrets: list[Any], pull: list[Any]) -> dict[str, Any]:
    metadata = {"name": "a"}
    pulls, kind = {"imagePullSecrets": pull}, "ServiceAccount"
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "secrets": secrets, **pulls}


@pytest.mark.parametrize("directive", ["merge", "replace", "nonsense"])
def test_an_item_that_says_how_it_is_merged_is_lost(directive: str) -> None:
    before = _account([], [{"name": "a"}])
    after = _account([], [{"name": "a", "$patch": directive}])
    assert outcomes(before, after, HELM3)[0] is OK
    assert outcomes(before, after, HELM4)[0] is NO


def test_a_rule_that_says_how_it_is_merged_is_lost_and_not_judged() -> None:
    def role(rule: dict[str, Any]) -> dict[str, Any]:
        named = {"kind": "Role", "metadata": {"name": "r"}}
        return {"apiVersion": "rbac.authorization.k8s.io/v1", **named, "rules": [rule]}

    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    assert outcomes(role(rule), role({"$patch": "delete"}), HELM3)[0] is OK


def test_helm3_cannot_order_an_item_that_comes_twice_around_another() -> None:
    def secrets(*names: str, namespace: str) -> list[dict[str, str]]:
        return [{"name": name, "namespace": namespace} for name in names]

    before = _account(secrets("a", "b", namespace="x"), [])
    after = _account(secrets("b", "a", "b", namespace="y"), [])
    assert outcomes(before, after, HELM3)[0] is NO


def test_the_selector_of_a_budget_is_replaced_and_not_merged() -> None:
    """What a real server holds after Helm 3's patch: nothing is kept, and so nothing is lost."""

    def budget(selector: dict[str, Any]) -> dict[str, Any]:
        return {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "a"},
            "spec": {"maxUnavailable": 1, "selector": selector},
        }

    node = schemas("1.37").kind("policy/v1", "PodDisruptionBudget")
    before, after = (
        budget({"matchLabels": {"app": "web", "tier": "front"}}),
        budget({"matchLabels": {"app": "web"}}),
    )
    patch = three_way_patch(node, before, after, before)
    assert apply_patch(node, before, patch)["spec"] == after["spec"]


def test_a_volume_that_comes_twice_may_make_a_patch_that_the_server_refuses() -> None:
    def made(*volumes: dict[str, Any]) -> dict[str, Any]:
        return changed(deployment(), "spec/template/spec/volumes", list(volumes))

    data = {"name": "data", "emptyDir": {}}
    twice = both(made(data), made(data, {"name": "data"}), HELM3).upgrade
    assert twice.outcome is Outcome.REJECTED
    assert twice.causes[0].message == "invalid patch format of retainKeys"
    assert both(made(data), made(data, data), HELM3).upgrade.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ({"x": 1}, {"x": 2}, NO),
        ([1], [2], NO),
        ({"x": 1}, {"x": 1}, OK),
        ({"x": 1}, None, OK),
        (None, {"x": 1}, OK),
        ({"x": 1}, [1], OK),
        ("a", "b", OK),
    ],
)
@pytest.mark.parametrize("place", ["spec", "spec/template/spec", "spec/template/spec/containers/0"])
def test_helm3_merges_no_map_or_list_that_its_type_does_not_have(
    place: str, before: Any, after: Any, outcome: Outcome
) -> None:
    """Answers of Helm 3.22: "unable to find api field in struct"."""

    def made(value: Any) -> dict[str, Any]:
        return changed(deployment(), f"{place}/foo", value) if value else deployment()

    answer = both(made(before), made(after), HELM3).upgrade
    assert answer.outcome is outcome
    if outcome is NO:
        assert "unable to find api field in struct" in answer.causes[0].message


def test_a_field_that_only_newer_servers_know_is_known_to_helm3() -> None:
    def made(name: str) -> dict[str, Any]:
        claims = [{"name": "a", "resourceClaimName": name}]
        return changed(deployment(), "spec/template/spec/resourceClaims", claims)

    old = Target("1.30", "3", Apply.CLIENT_SIDE)
    assert both(made("a"), made("b"), old).upgrade.outcome is OK
