"""What earlier revisions left in the cluster, and what becomes of an object of the same name."""

from __future__ import annotations

import itertools

import pytest

from policylint.helm.history.kept import kept_objects
from policylint.helm.inputs.revisions import History, Revision
from policylint.kubernetes.forecast import Cluster
from policylint.model import Apply, Outcome, Target
from tests.kubernetes.forecast.objects import manifest, release, resource

NOTHING = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"
KEPT = """---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, annotations: {helm.sh/resource-policy: POLICY}}
immutable: true
data: {size: "1"}
"""


def names(*revisions: Revision) -> list[str]:
    return [item.name for item in kept_objects(History("web", "prod", revisions), "1.37")]


@pytest.mark.parametrize(
    ("revisions", "expected"),
    [
        ([(NOTHING, KEPT), (NOTHING,)], ["settings"]),
        ([(NOTHING, KEPT), (NOTHING,), (NOTHING,)], ["settings"]),
        ([(NOTHING, KEPT), (NOTHING,), (NOTHING, KEPT)], []),
        ([(NOTHING, KEPT.replace("POLICY", "Keep")), (NOTHING,)], []),
        ([(NOTHING, KEPT)], []),
    ],
)
def test_what_the_keep_policy_left(revisions: list[tuple[str, ...]], expected: list[str]) -> None:
    texts = ["".join(parts).replace("POLICY", "keep") for parts in revisions]
    statuses = ["superseded"] * (len(texts) - 1) + ["deployed"]
    numbered = zip(itertools.count(1), statuses, texts)
    told = [Revision(number, status, manifest=text) for number, status, text in numbered]
    assert names(*told) == expected


def test_a_failed_revision_has_dropped_nothing() -> None:
    kept = NOTHING + KEPT.replace("POLICY", "keep")
    failed = Revision(2, "failed", manifest=NOTHING)
    assert names(Revision(1, "deployed", manifest=kept), failed) == []


@pytest.mark.parametrize(
    "target",
    [Target("1.37", "3", Apply.CLIENT_SIDE), Target("1.37", "4", Apply.SERVER_SIDE)],
    ids=["client-side", "server-side"],
)
@pytest.mark.parametrize(("size", "outcome"), [("1", Outcome.ACCEPTED), ("2", Outcome.DEPENDS)])
def test_a_kept_object_is_taken_back_by_an_update(
    target: Target, size: str, outcome: Outcome
) -> None:
    """As Helm 3.22 and 4.3 answer on kube-apiserver 1.37.2 while it is there."""

    def body(value: str) -> dict:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "settings"},
            "immutable": True,
            "data": {"size": value},
        }

    kept = resource(body("1"))
    cluster = Cluster(kept={kept.id: kept})
    forecast = release(manifest(), manifest(body(size)), target, cluster).changes[0].forecast
    assert forecast.upgrade is not None
    assert forecast.upgrade.outcome is outcome
    if outcome is Outcome.DEPENDS:
        (unknown,) = forecast.upgrade.unknowns
        assert unknown.topic == "immutable-config-changed"
        assert "an earlier revision left in the cluster" in unknown.what
