"""The upgrade in the commands of fixes, by the tool that rolls the release out."""

from __future__ import annotations

import pytest

from policylint.model import Fix, Location
from policylint.pipeline.toolwords import with_tool
from policylint.scan.gitops.rollout import Rollout
from tests.report.formats.test_formats import finding

PLACE = Location("cause", "app.yaml", 1)


def steps(rollout, *texts):
    told = finding("immutable-field", fixes=(Fix("make it anew", steps=texts),))
    (named,) = with_tool([told], rollout)
    return named.fixes[0].steps


@pytest.mark.parametrize(
    ("tool", "settings", "command"),
    [
        ("argocd", {"application": "shop-prod"}, "argocd app sync shop-prod"),
        ("flux", {"object": "apps/shop"}, "flux reconcile helmrelease shop -n apps"),
    ],
)
def test_a_controller_is_told_instead_of_helm(tool, settings, command):
    rollout = Rollout(tool, settings, PLACE)
    delete = "kubectl delete job seed -n shop"
    merged = f"{command}  # once the change is merged"
    assert steps(rollout, delete, "helm upgrade shop ... -n shop") == (delete, merged)
    assert steps(rollout, "then helm upgrade shop ... -n shop") == (f"then {merged}",)


@pytest.mark.parametrize(
    "rollout", [None, Rollout("helmfile", {}, PLACE), Rollout("flux", {}, PLACE)]
)
def test_helm_is_told_where_nobody_else_is_known(rollout):
    assert steps(rollout, "helm upgrade shop ... -n shop") == ("helm upgrade shop ... -n shop",)


def test_other_flags_stay_helms():
    forced = "helm upgrade shop ... -n shop --force-conflicts"
    assert steps(Rollout("argocd", {"application": "shop"}, PLACE), forced) == (forced,)
