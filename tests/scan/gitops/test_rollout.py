"""What controllers do with a release beyond `helm upgrade`, in words."""

from __future__ import annotations

import pytest

from policylint.model import Json, Location
from policylint.scan.gitops.rollout import Rollout

PLACE = Location("cause", "release.yaml", 1)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "a failed upgrade stays as it is, half-way: no remediation is set"),
        ({"suspended": "Kustomization apps"}, "rolls nothing out: Kustomization apps is suspended"),
        ({"upgrade.remediation": {"retries": 3}}, "(rollback) and tried again, 3 times at most"),
        (
            {"upgrade.remediation": {"retries": -1, "strategy": "uninstall"}},
            "remediated (uninstall) and tried again without end",
        ),
        (
            {"upgrade.remediation": {"remediateLastFailure": True}},
            "is remediated (rollback)",
        ),
        ({"upgrade.strategy": "RetryOnFailure"}, "tried again without a rollback"),
        ({"upgrade.force": True}, "replaced, not patched (upgrade.force)"),
        ({"upgrade.crds": "CreateReplace"}, "CRDs are replaced"),
        ({"driftDetection": "enabled"}, "changes by hand are undone"),
        ({"prune": True}, "it is uninstalled"),
    ],
)
def test_what_flux_does(settings: dict[str, Json], words: str) -> None:
    assert words in "; ".join(Rollout("flux", settings, PLACE).behaviour)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "waits for a person"),
        ({"sync.automated": True}, "syncs it once this is merged"),
        ({"sync.automated": True}, "stays in the cluster (no prune)"),
        ({"sync.automated": True, "sync.prune": True}, "is deleted (prune)"),
        ({"sync.selfHeal": True}, "undone (selfHeal)"),
        ({"sync.replace": True}, "replaced, not patched"),
        ({"sync.serverSideApply": True}, "server-side apply"),
        ({"prune": True}, "deleting the Application"),
    ],
)
def test_what_argo_cd_does(settings: dict[str, Json], words: str) -> None:
    assert words in "; ".join(Rollout("argocd", settings, PLACE).behaviour)


def test_a_pipeline_is_no_controller() -> None:
    assert Rollout("helmfile", {"upgrade.force": True}, PLACE).behaviour == ()
